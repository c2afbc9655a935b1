#![doc = include_str!("../README.md")]

mod comparison;
mod curves;
pub mod differences;
mod error;
mod one_run;
mod recorded;
pub mod sweep;
pub mod tables;

use std::fs;
use std::path::Path;

use backends::Opened;
use pages::page::Page;
use run_folder::METRICS;
use run_folder::files::Staged;

pub use comparison::comparison;
pub use error::ReportError;
pub use one_run::{RunPage, report};
pub use recorded::{DataState, Recorded};

use one_run::NOT_AVAILABLE;

/// Name of the page in a run folder.
pub const REPORT: &str = "report.html";

/// What became of the page of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was written, with all its sections.
    Whole,
    /// It was written without the predictions, because weights or data cannot be read.
    WithoutPredictions {
        /// What cannot be read, and why.
        why: String,
    },
    /// The page that was there is unchanged: it has the predictions, and the new one would not.
    Kept {
        /// What cannot be read now, and why.
        why: String,
    },
}

/// Writes the page of a run into its folder, as [`REPORT`], under the command that started the run.
///
/// # Errors
///
/// As [`write_report`], or if the run cannot be read.
pub fn write_in(folder: &Path, opened: &Opened, data: DataState) -> Result<Written, ReportError> {
    let recorded = Recorded {
        data,
        ..Recorded::open(folder)?
    };
    let command = &recorded.run.config().command;
    let program = command.first().and_then(|path| Path::new(path).file_name());
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let arguments = command.iter().skip(1).cloned();
    let launcher = recorded.run.config().launcher.iter().cloned();
    let words: Vec<String> = launcher.chain(program).chain(arguments).collect();
    write_report(&recorded, opened, &words.join(" "))
}

/// Writes the page of a run into its folder, as [`REPORT`]; `command` is the command that made it. A page
/// with predictions is not replaced by one without, unless the run went on since.
///
/// # Errors
///
/// If the device fails, or the page cannot be written.
pub fn write_report(
    recorded: &Recorded,
    opened: &Opened,
    command: &str,
) -> Result<Written, ReportError> {
    let folder = recorded.run.path();
    let path = folder.join(REPORT);
    let RunPage { page, gap } = report(recorded, opened)?;
    match gap {
        Some(why) if is_current(folder) && has_predictions(&path) => Ok(Written::Kept { why }),
        Some(why) => {
            write(&page, &path, command)?;
            Ok(Written::WithoutPredictions { why })
        }
        None => {
            write(&page, &path, command)?;
            Ok(Written::Whole)
        }
    }
}

/// Whether a run folder has a page that is no older than the last line of its metrics.
pub fn is_current(folder: &Path) -> bool {
    let [page, metrics] = [REPORT, METRICS].map(|name| {
        let properties = fs::metadata(folder.join(name)).ok();
        properties.and_then(|properties| properties.modified().ok())
    });
    page.is_some() && page >= metrics
}

fn has_predictions(page: &Path) -> bool {
    fs::read_to_string(page).is_ok_and(|html| !html.contains(NOT_AVAILABLE))
}

/// Writes a page to a file, as a whole or not at all; `command` is the command that made it.
///
/// # Errors
///
/// [`ReportError::NotAFile`] or [`ReportError::Unwritable`].
pub fn write(page: &Page, path: &Path, command: &str) -> Result<(), ReportError> {
    let html = page.to_html(command)?;
    // The file gets its name by being renamed, which would replace a device.
    if path.exists() && !path.is_file() {
        return Err(ReportError::NotAFile {
            path: path.to_owned(),
        });
    }
    Staged::write(path, html.as_bytes())
        .and_then(Staged::publish)
        .map_err(|cause| ReportError::Unwritable {
            path: path.to_owned(),
            cause,
        })
}
