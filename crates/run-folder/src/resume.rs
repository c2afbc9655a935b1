//! A run that continues: its locked folder, its newest intact checkpoint, its settings.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use training::{Choices, Net, Progress, State, TrainingError};

use crate::checkpoint::{Checkpoint, Checkpoints, Found};
use crate::config::Config;
use crate::entry::{Entry, InFolder};
use crate::error::RunFolderError;
use crate::folder::RunFolder;
use crate::initial::InitialWeights;
use crate::saved::SavedRun;

/// The checkpoint from which a run continues.
#[derive(Debug)]
pub struct Resumed {
    path: PathBuf,
    /// Locked; none if another process writes to it.
    folder: Option<RunFolder>,
    config: Config,
    notes: Vec<String>,
    /// With its file's name; none if the run stopped before its first.
    checkpoint: Option<(Checkpoint, String)>,
    /// Whether it should have more epochs than it started with.
    is_longer: bool,
}

/// A run with its net restored from the checkpoint; later records are dropped.
pub struct Restored<N> {
    /// The run's folder, locked; none for a process that writes nothing.
    pub folder: Option<RunFolder>,
    /// The settings at the start, with the permitted changes.
    pub config: Config,
    /// Net, optimizer and progress.
    pub state: State<N>,
    /// The checkpoint's file; none if the run starts again.
    pub checkpoint: Option<String>,
}

impl Resumed {
    /// Determines the progress of the run in a folder.
    ///
    /// # Errors
    ///
    /// If it is not a run folder, another process trains in it, no checkpoint can be read, or the choices
    /// contradict the run.
    pub fn open(path: &Path, choices: &Choices) -> Result<Self, RunFolderError> {
        let folder = RunFolder::reopen(path)?;
        Self::read(path, choices, Some(folder))
    }

    /// The same for a process that trains together with the one that opened the folder, and writes nothing.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn follow(path: &Path, choices: &Choices) -> Result<Self, RunFolderError> {
        Self::read(path, choices, None)
    }

    fn read(
        path: &Path,
        choices: &Choices,
        folder: Option<RunFolder>,
    ) -> Result<Self, RunFolderError> {
        let Found {
            checkpoint,
            damaged,
        } = Checkpoints::of(path).newest()?;
        let mut config = match &checkpoint {
            Some((checkpoint, _)) => checkpoint.config.clone(),
            None => SavedRun::open(path)?.config().clone(),
        };
        let started_with = config.settings.epochs;
        config.settings = config.settings.continued(choices)?;
        if choices.data_dir.is_some() && config.settings.data_dir.is_none() {
            return Err(RunFolderError::NoDataFolder);
        }
        let note = |damaged| format!("{damaged}; the checkpoint before it is used");
        let resumed = Self {
            path: path.to_owned(),
            folder,
            is_longer: config.settings.epochs > started_with,
            config,
            notes: damaged.into_iter().map(note).collect(),
            checkpoint,
        };
        resumed.refuse_what_would_be_lost()?;
        Ok(resumed)
    }

    /// The settings at the start, with the permitted changes.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The path of the run folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Warnings: one sentence for each damaged checkpoint.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// An error if continuing would drop epochs that no checkpoint can restore.
    fn refuse_what_would_be_lost(&self) -> Result<(), RunFolderError> {
        let epochs = self.config.settings.epochs;
        if let Some((checkpoint, _)) = &self.checkpoint {
            let done = checkpoint.progress.epoch;
            if epochs < done {
                return Err(RunFolderError::FewerEpochs { epochs, done });
            }
            return Ok(());
        }
        let path = self.path().to_owned();
        let entries = self.entries();
        if entries
            .iter()
            .any(|entry| matches!(entry, Entry::Imported(_)))
        {
            return Err(RunFolderError::Imported { path });
        }
        // A run may have been killed before its first checkpoint, but not long after.
        let first_checkpoint = self.config.settings.checkpoint_every;
        let is_past_it = |entry: &Entry| match entry {
            Entry::Epoch(epoch) => epoch.epoch > first_checkpoint,
            Entry::Result(_) => true,
            _ => false,
        };
        if self.result().is_none() && entries.iter().any(is_past_it) {
            return Err(RunFolderError::NoCheckpoint { path });
        }
        Ok(())
    }

    /// The history so far, as far as it can be read.
    fn entries(&self) -> Vec<Entry> {
        let run = SavedRun::open(self.path());
        run.and_then(|run| run.entries()).unwrap_or_default()
    }

    /// The folder of the data: the chosen one, or the one that the run started with.
    pub fn data_dir(&self, choices: &Choices) -> Option<PathBuf> {
        let started_with = self.config.settings.data_dir.as_ref();
        let started_with = started_with.map(|folder| self.config.working_folder.join(folder));
        choices.data_dir.clone().or(started_with)
    }

    /// The digest of the data that the run started with, once it has a checkpoint.
    pub fn data_digest(&self) -> Option<&str> {
        let (checkpoint, _) = self.checkpoint.as_ref()?;
        Some(&checkpoint.progress.data_digest)
    }

    /// The weights that the run starts from, if it starts again, and not from random ones.
    ///
    /// # Errors
    ///
    /// If they cannot be read any more.
    pub fn initial_weights(&self) -> Result<Option<InitialWeights>, RunFolderError> {
        match &self.checkpoint {
            Some(_) => Ok(None),
            None => {
                let Config {
                    settings,
                    working_folder,
                    ..
                } = &self.config;
                InitialWeights::of_settings(settings, working_folder)
            }
        }
    }

    /// The result, an [`Entry::Result`], of a finished run.
    pub fn result(&self) -> Option<Entry> {
        let is_over = match &self.checkpoint {
            Some((checkpoint, _)) => checkpoint.progress.is_over(&self.config.settings),
            None => !self.is_longer,
        };
        match self.entries().pop().filter(|_| is_over)? {
            // The folder may have been moved since.
            Entry::Result(result) => Some(Entry::Result(InFolder {
                run_dir: self.path().display().to_string(),
                ..result
            })),
            _ => None,
        }
    }

    /// The run restored from its newest checkpoint, or a fresh one if there is none yet. `net` is built
    /// from the settings and the data, `sizes` are the units of its layers, inputs first; `data_digest`
    /// identifies the training set ([`data_digest`](crate::data_digest) like [`Resumed::data_digest`]).
    ///
    /// # Errors
    ///
    /// If the data are not those that the run started with, the checkpoint is that of another net, or
    /// `before_writing` refuses the state: the folder is unchanged then. If the folder cannot be written.
    pub fn restore<N: Net>(
        self,
        net: N,
        sizes: &[usize],
        data_digest: &str,
        device: &Device,
        before_writing: impl FnOnce(&State<N>) -> Result<(), TrainingError>,
    ) -> Result<Restored<N>, RunFolderError> {
        let Self {
            folder,
            config,
            checkpoint,
            ..
        } = self;
        if config.sizes != sizes {
            return Err(RunFolderError::OtherSizes {
                expected: config.sizes,
                got: sizes.to_vec(),
            });
        }
        let settings = &config.settings;
        let (state, checkpoint, metrics_bytes) = match checkpoint {
            Some((checkpoint, file)) => {
                let Checkpoint {
                    progress,
                    records,
                    metrics_bytes,
                    ..
                } = checkpoint;
                if progress.data_digest != data_digest {
                    return Err(RunFolderError::OtherData);
                }
                let state = State::restored(net, records, progress, settings, device)?;
                (state, Some(file), metrics_bytes)
            }
            None => {
                let mut state = State::fresh(net, settings, device);
                state.progress = Progress {
                    data_digest: data_digest.to_owned(),
                    ..Progress::default()
                };
                (state, None, 0)
            }
        };
        before_writing(&state)?;
        let folder = match folder {
            Some(mut folder) => {
                folder.rewind_metrics(metrics_bytes)?;
                folder.write_config(&config)?;
                Some(folder)
            }
            None => None,
        };
        Ok(Restored {
            folder,
            config,
            state,
            checkpoint,
        })
    }
}
