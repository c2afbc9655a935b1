//! Rosenbrock's banana.

use crate::function::{Function, Minimum, coordinates};

/// Rosenbrock's function: a valley that is narrow and bent.
///
/// # Formula
///
/// ```text
/// f(x, y) = (1 - x)² + 100 (y - x²)²
/// ∇f = [ -2 (1 - x) - 400 x (y - x²),  200 (y - x²) ]
/// ```
///
/// # Derivation
///
/// ```text
/// With r = y - x²:  ∂(100 r²)/∂r = 200 r,  ∂r/∂x = -2x,  ∂r/∂y = 1
/// ∂f/∂x = -2 (1 - x) + 200 r (-2x),  ∂f/∂y = 200 r
/// Both vanish only at (1, 1). The condition number there is about 2500.
/// ```
///
/// # Source
///
/// Not in the lecture; for comparison with item L13. H. H. Rosenbrock, "An automatic method for finding the greatest or least
/// value of a function", The Computer Journal 3(3), 1960.
///
/// # Example
///
/// ```
/// use gradient_descent::{Function, functions::Rosenbrock};
///
/// assert_eq!(Rosenbrock.value(&[-1.0, 2.0]), 104.0);
/// assert_eq!(Rosenbrock.gradient(&[-1.0, 2.0]), [396.0, 200.0]);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rosenbrock;

impl Function for Rosenbrock {
    fn name(&self) -> &str {
        "rosenbrock"
    }

    fn formula(&self) -> String {
        "f(x, y) = (1 - x)² + 100 (y - x²)²".into()
    }

    fn dimension(&self) -> usize {
        2
    }

    fn value(&self, x: &[f64]) -> f64 {
        let [x, y] = coordinates(x);
        let r = y - x * x;
        (1.0 - x).powi(2) + 100.0 * r * r
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let [x, y] = coordinates(x);
        let r = y - x * x;
        vec![-2.0 * (1.0 - x) - 400.0 * x * r, 200.0 * r]
    }

    fn minimum(&self) -> Option<Minimum> {
        Some(Minimum {
            point: vec![1.0, 1.0],
            value: 0.0,
        })
    }

    /// Rosenbrock's own: `(-1.2, 1)`.
    fn start(&self) -> Vec<f64> {
        vec![-1.2, 1.0]
    }

    fn step(&self) -> f64 {
        0.001
    }
}
