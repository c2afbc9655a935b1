#![doc = include_str!("../README.md")]
//!
//! - [`Function`]: a value and its gradient, derived by hand; [`functions`] has the lecture's.
//! - [`Minimizer`]: [`GradientDescent`], [`Momentum`] and [`LineSearch`].
//! - [`Descent`]: the result of a run. It has the whole path with point, value, gradient and step of
//!   every iteration, the number of evaluations, and the [`Outcome`].
//!
//! The lecture items are L13 to L15.

mod descent;
mod differences;
mod error;
mod function;
pub mod functions;
mod minimizers;
mod run;

pub use descent::{Descent, Evaluations, Iterate, Outcome};
pub use differences::{central_gradient, central_hessian};
pub use error::DescentError;
pub use function::{Function, Minimum};
pub use minimizers::{GradientDescent, LineSearch, Minimizer, Momentum};
pub use run::DIVERGENCE_FACTOR;
