//! `trainer eval`: how good a trained net is on a test set.

use std::path::PathBuf;

use anyhow::{Result, bail};
use backends::Backend;
use clap::{ArgGroup, Args};
use datasets::TestRowsOf;
use pages::numbers::{counted, percent};
use pages::page::Table;
use programs::{Exit, Format};
use run_folder::{Member, SavedRun, TestRows, answered_together};
use run_report::tables::{accuracy_interval, accuracy_text, class_table, confusion_table};
use serde::Serialize;
use training::{Answers, AnyNet, Confusion, LEVEL, ModelName, Reliability};

use super::inspect;
use super::trained_net::TrainedNet;
use crate::arguments::{DeviceOption, ImageOptions, NetOptions, backend};
use crate::console::{Console, Shown, layer_sizes};

/// Largest number of classes for which the confusion matrix is printed; with more, only the most
/// frequent mistakes are.
const PRINTED_CLASSES: usize = 20;

/// Number of kinds of mistakes that are printed then.
const PRINTED_MISTAKES: usize = 20;

/// Options of `eval`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("net").required(true).args(["run", "weights"]))]
pub(crate) struct EvalOptions {
    /// Run folder with the net to evaluate. Given several times, the nets answer together: the mean of their
    /// probabilities counts. For that, all are mnist-mlp, on data with the same classes.
    #[arg(long, value_name = "FOLDER")]
    run: Vec<PathBuf>,

    /// File of weights to use instead: safetensors, ONNX, a burnpack, or "pretrained" for the bundled net.
    /// (For PyTorch files, run import first.)
    #[arg(long, conflicts_with = "run", value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Folder of the data [default: the run's; for --weights the bundled MNIST]. Without a test set in it,
    /// every image counts; in the run's own folder, those that were held out. Not for xor-net.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    images: ImageOptions,

    /// Leave out images that cannot be read, and list them, instead of refusing the folder.
    #[arg(long)]
    skip_bad: bool,

    /// Where to compute [default: the run's backend; for --weights as for train].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    #[command(flatten)]
    device: DeviceOption,

    /// Output format: text, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// The metrics of a net, as JSON.
#[derive(Debug, Serialize)]
struct EvaluationEvent {
    event: &'static str,
    run: Option<String>,
    weights: Option<String>,
    /// The members of a committee.
    committee: Vec<MemberLine>,
    model: ModelName,
    sizes: Vec<usize>,
    backend: &'static str,
    device: String,
    data_dir: Option<String>,
    rows: usize,
    /// Which rows of the data: "test-set", "every-image" or "held-out".
    rows_of: &'static str,
    /// What was done to images of any size: "strokes" or "plain".
    images: Option<&'static str>,
    /// What is probably a mistake in the images.
    doubts: Vec<String>,
    #[serde(with = "training::number::json")]
    loss: f64,
    accuracy: f64,
    /// Ends of the confidence interval of the accuracy, at the level `interval_level`; none for the
    /// truth table, which has no other rows.
    accuracy_interval: Option<[f64; 2]>,
    interval_level: f64,
    /// The expected calibration error of the probabilities, and of those at the temperature that was
    /// fitted on the validation set; none for a net without probabilities.
    calibration_error: Option<f64>,
    calibration_error_scaled: Option<f64>,
    temperature: Option<f64>,
    classes: Vec<String>,
    /// For each true class, how often each class was predicted.
    confusion: Vec<Vec<usize>>,
    per_class: Vec<ClassLine>,
    #[serde(skip)]
    matrix: Confusion,
}

/// A net of a committee, evaluated alone.
#[derive(Debug, Serialize)]
struct MemberLine {
    run: String,
    #[serde(with = "training::number::json")]
    loss: f64,
    accuracy: f64,
}

/// The metrics of one class.
#[derive(Debug, Serialize)]
struct ClassLine {
    class: String,
    count: usize,
    #[serde(rename = "answered")]
    predicted: usize,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
}

/// Evaluates a net on a test set.
///
/// # Errors
///
/// If the net or the data cannot be read or do not fit each other, or the backend cannot run.
pub(crate) fn run(options: &EvalOptions) -> Result<Exit> {
    let trained = options.open(options.run.first(), options.backend)?;
    let TrainedNet { net, opened, .. } = &trained;
    let has_images = !matches!(net, AnyNet::XorNet(_));
    if options.data_dir.is_some() && !has_images {
        bail!(
            "--data-dir does not apply to xor-net, which learns its whole truth table; leave it out"
        );
    }
    let ImageOptions {
        images,
        image_size,
        class_map,
    } = options.images.clone();
    let has_map = class_map.is_some();
    if !has_images && (images.is_some() || has_map) {
        bail!(
            "--images and --class-map do not apply to xor-net, which takes no images; leave them out"
        );
    }
    let of_run = trained.run.as_ref().and_then(SavedRun::data_dir);
    let data_dir = options.data_dir.clone().or(of_run);
    let data_dir = data_dir.unwrap_or_else(datasets::bundled_mnist_dir);
    let rows_for = |trained: &TrainedNet| {
        let (images, map) = (images, class_map.clone());
        let known = trained.known.clone().with(images, image_size, map)?;
        let known = known.skipping_bad(options.skip_bad);
        anyhow::Ok(TestRows::load(&trained.net, &data_dir, &known)?)
    };
    let rows = rows_for(&trained)?;
    let others = options.run.iter().skip(1).map(|run| {
        let other = options.open(Some(run), Some(trained.backend))?;
        let rows = rows_for(&other)?;
        anyhow::Ok((run, other.net, rows))
    });
    let others = others.collect::<Result<Vec<_>>>()?;
    let mut console = Console::new(options.format, false);
    let (rows_of, image_folder) = match &rows {
        TestRows::Images(set) => {
            set.notes.iter().for_each(|note| console.note(note));
            inspect::left_out_lines(&set.left_out).for_each(|line| console.note(line));
            (set.rows_of, set.image_folder.as_ref())
        }
        TestRows::TruthTable => (TestRowsOf::TestSet, None),
    };
    if let Some(images) = image_folder {
        console.note(inspect::describe(images));
    }
    let doubts = match &rows {
        TestRows::Images(set) => {
            let treatment = image_folder.map(|images| images.treatment);
            let mut doubts = inspect::doubts_of_test(&set.images, &set.class_names, treatment);
            // A run's own map is for its own data.
            doubts.extend(inspect::unmatched_line(&set.unmatched).filter(|_| has_map));
            doubts
        }
        TestRows::TruthTable => vec![],
    };
    for doubt in &doubts {
        console.note(format_args!("warning: {doubt}"));
    }
    let batch_size = trained.settings().map(|settings| settings.batch_size);
    let mut answers = rows.answered_by(net, opened, batch_size)?;
    let mut committee = vec![];
    if !others.is_empty() {
        let first = options.run.iter().map(|run| (run, net, &rows)).take(1);
        let others = others.iter().map(|(run, net, rows)| (*run, net, rows));
        let mut members = vec![];
        for (source, net, rows) in first.chain(others) {
            members.push(Member { source, net, rows });
            let alone = rows.answered_by(net, opened, batch_size)?;
            committee.push(MemberLine {
                run: source.display().to_string(),
                loss: alone.loss,
                accuracy: alone.confusion().accuracy(),
            });
        }
        answers = answered_together(&members, opened, batch_size)?;
    }
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let confusion = answers.confusion();
    let is_probabilistic = matches!(net, AnyNet::MnistMlp(_));
    let temperature =
        Some(trained.temperature).filter(|t| is_probabilistic && others.is_empty() && *t != 1.0);
    let scaled = temperature.map(|temperature| {
        let net = net.clone().with_temperature(temperature);
        let answers = rows.answered_by(&net, opened, batch_size)?;
        anyhow::Ok(calibration_error(&answers))
    });
    let scaled = scaled.transpose()?;
    let classes = rows.class_names(confusion.classes());
    console.show(&EvaluationEvent {
        event: "evaluation",
        run: path(&options.run.first().filter(|_| others.is_empty()).cloned()),
        weights: path(&options.weights),
        committee,
        model: net.model(),
        sizes: net.sizes(),
        backend: trained.backend.name(),
        device: opened.description(),
        data_dir: has_images.then(|| data_dir.display().to_string()),
        rows: confusion.total(),
        rows_of: match rows_of {
            TestRowsOf::TestSet => "test-set",
            TestRowsOf::EveryImage => "every-image",
            TestRowsOf::HeldOut => "held-out",
        },
        images: image_folder.map(|images| images.treatment.name()),
        doubts,
        loss: answers.loss,
        accuracy: confusion.accuracy(),
        accuracy_interval: accuracy_interval(net.model(), &confusion),
        interval_level: LEVEL,
        calibration_error: is_probabilistic.then(|| calibration_error(&answers)),
        calibration_error_scaled: scaled,
        temperature,
        confusion: confusion.rows().map(<[usize]>::to_vec).collect(),
        per_class: class_lines(&confusion, &classes),
        classes,
        matrix: confusion,
    })?;
    Ok(if answers.loss.is_finite() {
        Exit::Success
    } else {
        Exit::Negative
    })
}

impl Shown for EvaluationEvent {
    fn to_text(&self) -> String {
        let source = self.run.iter().chain(&self.weights).cloned();
        let count = self.committee.len();
        let together = (count > 0).then(|| format!("a committee of {count}"));
        let source = source.chain(together);
        let alone = self.committee.iter().map(|member| {
            let accuracy = percent(member.accuracy);
            let loss = member.loss;
            format!(
                "{}: test loss {loss:.4}   test accuracy {accuracy}\n",
                member.run
            )
        });
        let which = match self.rows_of {
            "every-image" => ", every image in it",
            "held-out" => ", those held out from training",
            _ => "",
        };
        let data = self.data_dir.iter();
        let data = data.map(|dir| format!(" of {dir}{which}"));
        let (shown, table) = if self.classes.len() <= PRINTED_CLASSES {
            (
                "Confusion matrix",
                confusion_table(&self.matrix, &self.classes),
            )
        } else {
            ("Most frequent mistakes", self.mistake_table())
        };
        format!(
            "{} {} of {}, on {}: {}\n\
             {}{}\n\
             {}test loss {:.4}   test accuracy {}{}\n\n\
             {shown}\n{}\n\n{}",
            self.model,
            layer_sizes(&self.sizes),
            source.collect::<String>(),
            self.backend,
            self.device,
            counted(self.rows, "test row"),
            data.collect::<String>(),
            alone.collect::<String>(),
            self.loss,
            accuracy_text(self.accuracy, self.accuracy_interval),
            self.calibration_line(),
            table.to_text(),
            class_table(&self.matrix, &self.classes).to_text(),
        )
    }
}

impl EvalOptions {
    /// Opens a run's net, or that of the file of weights.
    fn open(&self, run: Option<&PathBuf>, backend: Option<Backend>) -> Result<TrainedNet> {
        let net = NetOptions {
            run: run.cloned(),
            weights: self.weights.clone(),
        };
        TrainedNet::open(&net, backend, self.device)
    }
}

impl EvaluationEvent {
    /// The calibration error in a line of its own, if there are probabilities.
    fn calibration_line(&self) -> String {
        let plain = self.calibration_error.map(|error| {
            let error = percent(error);
            format!("\nexpected calibration error {error}")
        });
        let scaled = self.calibration_error_scaled.zip(self.temperature);
        let scaled = scaled.map(|(error, temperature)| {
            let error = percent(error);
            format!(", {error} at the temperature {temperature:.2} of predict")
        });
        plain.into_iter().chain(scaled).collect()
    }

    fn mistake_table(&self) -> Table {
        let mut table = Table::new(["true", "predicted", "rows"]);
        for mistake in self.matrix.mistakes(PRINTED_MISTAKES) {
            table.push([
                self.classes[mistake.truth].clone(),
                self.classes[mistake.predicted].clone(),
                mistake.count.to_string(),
            ]);
        }
        table
    }
}

fn calibration_error(answers: &Answers) -> f64 {
    Reliability::new(&answers.rows).expected_calibration_error
}

fn class_lines(confusion: &Confusion, names: &[String]) -> Vec<ClassLine> {
    let lines = names.iter().enumerate().map(|(class, name)| {
        let metrics = confusion.class(class);
        ClassLine {
            class: name.clone(),
            count: metrics.count,
            predicted: metrics.predicted,
            precision: metrics.precision,
            recall: metrics.recall,
            f1: metrics.f1,
        }
    });
    lines.collect()
}
