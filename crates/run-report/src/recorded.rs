//! A run with its history.

use std::path::Path;

use datasets::ClassMap;
use run_folder::{History, RunFolderError, SavedRun};
use training::Settings;

/// A run and its history.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its folder.
    pub run: SavedRun,
    /// Its history.
    pub history: History,
    /// Other spellings of its classes, for its data as they are now; none for those of the run.
    pub class_map: Option<ClassMap>,
    /// Whether its data may have changed.
    pub data: DataState,
}

/// Whether the data of a run may have changed since it read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataState {
    /// The run has only just ended.
    Unchanged,
    /// They have to be compared: images that are held out of other data may be images of the training.
    Unknown,
}

impl Recorded {
    /// Reads a run folder.
    ///
    /// # Errors
    ///
    /// If it is not a run folder, or its metrics cannot be read.
    pub fn open(folder: &Path) -> Result<Self, RunFolderError> {
        let run = SavedRun::open(folder)?;
        let history = History::of(&run)?;
        Ok(Self {
            run,
            history,
            class_map: None,
            data: DataState::Unknown,
        })
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.run.config().settings
    }

    /// The name of its folder.
    pub fn name(&self) -> String {
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
