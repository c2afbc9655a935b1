//! `trainer eval`: what a trained net is worth on a test set.

use std::path::PathBuf;

use anyhow::{Result, bail};
use backends::Backend;
use clap::{ArgGroup, Args};
use serde::Serialize;

use crate::Exit;
use crate::answers::TestRows;
use crate::cli::{Format, ModelName, backend, value_name};
use crate::judgement::{Confusion, LEVEL, wilson_interval};
use crate::output::Console;
use crate::pages::numbers::counted;
use crate::pages::page::Table;
use crate::saved_run::{AnyNet, SavedRun, backend_of};
use crate::weights;

/// Most classes whose confusion matrix is printed; of more, only the most frequent mistakes are.
const PRINTED_CLASSES: usize = 20;

/// Kinds of mistakes that are printed then.
const PRINTED_MISTAKES: usize = 20;

/// Options of `eval`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("net").required(true).args(["run", "weights"]))]
pub(crate) struct EvalOptions {
    /// Run folder whose net is judged.
    #[arg(long, value_name = "FOLDER")]
    run: Option<PathBuf>,

    /// File of weights that are judged instead: safetensors, a burnpack, or the word "pretrained" for
    /// the net that this program brings. (import makes a run folder of PyTorch's.)
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Folder of the data whose test set it is judged by [default: the run's; for --weights MNIST as
    /// it comes with this project]. Not for xor-net.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    /// Where to compute [default: where the run did; for --weights ndarray].
    #[arg(long, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    /// Form of the results: text, or JSON in one object.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
}

/// What a net is worth, as JSON has it.
#[derive(Debug, Serialize)]
struct Evaluation {
    event: &'static str,
    run: Option<String>,
    weights: Option<String>,
    model: String,
    sizes: Vec<usize>,
    backend: &'static str,
    device: String,
    data_dir: Option<String>,
    rows: usize,
    #[serde(with = "crate::output::number")]
    loss: f64,
    accuracy: f64,
    /// Ends of the interval that holds the accuracy on other rows of this kind, with confidence
    /// `interval_level`; none for the truth table, which has no other rows.
    accuracy_interval: Option<[f64; 2]>,
    interval_level: f64,
    classes: Vec<String>,
    /// For each true class, how often each class was the answer.
    confusion: Vec<Vec<usize>>,
    per_class: Vec<ClassLine>,
}

/// What a net is worth on the rows of one class.
#[derive(Debug, Serialize)]
struct ClassLine {
    class: String,
    count: usize,
    answered: usize,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
}

/// Judges a net by a test set.
///
/// # Errors
///
/// If the net or the data cannot be read or do not fit each other, or the backend cannot run.
pub(crate) fn run(options: &EvalOptions) -> Result<Exit> {
    let run = options.run.as_deref().map(SavedRun::open).transpose()?;
    let settings = run.as_ref().map(|run| &run.config().settings);
    let backend = backend_of(options.backend, settings)?;
    let opened = backend.open()?;
    let net = match (&run, &options.weights) {
        (Some(run), _) => run.net(&opened.device)?,
        (None, Some(file)) => weights::load(file, &opened.device)?,
        (None, None) => bail!("nothing is named to be judged; give --run FOLDER or --weights FILE"),
    };
    let has_images = !matches!(net, AnyNet::XorNet(_));
    if options.data_dir.is_some() && !has_images {
        bail!(
            "--data-dir does not apply to xor-net, which learns its whole truth table; leave it out"
        );
    }
    let of_run = run.as_ref().and_then(SavedRun::data_dir);
    let data_dir = options.data_dir.clone().or(of_run);
    let data_dir = data_dir.unwrap_or_else(datasets::bundled_mnist_dir);
    let rows = TestRows::load(&net, &data_dir)?;
    let answers = rows.answered_by(&net, &opened, settings.map(|run| run.batch_size))?;
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let confusion = answers.confusion();
    let classes = rows.class_names(confusion.classes());
    let evaluation = Evaluation {
        event: "evaluation",
        run: path(&options.run),
        weights: path(&options.weights),
        model: value_name(net.model()),
        sizes: net.sizes(),
        backend: backend.name(),
        device: opened.description(),
        data_dir: has_images.then(|| data_dir.display().to_string()),
        rows: confusion.total(),
        loss: answers.loss,
        accuracy: confusion.accuracy(),
        accuracy_interval: interval(net.model(), &confusion),
        interval_level: LEVEL,
        confusion: confusion.rows().map(<[usize]>::to_vec).collect(),
        per_class: class_lines(&confusion, &classes),
        classes,
    };
    Console::new(options.format, false).print(&match options.format {
        Format::Text => evaluation.to_text(&confusion),
        Format::Json => serde_json::to_string(&evaluation)?,
    })?;
    Ok(match answers.loss.is_finite() {
        true => Exit::Success,
        false => Exit::Negative,
    })
}

impl Evaluation {
    fn to_text(&self, confusion: &Confusion) -> String {
        let sizes = self.sizes.iter().map(usize::to_string);
        let sizes = sizes.collect::<Vec<_>>().join("-");
        let judged = self.run.iter().chain(&self.weights);
        let data = self.data_dir.iter().map(|dir| format!(" of {dir}"));
        let (shown, table) = match confusion.classes() {
            0..=PRINTED_CLASSES => (
                "Rows of each class, by the answer",
                confusion_table(confusion, &self.classes),
            ),
            _ => (
                "The most frequent mistakes",
                mistake_table(confusion, &self.classes),
            ),
        };
        format!(
            "{} {sizes} of {}, on {}: {}\n\
             {}{}\n\
             test loss {:.4}   test accuracy {}\n\n\
             {shown}\n{}\n\n{}",
            self.model,
            judged.map(String::as_str).collect::<String>(),
            self.backend,
            self.device,
            counted(self.rows, "test row"),
            data.collect::<String>(),
            self.loss,
            accuracy_text(self.accuracy, self.accuracy_interval),
            table.to_text(),
            class_table(confusion, &self.classes).to_text(),
        )
    }
}

fn class_lines(confusion: &Confusion, names: &[String]) -> Vec<ClassLine> {
    let lines = names.iter().enumerate().map(|(class, name)| {
        let figures = confusion.class(class);
        ClassLine {
            class: name.clone(),
            count: figures.count,
            answered: figures.answered,
            precision: figures.precision,
            recall: figures.recall,
            f1: figures.f1,
        }
    });
    lines.collect()
}

/// Where the accuracy on other rows of the kind lies; none for the truth table, which has none.
pub(crate) fn interval(model: ModelName, confusion: &Confusion) -> Option<[f64; 2]> {
    match model {
        ModelName::XorNet => None,
        ModelName::MnistMlp | ModelName::LinearRegression => {
            wilson_interval(confusion.right(), confusion.total())
        }
    }
}

/// `97.57 % (95 % interval: 97.25 to 97.85 %)`.
pub(crate) fn accuracy_text(accuracy: f64, interval: Option<[f64; 2]>) -> String {
    let accuracy = percent(accuracy);
    match interval {
        Some([low, high]) => format!(
            "{accuracy} ({:.0} % interval: {:.2} to {:.2} %)",
            100.0 * LEVEL,
            100.0 * low,
            100.0 * high
        ),
        None => accuracy,
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A row for each true class, a column for each answer.
pub(crate) fn confusion_table(confusion: &Confusion, names: &[String]) -> Table {
    let columns = std::iter::once("is \\ answer").chain(names.iter().map(String::as_str));
    let mut table = Table::new(columns);
    for (name, counts) in names.iter().zip(confusion.rows()) {
        let counts = counts.iter().map(usize::to_string);
        table.push(std::iter::once(name.clone()).chain(counts));
    }
    table
}

fn mistake_table(confusion: &Confusion, names: &[String]) -> Table {
    let mut table = Table::new(["is", "answer", "rows"]);
    for mistake in confusion.mistakes(PRINTED_MISTAKES) {
        table.push([
            names[mistake.truth].clone(),
            names[mistake.answer].clone(),
            mistake.count.to_string(),
        ]);
    }
    table
}

/// Precision, recall and F1 of every class.
pub(crate) fn class_table(confusion: &Confusion, names: &[String]) -> Table {
    let columns = ["class", "rows", "answered", "precision", "recall", "F1"];
    let mut table = Table::new(columns);
    let share = |share: Option<f64>| share.map_or("-".to_owned(), percent);
    for line in class_lines(confusion, names) {
        table.push([
            line.class,
            line.count.to_string(),
            line.answered.to_string(),
            share(line.precision),
            share(line.recall),
            share(line.f1),
        ]);
    }
    table
}
