//! The events of a run, which go to its [`Recorder`](crate::Recorder). Accuracies are fractions.

use serde::{Deserialize, Serialize};

use crate::number::json;

/// An event of a run.
#[derive(Debug, Clone)]
pub enum Event {
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
    /// The run ended before its last epoch.
    Stopped(Stopped),
    /// The run is complete.
    Finished(RunResult),
}

/// The start of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Name of the model.
    pub model: String,
    /// Units of every layer, inputs first.
    pub sizes: Vec<usize>,
    /// Number of parameters.
    pub parameters: usize,
    /// The parameter tensors by dotted path, in the order of an epoch's gradient norms.
    #[serde(default)]
    pub parameters_named: Vec<String>,
    /// Activation of the hidden layers.
    pub activation: Option<String>,
    /// Ridge term of linear regression.
    pub ridge: Option<f64>,
    /// Update rule.
    pub optimizer: String,
    /// Step length, before the schedule's factor.
    pub learning_rate: f64,
    /// Rows per step.
    pub batch_size: usize,
    /// Passes over the training set.
    pub epochs: usize,
    /// Name of the backend.
    pub backend: String,
    /// The hardware that computes.
    pub device: String,
    /// Where gradients come from.
    pub engine: String,
    /// The number of processes that share the run.
    #[serde(default = "one")]
    pub ranks: usize,
    /// Decides initial weights, validation set and batch order.
    pub seed: u64,
    /// Size of the training set.
    pub training_rows: usize,
    /// Size of the validation set.
    pub validation_rows: Option<usize>,
    /// Size of the test set.
    pub test_rows: usize,
    /// Seconds from the start of the program until data and net are ready.
    pub setup_seconds: f64,
}

fn one() -> usize {
    1
}

/// One pass over the training set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// Loss of the training batches, each taken before its own step.
    #[serde(with = "json")]
    pub train_loss: f64,
    /// Loss on the validation set.
    #[serde(with = "json::optional", default)]
    pub val_loss: Option<f64>,
    /// Validation accuracy.
    pub val_accuracy: Option<f64>,
    /// Loss of the averaged weights on the validation set, if there are such; the next likewise.
    #[serde(with = "json::optional", default)]
    pub average_val_loss: Option<f64>,
    /// Their validation accuracy.
    #[serde(default)]
    pub average_val_accuracy: Option<f64>,
    /// Seconds of training, without the evaluation.
    pub seconds: f64,
    /// Training rows per second.
    pub images_per_second: f64,
    /// Step length of the epoch's last step.
    #[serde(default)]
    pub learning_rate: f64,
    /// Euclidean norm of each parameter tensor's gradient in the epoch's last step, before any
    /// clipping.
    #[serde(with = "json::list", default)]
    pub gradient_norms: Vec<f64>,
}

impl Epoch {
    /// Validation loss of the net that the run is about: with averaged weights if there are such.
    pub fn val_loss_of_candidate(&self) -> Option<f64> {
        self.average_val_loss.or(self.val_loss)
    }

    /// Its validation accuracy.
    pub fn val_accuracy_of_candidate(&self) -> Option<f64> {
        self.average_val_accuracy.or(self.val_accuracy)
    }
}

/// The comparison of hand-derived formulas, autodiff and finite differences on a batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GradientCheck {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The step that the batch is for, from 1 over all epochs.
    pub step: usize,
    /// The conclusion, in words.
    pub verdict: String,
    /// Largest relative error of any parameter between formulas and autodiff.
    #[serde(with = "json::optional", default)]
    pub worst_relative_error: Option<f64>,
    /// The largest relative error that passes.
    #[serde(with = "json::optional", default)]
    pub tolerance: Option<f64>,
    /// The parameter with the largest error.
    pub worst_parameter: Option<String>,
    /// Duration of the check in seconds.
    pub seconds: f64,
}

/// The end of a run before its last epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    /// Why.
    pub reason: StopReason,
    /// The epoch that was not finished, from 1.
    pub epoch: usize,
    /// Steps taken in all.
    pub step: usize,
}

/// Why a run ends before its last epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The recorder requested it; a checkpoint was made.
    Interrupted,
    /// The loss is not finite.
    NotFinite {
        /// The epoch whose weights are the result; 0 for the initial ones.
        kept_epoch: usize,
        /// The option that most likely is too large.
        too_large: &'static str,
    },
    /// Formulas, autodiff and finite differences gave different gradients, in words.
    GradientsDisagree(String),
}

/// The end of a complete run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunResult {
    /// Name of the model.
    pub model: String,
    /// Name of the backend.
    pub backend: String,
    /// Where gradients came from.
    pub engine: String,
    /// Epochs done.
    pub epochs: usize,
    /// The epoch whose weights are the result, where that is the best and not the last.
    #[serde(default)]
    pub best_epoch: Option<usize>,
    /// Loss on the test set.
    #[serde(with = "json")]
    pub test_loss: f64,
    /// Accuracy on the test set.
    pub test_accuracy: f64,
    /// The temperature that the logits are divided by, so that probabilities mean what they say; fitted
    /// on the validation set, if there is one.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Rows of the validation set that it was fitted on: of few, it stays near 1.
    #[serde(default)]
    pub temperature_rows: Option<usize>,
    /// Test accuracy of the exact solution, if the model has one; the next four likewise.
    pub closed_form_test_accuracy: Option<f64>,
    /// The exact solution's loss over the training set.
    #[serde(with = "json::optional", default)]
    pub closed_form_loss: Option<f64>,
    /// The trained net's training loss minus that of the exact solution.
    #[serde(with = "json::optional", default)]
    pub loss_above_closed_form: Option<f64>,
    /// `‖W - W*‖ / ‖W*‖`, with `W` of the trained net and `W*` of the exact solution.
    #[serde(with = "json::optional", default)]
    pub distance_to_closed_form: Option<f64>,
    /// Seconds to compute the exact solution.
    pub closed_form_seconds: Option<f64>,
    /// Seconds of training, without warm-up and evaluation.
    pub train_seconds: f64,
    /// Training rows per second.
    pub images_per_second: f64,
    /// The run's seed.
    pub seed: u64,
}

/// The result of a first step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DryRun {
    /// Name of the model.
    pub model: String,
    /// Name of the backend.
    pub backend: String,
    /// The hardware that computes.
    pub device: String,
    /// Where gradients come from.
    pub engine: String,
    /// Rows and columns of the batch.
    pub batch: [usize; 2],
    /// Size of the training set.
    pub training_rows: usize,
    /// Size of the validation set.
    pub validation_rows: Option<usize>,
    /// Size of the test set.
    pub test_rows: usize,
    /// Number of parameters.
    pub parameters: usize,
    /// The parameter tensors.
    pub shapes: Vec<TensorShape>,
    /// Loss of the batch.
    #[serde(with = "json")]
    pub loss: f64,
    /// Loss of as many rows of the validation set, or of the test set, after the step.
    #[serde(with = "json")]
    pub loss_after_a_step: f64,
    /// Step length of the first step.
    pub learning_rate: f64,
    /// Norm of all gradients, before any clipping.
    #[serde(with = "json")]
    pub gradient_norm: f64,
    /// All rows on the device.
    pub data_bytes: usize,
    /// All parameters.
    pub parameter_bytes: usize,
    /// Their gradients.
    pub gradient_bytes: usize,
    /// The optimizer's state.
    pub optimizer_bytes: usize,
    /// Estimated memory of a batch's values and their gradients.
    pub batch_bytes: usize,
    /// Sum of the five.
    pub total_bytes: usize,
    /// A checkpoint on disk, approximately.
    pub checkpoint_bytes: usize,
    /// Whether formulas, autodiff and finite differences agree, if the settings ask for that check.
    #[serde(default)]
    pub gradients_agree: Option<bool>,
    /// The verdict of the check, and the parameter with the largest error.
    pub gradients_checked: Option<String>,
}

/// Name and sizes of a parameter tensor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TensorShape {
    /// Dotted path.
    pub name: String,
    /// Sizes of its dimensions.
    pub shape: Vec<usize>,
}
