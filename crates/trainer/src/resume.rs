//! A run that goes on: its folder locked, its newest whole checkpoint, its settings.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::checkpoint::{Checkpoint, Progress};
use crate::cli::TrainOptions;
use crate::output::{Console, Event};
use crate::run_folder::{Config, RunFolder};
use crate::saved_run::SavedRun;
use crate::settings::Settings;

/// What a run goes on from.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(crate) folder: RunFolder,
    /// As the run was begun, changed by what may change.
    pub(crate) config: Config,
    /// None if the run was stopped before its first.
    pub(crate) checkpoint: Option<(Checkpoint, String)>,
}

impl Resumed {
    /// Finds out how far the run in a folder has come.
    ///
    /// # Errors
    ///
    /// If it is no run folder, another process trains in it, no checkpoint can be read, or the
    /// options contradict the run.
    pub(crate) fn open(path: &Path, options: &TrainOptions, console: &Console) -> Result<Self> {
        let folder = RunFolder::reopen(path)?;
        let again = || {
            let name = folder.path().display();
            format!("cannot go on with {name}; train again with the options in its config.json")
        };
        let found = folder.checkpoints().newest().with_context(again)?;
        let checkpoint = found.checkpoint;
        for damaged in found.damaged {
            console.note(&format!("warning: {damaged}; the one before it is used"));
        }
        let mut config = match &checkpoint {
            Some((checkpoint, _)) => checkpoint.config.clone(),
            None => SavedRun::open(path)?.config().clone(),
        };
        config.settings = config.settings.continued(options)?;
        if let Some((checkpoint, _)) = &checkpoint {
            let done = checkpoint.progress.epoch;
            if config.settings.epochs < done {
                bail!(
                    "--epochs {} is less than the {done} epochs that are done; give at least that \
                     many",
                    config.settings.epochs
                );
            }
        }
        Ok(Self {
            folder,
            config,
            checkpoint,
        })
    }

    /// The folder of the data: the one given now, or the one that the run was begun with.
    pub(crate) fn data_dir(&self, options: &TrainOptions) -> Option<PathBuf> {
        let begun_with = self.config.settings.data_dir.as_ref();
        let begun_with = begun_with.map(|folder| self.config.working_folder.join(folder));
        options.data_dir.clone().or(begun_with)
    }

    /// The result of a run that is over already.
    pub(crate) fn result(&self) -> Option<Event> {
        let (checkpoint, _) = self.checkpoint.as_ref()?;
        if !is_over(&self.config.settings, &checkpoint.progress) {
            return None;
        }
        let events = SavedRun::open(self.folder.path()).and_then(|run| run.events());
        let last = events.ok()?.pop()?;
        matches!(last, Event::Result(_)).then_some(last)
    }
}

/// Whether no step is left to take.
pub(crate) fn is_over(settings: &Settings, progress: &Progress) -> bool {
    let patience_is_over = settings
        .early_stop
        .is_some_and(|patience| progress.epochs_without_better >= patience);
    progress.step_in_epoch == 0 && (progress.epoch >= settings.epochs || patience_is_over)
}
