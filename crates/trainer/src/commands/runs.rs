//! `trainer runs`: the runs in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use pages::numbers::percent;
use pages::page::Table;
use programs::{Exit, Format};
use run_folder::{History, SavedRun};
use run_report::differences::from_defaults;
use serde::Serialize;
use training::{Engine, ModelName};

use crate::console::Console;

/// Options of `runs`.
#[derive(Debug, Args)]
pub(crate) struct RunsOptions {
    /// Folder with the run folders, or one run folder.
    #[arg(default_value = "runs", value_name = "FOLDER")]
    folder: PathBuf,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,
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

/// Lists the runs of a folder, the oldest first, then damaged ones and folders that are not runs.
///
/// # Errors
///
/// If the folder cannot be read. A damaged run is listed with the reason.
pub(crate) fn run(options: &RunsOptions) -> Result<Exit> {
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
    let mut console = Console::new(options.format, false);
    console.text(to_text(&options.folder, &lines, &damaged))?;
    let runs = lines.into_iter().map(|line| Line::Run(Box::new(line)));
    for line in runs.chain(damaged) {
        console.json(&line)?;
    }
    Ok(Exit::Success)
}

/// The folders in a folder, in the order of their names; the folder itself if it is a run.
fn run_folders(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.join("config.json").is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    if !folder.is_dir() {
        bail!(
            "folder {} not found; name the folder with the runs, or train first",
            folder.display()
        );
    }
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
    let given = from_defaults(settings)?.into_iter();
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
        let columns = ["run", "started", "model", "backend", "engine", "epochs"];
        let more = ["test accuracy", "state", "options"];
        let mut table = Table::new(columns.into_iter().chain(more));
        for line in lines {
            let given = line.options.iter();
            let given = given.map(|given| format!("--{} {}", given.option, given.value));
            let started = line.started.replace('T', " ");
            table.push([
                name(&line.run_dir),
                started.trim_end_matches('Z').to_owned(),
                line.model.to_string(),
                line.backend.clone(),
                line.engine.to_string(),
                format!("{}/{}", line.epochs_done, line.epochs),
                line.test_accuracy.map_or("-".to_owned(), percent),
                line.state.to_owned(),
                given.collect::<Vec<_>>().join(" "),
            ]);
        }
        parts.push(table.to_text());
    }
    let complaints = damaged.iter().filter_map(|line| match line {
        Line::Damaged { reason, .. } => Some(reason.clone()),
        Line::Run(_) => None,
    });
    parts.extend(complaints);
    parts.join("\n")
}

/// The last part of a folder's path.
fn name(folder: &str) -> String {
    let name = Path::new(folder).file_name();
    name.map_or(folder.to_owned(), |name| {
        name.to_string_lossy().into_owned()
    })
}
