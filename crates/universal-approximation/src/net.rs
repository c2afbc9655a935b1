//! A net with one hidden layer.

use crate::error::ApproximationError;

/// `σ(a) = 1/(1 + e^-a)`; far from 0 exactly 0 or 1, never NaN.
pub fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// One hidden layer of sigmoids and a linear output.
///
/// # Formula
///
/// ```text
/// y = σ(x·W1 + b1)·W2 + b2
/// ```
///
/// # Shapes
///
/// `x: [inputs]`, `W1: [inputs, hidden]` in row-major order (first the first input's weights to all
/// hidden units), `b1: [hidden]`, `W2: [hidden, 1]`, `b2: [1]`, `y: [1]`. The layers
/// `hidden` (`W1`, `b1`) and `output` (`W2`, `b2`) of an XOR net with a linear output have this layout.
///
/// # Source
///
/// Lecture items L5 (this net with one hidden unit) and L16.
///
/// # Example
///
/// ```
/// use universal_approximation::OneHiddenLayer;
///
/// // σ(10x) - σ(10x - 10): a bump from 0 to 1.
/// let net = OneHiddenLayer::new(1, vec![10.0, 10.0], vec![0.0, -10.0], vec![1.0, -1.0], 0.0)?;
/// assert!(net.evaluate(&[0.5]) > 0.98);
/// assert!(net.evaluate(&[2.0]) < 0.01);
/// # Ok::<(), universal_approximation::ApproximationError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct OneHiddenLayer {
    inputs: usize,
    w1: Vec<f64>,
    b1: Vec<f64>,
    w2: Vec<f64>,
    b2: [f64; 1],
}

impl OneHiddenLayer {
    /// A net with these weights, in the layout above.
    ///
    /// # Errors
    ///
    /// [`ApproximationError::Nothing`] without inputs or hidden units,
    /// [`ApproximationError::Size`] if the numbers of weights do not match, and
    /// [`ApproximationError::Weight`] if one is not finite.
    pub fn new(
        inputs: usize,
        w1: Vec<f64>,
        b1: Vec<f64>,
        w2: Vec<f64>,
        b2: f64,
    ) -> Result<Self, ApproximationError> {
        let hidden = b1.len();
        ApproximationError::check_count("inputs", inputs)?;
        ApproximationError::check_count("hidden units", hidden)?;
        for (tensor, expected, got) in [("W1", inputs * hidden, w1.len()), ("W2", hidden, w2.len())]
        {
            if expected != got {
                return Err(ApproximationError::Size {
                    tensor,
                    expected,
                    got,
                });
            }
        }
        for (tensor, weights) in [("W1", &w1[..]), ("b1", &b1), ("W2", &w2), ("b2", &[b2])] {
            if let Some(&value) = weights.iter().find(|weight| !weight.is_finite()) {
                return Err(ApproximationError::Weight { tensor, value });
            }
        }
        Ok(Self {
            inputs,
            w1,
            b1,
            w2,
            b2: [b2],
        })
    }

    /// The output `y`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `inputs` coordinates.
    pub fn evaluate(&self, x: &[f64]) -> f64 {
        (0..self.hidden())
            .map(|unit| self.unit(unit, x))
            .sum::<f64>()
            + self.b2[0]
    }

    /// The contribution of one hidden unit to the output: `σ(x·W1 + b1)` of the unit times its
    /// weight in `W2`.
    ///
    /// # Panics
    ///
    /// If there is no such unit, or `x` does not have `inputs` coordinates.
    pub fn unit(&self, unit: usize, x: &[f64]) -> f64 {
        assert_eq!(x.len(), self.inputs, "the net has another number of inputs");
        let weights = self.w1[unit..].iter().step_by(self.hidden());
        let sum: f64 = x.iter().zip(weights).map(|(x, w)| x * w).sum();
        sigmoid(sum + self.b1[unit]) * self.w2[unit]
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of hidden units.
    pub fn hidden(&self) -> usize {
        self.b1.len()
    }

    /// `W1`, `[inputs, hidden]`, row-major.
    pub fn w1(&self) -> &[f64] {
        &self.w1
    }

    /// `b1`, `[hidden]`.
    pub fn b1(&self) -> &[f64] {
        &self.b1
    }

    /// `W2`, `[hidden, 1]`.
    pub fn w2(&self) -> &[f64] {
        &self.w2
    }

    /// `b2`, `[1]`.
    pub fn b2(&self) -> &[f64] {
        &self.b2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sigmoid_is_safe_far_from_zero() {
        assert_eq!([-1000.0, 0.0, 1000.0].map(sigmoid), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn two_inputs_are_read_row_by_row() {
        let w1 = vec![1.0, 2.0, 3.0, /* second input: */ -4.0, 5.0, 6.0];
        let net = OneHiddenLayer::new(2, w1, vec![0.1, 0.2, 0.3], vec![7.0, 8.0, 9.0], -1.0);
        let net = net.expect("sizes fit");
        let (x, y) = (0.25, -0.5);
        let expected = 7.0 * sigmoid(x - 4.0 * y + 0.1)
            + 8.0 * sigmoid(2.0 * x + 5.0 * y + 0.2)
            + 9.0 * sigmoid(3.0 * x + 6.0 * y + 0.3)
            - 1.0;
        assert!((net.evaluate(&[x, y]) - expected).abs() < 1e-14);
    }

    #[test]
    fn weights_that_do_not_fit_are_refused() {
        let refused = |w1: &[f64], b1: &[f64], w2: &[f64]| {
            OneHiddenLayer::new(1, w1.into(), b1.into(), w2.into(), 0.0)
                .expect_err("refused")
                .to_string()
        };
        assert_eq!(
            refused(&[], &[], &[]),
            "expected 1 or more hidden units, got 0"
        );
        let message = refused(&[1.0], &[1.0, 2.0], &[1.0, 2.0]);
        assert!(
            message.starts_with("W1 has 1 weights, expected 2"),
            "{message}"
        );
        let message = refused(&[1.0], &[1.0], &[f64::NAN]);
        assert!(message.starts_with("a weight in W2 is NaN"), "{message}");
    }
}
