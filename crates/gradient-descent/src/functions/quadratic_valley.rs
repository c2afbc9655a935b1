//! The narrow valley in which gradient descent zig-zags.

use crate::DescentError;
use crate::function::{Function, Minimum, coordinates};

/// A quadratic valley along the first axis; its condition number says how much steeper it is
/// across.
///
/// # Formula
///
/// ```text
/// f(x, y) = ½ (x² + κ y²)        ∇f = [ x, κ y ]
/// ```
///
/// # Derivation
///
/// ```text
/// ∂(½ x²)/∂x = x and ∂(½ κ y²)/∂y = κ y. The curvature is 1 along the valley and κ across.
/// A step of gradient descent multiplies x by 1 - α and y by 1 - α κ. It converges for α < 2/κ;
/// for α > 1/κ the sign of y alternates: the zig-zag. With the best α, 2/(1 + κ), both factors have
/// the magnitude (κ - 1)/(κ + 1), which is near 1 in a narrow valley.
/// ```
///
/// # Source
///
/// Lecture item L13 (the zig-zag in a narrow valley).
///
/// # Example
///
/// ```
/// use gradient_descent::{Function, functions::QuadraticValley};
///
/// let valley = QuadraticValley::new(10.0)?;
/// assert_eq!(valley.value(&[2.0, 1.0]), 7.0);
/// assert_eq!(valley.gradient(&[2.0, 1.0]), [2.0, 10.0]);
/// # Ok::<(), gradient_descent::DescentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuadraticValley {
    condition: f64,
}

impl QuadraticValley {
    /// The valley with a condition number `κ`.
    ///
    /// # Errors
    ///
    /// [`DescentError::ConditionNumber`] if it is below 1 or not finite.
    pub fn new(condition: f64) -> Result<Self, DescentError> {
        if condition >= 1.0 && condition.is_finite() {
            Ok(Self { condition })
        } else {
            Err(DescentError::ConditionNumber { condition })
        }
    }

    /// The condition number `κ`: the largest curvature divided by the smallest.
    pub fn condition(&self) -> f64 {
        self.condition
    }
}

impl Default for QuadraticValley {
    /// `κ = 20`.
    fn default() -> Self {
        Self { condition: 20.0 }
    }
}

impl Function for QuadraticValley {
    fn name(&self) -> &str {
        "quadratic valley"
    }

    fn formula(&self) -> String {
        format!("f(x, y) = ½(x² + {} y²)", self.condition)
    }

    fn dimension(&self) -> usize {
        2
    }

    fn value(&self, x: &[f64]) -> f64 {
        let [x, y] = coordinates(x);
        0.5 * (x * x + self.condition * y * y)
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let [x, y] = coordinates(x);
        vec![x, self.condition * y]
    }

    fn minimum(&self) -> Option<Minimum> {
        Some(Minimum {
            point: vec![0.0, 0.0],
            value: 0.0,
        })
    }

    /// `(κ, 1)`: both components of the gradient are κ there, and a descent with the best step each
    /// time zig-zags forever.
    fn start(&self) -> Vec<f64> {
        vec![self.condition, 1.0]
    }

    /// `1.8/κ`: the distance across is multiplied by -0.8 in each step.
    fn step(&self) -> f64 {
        1.8 / self.condition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn condition_numbers_below_one_are_refused() {
        for condition in [0.99, 0.0, -3.0, f64::NAN, f64::INFINITY] {
            let error = QuadraticValley::new(condition).expect_err("refused");
            assert!(error.to_string().contains("condition number"), "{error}");
        }
        assert_eq!(QuadraticValley::new(1.0).map(|v| v.condition()), Ok(1.0));
    }

    #[test]
    fn the_formula_shows_the_condition_number() {
        let valley = QuadraticValley::new(7.5).expect("valid");
        assert_eq!(valley.formula(), "f(x, y) = ½(x² + 7.5 y²)");
    }
}
