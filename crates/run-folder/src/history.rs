//! The history of a run, from its `metrics.jsonl`.

use training::{Epoch, RunResult, Start};

use crate::entry::Entry;
use crate::error::RunFolderError;
use crate::saved::SavedRun;

/// The entries of a run, sorted.
#[derive(Debug, Clone)]
pub struct History {
    /// The start of the run, once data and net were ready.
    pub start: Option<Start>,
    /// The recorded epochs, in order.
    pub epochs: Vec<Epoch>,
    /// The result of a run that is finished.
    pub result: Option<RunResult>,
    /// The state of the run.
    pub status: Status,
}

/// The reason of a run that was stopped from outside.
pub(crate) const INTERRUPTED: &str = "interrupted";

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It has its result.
    Finished,
    /// It ended before its last epoch, with a reason.
    Stopped(String),
    /// It is running, or it was killed.
    Unfinished,
    /// It never trained: its weights were imported.
    Imported,
}

impl Status {
    /// The state in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped(_) => "stopped",
            Self::Unfinished => "unfinished",
            Self::Imported => "imported",
        }
    }

    /// Whether it goes on when it is resumed. One that stopped for its numbers would stop for them again.
    pub fn can_go_on(&self) -> bool {
        match self {
            Self::Unfinished => true,
            Self::Stopped(reason) => reason == INTERRUPTED,
            Self::Finished | Self::Imported => false,
        }
    }

    /// Why it ended before its last epoch, if that was recorded.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Stopped(reason) => Some(reason),
            Self::Finished | Self::Unfinished | Self::Imported => None,
        }
    }
}

impl History {
    /// Reads a run's metrics.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn of(run: &SavedRun) -> Result<Self, RunFolderError> {
        Ok(Self::from_entries(run.entries()?))
    }

    fn from_entries(entries: Vec<Entry>) -> Self {
        let mut history = Self {
            start: None,
            epochs: vec![],
            result: None,
            status: Status::Unfinished,
        };
        for entry in entries {
            // The last entry decides: a run that stopped or finished may have continued.
            history.status = match &entry {
                Entry::Result(_) => Status::Finished,
                Entry::Stopped { reason, .. } => Status::Stopped(reason.clone()),
                Entry::Imported(_) => Status::Imported,
                _ => Status::Unfinished,
            };
            match entry {
                Entry::Start(start) => history.start = Some(start.event),
                Entry::Epoch(epoch) => history.epochs.push(epoch),
                Entry::Result(result) => history.result = Some(result.event),
                _ => {}
            }
        }
        if history.status != Status::Finished {
            history.result = None;
        }
        history
    }

    /// Whether it has the last epoch of a finished run. A file that was cut off has not.
    pub fn is_whole(&self) -> bool {
        let result = self.result.as_ref();
        result.is_none_or(|result| self.epochs_done() == result.epochs)
    }

    /// The number of the last recorded epoch.
    pub fn epochs_done(&self) -> usize {
        self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn history(events: &[serde_json::Value]) -> History {
        let events = events.iter().cloned().map(serde_json::from_value);
        History::from_entries(events.collect::<Result<_, _>>().unwrap())
    }

    #[test]
    fn the_last_entry_decides_what_became_of_a_run() {
        let epoch = |epoch: usize| {
            json!({"event": "epoch", "epoch": epoch, "train_loss": "nan", "seconds": 1.0,
                   "images_per_second": 2.0})
        };
        let stopped = json!({"event": "stopped", "reason": "interrupted", "epoch": 3, "step": 9});
        let result = json!({"event": "result", "model": "m", "backend": "b", "engine": "e",
            "epochs": 4, "test_loss": 0.5, "test_accuracy": 0.75, "train_seconds": 1.0,
            "images_per_second": 2.0, "seed": 0, "run_dir": "r"});

        let killed = history(&[epoch(1), epoch(2)]);
        assert_eq!(
            (killed.status.name(), killed.epochs_done()),
            ("unfinished", 2)
        );
        let paused = history(&[epoch(2), stopped.clone()]);
        assert_eq!(paused.status.reason(), Some(INTERRUPTED));
        assert!(paused.status.can_go_on() && Status::Unfinished.can_go_on());
        let not_finite = Status::Stopped("the loss is not finite".to_owned());
        assert!(!not_finite.can_go_on() && !Status::Finished.can_go_on());
        let resumed = history(&[epoch(2), stopped, epoch(3), epoch(4), result.clone()]);
        assert_eq!(
            (resumed.status.name(), resumed.epochs_done()),
            ("finished", 4)
        );
        assert!(resumed.is_whole() && killed.is_whole());
        assert_eq!(resumed.result.unwrap().test_accuracy, 0.75);
        assert!(!history(&[epoch(2), result.clone()]).is_whole());
        let prolonged = history(&[epoch(4), result, epoch(5)]);
        assert_eq!(prolonged.status, Status::Unfinished);
        assert!(
            prolonged.result.is_none(),
            "it was the result of fewer epochs"
        );
    }
}
