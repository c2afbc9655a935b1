//! The update rules on slices.

use crate::number::Float;
use crate::rule::Rule;

/// A rule with the numbers of one step.
///
/// Factors are rounded to f32 where Burn's optimizers round them, in f64 as well: the results then agree
/// with Burn's to rounding.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Update<T> {
    Sgd {
        rate: T,
        decay: Option<T>,
    },
    Momentum {
        rate: T,
        decay: Option<T>,
        momentum: T,
    },
    Adam {
        rate: T,
        decay: Option<T>,
        beta_1: T,
        rest_1: T,
        beta_2: T,
        rest_2: T,
        /// `c/(1 - β₁ᵗ)`.
        factor: T,
        /// `ε c`.
        epsilon: T,
    },
}

impl<T: Float> Update<T> {
    /// The update of step number `t`, counted from 1.
    pub(crate) fn new(rule: Rule, weight_decay: f64, learning_rate: f64, t: u64) -> Self {
        let of_f32 = |value: f32| T::from_f64(f64::from(value));
        let rate = T::from_f64(learning_rate);
        let decay = (weight_decay > 0.0).then(|| of_f32(weight_decay as f32));
        match rule {
            Rule::Sgd => Self::Sgd { rate, decay },
            Rule::Momentum { momentum } => Self::Momentum {
                rate,
                decay,
                momentum: of_f32(momentum as f32),
            },
            Rule::Adam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                let [beta_1, beta_2, epsilon] = [beta_1, beta_2, epsilon].map(|x| x as f32);
                let t = i32::try_from(t).unwrap_or(i32::MAX);
                let c = (1.0 - beta_2.powi(t)).sqrt();
                Self::Adam {
                    rate,
                    decay,
                    beta_1: of_f32(beta_1),
                    rest_1: of_f32(1.0 - beta_1),
                    beta_2: of_f32(beta_2),
                    rest_2: of_f32(1.0 - beta_2),
                    factor: of_f32(c / (1.0 - beta_1.powi(t))),
                    epsilon: of_f32(epsilon * c),
                }
            }
        }
    }

    /// Changes parameters `theta` and the rule's buffers by the gradient `g`. A buffer that the rule does
    /// not have is not read.
    #[inline(always)]
    pub(crate) fn apply(self, theta: &mut [T], g: &[T], first: &mut [T], second: &mut [T]) {
        let decayed = |decay: Option<T>, theta: T, g: T| match decay {
            Some(lambda) => theta * lambda + g,
            None => g,
        };
        match self {
            // θ ← θ - α g
            Self::Sgd { rate, decay } => {
                for (theta, &g) in theta.iter_mut().zip(g) {
                    *theta = *theta - decayed(decay, *theta, g) * rate;
                }
            }
            // v ← g + μ v        θ ← θ - α v
            Self::Momentum {
                rate,
                decay,
                momentum,
            } => {
                for ((theta, &g), v) in theta.iter_mut().zip(g).zip(first) {
                    *v = decayed(decay, *theta, g) + *v * momentum;
                    *theta = *theta - *v * rate;
                }
            }
            // m ← β₁ m + (1 - β₁) g        v ← β₂ v + (1 - β₂) g²
            // θ ← θ - α (m c/(1 - β₁ᵗ)) / (√v + ε c)
            Self::Adam {
                rate,
                decay,
                beta_1,
                rest_1,
                beta_2,
                rest_2,
                factor,
                epsilon,
            } => {
                let buffers = first.iter_mut().zip(second);
                for ((theta, &g), (m, v)) in theta.iter_mut().zip(g).zip(buffers) {
                    let g = decayed(decay, *theta, g);
                    *m = *m * beta_1 + g * rest_1;
                    *v = *v * beta_2 + g * g * rest_2;
                    *theta = *theta - (*m * factor) / (v.sqrt() + epsilon) * rate;
                }
            }
        }
    }
}
