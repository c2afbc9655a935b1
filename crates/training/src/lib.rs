//! Trains the lecture's nets: from settings through steps and epochs to a result, on any backend, with
//! gradients by Burn's autodiff or by the hand-derived formulas.
//!
//! The loop is written once, each part short enough for a slide: [`step`] (batch, gradients, clipping,
//! update), [`epoch`], [`evaluate`], and [`Run`], which repeats them. It knows no file and no terminal:
//! events go to a [`Recorder`].
//!
//! ```
//! use backends::Backend;
//! use training::{
//!     Event, Examples, ModelName, RecordError, Recorder, Run, Settings, Splits, State,
//! };
//! use xor_net::XorNetConfig;
//!
//! struct Printed;
//!
//! impl<N> Recorder<N> for Printed {
//!     fn event(&mut self, event: &Event) -> Result<(), RecordError> {
//!         println!("{event:?}");
//!         Ok(())
//!     }
//! }
//!
//! let opened = Backend::Flex.open()?;
//! let mut settings = Settings::default_for(ModelName::XorNet);
//! settings.epochs = 1000;
//! let net = XorNetConfig::new().init(settings.seed, &opened.device)?;
//! let state = State::fresh(net, &settings, &opened.device);
//! let splits = Splits::truth_table(&opened.device);
//! let run = Run::new(&settings, &opened, &splits)?;
//! run.train(state, &mut Printed)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choice;
mod dry_run;
mod engine;
mod epoch;
mod error;
mod evaluation;
mod event;
mod examples;
pub mod gradient_check;
mod metrics;
mod net;
mod nets;
pub mod number;
mod optimizer;
mod parameters;
mod recorder;
mod run;
mod schedule;
mod settings;
mod state;
mod step;
mod team;

pub use choice::{Engine, ModelName, OptimizerName, Preset, ScheduleName, UnknownName};
pub use dry_run::dry_run;
pub use engine::{leaves_of_its_own, shard_loss};
pub use epoch::{EpochDone, EpochEnd, Pass, Unwatched, Watch, epoch};
pub use error::{RecordError, TrainingError};
pub use evaluation::{Answer, Answers, Evaluation, answers, evaluate, read_back, rows_at_once};
pub use event::{
    DryRun, Epoch, Event, GradientCheck, RunResult, Start, StopReason, Stopped, TensorShape,
};
pub use examples::{Batch, Examples, Splits, epoch_order};
pub use metrics::{ClassMetrics, Confusion, LEVEL, Mistake, wilson_interval};
pub use net::{ClosedForm, Net, Targets};
pub use nets::AnyNet;
pub use optimizer::new_optimizer;
pub use parameters::{Parameter, parameters};
pub use recorder::{Now, Recorder};
pub use run::{Outcome, Run};
pub use schedule::Schedule;
pub use settings::{Choices, Settings, SettingsError, WarmUp, default_threads};
pub use state::{Best, LossSum, Progress, Records, State};
pub use step::{Stepping, step};
pub use team::Team;
