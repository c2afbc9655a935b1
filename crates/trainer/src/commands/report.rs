//! `trainer report`: a page about one run, or one that compares several.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use backends::{Backend, Opened};
use clap::Args;
use datasets::ClassMap;
use programs::{Exit, Results, complain};
use run_folder::backend_of;
use run_report::{REPORT, Recorded, RunPage, Written, comparison, report, write, write_report};

use crate::arguments::{DeviceOption, backend, class_map, command_line};

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

    #[command(flatten)]
    device: DeviceOption,

    /// File with other spellings of class names, as for eval, for the data of a single run [default: the
    /// run's].
    #[arg(long, value_parser = class_map, value_name = "FILE")]
    class_map: Option<ClassMap>,
}

/// Writes the page and prints its path.
///
/// # Errors
///
/// If a run cannot be read, the backend cannot run, or the page cannot be written.
pub(crate) fn run(options: &ReportOptions) -> Result<Exit> {
    let runs = options.runs.iter().map(|folder| Recorded::open(folder));
    let mut runs = runs.collect::<Result<Vec<_>, _>>()?;
    if let Some(class_map) = &options.class_map {
        let [run] = &mut runs[..] else {
            bail!(
                "--class-map is for the data of one run, and a comparison reads none; leave it out"
            );
        };
        run.class_map = Some(class_map.clone());
    }
    let path = match &runs[..] {
        [run] => {
            let backend = backend_of(options.backend, Some(run.settings()))?;
            let opened = backend.open_on(options.device.device)?;
            one(run, &opened, options.out.as_deref())?
        }
        runs => {
            let path = options.out.clone().unwrap_or(PathBuf::from(COMPARISON));
            write(&comparison(runs)?, &path, &command_line())?;
            path
        }
    };
    Results::default().print(format_args!("report: {}", path.display()))?;
    Ok(Exit::Success)
}

/// Writes the page of one run, and says what it lacks.
fn one(run: &Recorded, opened: &Opened, out: Option<&Path>) -> Result<PathBuf> {
    let lacks = |why: &str| complain(format_args!("warning: the page has no predictions: {why}"));
    if let Some(out) = out {
        let RunPage { page, gap } = report(run, opened)?;
        write(&page, out, &command_line())?;
        gap.iter().for_each(|why| lacks(why));
        return Ok(out.to_owned());
    }
    let path = run.run.path().join(REPORT);
    match write_report(run, opened, &command_line())? {
        Written::Whole => {}
        Written::WithoutPredictions { why } => lacks(&why),
        Written::Kept { why } => complain(format_args!(
            "warning: {} is unchanged, because a new page would have no predictions: {why}",
            path.display()
        )),
    }
    Ok(path)
}
