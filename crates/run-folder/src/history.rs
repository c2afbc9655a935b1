//! What happened in a run, as its `metrics.jsonl` tells it.

use anyhow::Result;

use crate::output::{Epoch, Event, RunResult, Start};
use crate::saved_run::SavedRun;

/// The events of a run, sorted.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) start: Option<Start>,
    /// The epochs that were kept, in order.
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) result: Option<RunResult>,
    pub(crate) state: State,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It has its result.
    Finished,
    /// It ended before, and said why.
    Stopped(String),
    /// It is running, or it was killed.
    Unfinished,
    /// It never ran: its weights are from elsewhere.
    Imported,
}

impl State {
    /// One word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Stopped(_) => "stopped",
            Self::Unfinished => "unfinished",
            Self::Imported => "imported",
        }
    }

    /// Why it ended before its end, if it said so.
    pub(crate) fn reason(&self) -> Option<&str> {
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
    pub(crate) fn of(run: &SavedRun) -> Result<Self> {
        Ok(Self::from_events(run.events()?))
    }

    fn from_events(events: Vec<Event>) -> Self {
        let mut history = Self {
            start: None,
            epochs: vec![],
            result: None,
            state: State::Unfinished,
        };
        for event in events {
            // The last event decides: a run that was stopped or finished may have been gone on with.
            history.state = match &event {
                Event::Result(_) => State::Finished,
                Event::Stopped { reason, .. } => State::Stopped(reason.clone()),
                Event::Imported(_) => State::Imported,
                _ => State::Unfinished,
            };
            match event {
                Event::Start(start) => history.start = Some(start),
                Event::Epoch(epoch) => history.epochs.push(epoch),
                Event::Result(result) => history.result = Some(result),
                _ => {}
            }
        }
        if history.state != State::Finished {
            history.result = None;
        }
        history
    }

    /// Epochs that were kept, up to the last.
    pub(crate) fn epochs_done(&self) -> usize {
        self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn history(events: &[serde_json::Value]) -> History {
        let events = events.iter().cloned().map(serde_json::from_value);
        History::from_events(events.collect::<Result<_, _>>().unwrap())
    }

    #[test]
    fn the_last_event_decides_what_became_of_a_run() {
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
            (killed.state.name(), killed.epochs_done()),
            ("unfinished", 2)
        );
        let paused = history(&[epoch(2), stopped.clone()]);
        assert_eq!(paused.state.reason(), Some("interrupted"));
        let resumed = history(&[epoch(2), stopped, epoch(3), epoch(4), result.clone()]);
        assert_eq!(
            (resumed.state.name(), resumed.epochs_done()),
            ("finished", 4)
        );
        assert_eq!(resumed.result.unwrap().test_accuracy, 0.75);
        let prolonged = history(&[epoch(4), result, epoch(5)]);
        assert_eq!(prolonged.state, State::Unfinished);
        assert!(
            prolonged.result.is_none(),
            "it was the result of fewer epochs"
        );
    }
}
