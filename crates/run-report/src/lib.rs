#![doc = include_str!("../README.md")]

mod comparison;
mod curves;
pub mod differences;
mod error;
mod one_run;
mod recorded;
pub mod tables;

use std::path::Path;

use backends::Opened;
use pages::page::Page;
use run_folder::files::Staged;

pub use comparison::comparison;
pub use error::ReportError;
pub use one_run::report;
pub use recorded::Recorded;

/// Name of the page in a run folder.
pub const REPORT: &str = "report.html";

/// Writes the page of a run into its folder, as [`REPORT`].
///
/// # Errors
///
/// If the run cannot be read, the device fails, or the page cannot be written.
pub fn write_in(folder: &Path, opened: &Opened) -> Result<(), ReportError> {
    let recorded = Recorded::open(folder)?;
    let page = report(&recorded, opened)?;
    let command = &recorded.run.config().command;
    let program = command.first().and_then(|path| Path::new(path).file_name());
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let arguments = command.iter().skip(1).cloned();
    let words: Vec<String> = program.into_iter().chain(arguments).collect();
    write(&page, &folder.join(REPORT), &words.join(" "))
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
