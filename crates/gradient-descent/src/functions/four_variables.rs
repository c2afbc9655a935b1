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

impl FourVariables {
    /// What the letters of the derivation are made of: row `k` is the gradient of letter `k` with
    /// respect to `x`, so that `[a, b, c, d] = INNER·x`.
    pub const INNER: [[f64; 4]; 4] = [
        [1.0, 10.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, -1.0],
        [0.0, 1.0, 2.0, 0.0],
        [1.0, 0.0, 0.0, -1.0],
    ];

    /// The letters of the derivation, `[a, b, c, d]`.
    ///
    /// ```
    /// use gradient_descent::functions::FourVariables;
    ///
    /// assert_eq!(FourVariables::letters([3.0, -1.0, 0.0, 1.0]), [-7.0, -1.0, -1.0, 2.0]);
    /// ```
    pub fn letters([x1, x2, x3, x4]: [f64; 4]) -> [f64; 4] {
        [x1 + 10.0 * x2, x3 - x4, x2 + 2.0 * x3, x1 - x4]
    }

    /// The derivatives of `f` with respect to the letters, `[2a, 10b, 4c³, 40d³]`; then
    /// `∇f = INNERᵀ·slopes`.
    ///
    /// ```
    /// use gradient_descent::functions::FourVariables;
    ///
    /// assert_eq!(FourVariables::slopes([3.0, -1.0, 0.0, 1.0]), [-14.0, -10.0, -4.0, 320.0]);
    /// ```
    pub fn slopes(x: [f64; 4]) -> [f64; 4] {
        let [a, b, c, d] = Self::letters(x);
        [2.0 * a, 10.0 * b, 4.0 * c.powi(3), 40.0 * d.powi(3)]
    }
}

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
        let [a, b, c, d] = Self::letters(coordinates(x));
        a * a + 5.0 * b * b + c.powi(4) + 10.0 * d.powi(4)
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let [by_a, by_b, by_c, by_d] = Self::slopes(coordinates(x));
        vec![
            by_a + by_d,
            10.0 * by_a + by_c,
            by_b + 2.0 * by_c,
            -by_b - by_d,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_gradient_are_products_with_the_same_matrix() {
        let x = [0.5, -2.0, 1.5, 3.0];
        let letters = FourVariables::letters(x);
        let slopes = FourVariables::slopes(x);
        let gradient = FourVariables.gradient(&x);
        for i in 0..4 {
            let along = |k: usize| FourVariables::INNER[i][k] * x[k];
            assert_eq!(letters[i], (0..4).map(along).sum::<f64>());
            let back = |k: usize| FourVariables::INNER[k][i] * slopes[k];
            assert_eq!(gradient[i], (0..4).map(back).sum::<f64>());
        }
    }
}
