//! The lines of `metrics.jsonl`.

use serde::{Deserialize, Serialize};
use training::{DryRun, Epoch, GradientCheck, RunResult, Start};

/// Name of the file with a run's metrics, in its folder.
pub const METRICS: &str = "metrics.jsonl";

/// Name of the file that says how a sweep was begun, in the folder of its runs.
pub const SWEEP: &str = "sweep.json";

/// A line of `metrics.jsonl`: an object with its name under `"event"`. Accuracies are fractions; numbers
/// that are not finite are the strings "nan", "inf" and "-inf".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// Data and net are ready.
    Start(InFolder<Start>),
    /// The kernels of a graphics adapter are compiled and tuned.
    WarmUp {
        /// Duration in seconds.
        seconds: f64,
    },
    /// An epoch is complete.
    Epoch(Epoch),
    /// Gradients were checked on a batch of the run.
    GradientCheck(GradientCheck),
    /// No epoch has improved the best loss for as long as the settings allow.
    EarlyStop {
        /// Epochs done.
        epoch: usize,
        /// The epoch whose weights are the result.
        best_epoch: usize,
        /// Its loss on the validation set, or on the training set if there is none.
        best_loss: f64,
    },
    /// Validation loss has not improved for several epochs, in a run that goes on regardless.
    Plateau {
        /// Epochs done.
        epoch: usize,
        /// The epoch with the best validation loss.
        best_epoch: usize,
        /// That loss.
        best_loss: f64,
    },
    /// The run continues from a checkpoint; later lines are dropped.
    Resumed {
        /// Epochs done.
        epoch: usize,
        /// Steps taken in all.
        step: usize,
        /// File of the checkpoint; none if the run stopped before its first.
        checkpoint: Option<String>,
        /// The number of processes that share the run from here on.
        #[serde(default = "one")]
        ranks: usize,
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
        /// The command that continues the run, if it can continue.
        #[serde(default)]
        resume: Option<String>,
    },
    /// One batch has gone through a whole training step. It is only shown: a dry run has no folder.
    DryRun(DryRun),
    /// The run is complete.
    Result(InFolder<RunResult>),
    /// The run folder was made from a file of weights.
    Imported(Imported),
}

/// The ranks of a run of an earlier version, which did not say it.
pub(crate) fn one() -> usize {
    1
}

/// An event and the folder of its run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InFolder<T> {
    /// The event.
    #[serde(flatten)]
    pub event: T,
    /// The run folder.
    pub run_dir: String,
}

/// Imported weights.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Imported {
    /// The file.
    pub from: String,
    /// Its format.
    pub form: String,
    /// The layout of the weights in the file.
    pub layout: String,
    /// Name of the model.
    pub model: String,
    /// Units of every layer, inputs first.
    pub sizes: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Option<String>,
    /// Mean of the scale of the inputs that the weights in the file are for; none for a net that takes no
    /// images.
    #[serde(default)]
    pub input_mean: Option<f64>,
    /// Standard deviation of that scale.
    #[serde(default)]
    pub input_std: Option<f64>,
    /// Where that scale comes from.
    #[serde(default)]
    pub input_scale_from: Option<ScaleSource>,
    /// What was done to the images that the net was trained on, "strokes" or "plain", if it is known.
    #[serde(default)]
    pub images: Option<String>,
    /// Columns and rows of each of these images.
    #[serde(default)]
    pub image_size: Option<String>,
    /// What the logits are divided by, if the file says it.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// What was folded or passed over: sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The run folder.
    pub run_dir: String,
}

/// Where the scale of the inputs comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSource {
    /// The file states it.
    File,
    /// The caller gave it.
    Given,
    /// Nobody said anything: pixels from 0 to 1 are assumed.
    Assumed,
}

impl Entry {
    /// The entry as one line of JSON, without a newline.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an entry is made of strings and numbers")
    }
}
