//! The folder of a run: configuration, metrics, weights and checkpoints.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use jiff::Timestamp;
use training::{Settings, TrainingError};

use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::checksum::{self, CHECKSUMS};
use crate::config::{CONFIG, Config};
use crate::entry::{Entry, METRICS};
use crate::error::RunFolderError;
use crate::files::{Staged, WEIGHTS, WEIGHTS_FOR_OTHERS, read_at_most};
use crate::shell::{line, resume_options};

/// A folder under the out-dir that no other process trains in.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    metrics: File,
    checkpoints: Checkpoints,
    /// With which the run continues, quoted for a shell.
    resume_options: String,
    /// What starts the program as several processes, if anything does.
    launcher: Vec<String>,
    /// Held until the value is dropped or the program ends in any way.
    _lock: File,
}

impl RunFolder {
    /// Makes the folder `name` under `out_dir` (or `name-2`, `name-3`, ... if it exists).
    ///
    /// # Errors
    ///
    /// [`RunFolderError::OutDir`] if `out_dir` cannot be made or written, [`RunFolderError::RunName`] if
    /// the file system refuses the name.
    pub fn create(out_dir: &Path, name: &str) -> Result<Self, RunFolderError> {
        let unwritable = |cause| RunFolderError::OutDir {
            path: out_dir.to_owned(),
            cause,
        };
        fs::create_dir_all(out_dir).map_err(unwritable)?;
        let names = std::iter::once(name.to_owned()).chain((2..).map(|i| format!("{name}-{i}")));
        for candidate in names {
            let path = out_dir.join(candidate);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(cause) if cause.kind() == ErrorKind::InvalidFilename => {
                    return Err(RunFolderError::RunName { path, cause });
                }
                made => made.map_err(unwritable)?,
            }
            let lock = lock(&path)?;
            let metrics = OpenOptions::new()
                .create_new(true)
                .append(true)
                .open(path.join(METRICS))
                .map_err(unwritable)?;
            let checkpoints = Checkpoints::of(&path);
            checkpoints.create_folder().map_err(unwritable)?;
            return Ok(Self {
                resume_options: resume_options(&path, &[]),
                launcher: vec![],
                path,
                metrics,
                checkpoints,
                _lock: lock,
            });
        }
        unreachable!("the candidate names never end")
    }

    /// Opens the folder of a run that continues.
    ///
    /// # Errors
    ///
    /// If there is no such folder, another process trains in it, or it cannot be written.
    pub(crate) fn reopen(path: &Path) -> Result<Self, RunFolderError> {
        if !path.join(CONFIG).is_file() {
            return Err(RunFolderError::NotARunFolder {
                path: path.to_owned(),
            });
        }
        let lock = lock(path)?;
        let metrics = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path.join(METRICS))
            .map_err(|cause| unwritable(path, METRICS, cause, &resume_options(path, &[])))?;
        let checkpoints = Checkpoints::of(path);
        checkpoints
            .create_folder()
            .and_then(|()| checkpoints.remove_unfinished())
            .map_err(|cause| unwritable(path, "checkpoints", cause, &resume_options(path, &[])))?;
        Ok(Self {
            resume_options: resume_options(path, &[]),
            launcher: vec![],
            path: path.to_owned(),
            metrics,
            checkpoints,
            _lock: lock,
        })
    }

    /// `<UTC time>-<model>-<backend>-<engine>`.
    pub fn default_name(settings: &Settings) -> String {
        let Settings {
            model,
            backend,
            engine,
            ..
        } = settings;
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        format!("{time}-{model}-{backend}-{engine}")
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets the options that the run needs to continue and that are not kept in the folder: words of a command line.
    pub fn resumes_with(&mut self, options: &[String]) {
        self.resume_options = resume_options(&self.path, options);
    }

    /// Sets all words after the program with which the run continues, if it does so as part of something else.
    pub fn resumes_as(&mut self, words: &[String]) {
        self.resume_options = line(words.iter().map(String::as_str));
    }

    /// Sets the words of a command line that come before the program: `mpirun -n 4`.
    pub fn resumes_by(&mut self, launcher: &[String]) {
        self.launcher = launcher.to_vec();
    }

    /// The command with which `program` continues the run.
    pub fn resume_command(&self, program: &str) -> String {
        let words = self.launcher.iter().map(String::as_str).chain([program]);
        format!("{} {}", line(words), self.resume_options)
    }

    /// Writes the `config.json` of a run that begins. If it cannot be written, the folder is removed: nothing can
    /// continue from it, so `again` says how to begin again.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn begin(mut self, config: &Config, again: &str) -> Result<Self, RunFolderError> {
        let resume_options = std::mem::replace(&mut self.resume_options, again.to_owned());
        if let Err(error) = self.write_config(config) {
            // What is left does no harm.
            let _ = fs::remove_dir_all(&self.path);
            return Err(error);
        }
        self.resume_options = resume_options;
        Ok(self)
    }

    /// Writes `config.json`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write_config(&self, config: &Config) -> Result<(), RunFolderError> {
        let json = serde_json::to_string_pretty(config).map_err(RunFolderError::NotJson)?;
        self.replace(CONFIG, format!("{json}\n").as_bytes())
    }

    /// Adds a line to `metrics.jsonl`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn record(&mut self, entry: &Entry) -> Result<(), RunFolderError> {
        let line = format!("{}\n", entry.to_json());
        self.metrics
            .write_all(line.as_bytes())
            .map_err(|cause| self.unwritable(METRICS, cause))
    }

    /// Bytes of `metrics.jsonl` so far, all synced to disk.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn sync_metrics(&self) -> Result<u64, RunFolderError> {
        let length = self
            .metrics
            .sync_data()
            .and_then(|()| self.metrics.metadata());
        let length = length.map_err(|cause| self.unwritable(METRICS, cause))?;
        Ok(length.len())
    }

    /// Drops all lines of `metrics.jsonl` after its first `bytes`, at once or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written.
    pub(crate) fn rewind_metrics(&mut self, bytes: u64) -> Result<(), RunFolderError> {
        let path = self.path.join(METRICS);
        let unreadable = RunFolderError::unreadable(&path);
        let mut kept = read_at_most(&path, bytes).map_err(&unreadable)?;
        let whole_lines = kept.iter().rposition(|&byte| byte == b'\n');
        kept.truncate(whole_lines.map_or(0, |end| end + 1));
        self.replace(METRICS, &kept)?;
        let reopened = OpenOptions::new().append(true).open(&path);
        self.metrics = reopened.map_err(&unreadable)?;
        Ok(())
    }

    /// Adds a checkpoint.
    ///
    /// # Errors
    ///
    /// If it cannot be written; the earlier ones still exist then.
    pub(crate) fn save_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), RunFolderError> {
        let keep = checkpoint.config.settings.keep_checkpoints;
        let bytes = checkpoint.encode()?;
        self.checkpoints
            .save(checkpoint, &bytes, keep)
            .map_err(|cause| self.unwritable("a checkpoint", cause))
    }

    /// Writes the weights as `model.bpk` (Burn's record) and `model.safetensors` (weights
    /// `[d_in, d_out]`, as in Burn), and their checksums. Each file is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn save_weights<M: Module>(&self, net: &M) -> Result<(), RunFolderError> {
        fn encoding(error: impl std::fmt::Display) -> TrainingError {
            TrainingError::Encode {
                what: "weights",
                why: error.to_string(),
            }
        }
        let record = net.valid().into_record();
        let record = record.into_bytes().map_err(encoding)?;
        let mut store =
            SafetensorsStore::from_bytes(None).metadata("layout", "weights are [d_in, d_out]");
        net.valid().save_into(&mut store).map_err(encoding)?;
        let for_others = store.get_bytes().map_err(encoding)?;

        let new =
            checksum::line(WEIGHTS, &record) + &checksum::line(WEIGHTS_FOR_OTHERS, &for_others);
        // A run may be killed between two of these files, so the checksums cover the old ones until the
        // new ones are there.
        let old = checksum::in_folder(&self.path);
        if let Some(old) = old.map_err(|cause| self.unwritable(CHECKSUMS, cause))? {
            self.replace(CHECKSUMS, format!("{old}{new}").as_bytes())?;
        }
        self.replace(WEIGHTS, &record)?;
        self.replace(WEIGHTS_FOR_OTHERS, &for_others)?;
        self.replace(CHECKSUMS, new.as_bytes())
    }

    /// Writes a file as a whole or not at all.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), RunFolderError> {
        Staged::write(&self.path.join(name), bytes)
            .and_then(Staged::publish)
            .map_err(|cause| self.unwritable(name, cause))
    }

    fn unwritable(&self, what: &str, cause: io::Error) -> RunFolderError {
        unwritable(&self.path, what, cause, &self.resume_options)
    }
}

/// The error for a folder in which `what` cannot be written, with the remedy.
fn unwritable(folder: &Path, what: &str, cause: io::Error, resume_options: &str) -> RunFolderError {
    let (what, path) = (what.to_owned(), folder.to_owned());
    if folder.is_dir() {
        RunFolderError::Unwritable {
            what,
            path,
            cause,
            resume_options: resume_options.to_owned(),
        }
    } else {
        RunFolderError::Gone { what, path }
    }
}

/// The lock of the process that trains in a folder. The system releases it when the process ends in any way.
///
/// # Errors
///
/// [`RunFolderError::InUse`] if another process has it, [`RunFolderError::Lock`] if the system refuses.
pub fn lock(folder: &Path) -> Result<File, RunFolderError> {
    let path = folder.join("lock");
    let unlockable = |cause| RunFolderError::Lock {
        path: path.clone(),
        cause,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(unlockable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RunFolderError::InUse {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(unlockable(error)),
    }
}

#[cfg(test)]
mod tests {
    use training::ModelName;

    use super::*;
    use crate::config::Invocation;

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = lock(folder.path()).expect("nobody has it");
        let error = lock(folder.path()).expect_err("it is held").to_string();
        assert!(error.contains("another process trains in"), "{error}");
        drop(held);
        lock(folder.path()).expect("it was released");
    }

    #[test]
    fn a_run_without_a_configuration_leaves_no_folder() {
        let out_dir = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::create(out_dir.path(), "run").expect("it can be made");
        let path = folder.path().to_owned();
        fs::create_dir(path.join(CONFIG)).expect("it is ours");
        let settings = Settings::default_for(ModelName::XorNet);
        let config = Config::now(&settings, &[2, 4, 1], "here", &Invocation::default());
        let error = folder.begin(&config, "the same command");
        let error = error.expect_err("a folder is in its place").to_string();
        assert!(error.ends_with("continue with the same command"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let out_dir = tempfile::tempdir().expect("a folder");
        let names = ["net", "net-2", "net-3"];
        for name in names {
            let folder = RunFolder::create(out_dir.path(), "net").expect("it can be made");
            assert_eq!(folder.path(), out_dir.path().join(name));
        }
        let long = RunFolder::create(out_dir.path(), &"n".repeat(300)).expect_err("too long");
        assert!(long.to_string().contains("another --run-name"), "{long}");
    }
}
