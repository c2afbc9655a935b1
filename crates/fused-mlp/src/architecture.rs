//! What is trained: sizes, activation, output and loss.

use layers::{Activation, ConfigError};

use crate::error::FusedError;

/// A dense net and its loss.
///
/// # Formula
///
/// ```text
/// z_0 = x        z_l = f_l(z_(l-1)·w_l + 1b_lᵀ) for a hidden layer        a_L = z_(L-1)·w_L + 1b_Lᵀ
/// ```
///
/// The output and the loss follow from `a_L` as [`Output`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Units of the input and of every layer, two or more numbers: 784, 256, 128, 10.
    pub sizes: Vec<usize>,
    /// The activation `f_l` of each hidden layer, so two numbers fewer than sizes.
    pub hidden: Vec<Activation>,
    /// What comes after the last affine map.
    pub output: Output,
}

/// The last layer's output `yp` and the loss `L` of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Output {
    /// Softmax with cross-entropy, mean over the rows.
    ///
    /// ```text
    /// yp = softmax(a)        ys = (1 - ε) y + ε/K        L = -1/batch Σ_ik ys_ik ln yp_ik
    /// δa = 1/batch (yp - ys)
    /// ```
    SoftmaxCrossEntropy {
        /// The share ε of each target that is spread over all `K` classes, from 0 to below 1.
        smoothing: f64,
    },
    /// Half the squared error, summed over rows and outputs.
    ///
    /// ```text
    /// yp = g(a)        L = ½ Σ_ik (yp_ik - y_ik)²        δa = g'(a)∘(yp - y)
    /// ```
    HalfSquaredError {
        /// The function `g`.
        unit: OutputUnit,
        /// A penalty of the weights, which is part of the loss.
        ridge: Option<Ridge>,
    },
}

/// The function `g` of an output that is fitted by its squared error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputUnit {
    /// `g(a) = a`.
    Linear,
    /// `g(a) = σ(a)`.
    Sigmoid,
}

/// A penalty of all weights, not of the biases: ridge regression, if the net has one layer.
///
/// ```text
/// L = … + γ n/N ½ Σ_l ‖w_l‖²        δw_l = … + γ n/N w_l        n rows of a training set of N
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ridge {
    /// γ, 0 or more: the penalty in the loss of all training rows.
    pub gamma: f64,
    /// Rows `N` of the training set; `None` if every batch has all of them, so that `n/N = 1`.
    pub training_rows: Option<usize>,
}

impl Ridge {
    /// The factor `γ n/N` of a batch.
    pub(crate) fn of_batch(self, rows: usize) -> f64 {
        match self.training_rows {
            Some(all) => self.gamma * rows as f64 / all as f64,
            None => self.gamma,
        }
    }
}

impl Architecture {
    /// Number of layers, the input not counted.
    pub fn layers(&self) -> usize {
        self.sizes.len() - 1
    }

    /// Units of the output.
    pub(crate) fn outputs(&self) -> usize {
        *self.sizes.last().expect("there are at least two sizes")
    }

    /// The factor of the ridge term in the loss of a batch, 0 without one.
    pub(crate) fn ridge(&self, rows: usize) -> f64 {
        match self.output {
            Output::HalfSquaredError {
                ridge: Some(ridge), ..
            } => ridge.of_batch(rows),
            _ => 0.0,
        }
    }

    pub(crate) fn check(&self) -> Result<(), FusedError> {
        if self.sizes.len() < 2 {
            let got = self.sizes.len();
            return Err(FusedError::TooFewSizes { got });
        }
        let (got, expected) = (self.hidden.len(), self.sizes.len() - 2);
        if got != expected {
            return Err(FusedError::Activations { got, expected });
        }
        for (number, &size) in self.sizes.iter().enumerate() {
            ConfigError::check_size(format!("layer {number} (0 is the input)"), size)?;
        }
        ConfigError::check_weights(&self.sizes)?;
        match self.output {
            Output::SoftmaxCrossEntropy { smoothing } => {
                ConfigError::check_share("label smoothing", smoothing)?;
            }
            Output::HalfSquaredError {
                ridge: Some(ridge), ..
            } => {
                at_least_0("the ridge term", ridge.gamma)?;
                if ridge.training_rows == Some(0) {
                    return Err(FusedError::EmptyBatch);
                }
            }
            Output::HalfSquaredError { ridge: None, .. } => {}
        }
        Ok(())
    }
}

/// Checks that a number is finite and not negative.
pub(crate) fn at_least_0(what: &'static str, got: f64) -> Result<(), FusedError> {
    if got.is_finite() && got >= 0.0 {
        return Ok(());
    }
    Err(FusedError::OutOfRange {
        what,
        got,
        expected: "a finite number, 0 or more; use 0 for none",
    })
}
