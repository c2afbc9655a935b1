//! Writes a run's reports to its folder and passes them to a listener.

use std::path::Path;

use burn_gradcheck::Report;
use training::{
    Event, Net, Now, Progress, RecordError, Recorder, Start, State, StopReason, Stopped,
    TrainingError,
};

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::entry::{Entry, InFolder};
use crate::folder::RunFolder;
use crate::history::INTERRUPTED;

/// Receives the events of a run: a terminal, for example.
pub trait Listener {
    /// A line was added to `metrics.jsonl`.
    ///
    /// # Errors
    ///
    /// An error ends the run.
    fn entry(&mut self, entry: &Entry) -> Result<(), RecordError>;

    /// The progress of the run; called many times in an epoch.
    fn progress(&mut self, _now: Now) {}

    /// The full report of a gradient check that failed.
    fn disagreement(&mut self, _report: &Report) {}

    /// Whether the run should stop after this step.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// No listener.
impl Listener for () {
    fn entry(&mut self, _entry: &Entry) -> Result<(), RecordError> {
        Ok(())
    }
}

impl<L: Listener> Listener for &mut L {
    fn entry(&mut self, entry: &Entry) -> Result<(), RecordError> {
        (**self).entry(entry)
    }

    fn progress(&mut self, now: Now) {
        (**self).progress(now);
    }

    fn disagreement(&mut self, report: &Report) {
        (**self).disagreement(report);
    }

    fn is_interrupted(&self) -> bool {
        (**self).is_interrupted()
    }
}

/// Keeps a run in its folder: metrics, weights and checkpoints.
#[derive(Debug)]
pub struct FolderRecorder<L> {
    folder: RunFolder,
    config: Config,
    /// The program that continues the run after an interrupt.
    program: String,
    listener: L,
}

impl<L: Listener> FolderRecorder<L> {
    /// Records into a folder. `config` goes into every checkpoint; `program` is the command that can
    /// continue the run.
    pub fn new(folder: RunFolder, config: Config, program: impl Into<String>, listener: L) -> Self {
        Self {
            folder,
            config,
            program: program.into(),
            listener,
        }
    }

    /// The path of the run folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The settings of the run.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Records that data and net are ready.
    ///
    /// # Errors
    ///
    /// [`TrainingError::Recorder`] if the folder cannot be written or the listener fails.
    pub fn start(&mut self, start: Start) -> Result<(), TrainingError> {
        let entry = Entry::Start(self.in_folder(start));
        Ok(self.record(&entry)?)
    }

    /// Records that the run continues: with this progress, from this checkpoint if there is one, on so many ranks.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn resume(
        &mut self,
        progress: &Progress,
        checkpoint: Option<String>,
        ranks: usize,
    ) -> Result<(), TrainingError> {
        Ok(self.record(&Entry::Resumed {
            epoch: progress.epoch,
            step: progress.step,
            checkpoint,
            ranks,
            run_dir: self.run_dir(),
        })?)
    }

    fn record(&mut self, entry: &Entry) -> Result<(), RecordError> {
        self.folder.record(entry)?;
        self.listener.entry(entry)
    }

    fn run_dir(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn in_folder<T>(&self, event: T) -> InFolder<T> {
        InFolder {
            event,
            run_dir: self.run_dir(),
        }
    }

    /// The reason for a stop, and the command that continues the run.
    fn stopped(&self, stopped: &Stopped) -> Entry {
        let step = stopped.step;
        let mut resume = None;
        let reason = match &stopped.reason {
            StopReason::Interrupted => {
                resume = Some(self.folder.resume_command(&self.program));
                INTERRUPTED.to_owned()
            }
            StopReason::NotFinite {
                kept_epoch,
                too_large,
            } => {
                let kept = match kept_epoch {
                    0 => "the initial weights".to_owned(),
                    epoch => format!("the weights of epoch {epoch}"),
                };
                format!(
                    "the loss is not finite at step {step}; {kept} are kept in {}; try a smaller \
                     {too_large}",
                    self.run_dir()
                )
            }
            StopReason::GradientsDisagree(verdict) => {
                format!("the gradients of step {} disagree: {verdict}", step + 1)
            }
        };
        Entry::Stopped {
            reason,
            epoch: stopped.epoch,
            step,
            resume,
        }
    }
}

impl<N: Net, L: Listener> Recorder<N> for FolderRecorder<L> {
    fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        let entry = match event {
            Event::WarmUp { seconds } => Entry::WarmUp { seconds: *seconds },
            Event::Epoch(epoch) => Entry::Epoch(epoch.clone()),
            Event::GradientCheck(check) => Entry::GradientCheck(check.clone()),
            Event::EarlyStop {
                epoch,
                best_epoch,
                best_loss,
            } => Entry::EarlyStop {
                epoch: *epoch,
                best_epoch: *best_epoch,
                best_loss: *best_loss,
            },
            Event::Plateau {
                epoch,
                best_epoch,
                best_loss,
            } => Entry::Plateau {
                epoch: *epoch,
                best_epoch: *best_epoch,
                best_loss: *best_loss,
            },
            Event::Stopped(stopped) => self.stopped(stopped),
            Event::Finished(result) => {
                // It is part of what the weights mean, and these are complete now.
                if result.temperature != self.config.temperature {
                    self.config.temperature = result.temperature;
                    self.folder.write_config(&self.config)?;
                }
                Entry::Result(self.in_folder(result.clone()))
            }
        };
        self.record(&entry)
    }

    fn weights(&mut self, net: &N) -> Result<(), RecordError> {
        Ok(self.folder.save_weights(net)?)
    }

    fn checkpoint(&mut self, state: &State<N>) -> Result<(), RecordError> {
        let metrics_bytes = self.folder.sync_metrics()?;
        let checkpoint = Checkpoint {
            config: self.config.clone(),
            progress: state.progress.clone(),
            metrics_bytes,
            records: state.records()?,
        };
        Ok(self.folder.save_checkpoint(&checkpoint)?)
    }

    fn progress(&mut self, now: Now) {
        self.listener.progress(now);
    }

    fn disagreement(&mut self, report: &Report) {
        self.listener.disagreement(report);
    }

    fn is_interrupted(&self) -> bool {
        self.listener.is_interrupted()
    }
}
