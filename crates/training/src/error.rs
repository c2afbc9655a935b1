//! Errors while a net is set up, trained or evaluated.

use layers::ConfigError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The device gave no result.
    #[error("the device failed: {0}; try again, or another backend with --backend")]
    Device(String),
    /// The operating system refuses more threads.
    #[error("cannot start {count} threads: {why}; choose fewer with --threads")]
    Threads {
        /// The requested number.
        count: usize,
        /// The operating system's reason.
        why: String,
    },
    /// Images that stay in their file cannot be read.
    #[error(transparent)]
    Data(#[from] datasets::DatasetError),
    /// A net cannot have these sizes.
    #[error(transparent)]
    Net(#[from] ConfigError),
    /// Sizes that do not fit the model.
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
    /// A batch or a net that does not fit the fused engine, or threads that cannot start.
    #[error("the fused engine: {0}")]
    Fused(#[from] fused_mlp::FusedError),
    /// A net that the fused engine does not know.
    #[error(
        "the fused engine trains nets of dense layers, and this net is another; use --engine manual or \
         --engine autodiff"
    )]
    NotFused,
    /// The fused engine and examples of a graphics adapter.
    #[error(
        "the fused engine computes on the processor, and the data are on a graphics adapter; use \
         --backend flex, or --engine manual"
    )]
    NotOnHost,
    /// A schedule that does not fit the run.
    #[error(transparent)]
    Settings(#[from] crate::SettingsError),
    /// Weights or the optimizer's state cannot be encoded.
    #[error("cannot encode the {what}: {why}; please report it")]
    Encode {
        /// What could not be encoded.
        what: &'static str,
        /// The encoder's reason.
        why: String,
    },
    /// A rank does not answer, for implementations of [`Ranks`](crate::Ranks).
    #[error("{0}")]
    RankLost(String),
    /// Ranks that would not train the same run.
    #[error(
        "rank {rank} has {what} than rank 0; start every rank with the same program, options and files"
    )]
    RanksDiffer {
        /// The first such rank.
        rank: usize,
        /// What differs, as it is there: "another data set".
        what: String,
    },
    /// Steps apart, and nobody to average with.
    #[error(
        "--average-every is for several ranks, and this process is alone; start a trainer that was built with \
         --features mpi by mpirun, on two ranks or more"
    )]
    Alone,
    /// More ranks than rows of a batch.
    #[error(
        "{ranks} ranks cannot share batches of {batch} rows; start fewer, or choose a larger --batch-size"
    )]
    MoreRanksThanRows {
        /// How many ranks there are.
        ranks: usize,
        /// Rows of a batch.
        batch: usize,
    },
    /// A record of another net or optimizer.
    #[error("the checkpoint does not fit the net of the run: {0}; train again")]
    Misfit(String),
    /// Targets that do not fit the net.
    #[error("the truth table is for xor-net only; give images")]
    TruthTable,
    /// The recorder's error; see [`Recorder`](crate::Recorder).
    #[error(transparent)]
    Recorder(#[from] RecordError),
}

/// Any error of a [`Recorder`](crate::Recorder).
pub type RecordError = Box<dyn std::error::Error + Send + Sync + 'static>;

impl TrainingError {
    /// A failure of the device, with its message.
    pub fn device(error: impl std::fmt::Display) -> Self {
        Self::Device(error.to_string())
    }
}
