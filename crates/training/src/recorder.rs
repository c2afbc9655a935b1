//! Where a run reports: files, a terminal, a page, a test.

use std::time::Duration;

use burn_gradcheck::Report;

use crate::error::RecordError;
use crate::event::Event;
use crate::state::State;

/// What a run reports to while it trains a net of type `N`. Only [`event`](Self::event) is required.
///
/// An error of a recorder ends the run as [`TrainingError::Recorder`](crate::TrainingError::Recorder).
///
/// ```
/// use training::{Event, RecordError, Recorder};
///
/// /// Keeps the losses.
/// #[derive(Default)]
/// struct Losses(Vec<f64>);
///
/// impl<N> Recorder<N> for Losses {
///     fn event(&mut self, event: &Event) -> Result<(), RecordError> {
///         if let Event::Epoch(epoch) = event {
///             self.0.push(epoch.train_loss);
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Recorder<N> {
    /// Records an event.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded; the same for the others.
    fn event(&mut self, event: &Event) -> Result<(), RecordError>;

    /// Records the weights that would be the result if the run ended now: after each reported epoch,
    /// and when the run stops.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    fn weights(&mut self, _net: &N) -> Result<(), RecordError> {
        Ok(())
    }

    /// Records the state from which a run can continue: after each epoch for which the settings require
    /// it, and when the run is interrupted.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    fn checkpoint(&mut self, _state: &State<N>) -> Result<(), RecordError> {
        Ok(())
    }

    /// Shows the progress; called many times in an epoch.
    fn progress(&mut self, _now: Now) {}

    /// The full report of a gradient check that failed.
    fn disagreement(&mut self, _report: &Report) {}

    /// Whether the run should stop after this step.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Now {
    /// The kernels of a graphics adapter are being compiled and tuned; called ten times a second.
    WarmingUp {
        /// Parts done.
        done: usize,
        /// Parts in all; they differ in length, and the first is the longest.
        parts: usize,
        /// Time so far.
        time: Duration,
    },
    /// An epoch (from 1) begins.
    EpochBegins {
        /// From 1.
        epoch: usize,
        /// Rows of the epoch.
        rows: usize,
    },
    /// This many rows of the epoch are done.
    RowsDone {
        /// Rows done.
        rows: usize,
        /// Loss over these rows.
        loss: f64,
    },
    /// The epoch has ended, for whatever reason.
    EpochEnds,
}
