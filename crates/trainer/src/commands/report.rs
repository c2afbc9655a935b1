//! `trainer report`: a page about one run, or one that compares several.

use std::path::PathBuf;

use anyhow::Result;
use backends::Backend;
use clap::Args;
use programs::{Exit, Results};
use run_report::{REPORT, Recorded, comparison, report, write};

use crate::arguments::{backend, command_line};

/// Default name of the page that compares runs.
const COMPARISON: &str = "comparison.html";

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// Run folder to report on; several are compared on one page.
    #[arg(required = true, value_name = "RUN_DIR")]
    runs: Vec<PathBuf>,

    /// File to write; replaced if it exists [default: report.html in the run folder; for several runs
    /// comparison.html here].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Backend that evaluates a single run on its test set [default: the run's].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,
}

/// Writes the page and prints its path.
///
/// # Errors
///
/// If a run cannot be read, the backend cannot run, or the page cannot be written.
pub(crate) fn run(options: &ReportOptions) -> Result<Exit> {
    let runs = options.runs.iter().map(|folder| Recorded::open(folder));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    let (page, path) = match &runs[..] {
        [run] => {
            let backend = match options.backend {
                Some(backend) => backend,
                None => run.settings().backend.parse()?,
            };
            (report(run, &backend.open()?)?, run.run.path().join(REPORT))
        }
        runs => (comparison(runs)?, PathBuf::from(COMPARISON)),
    };
    let path = options.out.clone().unwrap_or(path);
    write(&page, &path, &command_line())?;
    Results::default().print(format_args!("report: {}", path.display()))?;
    Ok(Exit::Success)
}
