//! Plain gradient descent.

use super::{MAX_ITERATIONS, Minimizer, TOLERANCE};
use crate::run::{self, Limits, Move};
use crate::{Descent, DescentError, Function};

/// Gradient descent with a constant step length.
///
/// # Formula
///
/// ```text
/// x ← x - α ∇f(x)    until ‖∇f(x)‖ ≤ tolerance
/// ```
///
/// # Derivation
///
/// ```text
/// f(x + d) ≈ f(x) + ∇f(x)·d falls fastest, for a given ‖d‖, along d = -∇f(x).
/// Where the curvature is at most K:  f(x - α∇f) ≤ f(x) - α(1 - αK/2)‖∇f‖²,
/// so every step with 0 < α < 2/K lowers f; in a direction of curvature K, one with α > 1/K
/// crosses the floor (zig-zag) and one with α > 2/K climbs higher each time (divergence).
/// ```
///
/// # Source
///
/// Lecture item L13.
///
/// # Example
///
/// ```
/// use gradient_descent::functions::CosineBowl;
/// use gradient_descent::{GradientDescent, Minimizer, Outcome};
///
/// let minimizer = GradientDescent { step: 0.1, tolerance: 1e-9, max_iterations: 500 };
/// let descent = minimizer.minimize(&CosineBowl, &[1.0, -0.5])?;
/// assert_eq!(descent.outcome, Outcome::Converged);
/// assert!((descent.last().value + 4.0).abs() < 1e-12);
/// # Ok::<(), gradient_descent::DescentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GradientDescent {
    /// Step length `α`: positive.
    pub step: f64,
    /// Stops when `‖∇f‖` is at most this: 0 or more.
    pub tolerance: f64,
    /// Stops after this many steps.
    pub max_iterations: usize,
}

impl Default for GradientDescent {
    /// Step 0.01, tolerance 1e-6, 10 000 iterations.
    fn default() -> Self {
        Self {
            step: 0.01,
            tolerance: TOLERANCE,
            max_iterations: MAX_ITERATIONS,
        }
    }
}

impl Minimizer for GradientDescent {
    fn name(&self) -> &'static str {
        "gradient descent"
    }

    fn minimize(&self, function: &dyn Function, start: &[f64]) -> Result<Descent, DescentError> {
        let &Self {
            step,
            tolerance,
            max_iterations,
        } = self;
        run::check_step(step)?;
        let limits = Limits {
            tolerance,
            max_iterations,
        };
        run::descend(function, start, limits, |_, here| {
            Some(Move {
                point: run::along(&here.point, -step, &here.gradient),
                value: None,
                step,
            })
        })
    }
}
