//! The function of four variables, composed with a map from two variables: an example of a
//! Jacobian.

use super::FourVariables;
use crate::function::{Function, Minimum, coordinates};

/// The inner map of the lecture's composition.
///
/// # Formula
///
/// ```text
/// x1 = z1 - z2          J = ∂x/∂z = [   1       -1  ]
/// x2 = z1²                          [  2 z1      0  ]
/// x3 = z2²                          [   0      2 z2 ]
/// x4 = z1² + z1 z2                  [ 2 z1 + z2  z1 ]
/// ```
///
/// # Shapes
///
/// `z: [2]`, `x: [4]`, `J: [4, 2]`, row `i` the gradient of `xi`; `grad_x: [4]`, `grad_z: [2]`.
///
/// # Derivation
///
/// ```text
/// Each row is differentiated by itself. For any f of x:
/// ∂f/∂zj = Σ_i ∂f/∂xi ∂xi/∂zj,  that is  grad_z = Jᵀ grad_x  (a vector-Jacobian product)
/// ```
///
/// # Source
///
/// Lecture item L15.
///
/// # Example
///
/// ```
/// use gradient_descent::functions::inner;
///
/// let z = [1.0, -1.0];
/// assert_eq!(inner::map(z), [2.0, 1.0, 1.0, 0.0]);
/// assert_eq!(inner::jacobian(z), [[1.0, -1.0], [2.0, 0.0], [0.0, -2.0], [1.0, 1.0]]);
/// assert_eq!(inner::vjp(z, [344.0, 348.0, 226.0, -330.0]), [710.0, -1126.0]);
/// ```
pub mod inner {
    /// `x(z)`.
    pub fn map([z1, z2]: [f64; 2]) -> [f64; 4] {
        [z1 - z2, z1 * z1, z2 * z2, z1 * z1 + z1 * z2]
    }

    /// `J`, row by row.
    pub fn jacobian([z1, z2]: [f64; 2]) -> [[f64; 2]; 4] {
        [
            [1.0, -1.0],
            [2.0 * z1, 0.0],
            [0.0, 2.0 * z2],
            [2.0 * z1 + z2, z1],
        ]
    }

    /// `Jᵀ grad_x`.
    pub fn vjp(z: [f64; 2], grad_x: [f64; 4]) -> [f64; 2] {
        let mut grad_z = [0.0; 2];
        for (row, grad_xi) in jacobian(z).iter().zip(grad_x) {
            grad_z[0] += row[0] * grad_xi;
            grad_z[1] += row[1] * grad_xi;
        }
        grad_z
    }
}

/// The function of four variables, [`FourVariables`], at [`inner::map`]`(z)`.
///
/// # Formula
///
/// ```text
/// F(z) = f(x(z))        ∇z F = Jᵀ ∇x f(x(z))
/// ```
///
/// # Derivation
///
/// ```text
/// The chain rule, one link: ∇x f is what comes back from f, and it is passed on through x(z) by the
/// vector-Jacobian product. f ≥ 0 vanishes only at x = 0, and x(z) only at z = 0: the minimum.
/// ```
///
/// # Source
///
/// Lecture item L15.
///
/// # Example
///
/// ```
/// use gradient_descent::functions::{Composition, FourVariables, inner};
/// use gradient_descent::Function;
///
/// let z = [1.0, -1.0];
/// assert_eq!(Composition.value(&z), 390.0);
/// assert_eq!(FourVariables.gradient(&inner::map(z)), [344.0, 348.0, 226.0, -330.0]);
/// assert_eq!(Composition.gradient(&z), [710.0, -1126.0]);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Composition;

impl Function for Composition {
    fn name(&self) -> &str {
        "composition"
    }

    fn formula(&self) -> String {
        "F(z) = f(x(z)) with x(z) = (z1 - z2, z1², z2², z1² + z1 z2)".into()
    }

    fn dimension(&self) -> usize {
        2
    }

    fn value(&self, z: &[f64]) -> f64 {
        FourVariables.value(&inner::map(coordinates(z)))
    }

    fn gradient(&self, z: &[f64]) -> Vec<f64> {
        let z = coordinates(z);
        let grad_x = FourVariables.gradient(&inner::map(z));
        inner::vjp(z, coordinates(&grad_x)).to_vec()
    }

    fn minimum(&self) -> Option<Minimum> {
        Some(Minimum {
            point: vec![0.0, 0.0],
            value: 0.0,
        })
    }

    /// The lecture's point: `(1, -1)`.
    fn start(&self) -> Vec<f64> {
        vec![1.0, -1.0]
    }

    fn step(&self) -> f64 {
        1e-4
    }
}
