//! The student's package, without solutions.

use std::fs;
use std::path::Path;

use crate::catalog::exercises;
use crate::error::ExerciseError;
use crate::files::Folder;
use crate::support::{FILES, manifest};

const WORKFLOW: &str = include_str!("../template/classroom.yml");
const README: &str = include_str!("../template/README.md");

/// Writes the package to a new or empty folder: blanks, support, README, and a workflow for GitHub Classroom.
///
/// # Errors
///
/// If the folder has files in it, or a file cannot be read or written.
pub fn export(from: &Folder, to: &Path) -> Result<(), ExerciseError> {
    if to.read_dir().is_ok_and(|mut files| files.next().is_some()) || to.is_file() {
        return Err(ExerciseError::NotEmpty(to.to_owned()));
    }
    package(from, to)?;
    for exercise in exercises() {
        write(&to.join("tasks").join(exercise.file), &exercise.blank())?;
    }
    write(&to.join("README.md"), README)?;
    write(
        &to.join(".gitignore"),
        "/target/\n/backups/\n/progress.txt\n",
    )?;
    write(&to.join(".github/workflows/classroom.yml"), WORKFLOW)
}

/// Writes what the exercises are built with: the manifest and the support.
pub(crate) fn package(from: &Folder, to: &Path) -> Result<(), ExerciseError> {
    write(&to.join("Cargo.toml"), &manifest())?;
    for (name, _) in FILES {
        write(
            &to.join(name),
            &crate::files::read(&from.path().join(name))?,
        )?;
    }
    Ok(())
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), ExerciseError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(ExerciseError::file(folder))?;
    }
    fs::write(path, text).map_err(ExerciseError::file(path))
}
