//! Why the judge cannot do what it was asked.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An error of the folder, of the command or of the machine; what is wrong with a solution is no error.
#[derive(Debug, Error)]
pub enum ExerciseError {
    /// No exercise has this name.
    #[error(
        "there is no exercise '{name}'{}; `cargo xtask exercise list` shows the names",
        similar(near)
    )]
    Unknown {
        /// The name.
        name: String,
        /// The name that it may be.
        near: Option<&'static str>,
    },
    /// The folder is not that of the exercises.
    #[error("{}: expected the folder of the exercises, with Cargo.toml and tasks; name it with --folder", .0.display())]
    NoFolder(PathBuf),
    /// An exercise's file is missing.
    #[error("{}: the file is missing; `cargo xtask exercise reset {name}` writes it again", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The exercise.
        name: &'static str,
    },
    /// A file that belongs to the package was changed.
    #[error("{}: the file was changed, and the judge would not be fair; restore it, for example with `git checkout {}`", .0.display(), .0.display())]
    Changed(PathBuf),
    /// The folder to export to has files in it.
    #[error("{}: the folder is not empty; name a new one", .0.display())]
    NotEmpty(PathBuf),
    /// No submission was found.
    #[error("{}: expected a folder with a folder for each submission, found no exercise's file in it", .0.display())]
    NoSubmissions(PathBuf),
    /// There is no such hint.
    #[error("{name} has hints 1 to {count}, not {level}")]
    NoHint {
        /// The exercise.
        name: &'static str,
        /// The hint.
        level: usize,
        /// How many there are.
        count: usize,
    },
    /// A solution is not shown yet.
    #[error(
        "{name} is not solved yet; `cargo xtask exercise hint {name}` helps, `solution {name} --give-up` shows it"
    )]
    NotSolved {
        /// The exercise.
        name: &'static str,
    },
    /// Cargo could not be run, or built nothing.
    #[error("cannot run cargo: {0}; is it installed?")]
    Cargo(String),
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

fn similar(name: &Option<&'static str>) -> String {
    name.map(|name| format!(", is it '{name}'?"))
        .unwrap_or_default()
}

impl ExerciseError {
    /// For `map_err` of an operation on a file.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
