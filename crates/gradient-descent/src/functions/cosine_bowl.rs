//! The function with which the lecture shows gradient descent.

use crate::function::{Function, Minimum, coordinates};

/// The cosine bowl: smooth, periodic, bounded.
///
/// # Formula
///
/// ```text
/// f(x, y) = -(cos²x + cos²y)²
/// ∇f = [ 4 (cos²x + cos²y) cos x sin x,  4 (cos²x + cos²y) cos y sin y ]
/// ```
///
/// # Derivation
///
/// ```text
/// f = -s² with s = cos²x + cos²y,  so  ∂f/∂s = -2s
/// ∂s/∂x = -2 cos x sin x,          so  ∂f/∂x = 4 s cos x sin x;  y in the same way
/// Minima, f = -4: x and y both multiples of π. Curvature there: 8 in every direction.
/// ```
///
/// # Source
///
/// Lecture item L13.
///
/// # Example
///
/// ```
/// use gradient_descent::{Function, functions::CosineBowl};
///
/// assert_eq!(CosineBowl.value(&[0.0, 0.0]), -4.0);
/// assert_eq!(CosineBowl.gradient(&[0.0, 0.0]), [0.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CosineBowl;

impl Function for CosineBowl {
    fn name(&self) -> &str {
        "cosine bowl"
    }

    fn formula(&self) -> String {
        "f(x, y) = -(cos²x + cos²y)²".into()
    }

    fn dimension(&self) -> usize {
        2
    }

    fn value(&self, x: &[f64]) -> f64 {
        let [x, y] = coordinates(x);
        let s = x.cos().powi(2) + y.cos().powi(2);
        -s * s
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let [x, y] = coordinates(x);
        let s = x.cos().powi(2) + y.cos().powi(2);
        vec![4.0 * s * x.cos() * x.sin(), 4.0 * s * y.cos() * y.sin()]
    }

    /// The minimum at the origin; every point whose coordinates are multiples of π is also one.
    fn minimum(&self) -> Option<Minimum> {
        Some(Minimum {
            point: vec![0.0, 0.0],
            value: -4.0,
        })
    }

    fn start(&self) -> Vec<f64> {
        vec![1.3, 0.9]
    }

    fn step(&self) -> f64 {
        0.05
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_PI_4, PI};

    #[test]
    fn values_by_hand() {
        // cos²(π/4) = sin²(π/4) = cos sin = 1/2.
        let at = [FRAC_PI_4, -FRAC_PI_4];
        assert!((CosineBowl.value(&at) + 1.0).abs() < 1e-15);
        let gradient = CosineBowl.gradient(&at);
        assert!((gradient[0] - 2.0).abs() < 1e-15 && (gradient[1] + 2.0).abs() < 1e-15);
    }

    #[test]
    fn it_repeats_every_pi() {
        let (here, there) = ([0.4, -0.7], [0.4 + PI, -0.7 - 2.0 * PI]);
        assert!((CosineBowl.value(&here) - CosineBowl.value(&there)).abs() < 1e-14);
    }
}
