//! `trainer runs`: the runs in a folder, or the epochs of one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use pages::numbers::{number, percent};
use pages::page::Table;
use programs::{Exit, Format, Results, complain};
use run_folder::{Entry, History, SavedRun};
use run_report::differences::from_defaults;
use serde::Serialize;
use training::{Engine, ModelName};

use super::sweep;
use crate::console::Console;

/// Options of `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsOptions {
    /// Folder with the run folders, or one run folder.
    #[arg(default_value = "runs", value_name = "FOLDER")]
    folder: PathBuf,

    /// Show the epochs of this run instead: losses, accuracy, learning rate, gradient norms.
    #[arg(long, value_name = "RUN_DIR", conflicts_with = "folder")]
    metrics: Option<PathBuf>,

    /// Output format: text, JSON with one object per line, or CSV.
    #[arg(long, value_enum, default_value_t = ListFormat::Text, value_name = "FORM")]
    format: ListFormat,
}

/// Format of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people.
    Text,
    /// JSON, one object per line.
    Json,
    /// Values separated by commas, for spreadsheets and programs.
    Csv,
}

/// A line of the list, as JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    Run(Box<RunLine>),
    /// A folder that cannot be read as a run.
    Damaged {
        run_dir: String,
        reason: String,
    },
}

#[derive(Debug, Serialize)]
struct RunLine {
    run_dir: String,
    /// Decides the order of the list.
    #[serde(skip)]
    start: Timestamp,
    /// In UTC.
    started: String,
    model: ModelName,
    backend: String,
    engine: Engine,
    /// How many processes shared it from its start.
    ranks: usize,
    /// Options that differ from the defaults of the model.
    options: Vec<Given>,
    epochs_done: usize,
    epochs: usize,
    /// Validation accuracy after the last recorded epoch.
    val_accuracy: Option<f64>,
    /// Test accuracy, once the run is finished.
    test_accuracy: Option<f64>,
    train_seconds: Option<f64>,
    state: &'static str,
    /// Why it stopped.
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
struct Given {
    option: String,
    value: String,
    default: String,
}

/// Lists the runs of a folder, the oldest first, then damaged ones and folders that are not runs; or the
/// epochs of one run.
///
/// # Errors
///
/// If the folder cannot be read. A damaged run is listed with the reason.
pub(crate) fn run(options: &RunsOptions) -> Result<Exit> {
    match &options.metrics {
        Some(folder) => show_metrics(folder, options.format)?,
        None => list(options)?,
    }
    Ok(Exit::Success)
}

fn list(options: &RunsOptions) -> Result<()> {
    let (mut lines, mut damaged) = (vec![], vec![]);
    for folder in run_folders(&options.folder)? {
        match read(&folder) {
            Ok(line) => lines.push(line),
            Err(error) => damaged.push(Line::Damaged {
                run_dir: folder.display().to_string(),
                reason: format!("{error:#}"),
            }),
        }
    }
    lines.sort_by(|a, b| (a.start, &a.run_dir).cmp(&(b.start, &b.run_dir)));
    match options.format {
        ListFormat::Text => Results::default().print(to_text(&options.folder, &lines, &damaged)),
        ListFormat::Json => {
            let mut console = Console::new(Format::Json, false);
            let runs = lines.into_iter().map(|line| Line::Run(Box::new(line)));
            let mut all = runs.chain(damaged);
            all.try_for_each(|line| console.json(&line))
        }
        ListFormat::Csv => {
            complaints(&damaged).for_each(complain);
            Results::default().print(table(&options.folder, &lines, &FOR_PROGRAMS).to_csv())
        }
    }
}

/// Shows the epochs of a run.
fn show_metrics(folder: &Path, format: ListFormat) -> Result<()> {
    let history = History::of(&SavedRun::open(folder)?)?;
    let mut results = Results::default();
    match format {
        ListFormat::Text => {
            let table = epochs(&history, number).without_empty_columns();
            results.print(table.to_text())
        }
        ListFormat::Csv => results.print(epochs(&history, |number| number.to_string()).to_csv()),
        ListFormat::Json => {
            let mut all = history.epochs.into_iter();
            all.try_for_each(|epoch| results.print(Entry::Epoch(epoch).to_json()))
        }
    }
}

/// A row for each recorded epoch, its numbers in this form. What an epoch does not have is empty.
fn epochs(history: &History, form: fn(f64) -> String) -> Table {
    let figures = [
        "epoch",
        "train_loss",
        "val_loss",
        "val_accuracy",
        "average_val_loss",
        "average_val_accuracy",
        "learning_rate",
        "seconds",
        "images_per_second",
    ];
    let start = history.start.as_ref();
    let parameters = start.map_or(&[][..], |start| &start.parameters_named);
    let norms = parameters
        .iter()
        .map(|name| format!("gradient_norm {name}"));
    let mut table = Table::new(figures.into_iter().map(str::to_owned).chain(norms));
    let text = |number: Option<f64>| number.map_or(String::new(), form);
    for epoch in &history.epochs {
        let figures = [
            Some(epoch.train_loss),
            epoch.val_loss,
            epoch.val_accuracy,
            epoch.average_val_loss,
            epoch.average_val_accuracy,
            Some(epoch.learning_rate),
            Some(epoch.seconds),
            Some(epoch.images_per_second),
        ];
        // Not every run has norms.
        let norms = (0..parameters.len()).map(|i| epoch.gradient_norms.get(i).copied());
        let figures = figures.into_iter().chain(norms).map(text);
        table.push(std::iter::once(epoch.epoch.to_string()).chain(figures));
    }
    table
}

/// The folders in a folder, in the order of their names, and those in the folder of a sweep; the folder
/// itself if it is a run.
pub(super) fn run_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.join("config.json").is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    if !folder.is_dir() {
        bail!(
            "folder {} not found; name the folder with the runs, or train first",
            folder.display()
        );
    }
    let mut folders = vec![];
    for path in folders_in(folder)? {
        if sweep::is_of_a_sweep(&path) {
            folders.extend(folders_in(&path)?);
        } else {
            folders.push(path);
        }
    }
    Ok(folders)
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let mut folders = vec![];
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort_unstable();
    Ok(folders)
}

fn read(folder: &Path) -> Result<RunLine> {
    let run = SavedRun::open(folder)?;
    let history = History::of(&run)?;
    let config = run.config();
    let settings = &config.settings;
    // The default number of threads is that of another machine, or a rank's share of it.
    let is_choice = |word: &String| {
        let beginnings = ["--threads=", "--vary=threads=", "threads="];
        word == "--threads" || beginnings.iter().any(|words| word.starts_with(words))
    };
    let chose_threads = config.command.iter().any(is_choice);
    let given = from_defaults(settings)?.into_iter();
    let given = given.filter(|((option, _), _)| option != "threads" || chose_threads);
    let given = given.map(|((option, value), default)| Given {
        option,
        value,
        default,
    });
    let result = history.result.as_ref();
    let last = history.epochs.last();
    Ok(RunLine {
        run_dir: folder.display().to_string(),
        start: config.started,
        started: config.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        model: settings.model,
        backend: settings.backend.clone(),
        engine: settings.engine,
        ranks: config.ranks,
        options: given.collect(),
        epochs_done: history.epochs_done(),
        epochs: settings.epochs,
        val_accuracy: last.and_then(|epoch| epoch.val_accuracy),
        test_accuracy: result.map(|result| result.test_accuracy),
        train_seconds: result.map(|result| result.train_seconds),
        state: history.status.name(),
        reason: history.status.reason().map(str::to_owned),
    })
}

fn to_text(folder: &Path, lines: &[RunLine], damaged: &[Line]) -> String {
    let mut parts = vec![];
    if lines.is_empty() && damaged.is_empty() {
        parts.push(format!("no runs in {}", folder.display()));
    }
    if !lines.is_empty() {
        let table = table(folder, lines, &FOR_PEOPLE).without_empty_columns();
        parts.push(table.to_text());
    }
    parts.extend(complaints(damaged));
    parts.join("\n")
}

/// Why folders are not listed.
fn complaints(damaged: &[Line]) -> impl Iterator<Item = String> {
    damaged.iter().filter_map(|line| match line {
        Line::Damaged { reason, .. } => Some(reason.clone()),
        Line::Run(_) => None,
    })
}

/// The words of a list.
struct Words {
    accuracy: fn(f64) -> String,
    no_accuracy: &'static str,
    one_rank: &'static str,
}

const FOR_PEOPLE: Words = Words {
    accuracy: percent,
    no_accuracy: "-",
    one_rank: "",
};

const FOR_PROGRAMS: Words = Words {
    accuracy: |accuracy| accuracy.to_string(),
    no_accuracy: "",
    one_rank: "1",
};

/// A row for each run, in these words.
fn table(folder: &Path, lines: &[RunLine], words: &Words) -> Table {
    let columns = [
        "run", "started", "model", "backend", "engine", "ranks", "epochs",
    ];
    let more = ["test accuracy", "state", "options"];
    let mut table = Table::new(columns.into_iter().chain(more));
    for line in lines {
        let given = line.options.iter();
        let given = given.map(|Given { option, value, .. }| match &**value {
            "true" => format!("--{option}"),
            value => format!("--{option} {value}"),
        });
        let started = line.started.replace('T', " ");
        table.push([
            name(folder, Path::new(&line.run_dir)),
            started.trim_end_matches('Z').to_owned(),
            line.model.to_string(),
            line.backend.clone(),
            line.engine.to_string(),
            match line.ranks {
                1 => words.one_rank.to_owned(),
                ranks => ranks.to_string(),
            },
            format!("{}/{}", line.epochs_done, line.epochs),
            line.test_accuracy
                .map_or(words.no_accuracy.to_owned(), words.accuracy),
            line.state.to_owned(),
            given.collect::<Vec<_>>().join(" "),
        ]);
    }
    table
}

/// A run's path below the folder that is listed, or its own name.
pub(super) fn name(listed: &Path, run: &Path) -> String {
    let below = run.strip_prefix(listed).ok();
    let below = below.filter(|below| !below.as_os_str().is_empty());
    let name = below.or(run.file_name().map(Path::new)).unwrap_or(run);
    name.display().to_string()
}
