//! A run as a page to look at: `report.html` in its folder, and `trainer report`.

mod comparison;
mod curves;
mod one_run;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use backends::{Backend, Opened};
use clap::Args;

use crate::Exit;
use crate::cli::{Format, backend};
use crate::files::Staged;
use crate::history::History;
use crate::output::Console;
use crate::pages::page::Page;
use crate::saved_run::SavedRun;
use crate::settings::Settings;

/// Name of the page in a run folder.
const REPORT: &str = "report.html";

/// Name of the page that compares runs, where none is given.
const COMPARISON: &str = "comparison.html";

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// Run folder to look at; of several, one page compares them.
    #[arg(required = true, value_name = "RUN_DIR")]
    runs: Vec<PathBuf>,

    /// File to write; replaced if it exists [default: report.html in the run folder; for several
    /// runs comparison.html here].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Where to compute a single run's answers to its test set [default: where it was trained].
    #[arg(long, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,
}

/// A run with what happened in it.
struct Recorded {
    run: SavedRun,
    history: History,
}

impl Recorded {
    fn open(folder: &Path) -> Result<Self> {
        let run = SavedRun::open(folder)?;
        let history = History::of(&run)?;
        Ok(Self { run, history })
    }

    /// What was asked for.
    fn settings(&self) -> &Settings {
        &self.run.config().settings
    }

    /// The name of its folder.
    fn name(&self) -> String {
        let path = self.run.path();
        // `.` and `..` have no name of their own.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = path.file_name();
        name.map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        )
    }
}

/// Writes the page that was asked for and says where it is.
///
/// # Errors
///
/// If a run cannot be read, the backend cannot run, or the page cannot be written.
pub(crate) fn run(options: &ReportOptions) -> Result<Exit> {
    let runs = options.runs.iter().map(|folder| Recorded::open(folder));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let (page, place) = match &runs[..] {
        [run] => {
            let backend = match options.backend {
                Some(backend) => backend,
                None => run.settings().backend.parse()?,
            };
            let page = one_run::page(run, &backend.open()?)?;
            (page, run.run.path().join(REPORT))
        }
        runs => (comparison::page(runs)?, PathBuf::from(COMPARISON)),
    };
    let place = options.out.clone().unwrap_or(place);
    write(&page, &place)?;
    let text = format!("report: {}", place.display());
    Console::new(Format::Text, false).print(&text)?;
    Ok(Exit::Success)
}

/// Writes the page of a run that has just ended into its folder.
///
/// # Errors
///
/// If the run cannot be read, the device fails, or the page cannot be written.
pub(crate) fn write_in(folder: &Path, opened: &Opened) -> Result<()> {
    let run = Recorded::open(folder)?;
    write(&one_run::page(&run, opened)?, &folder.join(REPORT))
}

fn write(page: &Page, place: &Path) -> Result<()> {
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let command = arguments.fold("trainer".to_owned(), |line, argument| {
        format!("{line} {argument}")
    });
    let html = page.to_html(&command)?;
    // The file is renamed into its place, which would put it in place of a device.
    if place.exists() && !place.is_file() {
        bail!(
            "{} is a folder or a device; name a file with --out",
            place.display()
        );
    }
    Staged::write(place, html.as_bytes())
        .and_then(Staged::publish)
        .with_context(|| {
            format!(
                "cannot write {}; name a file that you may write with --out",
                place.display()
            )
        })
}
