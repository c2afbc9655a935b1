//! `trainer predict`: classifies images.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use backends::Backend;
use burn::tensor::{Tensor, activation};
use clap::Args;
use datasets::{
    ClassShapes, DatasetError, ImageSet, MnistForm, Picture, PictureDoubt, Reading, Treatment,
};
use pages::numbers::percent;
use pages::terminal;
use programs::{Exit, Format, complain};
use training::{AnyNet, Examples, TrainingError};

use super::class_folders::{FolderAccuracy, class_folders, class_of};
use super::prediction::{Failed, Number, Prediction, one_line};
use super::trained_net::TrainedNet;
use crate::arguments::{DeviceOption, ImageOptions, NetOptions, backend};
use crate::console::{Console, has_colour};

/// The answer that is below the probability that the user requires.
const UNSURE: &str = "unsure";

/// A lower probability is doubtful. Of MNIST's 5 000 validation images, 82 have one with the bundled
/// net, among them 26 of its 34 mistakes; below 0.9 are 20 of them, less than two thirds.
const LEAST_PROBABILITY: f64 = 0.95;

/// The same for pictures that had to be cropped, scaled and centred, chosen with the development seeds
/// of `drawn-digits`: of their 98 wrong answers, 94 are doubted.
const LEAST_PROBABILITY_OF_PICTURES: f64 = 0.985;

/// The same for nets whose classes are words: nothing was measured for these.
const LEAST_PROBABILITY_OF_OTHERS: f64 = 0.5;

/// A picture that is farther than this from MNIST's images of its answer is doubtful: it may be a letter
/// or a sign. Of MNIST's 5 000 validation images, 3 in 100 are so and have a probability that is not
/// doubtful; of the letters and signs of `drawn-digits` that nothing else makes doubtful, nearly half. For images
/// in MNIST's own form no such distance is rare enough and finds any.
const FARTHEST: f64 = 0.13;

/// Options of `predict`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --run and --weights, the bundled net answers, trained on MNIST.\n\n\
                  A picture that is probably not one digit gets a warning with the reason, and in JSON a \
                  field \"doubt\".\n\n\
                  Exit codes: 0 every image was read; 1 some were not, or an answer is unsure \
                  (--min-probability); 2 none was, or it could not run."
)]
pub(crate) struct PredictOptions {
    #[command(flatten)]
    net: NetOptions,

    /// Images of any size and colour (PNG, JPEG, GIF, WebP, TIFF, PNM, BMP), dark on light or light on
    /// dark; folders of images, or of folders that are named after classes; - for standard input.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    #[command(flatten)]
    treatment: ImageOptions,

    /// Answer each figure of an image on its own, from left to right: several digits in a row.
    #[arg(long)]
    split: bool,

    /// Answer "unsure" if the probability is lower, from 0 to 1; then the exit code is 1.
    #[arg(long, value_name = "P", value_parser = probability)]
    min_probability: Option<f64>,

    /// Show each image as the net gets it: its grey levels. With --format json, they are numbers under
    /// "pixels".
    #[arg(long)]
    show: bool,

    /// Where to compute [default: the run's backend; without a run as for train].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    #[command(flatten)]
    device: DeviceOption,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
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
        unsure: 0,
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
        Predictions {
            failed: 0,
            unsure: 0,
            ..
        } => Exit::Success,
        _ => Exit::Negative,
    })
}

/// A net that classifies images.
struct Classifier {
    trained: TrainedNet,
    class_names: Vec<String>,
    /// What is done to images, as the net was trained.
    treatment: Treatment,
    /// Whether the net is known to read pen strokes as digits, and as nothing else.
    reads_digits: bool,
}

impl Classifier {
    fn open(options: &PredictOptions) -> Result<Self> {
        let mut trained = TrainedNet::open(&options.net, options.backend, options.device)?;
        let [inputs, .., _] = trained.net.sizes()[..] else {
            bail!("the net has no layer");
        };
        let ImageOptions {
            images,
            image_size,
            class_map,
        } = options.treatment.clone();
        trained.known = trained.known.with(images, image_size, class_map)?;
        let known_treatment = trained.known.treatment();
        let treatment = known_treatment.unwrap_or_default();
        let [rows, columns] = treatment.size();
        ensure!(
            !matches!(trained.net, AnyNet::XorNet(_)),
            "xor-net takes no images but two truth values; name a run of another model"
        );
        if known_treatment.is_none() && inputs == rows * columns {
            complain(format_args!(
                "note: nothing says what was done to the images that the net was trained on; yours are \
                 taken as {treatment} (otherwise use --images plain)"
            ));
        }
        ensure!(
            inputs == rows * columns,
            "the net takes {inputs} inputs, but images are scaled to {columns}x{rows} pixels; name a net \
             that was trained on images of that size, or its size with --images plain --image-size"
        );
        ensure!(
            !options.split || treatment == Treatment::Strokes,
            "--split is for pen strokes, and the net takes plain images; leave it out"
        );
        trained.net = trained.net.with_temperature(trained.temperature);
        ensure!(
            options.min_probability.is_none() || matches!(trained.net, AnyNet::MnistMlp(_)),
            "--min-probability is for nets that give probabilities, and this one does not; leave it out"
        );
        let class_names = trained.known.class_names().to_vec();
        Ok(Self {
            // Of data that are no folders, a class 3 may be anything.
            reads_digits: known_treatment == Some(Treatment::Strokes)
                && class_names.iter().all(|name| digit(name).is_some()),
            class_names,
            trained,
            treatment,
        })
    }

    /// For each class: its probability, or the output for it.
    fn scores(&self, image: &MnistForm) -> Result<Vec<f64>> {
        let [rows, columns] = self.treatment.size();
        let image = ImageSet::new(rows, columns, image.pixels.clone(), vec![0])?;
        let (x, _label): (Tensor<2>, _) =
            Examples::from_images(image, &self.trained.opened).narrow(0, 1)?;
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

    /// What a picture shows, as inputs of the net: its only figure, or each on its own.
    fn readings(&self, picture: &Picture, split: bool) -> Result<Vec<Reading>, DatasetError> {
        match self.treatment {
            Treatment::Strokes if split => picture.split(),
            Treatment::Strokes => Ok(vec![picture.reading()?]),
            Treatment::Plain { .. } => Ok(vec![Reading {
                form: picture.treated(self.treatment)?,
                doubts: vec![],
            }]),
        }
    }

    /// Why the answer to a picture is doubtful, given its class and the probability of it.
    fn doubt(
        &self,
        reading: &Reading,
        class: Option<&str>,
        probability: Option<f64>,
    ) -> Option<String> {
        // A class such as "10" has several figures.
        let are_characters = self
            .class_names
            .iter()
            .all(|name| name.chars().count() == 1);
        let mut reasons: Vec<String> = reading
            .doubts
            .iter()
            .filter(|doubt| are_characters || !matches!(doubt, PictureDoubt::SeveralFigures(_)))
            .map(PictureDoubt::to_string)
            .collect();
        let least = if !are_characters {
            LEAST_PROBABILITY_OF_OTHERS
        } else if reading.form.kept {
            LEAST_PROBABILITY
        } else {
            LEAST_PROBABILITY_OF_PICTURES
        };
        if probability.is_some_and(|probability| probability < least) {
            reasons.push(format!("a probability below {}", percent(least)));
        }
        let answer = class.and_then(digit);
        if let Some(digit) = answer.filter(|_| self.reads_digits && !reading.form.kept) {
            let distance = ClassShapes::of_mnist().distance(&reading.form.pixels, digit);
            if distance > FARTHEST {
                reasons.push(format!("unlike MNIST's images of the digit {digit}"));
            }
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// The prediction for a figure of an image.
    fn predict(&self, what: &Figure, options: &PredictOptions) -> Result<Prediction> {
        let form = &what.reading.form;
        let scores = self.scores(form)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut best = self.ranked(&order, 0, &scores);
        let second = self.ranked(&order, 1, &scores);
        let known = |ranked: Option<(&str, f64)>| {
            let probability = ranked.map(|(_, score)| score);
            probability.filter(|_| self.is_probabilistic())
        };
        let first = known(best);
        let class = best.map(|(name, _)| name);
        let doubt = self.doubt(&what.reading, class, first);
        let is_unsure = first.is_some_and(|first| {
            options
                .min_probability
                .is_some_and(|least| first.is_nan() || first < least)
        });
        if is_unsure {
            best = best.map(|(_, score)| (UNSURE, score));
        }
        let image = what.image.display().to_string();
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
        let row = format!("{}  {}  {}", cells(best), cells(second), what.name());
        Ok(Prediction {
            event: "prediction",
            figure: what.figure,
            class: name(best).unwrap_or_default(),
            doubt,
            truth: what.truth.map(|label| self.class_names[label].clone()),
            probability: first.map(Number),
            runner_up: name(second),
            runner_up_probability: known(second).map(Number),
            pixels: options.show.then(rows),
            row,
            image,
            scores: scores.into_iter().map(Number).collect(),
        })
    }
}

/// A figure to classify.
struct Figure<'a> {
    image: &'a Path,
    /// Which of how many.
    figure: Option<[usize; 2]>,
    reading: Reading,
    /// Its class, if that is known.
    truth: Option<usize>,
}

impl Figure<'_> {
    /// Its image, and which figure of it.
    fn name(&self) -> String {
        let image = one_line(&self.image.display().to_string());
        match self.figure {
            Some([number, count]) => format!("{image}, figure {number} of {count}"),
            None => image,
        }
    }
}

/// Predictions as they are made, and how many.
struct Predictions<'a> {
    console: Console,
    options: &'a PredictOptions,
    classifier: &'a Classifier,
    done: usize,
    failed: usize,
    unsure: usize,
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
        let split = self.options.split;
        let readings = picture.and_then(|picture| self.classifier.readings(&picture, split));
        let readings = match readings {
            Ok(readings) => readings,
            Err(error) => return self.fail(image, &error),
        };
        let count = readings.len();
        readings
            .into_iter()
            .enumerate()
            .try_for_each(|(index, reading)| {
                let figure = Figure {
                    image,
                    figure: split.then_some([index + 1, count]),
                    reading,
                    truth: truth.map(|(_, label)| label),
                };
                self.predict_figure(&figure, truth)
            })
    }

    fn predict_figure(&mut self, figure: &Figure, truth: Option<(&Path, usize)>) -> Result<()> {
        let prediction = self.classifier.predict(figure, self.options)?;
        if let (Some((folder, _)), Some(class)) = (truth, &prediction.truth) {
            let is_correct = prediction.class == *class;
            self.accuracy.count(folder, class, is_correct);
        }
        if self.done == 0 {
            self.console.text(self.classifier.heading())?;
        }
        self.done += 1;
        self.unsure += usize::from(prediction.class == UNSURE);
        if let Some(doubt) = &prediction.doubt {
            let name = figure.name();
            complain(format_args!("warning: {name}: doubtful, {doubt}"));
        }
        if self.options.show {
            let columns = self.classifier.treatment.size()[1];
            let drawn = terminal::draw(&figure.reading.form.pixels, columns, has_colour());
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

/// The digit that is the name of a class.
fn digit(class: &str) -> Option<usize> {
    match class.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

/// A probability, from 0 to 1.
fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}
