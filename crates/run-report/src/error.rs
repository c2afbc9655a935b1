//! Why a report cannot be made.

use std::io;
use std::path::PathBuf;

use pages::PageError;
use run_folder::RunFolderError;
use training::{SettingsError, TrainingError};

/// An error while making a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A run cannot be read.
    #[error(transparent)]
    RunFolder(#[from] RunFolderError),
    /// A page or a figure cannot be rendered.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The device failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// These settings have no defaults.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Settings that JSON cannot represent.
    #[error("cannot read the settings of a run: {0}; use paths of valid UTF-8")]
    NotJson(#[from] serde_json::Error),
    /// A page would replace something that is not a file.
    #[error("{} is a folder or a device; name a file with --out", path.display())]
    NotAFile {
        /// Where the page should go.
        path: PathBuf,
    },
    /// The page cannot be written.
    #[error(
        "cannot write {}: {cause}; name a file that you may write with --out",
        path.display()
    )]
    Unwritable {
        /// Where the page should go.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
}
