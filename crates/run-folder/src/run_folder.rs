//! The folder that keeps a run: its configuration, its metrics, its weights and its checkpoints.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, Checkpoints};
use crate::files::Staged;
use crate::output::Event;
use crate::settings::Settings;

/// A folder of its own under the out-dir, which no other process trains in.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    metrics: File,
    checkpoints: Checkpoints,
    /// Held until the program ends, however it ends.
    _lock: File,
}

/// `config.json`: everything needed to repeat the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Config {
    /// When the run began, in UTC.
    pub(crate) started: Timestamp,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    /// Units of every layer, inputs first.
    pub(crate) sizes: Vec<usize>,
    /// What computed.
    pub(crate) device: String,
    pub(crate) trainer_version: String,
    pub(crate) burn_version: String,
    /// The command line, the program first.
    pub(crate) command: Vec<String>,
    /// The folder in which it was given, from which relative paths lead.
    #[serde(default)]
    pub(crate) working_folder: PathBuf,
}

impl Config {
    /// The configuration of a run that begins now; `sizes` are the units of every layer, inputs
    /// first.
    pub(crate) fn now(settings: &Settings, sizes: &[usize], device: &str) -> Self {
        Self {
            started: Timestamp::now(),
            settings: settings.clone(),
            sizes: sizes.to_vec(),
            device: device.to_owned(),
            trainer_version: env!("CARGO_PKG_VERSION").to_owned(),
            burn_version: backends::BURN_VERSION.to_owned(),
            command: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
            working_folder: std::env::current_dir().unwrap_or_default(),
        }
    }
}

impl RunFolder {
    /// Makes the folder `name` under `out_dir` (or `name-2`, `name-3`, ... if it exists).
    ///
    /// # Errors
    ///
    /// If `out_dir` cannot be made or written.
    pub(crate) fn create(out_dir: &Path, name: &str) -> Result<Self> {
        let unwritable = || {
            format!(
                "cannot write to out-dir {}; name a folder that you may write to with --out-dir",
                out_dir.display()
            )
        };
        fs::create_dir_all(out_dir).with_context(unwritable)?;
        let names = std::iter::once(name.to_owned()).chain((2..).map(|i| format!("{name}-{i}")));
        for candidate in names {
            let path = out_dir.join(candidate);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made.with_context(unwritable)?,
            }
            let lock = lock(&path)?;
            let metrics = OpenOptions::new()
                .create_new(true)
                .append(true)
                .open(path.join(METRICS))
                .with_context(unwritable)?;
            let checkpoints = Checkpoints::of(&path);
            checkpoints.create_folder().with_context(unwritable)?;
            return Ok(Self {
                path,
                metrics,
                checkpoints,
                _lock: lock,
            });
        }
        unreachable!("the candidate names never end")
    }

    /// Opens the folder of a run that goes on.
    ///
    /// # Errors
    ///
    /// If there is no such folder, another process trains in it, or it cannot be written.
    pub(crate) fn reopen(path: &Path) -> Result<Self> {
        if !path.join("config.json").is_file() {
            bail!(
                "{} is no run folder: it has no config.json; name a folder that trainer wrote, one \
                 of those under runs",
                path.display()
            );
        }
        let lock = lock(path)?;
        let unwritable = || format!("cannot write to run folder {}", path.display());
        let metrics = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path.join(METRICS))
            .with_context(unwritable)?;
        let checkpoints = Checkpoints::of(path);
        checkpoints.create_folder().with_context(unwritable)?;
        checkpoints.remove_unfinished().with_context(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            metrics,
            checkpoints,
            _lock: lock,
        })
    }

    /// `<UTC time>-<model>-<backend>-<engine>`.
    pub(crate) fn default_name(model: &str, backend: &str, engine: &str) -> String {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        format!("{time}-{model}-{backend}-{engine}")
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its checkpoints.
    pub(crate) fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// The command that goes on with the run.
    pub(crate) fn resume_command(&self) -> String {
        let program = std::env::args().next();
        let program = program.unwrap_or_else(|| "trainer".to_owned());
        let path = self.path.display().to_string();
        format!("{} --resume {}", quoted(&program), quoted(&path))
    }

    /// Writes `config.json`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn write_config(&self, config: &Config) -> Result<()> {
        let json = serde_json::to_string_pretty(config)?;
        self.replace("config.json", format!("{json}\n").as_bytes())
    }

    /// Adds a line to `metrics.jsonl`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn record(&mut self, event: &Event) -> Result<()> {
        let line = format!("{}\n", event.to_json());
        self.metrics
            .write_all(line.as_bytes())
            .map_err(|error| self.unwritable(METRICS, &error))
    }

    /// Bytes of `metrics.jsonl` so far, which are on the disk then.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn sync_metrics(&self) -> Result<u64> {
        let length = self
            .metrics
            .sync_data()
            .and_then(|()| self.metrics.metadata());
        let length = length.map_err(|error| self.unwritable(METRICS, &error))?;
        Ok(length.len())
    }

    /// Drops all lines of `metrics.jsonl` after its first `bytes`, at once or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written.
    pub(crate) fn rewind_metrics(&mut self, bytes: u64) -> Result<()> {
        let path = self.path.join(METRICS);
        let unreadable = || format!("cannot read {}", path.display());
        let mut kept = fs::read(&path).with_context(unreadable)?;
        kept.truncate(usize::try_from(bytes)?);
        let whole_lines = kept.iter().rposition(|&byte| byte == b'\n');
        kept.truncate(whole_lines.map_or(0, |end| end + 1));
        self.replace(METRICS, &kept)?;
        self.metrics = OpenOptions::new()
            .append(true)
            .open(&path)
            .with_context(unreadable)?;
        Ok(())
    }

    /// Adds a checkpoint to those that are kept.
    ///
    /// # Errors
    ///
    /// If it cannot be written; those before are still there then.
    pub(crate) fn save_checkpoint(&self, checkpoint: &Checkpoint) -> Result<()> {
        let keep = checkpoint.config.settings.keep_checkpoints;
        let saved = self.checkpoints.save(checkpoint, keep);
        saved
            .map(drop)
            .map_err(|error| self.unwritable("a checkpoint", &error))
    }

    /// What is wrong with the folder, and what to do.
    fn unwritable(&self, what: &str, error: &dyn std::fmt::Display) -> anyhow::Error {
        let path = self.path.display();
        match self.path.is_dir() {
            true => anyhow!(
                "cannot write {what} in {path}: {error}; what was written before is whole: make \
                 room, then go on with: {}",
                self.resume_command()
            ),
            false => anyhow!(
                "cannot write {what} in {path}: the folder is gone; if it was moved, go on with \
                 --resume and its new path, else train again"
            ),
        }
    }

    /// Writes the weights as `model.bpk` (Burn's record) and `model.safetensors` (weights as
    /// `[d_in, d_out]`, as Burn has them). Each file is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub(crate) fn save_weights<M: Module>(&self, net: &M) -> Result<()> {
        let record = net.valid().into_record();
        let bytes = record
            .into_bytes()
            .map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
        self.replace("model.bpk", &bytes)?;

        let mut store =
            SafetensorsStore::from_bytes(None).metadata("layout", "weights are [d_in, d_out]");
        net.valid()
            .save_into(&mut store)
            .map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
        let bytes = store
            .get_bytes()
            .map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
        self.replace("model.safetensors", &bytes)
    }

    /// Writes a file as a whole or not at all.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        Staged::write(&self.path.join(name), bytes)
            .and_then(Staged::publish)
            .map_err(|error| self.unwritable(name, &error))
    }
}

const METRICS: &str = "metrics.jsonl";

/// The lock that says that a process trains in the folder. The system gives it up with the
/// process, whatever ends that.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let unlockable = |error: io::Error| anyhow!("cannot lock {}: {error}", path.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(unlockable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another process trains in {}; wait until it ends, or stop it",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(unlockable(error)),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    match word.chars().all(plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = lock(folder.path()).expect("nobody has it");
        let error = lock(folder.path()).expect_err("it is held").to_string();
        assert!(error.contains("another process trains in"), "{error}");
        drop(held);
        lock(folder.path()).expect("it was given up");
    }

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("runs/a-1"), "runs/a-1");
        assert_eq!(quoted("my runs/it's"), "'my runs/it'\\''s'");
    }
}
