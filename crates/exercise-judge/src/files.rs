//! The student's folder: exercises, progress, backups.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::catalog::{Exercise, exercises};
use crate::error::ExerciseError;
use crate::support::{FILES, MANIFEST, digest, manifest};

/// The folder of a student's package.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// The exercises that are solved, in a file beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    solved: BTreeSet<String>,
}

const PROGRESS: &str = "progress.txt";
const BACKUPS: &str = "backups";

impl Folder {
    /// The folder at a path.
    ///
    /// # Errors
    ///
    /// If it is none of exercises, or one of its files that are not the student's was changed.
    pub fn open(path: &Path) -> Result<Self, ExerciseError> {
        let folder = Self {
            path: path.to_owned(),
        };
        let manifest_path = path.join("Cargo.toml");
        if !manifest_path.is_file() || !path.join("src").is_dir() {
            return Err(ExerciseError::NoFolder(path.to_owned()));
        }
        let text = read(&manifest_path)?;
        if digest(&text) != MANIFEST && digest(&text) != digest(&manifest()) {
            return Err(ExerciseError::Changed(manifest_path));
        }
        for (name, known) in FILES {
            let path = path.join(name);
            if read(&path).map(|text| digest(&text)).ok() != Some(*known) {
                return Err(ExerciseError::Changed(path));
            }
        }
        Ok(folder)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of an exercise's file.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        self.path.join("tasks").join(exercise.file)
    }

    /// The text of an exercise's file.
    ///
    /// # Errors
    ///
    /// If it is missing or cannot be read.
    pub fn text(&self, exercise: &Exercise) -> Result<String, ExerciseError> {
        let path = self.file(exercise);
        if !path.is_file() {
            let name = exercise.name;
            return Err(ExerciseError::Missing { path, name });
        }
        read(&path)
    }

    /// Builds an exercise; `None` if it does not compile, about which cargo has said all there is to say.
    ///
    /// # Errors
    ///
    /// If cargo cannot be run.
    pub fn build(&self, exercise: &Exercise) -> Result<Option<PathBuf>, ExerciseError> {
        self.text(exercise)?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--message-format=json-render-diagnostics",
            ])
            .arg("--manifest-path")
            .arg(self.path.join("Cargo.toml"))
            .args(["--bin", exercise.name])
            // A linter around the compiler is for this project's own code.
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| ExerciseError::Cargo(error.to_string()))?;
        if !output.status.success() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let program = programs(&text).find(|(name, _)| name == exercise.name);
        let (_, path) =
            program.ok_or_else(|| ExerciseError::Cargo("it built no program".into()))?;
        Ok(Some(path))
    }

    /// Writes an exercise's blank again. Gives where its file was copied to before, if there was one.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written; the student's file is then as it was.
    pub fn reset(&self, exercise: &Exercise) -> Result<Option<PathBuf>, ExerciseError> {
        let path = self.file(exercise);
        let backup = if path.is_file() {
            Some(self.back_up(exercise, &path)?)
        } else {
            None
        };
        let folder = self.path.join("tasks");
        fs::create_dir_all(&folder).map_err(ExerciseError::file(&folder))?;
        replace(&path, &exercise.blank())?;
        let mut progress = self.progress()?;
        progress.forget(exercise.name);
        self.keep(&progress)?;
        Ok(backup)
    }

    /// Copies a file to the first name that is free.
    fn back_up(&self, exercise: &Exercise, path: &Path) -> Result<PathBuf, ExerciseError> {
        let folder = self.path.join(BACKUPS);
        fs::create_dir_all(&folder).map_err(ExerciseError::file(&folder))?;
        let stem = exercise.file.trim_end_matches(".rs");
        let mut names = (1..).map(|number| folder.join(format!("{stem}.{number}.rs")));
        let free = names
            .find(|path| !path.exists())
            .expect("some number is free");
        fs::copy(path, &free).map_err(ExerciseError::file(&free))?;
        Ok(free)
    }

    /// What is solved. Words in the file that are no exercise's name are passed over.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub fn progress(&self) -> Result<Progress, ExerciseError> {
        let path = self.path.join(PROGRESS);
        if !path.exists() {
            return Ok(Progress::default());
        }
        let text = read(&path)?;
        let names = exercises().iter().map(|exercise| exercise.name);
        let solved = names.filter(|name| text.lines().any(|line| line.trim() == *name));
        Ok(Progress {
            solved: solved.map(str::to_owned).collect(),
        })
    }

    /// Writes what is solved.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn keep(&self, progress: &Progress) -> Result<(), ExerciseError> {
        let solved = exercises()
            .iter()
            .filter(|exercise| progress.has(exercise.name));
        let text: String = solved
            .map(|exercise| format!("{}\n", exercise.name))
            .collect();
        replace(&self.path.join(PROGRESS), &text)
    }
}

impl Progress {
    /// Whether an exercise is solved.
    pub fn has(&self, name: &str) -> bool {
        self.solved.contains(name)
    }

    /// Notes that an exercise is solved.
    pub fn add(&mut self, name: &str) {
        self.solved.insert(name.to_owned());
    }

    /// Notes that it is not.
    pub fn forget(&mut self, name: &str) {
        self.solved.remove(name);
    }

    /// How many are solved.
    pub fn count(&self) -> usize {
        self.solved.len()
    }
}

/// The programs among cargo's messages, by name.
pub(crate) fn programs(messages: &str) -> impl Iterator<Item = (String, PathBuf)> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Json>(line).ok());
    messages.filter_map(|message| {
        let name = message["target"]["name"].as_str()?.to_owned();
        Some((name, PathBuf::from(message["executable"].as_str()?)))
    })
}

pub(crate) fn read(path: &Path) -> Result<String, ExerciseError> {
    fs::read_to_string(path).map_err(ExerciseError::file(path))
}

/// Writes a file under another name first, so that it is the old or the new one, and never half of it.
fn replace(path: &Path, text: &str) -> Result<(), ExerciseError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    fs::write(&new, text).map_err(ExerciseError::file(&new))?;
    fs::rename(&new, path).map_err(ExerciseError::file(path))
}
