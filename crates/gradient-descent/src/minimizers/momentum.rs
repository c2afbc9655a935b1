//! Gradient descent with momentum.

use super::{MAX_ITERATIONS, Minimizer, TOLERANCE};
use crate::run::{self, Limits, Move};
use crate::{Descent, DescentError, Function};

/// Gradient descent with momentum (Polyak's heavy ball), from rest.
///
/// # Formula
///
/// ```text
/// v ← μ v - α ∇f(x)        x ← x + v        v = 0 at the start
/// ```
///
/// # Derivation
///
/// ```text
/// v = -α Σ_i μⁱ ∇f(i steps ago): components that alternate cancel, those that persist add up to
/// as much as 1/(1 - μ) times one. This damps a zig-zag and speeds up progress along a valley.
/// With μ = 0 it is plain gradient descent. f may rise for a while.
/// ```
///
/// # Source
///
/// Not in the lecture; for comparison with item L13. B. T. Polyak, "Some methods of speeding up the
/// convergence of iteration methods", USSR Computational Mathematics and Mathematical Physics 4(5),
/// 1964.
///
/// # Example
///
/// ```
/// use gradient_descent::functions::QuadraticValley;
/// use gradient_descent::{Function, GradientDescent, Minimizer, Momentum};
///
/// let valley = QuadraticValley::new(100.0)?;
/// let plain = GradientDescent { step: valley.step(), ..GradientDescent::default() };
/// let heavy = Momentum { step: valley.step(), momentum: 0.7, ..Momentum::default() };
/// let steps = |minimizer: &dyn Minimizer| {
///     minimizer.minimize(&valley, &valley.start()).map(|descent| descent.iterations())
/// };
/// assert!(3 * steps(&heavy)? < steps(&plain)?);
/// # Ok::<(), gradient_descent::DescentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    /// Step length `α`: positive.
    pub step: f64,
    /// Momentum `μ`: from 0, less than 1.
    pub momentum: f64,
    /// Stops when `‖∇f‖` is at most this: 0 or more.
    pub tolerance: f64,
    /// Stops after this many steps.
    pub max_iterations: usize,
}

impl Default for Momentum {
    /// Step 0.01, momentum 0.9, tolerance 1e-6, 10 000 iterations.
    fn default() -> Self {
        Self {
            step: 0.01,
            momentum: 0.9,
            tolerance: TOLERANCE,
            max_iterations: MAX_ITERATIONS,
        }
    }
}

impl Minimizer for Momentum {
    fn name(&self) -> &'static str {
        "momentum"
    }

    fn minimize(&self, function: &dyn Function, start: &[f64]) -> Result<Descent, DescentError> {
        let &Self {
            step,
            momentum,
            tolerance,
            max_iterations,
        } = self;
        run::check_step(step)?;
        if !(0.0..1.0).contains(&momentum) {
            return Err(DescentError::Momentum { momentum });
        }
        let limits = Limits {
            tolerance,
            max_iterations,
        };
        let mut velocity = vec![0.0; start.len()];
        run::descend(function, start, limits, |_, here| {
            for (v, gradient) in velocity.iter_mut().zip(&here.gradient) {
                *v = momentum * *v - step * gradient;
            }
            Some(Move {
                point: run::along(&here.point, 1.0, &velocity),
                value: None,
                step,
            })
        })
    }
}
