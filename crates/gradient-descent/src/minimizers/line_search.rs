//! Gradient descent with a backtracking line search.

use super::{MAX_ITERATIONS, Minimizer, TOLERANCE};
use crate::run::{self, Counted, Limits, Move};
use crate::{Descent, DescentError, Function, Iterate};

/// Gradient descent that searches for a step length at every point.
///
/// # Formula
///
/// ```text
/// α = step, shrink·step, shrink²·step, ...    until  f(x - α∇f) ≤ f(x) - c α ‖∇f‖²    (Armijo)
/// x ← x - α ∇f(x)
/// ```
///
/// # Derivation
///
/// ```text
/// f(x - α∇f) = f(x) - α‖∇f‖² + O(α²): the condition demands a share c of the decrease that the
/// slope predicts, which a short enough α gives for any c < 1. So f never rises, and no step is too
/// long. Where the curvature is K, α ≤ 2(1 - c)/K is accepted: a small c also accepts a leap to
/// almost the same height on the other side (α near 2/K), which gains next to nothing.
/// At a minimum, up to rounding, no α is accepted: the descent has stalled.
/// ```
///
/// # Source
///
/// Not in the lecture; for comparison with item L13. L. Armijo, "Minimization of functions having Lipschitz
/// continuous first partial derivatives", Pacific Journal of Mathematics 16(1), 1966.
///
/// # Example
///
/// ```
/// use gradient_descent::functions::Rosenbrock;
/// use gradient_descent::{LineSearch, Minimizer};
///
/// let search = LineSearch { max_iterations: 100, ..LineSearch::default() };
/// let descent = search.minimize(&Rosenbrock, &[-1.2, 1.0])?;
/// let values = descent.values().collect::<Vec<_>>();
/// assert!(values.is_sorted_by(|before, after| before > after));
/// assert!(descent.evaluations.values > descent.iterations()); // some steps were rejected
/// # Ok::<(), gradient_descent::DescentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineSearch {
    /// The first step length tried at every point: positive.
    pub step: f64,
    /// The factor that shortens a rejected step: between 0 and 1.
    pub shrink: f64,
    /// `c`, the share of the predicted decrease that is demanded: between 0 and 1.
    pub decrease: f64,
    /// Stops when `‖∇f‖` is at most this: 0 or more.
    pub tolerance: f64,
    /// Stops after this many steps.
    pub max_iterations: usize,
}

impl Default for LineSearch {
    /// First step 1, halved until it gives 0.3 of the predicted decrease; tolerance 1e-6, 10 000
    /// iterations.
    fn default() -> Self {
        Self {
            step: 1.0,
            shrink: 0.5,
            decrease: 0.3,
            tolerance: TOLERANCE,
            max_iterations: MAX_ITERATIONS,
        }
    }
}

impl Minimizer for LineSearch {
    fn name(&self) -> &'static str {
        "line search"
    }

    fn minimize(&self, function: &dyn Function, start: &[f64]) -> Result<Descent, DescentError> {
        let &Self {
            step,
            shrink,
            decrease,
            tolerance,
            max_iterations,
        } = self;
        run::check_step(step)?;
        if !(shrink > 0.0 && shrink < 1.0) {
            return Err(DescentError::Shrink { shrink });
        }
        if !(decrease > 0.0 && decrease < 1.0) {
            return Err(DescentError::Decrease { decrease });
        }
        let limits = Limits {
            tolerance,
            max_iterations,
        };
        run::descend(function, start, limits, |counted, here| {
            self.search(counted, here)
        })
    }
}

impl LineSearch {
    /// The first step that lowers `f` enough, or `None` if even the shortest does not lower it.
    fn search(&self, counted: &mut Counted<'_>, here: &Iterate) -> Option<Move> {
        let slope = here.gradient_norm * here.gradient_norm;
        let mut step = self.step;
        loop {
            let point = run::along(&here.point, -step, &here.gradient);
            if point == here.point {
                return None;
            }
            let value = counted.value(&point);
            if value < here.value && value <= here.value - self.decrease * step * slope {
                return Some(Move {
                    point,
                    value: Some(value),
                    step,
                });
            }
            step *= self.shrink;
        }
    }
}
