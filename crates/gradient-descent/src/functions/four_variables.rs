//! The function on which the lecture shows the chain rule.

use crate::function::{Function, Minimum, coordinates};

/// The lecture's function of four variables (Powell's singular function).
///
/// # Formula
///
/// ```text
/// f(x) = (x1 + 10 x2)² + 5 (x3 - x4)² + (x2 + 2 x3)⁴ + 10 (x1 - x4)⁴
/// ∂f/∂x1 =  2 (x1 + 10 x2)                      + 40 (x1 - x4)³
/// ∂f/∂x2 = 20 (x1 + 10 x2) + 4 (x2 + 2 x3)³
/// ∂f/∂x3 = 10 (x3 - x4)    + 8 (x2 + 2 x3)³
/// ∂f/∂x4 = -10 (x3 - x4)                        - 40 (x1 - x4)³
/// ```
///
/// # Derivation
///
/// ```text
/// With a = x1 + 10 x2, b = x3 - x4, c = x2 + 2 x3, d = x1 - x4:  f = a² + 5 b² + c⁴ + 10 d⁴
/// ∂f/∂a = 2a, ∂f/∂b = 10b, ∂f/∂c = 4c³, ∂f/∂d = 40d³; each xi collects, over the letters that
/// hold it, that derivative times its factor there: x1 from a (1) and d (1), x2 from a (10) and
/// c (1), x3 from b (1) and c (2), x4 from b (-1) and d (-1).
/// f = 0 only at 0. There c⁴ and d⁴ have no curvature: the Hessian has rank 2, and descent is
/// sublinear (f falls like 1/k²).
/// ```
///
/// # Source
///
/// Lecture item L14.
///
/// # Example
///
/// ```
/// use gradient_descent::{Function, functions::FourVariables};
///
/// let x = [3.0, -1.0, 0.0, 1.0];
/// assert_eq!(FourVariables.value(&x), 215.0);
/// assert_eq!(FourVariables.gradient(&x), [306.0, -144.0, -18.0, -310.0]);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FourVariables;

impl Function for FourVariables {
    fn name(&self) -> &str {
        "four variables"
    }

    fn formula(&self) -> String {
        "f(x) = (x1 + 10 x2)² + 5 (x3 - x4)² + (x2 + 2 x3)⁴ + 10 (x1 - x4)⁴".into()
    }

    fn dimension(&self) -> usize {
        4
    }

    fn value(&self, x: &[f64]) -> f64 {
        let [x1, x2, x3, x4] = coordinates(x);
        let (a, b, c, d) = (x1 + 10.0 * x2, x3 - x4, x2 + 2.0 * x3, x1 - x4);
        a * a + 5.0 * b * b + c.powi(4) + 10.0 * d.powi(4)
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let [x1, x2, x3, x4] = coordinates(x);
        let (a, b, c, d) = (x1 + 10.0 * x2, x3 - x4, x2 + 2.0 * x3, x1 - x4);
        vec![
            2.0 * a + 40.0 * d.powi(3),
            20.0 * a + 4.0 * c.powi(3),
            10.0 * b + 8.0 * c.powi(3),
            -10.0 * b - 40.0 * d.powi(3),
        ]
    }

    fn minimum(&self) -> Option<Minimum> {
        Some(Minimum {
            point: vec![0.0; 4],
            value: 0.0,
        })
    }

    /// The lecture's point: `(3, -1, 0, 1)`.
    fn start(&self) -> Vec<f64> {
        vec![3.0, -1.0, 0.0, 1.0]
    }

    fn step(&self) -> f64 {
        0.001
    }
}
