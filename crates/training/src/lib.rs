#![doc = include_str!("../README.md")]

#[cfg(feature = "clap")]
mod arguments;
mod average;
mod calibration;
mod choice;
mod committee;
mod dry_run;
mod engine;
mod epoch;
mod epoch_watch;
mod error;
mod evaluation;
mod event;
mod examples;
mod fused;
pub mod gradient_check;
mod learner;
mod loss;
mod metrics;
mod net;
mod nets;
pub mod number;
mod optimizer;
mod pace;
mod parameters;
mod ranks;
mod recorder;
mod rows;
mod run;
mod same_run;
mod schedule;
mod settings;
mod state;
mod step;
mod targets;
mod team;
mod warm_up;

#[cfg(feature = "clap")]
pub use arguments::activation_argument;
pub use calibration::{BINS, Bin, Reliability, fitted_temperature, temperature_near_1};
pub use choice::{
    Augment, Engine, ImageKind, ModelName, OptimizerName, Preset, ScheduleName, UnknownName,
};
pub use committee::committee;
pub use dry_run::dry_run;
pub use engine::{leaves_of_its_own, shard_loss};
pub use epoch::{EpochDone, EpochEnd, Pass, Unwatched, Watch, epoch};
pub use error::{RecordError, TrainingError};
pub use evaluation::{Answer, Answers, Evaluation, answers, evaluate, read_back, rows_at_once};
pub use event::{
    DryRun, Epoch, Event, GradientCheck, RunResult, Start, StopReason, Stopped, TensorShape,
};
pub use examples::{Batch, Examples, Order, Splits};
pub use fused::Fused;
pub use learner::Learner;
pub use loss::Loss;
pub use metrics::{ClassMetrics, Confusion, LEVEL, Mistake, wilson_interval};
pub use net::{ClosedForm, Net};
pub use nets::AnyNet;
pub use optimizer::new_optimizer;
pub use pace::epochs_in;
pub use parameters::{Parameter, parameters};
pub use ranks::{Divided, Ranks, ensure_same};
pub use recorder::{Now, Recorder};
pub use rows::Rows;
pub use run::{Outcome, Run};
pub use same_run::ensure_same_settings;
pub use schedule::Schedule;
pub use settings::{
    Augmentation, Choices, ClassShare, ClassShares, HiddenUnits, ImageSize, Settings,
    SettingsError, WarmUp, default_threads, treatment,
};
pub use state::{Best, LossSum, Progress, Records, State};
pub use step::{Look, Stepping, step};
pub use targets::{Classes, RealTargets, Targets};
pub use team::Team;
