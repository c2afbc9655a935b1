//! How a gradient changes a parameter.

use layers::{ConfigError, Dropout};

use crate::error::FusedError;

/// An update rule: those of Burn's optimizers as the lecture uses them.
///
/// In all of them but AdamW, `g` is the gradient with the weight decay λ: `g = λθ + ∂L/∂θ`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Gradient descent.
    ///
    /// ```text
    /// θ ← θ - α g
    /// ```
    Sgd,
    /// Momentum without dampening.
    ///
    /// ```text
    /// v ← g + μ v        θ ← θ - α v
    /// ```
    Momentum {
        /// μ, from 0 to below 1.
        momentum: f64,
    },
    /// Nesterov's momentum: the gradient is followed by a step further along the velocity.
    ///
    /// ```text
    /// v ← g + μ v        θ ← θ - α (g + μ v)
    /// ```
    Nesterov {
        /// μ, from 0 to below 1.
        momentum: f64,
    },
    /// AdamW: Adam, with a weight decay that its division does not reach.
    ///
    /// ```text
    /// t ← t + 1        g = ∂L/∂θ        m ← β₁ m + (1 - β₁) g        v ← β₂ v + (1 - β₂) g²
    /// θ ← (1 - αλ) θ - α (m/(1 - β₁ᵗ)) / (√(v/(1 - β₂ᵗ)) + ε)
    /// ```
    ///
    /// Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, 2019, algorithm 2.
    AdamW {
        /// β₁, from 0 to below 1.
        beta_1: f64,
        /// β₂, from 0 to below 1.
        beta_2: f64,
        /// ε, greater than 0.
        epsilon: f64,
    },
    /// Adam.
    ///
    /// ```text
    /// t ← t + 1        m ← β₁ m + (1 - β₁) g        v ← β₂ v + (1 - β₂) g²
    /// c = √(1 - β₂ᵗ)   θ ← θ - α (m c/(1 - β₁ᵗ)) / (√v + ε c)
    /// ```
    Adam {
        /// β₁, from 0 to below 1.
        beta_1: f64,
        /// β₂, from 0 to below 1.
        beta_2: f64,
        /// ε, greater than 0.
        epsilon: f64,
    },
}

impl Rule {
    /// Buffers that the rule keeps for each parameter.
    pub fn buffers(self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::Momentum { .. } | Self::Nesterov { .. } => 1,
            Self::Adam { .. } | Self::AdamW { .. } => 2,
        }
    }

    pub(crate) fn check(self) -> Result<(), FusedError> {
        match self {
            Self::Sgd => {}
            Self::Momentum { momentum } | Self::Nesterov { momentum } => {
                ConfigError::check_share("momentum", momentum)?
            }
            Self::Adam {
                beta_1,
                beta_2,
                epsilon,
            }
            | Self::AdamW {
                beta_1,
                beta_2,
                epsilon,
            } => {
                ConfigError::check_share("Adam's beta 1", beta_1)?;
                ConfigError::check_share("Adam's beta 2", beta_2)?;
                if !(epsilon.is_finite() && epsilon > 0.0) {
                    return Err(FusedError::OutOfRange {
                        what: "Adam's epsilon",
                        got: epsilon,
                        expected: "a finite number above 0; use 1e-8",
                    });
                }
            }
        }
        Ok(())
    }
}

/// How one step is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Step length α.
    pub learning_rate: f64,
    /// Largest norm of the whole gradient, if it is limited.
    ///
    /// ```text
    /// G ← s G        s = min(1, c/‖G‖)        G all gradients as one vector, c the limit
    /// ```
    pub clip_norm: Option<f64>,
    /// The masks of inputs and hidden layers, if there is dropout.
    pub dropout: Dropout,
}
