//! The runs of a sweep: which are left to do, and how each is trained.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, anyhow, bail};
use run_folder::{METRICS, RunFolderError, SavedRun, has_checkpoint, lock};
use run_report::sweep::SweepRun;
use run_report::{Recorded, is_current};
use training::{Choices, Engine, Settings};

use super::folder::is_begun;
use super::{Place, Sweep};
use crate::commands::train::{self, Part};
use crate::ranks::{World, speaks};

impl Sweep {
    /// All runs, before the first begins.
    pub(super) fn not_begun(&self) -> Vec<SweepRun> {
        let runs = self.plan.iter().map(|planned| SweepRun {
            values: planned.values.clone(),
            seed: planned.seed,
            recorded: None,
        });
        runs.collect()
    }

    /// The folder of a run.
    pub(super) fn folder_of(&self, sweep: &Path, number: usize) -> PathBuf {
        sweep.join(&self.plan[number].name)
    }

    /// A run that has begun.
    pub(super) fn open(&self, folder: &Path, number: usize) -> Result<Recorded> {
        Ok(Recorded::open(&self.folder_of(folder, number))?)
    }

    /// Reads what has become of the runs, those of other processes, too.
    pub(super) fn look(&self, folder: &Path, runs: &mut [SweepRun]) {
        for (number, run) in runs.iter_mut().enumerate() {
            if !run.is_finished() {
                // Its process may be about to make the folder.
                run.recorded = self.open(folder, number).ok();
            }
        }
    }

    /// The runs of a sweep to resume. An error if the metrics of one cannot be read: its figures would be missing at
    /// the end.
    pub(super) fn begun(&self, folder: &Path) -> Result<Vec<SweepRun>> {
        let mut runs = self.not_begun();
        for (number, run) in runs.iter_mut().enumerate() {
            // A damaged configuration is in the checkpoints, too.
            if SavedRun::open(&self.folder_of(folder, number)).is_ok() {
                run.recorded = Some(self.open(folder, number)?);
            }
        }
        Ok(runs)
    }

    /// The runs that are left to do, as the process sees them that speaks for all: the others may have begun meanwhile.
    pub(super) fn left(
        &self,
        folder: &Path,
        runs: &[SweepRun],
        world: Option<&World>,
    ) -> Result<Vec<usize>> {
        let is_left = |number: usize| {
            let run = &runs[number];
            // It may have been killed before it had its page.
            run.can_go_on() || run.is_finished() && !is_current(&self.folder_of(folder, number))
        };
        let mark = |number| f64::from(u8::from(speaks() && is_left(number)));
        let mut marks = (0..runs.len()).map(mark).collect::<Vec<_>>();
        if let Some(world) = world {
            world.ranks().add_up_f64(&mut marks)?;
        }
        Ok((0..runs.len())
            .filter(|&number| marks[number] > 0.0)
            .collect())
    }

    /// Trains a run, or goes on with it; by its share of the threads, if processes share the cores.
    pub(super) fn train(
        &self,
        number: usize,
        runs: &[SweepRun],
        place: &Place,
        process: Option<usize>,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<()> {
        let planned = &self.plan[number];
        let settings = Settings::resolve(&planned.choices)?;
        let device = self.options.device(settings.backend.parse()?, process);
        let part = Part {
            resume: self.resume_words(&place.folder),
            data_digest: self.digest_like(number, runs),
        };
        let mut options = self
            .options
            .of_a_part(&place.folder, planned.name.clone(), device, part);
        let folder = self.folder_of(&place.folder, number);
        let mut begun = None;
        if let Some(now) = &self.resumed
            && folder.exists()
        {
            if is_begun(&folder) {
                begun = Some(now.changes());
                options.checkpoints.resume = Some(folder.clone());
            } else {
                remove_not_begun(&folder)?;
            }
        }
        // With another number of threads, only the fused engine gives the same numbers.
        let is_begun = begun.is_some();
        let mut choices = begun.unwrap_or_else(|| planned.choices.clone());
        if planned.choices.threads.is_none() && (!is_begun || settings.engine == Engine::Fused) {
            let share = place.share.filter(|&share| share < settings.threads);
            // It may have begun with a share.
            choices.threads = share.or(is_begun.then_some(settings.threads));
        }
        train::run_part(&options, choices, interrupt)
            .map(drop)
            .map_err(|error| with_remedy(error, &folder))
    }

    /// The words after the program that go on with it.
    pub(super) fn resume_words(&self, folder: &Path) -> Vec<String> {
        let words = ["sweep", "--resume"].map(str::to_owned).into_iter();
        let repeated = match &self.resumed {
            Some(now) => now.words_to_repeat(),
            None => self.options.remote().words(),
        };
        words
            .chain([folder.display().to_string()])
            .chain(repeated)
            .collect()
    }

    /// Refuses runs that were trained for longer by themselves: their rows would not compare.
    pub(super) fn refuse_longer(&self, runs: &[SweepRun]) -> Result<()> {
        for (planned, run) in self.plan.iter().zip(runs) {
            let choices = &planned.choices;
            let expected = Settings::resolve(choices)?.epochs;
            // With --minutes, each has its own; with --init, the model may have another default.
            let is_known = choices.epochs.is_some() || choices.init.is_none();
            let Some(recorded) = &run.recorded else {
                continue;
            };
            let epochs = recorded.settings().epochs;
            if choices.minutes.is_none() && is_known && epochs != expected {
                bail!(
                    "the run {} now has {epochs} epochs, and those of the sweep {expected}; delete its folder, and resume \
                     the sweep to train it again",
                    recorded.run.path().display()
                );
            }
        }
        Ok(())
    }

    /// The digest of the data of another run that is to have the same.
    fn digest_like(&self, number: usize, runs: &[SweepRun]) -> Option<String> {
        let data = data_of(&self.plan[number].choices);
        let others = self.plan.iter().zip(runs);
        let mut like = others.filter(|(planned, _)| data_of(&planned.choices) == data);
        like.find_map(|(_, run)| digest(run.recorded.as_ref()?))
    }

    /// An error if runs with the same options are on different data: ranks load them for themselves, and files change.
    pub(super) fn ensure_same_data(&self, runs: &[SweepRun]) -> Result<()> {
        for (number, run) in runs.iter().enumerate() {
            let own = run.recorded.as_ref().and_then(digest);
            if let Some(own) = own
                && let Some(first) = self.digest_like(number, runs)
                && own != first
            {
                bail!(
                    "the run {} uses other data than the runs before it; delete the folders of the runs on the wrong \
                     data, and resume the sweep with the right --data-dir, on every rank",
                    self.plan[number].name
                );
            }
        }
        Ok(())
    }
}

fn digest(recorded: &Recorded) -> Option<String> {
    recorded.run.config().data_digest.clone()
}

/// The choices on which the digest of the data depends.
fn data_of(choices: &Choices) -> impl PartialEq + use<> {
    (
        choices.data_dir.clone(),
        (choices.images, choices.image_size),
        choices.class_map.clone(),
        (choices.skip_bad, choices.data_in_file),
        choices.init.clone(),
    )
}

/// Removes what a run has left that was killed before it had a configuration. Nothing was trained then.
fn remove_not_begun(folder: &Path) -> Result<()> {
    let _lock = lock(folder)?;
    let has_metrics = fs::metadata(folder.join(METRICS)).is_ok_and(|file| file.len() > 0);
    if has_metrics || has_checkpoint(folder) {
        bail!(
            "{} has lost its config.json; put it back, or delete the folder to train the run again",
            folder.display()
        );
    }
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// An error of a run with the remedy that a sweep has.
fn with_remedy(error: anyhow::Error, folder: &Path) -> anyhow::Error {
    match error.downcast_ref::<RunFolderError>() {
        Some(RunFolderError::NoCheckpoint { .. }) => anyhow!(
            "{} has no checkpoint left; delete this folder, and resume the sweep to train the run again",
            folder.display()
        ),
        _ => error,
    }
}
