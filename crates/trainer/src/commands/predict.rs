//! `trainer predict`: which class a net sees in images.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use backends::{Backend, Opened};
use burn::tensor::{Tensor, activation};
use clap::Args;
use datasets::{DatasetError, ImageSet, MNIST_SIDE, MnistForm, Picture};
use mnist_mlp::MnistMlp;
use serde::Serialize;

use crate::Exit;
use crate::cli::{Format, backend};
use crate::examples::Examples;
use crate::output::{Console, complain};
use crate::saved_run::{AnyNet, SavedRun, backend_of};
use crate::{terminal, weights};

/// Options of `predict`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 every image was read; 1 some were not; 2 none was, or it could \
                        not run."
)]
pub(crate) struct PredictOptions {
    /// Run folder whose net is asked [default: the net that comes with this program, trained on
    /// MNIST].
    #[arg(long, conflicts_with = "weights", value_name = "FOLDER")]
    run: Option<PathBuf>,

    /// File of weights that is asked instead: safetensors, a burnpack, or the word "pretrained" for
    /// the net that this program brings. (import makes a run folder of PyTorch's.)
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Images of any size and colour (PNG, JPEG, BMP), dark on light or light on dark; folders of
    /// such; - for standard input.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    /// Show what the net sees: each image as 28x28 grey levels. With --format json, as numbers
    /// under "pixels".
    #[arg(long)]
    show: bool,

    /// Where to compute [default: where the run did; without one ndarray].
    #[arg(long, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    /// Form of the results: text, or JSON with one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// A number that may not be finite.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
struct Number(#[serde(with = "crate::output::number")] f64);

/// What a net sees in an image, as JSON has it.
#[derive(Debug, Serialize)]
struct Prediction {
    event: &'static str,
    image: String,
    class: String,
    /// How probable the net thinks it is; none for a net whose outputs are no probabilities.
    probability: Option<Number>,
    /// The second choice; none for a net of one class.
    runner_up: Option<String>,
    runner_up_probability: Option<Number>,
    /// Of each class: its probability, or the output for it.
    scores: Vec<Number>,
    /// 28 rows of 28 grey levels, if asked for.
    pixels: Option<Vec<Vec<u8>>>,
}

/// An image that could not be read, as JSON has it.
#[derive(Debug, Serialize)]
struct Failed {
    event: &'static str,
    image: String,
    reason: String,
}

/// Asks a net about images, one after the other.
///
/// # Errors
///
/// If the net cannot be loaded or takes no images. An image that cannot be read is no error: it is
/// said, and the others are still done.
pub(crate) fn run(options: &PredictOptions) -> Result<Exit> {
    let oracle = Oracle::open(options)?;
    let mut answers = Answers {
        console: Console::new(options.format, false),
        options,
        oracle: &oracle,
        done: 0,
        failed: 0,
    };
    for image in &options.images {
        answers.answer_all(image)?;
    }
    Ok(match answers {
        Answers { done: 0, .. } => Exit::Failure,
        Answers { failed: 0, .. } => Exit::Success,
        _ => Exit::Negative,
    })
}

/// A net that is asked about images.
struct Oracle {
    net: AnyNet,
    opened: Opened,
    class_names: Vec<String>,
}

impl Oracle {
    fn open(options: &PredictOptions) -> Result<Self> {
        let run = options.run.as_deref().map(SavedRun::open).transpose()?;
        let settings = run.as_ref().map(|run| &run.config().settings);
        let opened = backend_of(options.backend, settings)?.open()?;
        let net = match (&run, &options.weights) {
            (Some(run), _) => run.net(&opened.device)?,
            (None, Some(file)) => weights::load(file, &opened.device)?,
            (None, None) => AnyNet::MnistMlp(MnistMlp::pretrained(&opened.device)),
        };
        let [inputs, .., outputs] = net.sizes()[..] else {
            bail!("the net has no layer");
        };
        ensure!(
            !matches!(net, AnyNet::XorNet(_)),
            "xor-net takes no images, but two truth values; name a run of another model"
        );
        ensure!(
            inputs == MNIST_SIDE * MNIST_SIDE,
            "the net takes {inputs} inputs, but images are brought to {MNIST_SIDE}x{MNIST_SIDE} \
             pixels; name a net that was trained on images of that size"
        );
        let mut class_names = settings.map_or(vec![], |settings| settings.class_names.clone());
        if class_names.len() != outputs {
            class_names = (0..outputs).map(|label| label.to_string()).collect();
        }
        Ok(Self {
            net,
            opened,
            class_names,
        })
    }

    /// Of each class, its probability, or the output for it.
    fn scores(&self, image: &MnistForm) -> Result<Vec<f64>> {
        let image = ImageSet::new(MNIST_SIDE, MNIST_SIDE, image.pixels.clone(), vec![0])?;
        let (x, _label): (Tensor<2>, _) = Examples::from_images(image, &self.opened).narrow(0, 1);
        let scores = match &self.net {
            AnyNet::MnistMlp(net) => activation::softmax(net.forward(x), 1),
            AnyNet::LinearRegression(net) => net.forward(x),
            AnyNet::XorNet(net) => net.forward(x),
        };
        let scores = scores.try_into_vec_as::<f64>();
        scores.map_err(|error| anyhow!("the device failed: {error}"))
    }

    /// Whether scores are probabilities.
    fn is_probabilistic(&self) -> bool {
        matches!(self.net, AnyNet::MnistMlp(_))
    }

    /// Characters of the column of a class.
    fn class_width(&self) -> usize {
        let widths = self.class_names.iter().map(|name| name.chars().count());
        widths.max().unwrap_or(0).max("runner-up".len())
    }

    /// The first line of the table, there if an image is.
    fn heading(&self) -> String {
        let score = if self.is_probabilistic() {
            "probability"
        } else {
            "output"
        };
        let width = self.class_width();
        format!(
            "{:<width$}  {score:>11}  {:<width$}  {score:>11}  image",
            "class", "runner-up"
        )
    }

    /// A line of the table.
    fn row(&self, prediction: &Prediction) -> String {
        let width = self.class_width();
        let score = |name: Option<&String>| {
            let label = name.and_then(|name| self.class_names.iter().position(|n| n == name));
            label.map_or(String::new(), |label| match self.is_probabilistic() {
                true => format!("{:.2} %", 100.0 * prediction.scores[label].0),
                false => format!("{:.4}", prediction.scores[label].0),
            })
        };
        let runner_up = prediction.runner_up.as_ref();
        format!(
            "{:<width$}  {:>11}  {:<width$}  {:>11}  {}",
            prediction.class,
            score(Some(&prediction.class)),
            runner_up.map_or("", |name| name),
            score(runner_up),
            one_line(&prediction.image)
        )
    }
}

/// Answers as they are given, and how many.
struct Answers<'a> {
    console: Console,
    options: &'a PredictOptions,
    oracle: &'a Oracle,
    done: usize,
    failed: usize,
}

impl Answers<'_> {
    /// Answers for an argument: an image, a folder of images, or standard input.
    fn answer_all(&mut self, argument: &Path) -> Result<()> {
        if argument == "-" {
            let stdin = Path::new("standard input");
            return self.answer(stdin, Picture::from_reader(io::stdin().lock(), stdin));
        }
        if !argument.is_dir() {
            return self.answer(argument, Picture::open(argument));
        }
        match datasets::image_files_in(argument) {
            Ok(files) => files
                .iter()
                .try_for_each(|file| self.answer(file, Picture::open(file))),
            Err(error) => self.fail(argument, &error),
        }
    }

    fn answer(&mut self, image: &Path, picture: Result<Picture, DatasetError>) -> Result<()> {
        match picture.and_then(|picture| picture.mnist_form()) {
            Ok(form) => self.predict(image, &form),
            Err(error) => self.fail(image, &error),
        }
    }

    fn predict(&mut self, image: &Path, form: &MnistForm) -> Result<()> {
        let scores = self.oracle.scores(form)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let name = |rank: usize| {
            order
                .get(rank)
                .map(|&label| &self.oracle.class_names[label])
        };
        let probability = |rank: usize| {
            let score = order.get(rank).map(|&label| Number(scores[label]));
            score.filter(|_| self.oracle.is_probabilistic())
        };
        let rows = || form.pixels.chunks(MNIST_SIDE).map(<[u8]>::to_vec).collect();
        let prediction = Prediction {
            event: "prediction",
            image: image.display().to_string(),
            class: name(0).cloned().unwrap_or_default(),
            probability: probability(0),
            runner_up: name(1).cloned(),
            runner_up_probability: probability(1),
            pixels: self.options.show.then(rows),
            scores: scores.iter().copied().map(Number).collect(),
        };
        if self.done == 0 && self.options.format == Format::Text {
            self.console.print(&self.oracle.heading())?;
        }
        self.done += 1;
        match self.options.format {
            Format::Json => self.console.print(&serde_json::to_string(&prediction)?),
            Format::Text => {
                if self.options.show {
                    let colour = terminal::has_colour();
                    let drawn = terminal::draw(&form.pixels, MNIST_SIDE, colour);
                    self.console.print(&drawn)?;
                }
                self.console.print(&self.oracle.row(&prediction))
            }
        }
    }

    fn fail(&mut self, image: &Path, error: &DatasetError) -> Result<()> {
        self.failed += 1;
        complain(format_args!("error: {}", one_line(&error.to_string())));
        match self.options.format {
            Format::Text => Ok(()),
            Format::Json => {
                let failed = Failed {
                    event: "failed",
                    image: image.display().to_string(),
                    reason: error.to_string(),
                };
                self.console.print(&serde_json::to_string(&failed)?)
            }
        }
    }
}

/// The text with control characters, which a file's name may have, written out.
fn one_line(text: &str) -> String {
    let written_out = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(written_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_the_line_or_reach_the_terminal() {
        assert_eq!(one_line("ä\n\x1b[2J.png"), "ä\\n\\u{1b}[2J.png");
    }

    #[test]
    fn numbers_that_are_not_finite_have_a_name() {
        let numbers = [Number(f64::NAN), Number(0.5)];
        assert_eq!(serde_json::to_string(&numbers).unwrap(), r#"["nan",0.5]"#);
    }
}
