//! The minimisers and their trait.

mod gradient_descent;
mod line_search;
mod momentum;

pub use gradient_descent::GradientDescent;
pub use line_search::LineSearch;
pub use momentum::Momentum;

use crate::{Descent, DescentError, Function};

/// A way to walk downhill. It can be used as `&dyn Minimizer`.
pub trait Minimizer {
    /// Short name, lower case: `gradient descent`.
    fn name(&self) -> &'static str;

    /// Walks from `start` until the gradient's norm is at most the tolerance, or as
    /// [`Outcome`](crate::Outcome) says.
    ///
    /// # Errors
    ///
    /// [`DescentError`] if a setting is out of its range, if the start has the wrong length or is
    /// not finite, or if the function is not finite there.
    fn minimize(&self, function: &dyn Function, start: &[f64]) -> Result<Descent, DescentError>;
}

/// Default tolerance on the gradient's norm.
const TOLERANCE: f64 = 1e-6;

/// Default limit of iterations.
const MAX_ITERATIONS: usize = 10_000;
