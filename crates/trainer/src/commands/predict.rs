//! `trainer predict`: classifies images.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use backends::Backend;
use burn::tensor::{Tensor, activation};
use clap::Args;
use datasets::{DatasetError, ImageSet, MnistForm, Picture, Treatment};
use pages::numbers::percent;
use pages::terminal;
use programs::{Exit, Format, complain};
use serde::Serialize;
use training::{AnyNet, Examples, TrainingError};

use super::class_folders::{FolderAccuracy, class_folders, class_of};
use super::trained_net::TrainedNet;
use crate::arguments::{ImageOptions, NetOptions, backend};
use crate::console::{Console, Shown, has_colour};

/// Options of `predict`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --run and --weights, the bundled net answers, trained on MNIST.\n\n\
                  Exit codes: 0 every image was read; 1 some were not; 2 none was, or it could not run."
)]
pub(crate) struct PredictOptions {
    #[command(flatten)]
    net: NetOptions,

    /// Images of any size and colour (PNG, JPEG, BMP), dark on light or light on dark; folders of
    /// images, or of folders that are named after classes; - for standard input.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    #[command(flatten)]
    treatment: ImageOptions,

    /// Show each image as the net gets it: its grey levels. With --format json, they are numbers under
    /// "pixels".
    #[arg(long)]
    show: bool,

    /// Where to compute [default: the run's backend; without a run as for train].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// A number that may not be finite.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
struct Number(#[serde(with = "training::number::json")] f64);

/// The prediction for an image, as JSON.
#[derive(Debug, Serialize)]
struct Prediction {
    event: &'static str,
    image: String,
    class: String,
    /// The class that the image's folder is named after, if it is.
    truth: Option<String>,
    /// The class's probability according to the net; none for a net whose outputs are not probabilities.
    probability: Option<Number>,
    /// The second choice; none for a net of one class.
    runner_up: Option<String>,
    runner_up_probability: Option<Number>,
    /// For each class: its probability, or the output for it.
    scores: Vec<Number>,
    /// Rows of grey levels, if `--show` is given.
    pixels: Option<Vec<Vec<u8>>>,
    /// The line of the table.
    #[serde(skip)]
    row: String,
}

impl Shown for Prediction {
    fn to_text(&self) -> String {
        self.row.clone()
    }
}

/// An image that could not be read, as JSON.
#[derive(Debug, Serialize)]
struct Failed {
    event: &'static str,
    image: String,
    reason: String,
}

/// Classifies images, one after the other.
///
/// # Errors
///
/// If the net cannot be loaded or takes no images. An image that cannot be read is reported, and the
/// others are still classified.
pub(crate) fn run(options: &PredictOptions) -> Result<Exit> {
    let classifier = Classifier::open(options)?;
    let mut predictions = Predictions {
        console: Console::new(options.format, false),
        options,
        classifier: &classifier,
        done: 0,
        failed: 0,
        accuracy: FolderAccuracy::default(),
    };
    for image in &options.images {
        predictions.predict_all(image)?;
    }
    if !predictions.accuracy.is_empty() {
        predictions.console.show(&predictions.accuracy)?;
    }
    Ok(match predictions {
        Predictions { done: 0, .. } => Exit::Failure,
        Predictions { failed: 0, .. } => Exit::Success,
        _ => Exit::Negative,
    })
}

/// A net that classifies images.
struct Classifier {
    trained: TrainedNet,
    class_names: Vec<String>,
    /// What is done to images, as the net was trained.
    treatment: Treatment,
}

impl Classifier {
    fn open(options: &PredictOptions) -> Result<Self> {
        let mut trained = TrainedNet::open(&options.net, options.backend)?;
        let [inputs, .., _] = trained.net.sizes()[..] else {
            bail!("the net has no layer");
        };
        let ImageOptions {
            images,
            image_size,
            class_map,
        } = options.treatment.clone();
        trained.known = trained.known.with(images, image_size, class_map)?;
        let treatment = trained.known.treatment().unwrap_or_default();
        let [rows, columns] = treatment.size();
        ensure!(
            !matches!(trained.net, AnyNet::XorNet(_)),
            "xor-net takes no images but two truth values; name a run of another model"
        );
        ensure!(
            inputs == rows * columns,
            "the net takes {inputs} inputs, but images are scaled to {columns}x{rows} pixels; name a net \
             that was trained on images of that size, or its size with --images plain --image-size"
        );
        Ok(Self {
            class_names: trained.known.class_names().to_vec(),
            trained,
            treatment,
        })
    }

    /// For each class: its probability, or the output for it.
    fn scores(&self, image: &MnistForm) -> Result<Vec<f64>> {
        let [rows, columns] = self.treatment.size();
        let image = ImageSet::new(rows, columns, image.pixels.clone(), vec![0])?;
        let (x, _label): (Tensor<2>, _) =
            Examples::from_images(image, &self.trained.opened).narrow(0, 1);
        let scores = match &self.trained.net {
            AnyNet::MnistMlp(net) => activation::softmax(net.forward(x), 1),
            AnyNet::LinearRegression(net) => net.forward(x),
            AnyNet::XorNet(net) => net.forward(x),
        };
        Ok(scores
            .try_into_vec_as::<f64>()
            .map_err(TrainingError::device)?)
    }

    /// Whether scores are probabilities.
    fn is_probabilistic(&self) -> bool {
        matches!(self.trained.net, AnyNet::MnistMlp(_))
    }

    /// Characters of the column of a class.
    fn class_width(&self) -> usize {
        let widths = self.class_names.iter().map(|name| name.chars().count());
        widths.max().unwrap_or(0).max("runner-up".len())
    }

    /// The first line of the table.
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

    /// The class of a rank, its name and its score, given the classes by descending score.
    fn ranked(&self, order: &[usize], rank: usize, scores: &[f64]) -> Option<(&str, f64)> {
        let &class = order.get(rank)?;
        Some((&self.class_names[class], scores[class]))
    }

    /// The prediction for an image of a class, if that is known.
    fn predict(
        &self,
        image: &Path,
        form: &MnistForm,
        truth: Option<usize>,
        show: bool,
    ) -> Result<Prediction> {
        let scores = self.scores(form)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let best = self.ranked(&order, 0, &scores);
        let second = self.ranked(&order, 1, &scores);
        let probability = |ranked: Option<(&str, f64)>| {
            let probability = ranked.map(|(_, score)| Number(score));
            probability.filter(|_| self.is_probabilistic())
        };
        let image = image.display().to_string();
        let width = self.class_width();
        let cells = |ranked: Option<(&str, f64)>| {
            let (name, score) = match ranked {
                Some((name, score)) if self.is_probabilistic() => (name, percent(score)),
                Some((name, score)) => (name, format!("{score:.4}")),
                None => ("", String::new()),
            };
            format!("{name:<width$}  {score:>11}")
        };
        let name = |ranked: Option<(&str, f64)>| ranked.map(|(name, _)| name.to_owned());
        let columns = self.treatment.size()[1];
        let rows = || form.pixels.chunks(columns).map(<[u8]>::to_vec).collect();
        Ok(Prediction {
            event: "prediction",
            class: name(best).unwrap_or_default(),
            truth: truth.map(|label| self.class_names[label].clone()),
            probability: probability(best),
            runner_up: name(second),
            runner_up_probability: probability(second),
            pixels: show.then(rows),
            row: format!("{}  {}  {}", cells(best), cells(second), one_line(&image)),
            image,
            scores: scores.into_iter().map(Number).collect(),
        })
    }
}

/// Predictions as they are made, and how many.
struct Predictions<'a> {
    console: Console,
    options: &'a PredictOptions,
    classifier: &'a Classifier,
    done: usize,
    failed: usize,
    /// Of the folders that are named after classes.
    accuracy: FolderAccuracy,
}

impl Predictions<'_> {
    /// Predictions for an argument: an image, a folder of images, or standard input.
    fn predict_all(&mut self, argument: &Path) -> Result<()> {
        if argument == "-" {
            let stdin = Path::new("standard input");
            let picture = Picture::from_reader(io::stdin().lock(), stdin);
            return self.predict(stdin, None, picture);
        }
        if !argument.is_dir() {
            return self.predict(argument, None, Picture::open(argument));
        }
        let known = &self.classifier.trained.known;
        let truth = class_of(argument, known);
        let error = match datasets::image_files_in(argument) {
            Ok(files) => return self.predict_folder(argument, truth, &files),
            Err(error) => error,
        };
        match class_folders(argument, known) {
            Ok(folders) if !folders.is_empty() => folders.iter().try_for_each(|(label, folder)| {
                match datasets::image_files_in(folder) {
                    Ok(files) => self.predict_folder(folder, Some(*label), &files),
                    Err(error) => self.fail(folder, &error),
                }
            }),
            Ok(_) => self.fail(argument, &error),
            Err(error) => self.fail(argument, &error),
        }
    }

    /// Predictions for the images of a folder, and how many are correct if it is that of a class.
    fn predict_folder(
        &mut self,
        folder: &Path,
        truth: Option<usize>,
        files: &[PathBuf],
    ) -> Result<()> {
        files.iter().try_for_each(|file| {
            let truth = truth.map(|label| (folder, label));
            self.predict(file, truth, Picture::open(file))
        })
    }

    fn predict(
        &mut self,
        image: &Path,
        truth: Option<(&Path, usize)>,
        picture: Result<Picture, DatasetError>,
    ) -> Result<()> {
        let treatment = self.classifier.treatment;
        let form = match picture.and_then(|picture| picture.treated(treatment)) {
            Ok(form) => form,
            Err(error) => return self.fail(image, &error),
        };
        let label = truth.map(|(_, label)| label);
        let prediction = self
            .classifier
            .predict(image, &form, label, self.options.show)?;
        if let (Some((folder, _)), Some(class)) = (truth, &prediction.truth) {
            let is_correct = prediction.class == *class;
            self.accuracy.count(folder, class, is_correct);
        }
        if self.done == 0 {
            self.console.text(self.classifier.heading())?;
        }
        self.done += 1;
        if self.options.show {
            let drawn = terminal::draw(&form.pixels, treatment.size()[1], has_colour());
            self.console.text(drawn)?;
        }
        self.console.show(&prediction)
    }

    fn fail(&mut self, image: &Path, error: &DatasetError) -> Result<()> {
        self.failed += 1;
        complain(format_args!("error: {}", one_line(&error.to_string())));
        self.console.json(&Failed {
            event: "failed",
            image: image.display().to_string(),
            reason: error.to_string(),
        })
    }
}

/// The text with its control characters escaped; a file's name may have some.
fn one_line(text: &str) -> String {
    let written_out = |c: char| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
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
