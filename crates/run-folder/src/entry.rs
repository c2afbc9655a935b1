//! The lines of `metrics.jsonl`.

use serde::{Deserialize, Serialize};
use training::{DryRun, Epoch, GradientCheck, RunResult, Start};

/// Name of the file.
pub(crate) const METRICS: &str = "metrics.jsonl";

/// A line of `metrics.jsonl`: an object with its name under `"event"`. Accuracies are fractions; numbers
/// that are not finite are the strings "nan", "inf" and "-inf".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// Data and net are ready.
    Start(InFolder<Start>),
    /// The kernels of a graphics adapter are compiled and tuned.
    WarmUp {
        /// How long that took.
        seconds: f64,
    },
    /// A pass over the training set is done.
    Epoch(Epoch),
    /// Gradients were checked on a batch of the run.
    GradientCheck(GradientCheck),
    /// No epoch was better for as long as the settings allow.
    EarlyStop {
        /// Epochs done.
        epoch: usize,
        /// The epoch whose weights are the result.
        best_epoch: usize,
        /// Its loss on the validation set, or on the training set where there is no other.
        best_loss: f64,
    },
    /// The run continues from a checkpoint; what came after that is dropped.
    Resumed {
        /// Epochs done.
        epoch: usize,
        /// Steps taken in all.
        step: usize,
        /// File of the checkpoint; none if the run stopped before its first.
        checkpoint: Option<String>,
        /// The run folder.
        run_dir: String,
    },
    /// The run ended before its last epoch.
    Stopped {
        /// Why, in words.
        reason: String,
        /// The epoch that was not finished, from 1.
        epoch: usize,
        /// Steps taken in all.
        step: usize,
        /// The command that continues the run, where that makes sense.
        #[serde(default)]
        resume: Option<String>,
    },
    /// One batch has gone through everything. Only shown: a dry run has no folder.
    DryRun(DryRun),
    /// The run is complete.
    Result(InFolder<RunResult>),
    /// The run folder was made from a file of weights.
    Imported(Imported),
}

/// What happened, and the folder of its run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InFolder<T> {
    /// What happened.
    #[serde(flatten)]
    pub event: T,
    /// The run folder.
    pub run_dir: String,
}

/// Weights from elsewhere, made a run folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Imported {
    /// The file.
    pub from: String,
    /// Its form.
    pub form: String,
    /// Which way weights lie in the file.
    pub layout: String,
    /// Which net.
    pub model: String,
    /// Units of every layer, inputs first.
    pub sizes: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Option<String>,
    /// The run folder.
    pub run_dir: String,
}

impl Entry {
    /// The entry as one line of JSON, without the line's end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an entry is made of strings and numbers")
    }
}
