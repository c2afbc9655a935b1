//! What can go wrong while a net is set up, trained or evaluated.

use layers::ConfigError;

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The device gave no result.
    #[error("the device failed: {0}")]
    Device(String),
    /// The system gives no more threads.
    #[error("cannot start {count} threads: {why}; choose fewer by --threads")]
    Threads {
        /// How many were asked for.
        count: usize,
        /// What the system says.
        why: String,
    },
    /// A net cannot have these sizes.
    #[error(transparent)]
    Net(#[from] ConfigError),
    /// Sizes that are not those of the model.
    #[error("{model} cannot have layers of {sizes:?} units; train again")]
    Sizes {
        /// The model.
        model: crate::ModelName,
        /// Units of every layer, inputs first.
        sizes: Vec<usize>,
    },
    /// The exact solution cannot be computed.
    #[error(transparent)]
    ClosedForm(#[from] linear_regression::Error),
    /// A schedule that does not fit the run.
    #[error(transparent)]
    Settings(#[from] crate::SettingsError),
    /// Weights or the optimizer's state cannot be encoded.
    #[error("cannot encode the {what}: {why}")]
    Encode {
        /// What was to be encoded.
        what: &'static str,
        /// What the encoder says.
        why: String,
    },
    /// A record of another net or optimizer.
    #[error("the checkpoint does not fit the net of the run: {0}; train again")]
    Misfit(String),
    /// Targets of another kind than the net's.
    #[error("the truth table is for xor-net only; give images")]
    TruthTable,
    /// What the recorder says; see [`Recorder`](crate::Recorder).
    #[error(transparent)]
    Recorder(#[from] RecordError),
}

/// Whatever goes wrong in a [`Recorder`](crate::Recorder).
pub type RecordError = Box<dyn std::error::Error + Send + Sync + 'static>;

impl TrainingError {
    /// A failure of the device, in the words of whatever reports it.
    pub fn device(error: impl std::fmt::Display) -> Self {
        Self::Device(error.to_string())
    }
}
