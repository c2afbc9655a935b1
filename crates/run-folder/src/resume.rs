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
    /// Whether it is to have more epochs than it was begun with.
    is_longer: bool,
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
        let begun_with = config.settings.epochs;
        config.settings = config.settings.continued(options)?;
        if options.data_dir.is_some() && config.settings.data_dir.is_none() {
            bail!("--data-dir does not apply to a run on the truth table; leave it out");
        }
        let resumed = Self {
            folder,
            is_longer: config.settings.epochs > begun_with,
            config,
            checkpoint,
        };
        resumed.refuse_what_would_be_lost()?;
        Ok(resumed)
    }

    /// An error if going on would drop epochs that cannot be had back from a checkpoint.
    fn refuse_what_would_be_lost(&self) -> Result<()> {
        let epochs = self.config.settings.epochs;
        if let Some((checkpoint, _)) = &self.checkpoint {
            let done = checkpoint.progress.epoch;
            if epochs < done {
                bail!(
                    "--epochs {epochs} is less than the {done} epochs that are done; give at least \
                     that many"
                );
            }
            return Ok(());
        }
        let path = self.folder.path().display();
        let events = self.events();
        if events
            .iter()
            .any(|event| matches!(event, Event::Imported(_)))
        {
            bail!(
                "{path} holds weights that were imported, and no training to go on with; use them \
                 with eval, predict, report or export"
            );
        }
        // A run may have been killed before its first checkpoint, but not long after.
        let first_checkpoint = self.config.settings.checkpoint_every;
        let is_past_it = |event: &Event| match event {
            Event::Epoch(epoch) => epoch.epoch > first_checkpoint,
            Event::Result(_) => true,
            _ => false,
        };
        if self.result().is_none() && events.iter().any(is_past_it) {
            bail!(
                "{path} has no checkpoint any more to go on from; train again with the options in \
                 its config.json"
            );
        }
        Ok(())
    }

    /// What happened so far, as far as it can be read.
    fn events(&self) -> Vec<Event> {
        let run = SavedRun::open(self.folder.path());
        run.and_then(|run| run.events()).unwrap_or_default()
    }

    /// The folder of the data: the one given now, or the one that the run was begun with.
    pub(crate) fn data_dir(&self, options: &TrainOptions) -> Option<PathBuf> {
        let begun_with = self.config.settings.data_dir.as_ref();
        let begun_with = begun_with.map(|folder| self.config.working_folder.join(folder));
        options.data_dir.clone().or(begun_with)
    }

    /// The result of a run that is over already.
    pub(crate) fn result(&self) -> Option<Event> {
        let is_over = match &self.checkpoint {
            Some((checkpoint, _)) => is_over(&self.config.settings, &checkpoint.progress),
            None => !self.is_longer,
        };
        let last = self.events().pop().filter(|_| is_over)?;
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
