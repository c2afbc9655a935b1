//! The update rules on slices.

use crate::number::Number;
use crate::rule::Rule;

/// A rule with the numbers of one step.
///
/// Factors are rounded to f32 where Burn's optimizers round them, in f64 as well: the results then agree
/// with Burn's to rounding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Update<T> {
    rate: T,
    /// The factor of a gradient that is too long.
    clip: Option<T>,
    decay: Option<T>,
    factors: Factors<T>,
}

#[derive(Debug, Clone, Copy)]
enum Factors<T> {
    Sgd,
    Momentum {
        mu: T,
    },
    Nesterov {
        mu: T,
    },
    AdamW {
        moments: Moments<T>,
        /// `1 - β₁ᵗ` and `1 - β₂ᵗ`.
        corrections: [T; 2],
        epsilon: T,
        /// `1 - αλ`.
        keep: T,
    },
    Adam {
        moments: Moments<T>,
        /// `c/(1 - β₁ᵗ)`.
        factor: T,
        /// `ε c`.
        epsilon: T,
    },
}

/// The factors of Adam's moments.
#[derive(Debug, Clone, Copy)]
struct Moments<T> {
    beta_1: T,
    /// `1 - β₁`.
    rest_1: T,
    beta_2: T,
    /// `1 - β₂`.
    rest_2: T,
}

impl<T: Number> Moments<T> {
    fn new(beta_1: f32, beta_2: f32) -> Self {
        let of_f32 = |value: f32| T::from_f64(f64::from(value));
        Self {
            beta_1: of_f32(beta_1),
            rest_1: of_f32(1.0 - beta_1),
            beta_2: of_f32(beta_2),
            rest_2: of_f32(1.0 - beta_2),
        }
    }

    /// Changes the moments `m` and `v` by a gradient, in Adam and AdamW alike.
    ///
    /// ```text
    /// m ← β₁ m + (1 - β₁) g        v ← β₂ v + (1 - β₂) g²
    /// ```
    #[inline(always)]
    fn update(self, g: T, m: &mut T, v: &mut T) {
        *m = *m * self.beta_1 + g * self.rest_1;
        *v = *v * self.beta_2 + g * g * self.rest_2;
    }
}

impl<T: Number> Update<T> {
    /// The update of step number `t`, counted from 1.
    pub(crate) fn new(rule: Rule, weight_decay: f64, learning_rate: f64, t: u64) -> Self {
        let of_f32 = |value: f32| T::from_f64(f64::from(value));
        Self {
            rate: T::from_f64(learning_rate),
            clip: None,
            decay: (weight_decay > 0.0 && !matches!(rule, Rule::AdamW { .. }))
                .then(|| of_f32(weight_decay as f32)),
            factors: match rule {
                Rule::Sgd => Factors::Sgd,
                Rule::Momentum { momentum } => Factors::Momentum {
                    mu: of_f32(momentum as f32),
                },
                Rule::Nesterov { momentum } => Factors::Nesterov {
                    mu: of_f32(momentum as f32),
                },
                Rule::AdamW {
                    beta_1,
                    beta_2,
                    epsilon,
                } => {
                    let [beta_1, beta_2, epsilon] = [beta_1, beta_2, epsilon].map(|x| x as f32);
                    let t = i32::try_from(t).unwrap_or(i32::MAX);
                    let decay = f64::from(weight_decay as f32);
                    Factors::AdamW {
                        moments: Moments::new(beta_1, beta_2),
                        corrections: [beta_1, beta_2].map(|beta| of_f32(1.0 - beta.powi(t))),
                        epsilon: of_f32(epsilon),
                        keep: T::from_f64(1.0 - learning_rate * decay),
                    }
                }
                Rule::Adam {
                    beta_1,
                    beta_2,
                    epsilon,
                } => {
                    let [beta_1, beta_2, epsilon] = [beta_1, beta_2, epsilon].map(|x| x as f32);
                    let t = i32::try_from(t).unwrap_or(i32::MAX);
                    let c = (1.0 - beta_2.powi(t)).sqrt();
                    Factors::Adam {
                        moments: Moments::new(beta_1, beta_2),
                        factor: of_f32(c / (1.0 - beta_1.powi(t))),
                        epsilon: of_f32(epsilon * c),
                    }
                }
            },
        }
    }

    /// The same update, by gradients times `factor`.
    pub(crate) fn clipped(self, factor: f64) -> Self {
        Self {
            clip: Some(T::from_f64(factor)),
            ..self
        }
    }

    /// Changes parameters `theta` and the rule's buffers by the gradient `g`. A buffer that the rule does
    /// not have is not read.
    ///
    /// ```text
    /// g ← s g, if it is clipped        g ← λθ + g, with weight decay
    /// ```
    #[inline(always)]
    pub(crate) fn apply(self, theta: &mut [T], g: &[T], first: &mut [T], second: &mut [T]) {
        let rate = self.rate;
        // Cases outside of the loops, so that each loop is one of vectors.
        match (self.clip, self.decay) {
            (None, None) => self.factors.apply(rate, theta, g, first, second, |_, g| g),
            (None, Some(decay)) => {
                let change = |theta, g| theta * decay + g;
                self.factors.apply(rate, theta, g, first, second, change);
            }
            (Some(clip), None) => {
                let change = |_, g| g * clip;
                self.factors.apply(rate, theta, g, first, second, change);
            }
            (Some(clip), Some(decay)) => {
                let change = |theta, g| theta * decay + g * clip;
                self.factors.apply(rate, theta, g, first, second, change);
            }
        }
    }
}

impl<T: Number> Factors<T> {
    #[inline(always)]
    fn apply(
        self,
        rate: T,
        theta: &mut [T],
        g: &[T],
        first: &mut [T],
        second: &mut [T],
        change: impl Fn(T, T) -> T,
    ) {
        match self {
            // θ ← θ - α g
            Self::Sgd => {
                for (theta, &g) in theta.iter_mut().zip(g) {
                    *theta = *theta - change(*theta, g) * rate;
                }
            }
            // v ← g + μ v        θ ← θ - α v
            Self::Momentum { mu } => {
                for ((theta, &g), v) in theta.iter_mut().zip(g).zip(first) {
                    *v = change(*theta, g) + *v * mu;
                    *theta = *theta - *v * rate;
                }
            }
            // v ← g + μ v        θ ← θ - α (g + μ v)
            Self::Nesterov { mu } => {
                for ((theta, &g), v) in theta.iter_mut().zip(g).zip(first) {
                    let g = change(*theta, g);
                    *v = g + *v * mu;
                    *theta = *theta - (*v * mu + g) * rate;
                }
            }
            // (m, v) ← the moments of g
            // θ ← (1 - αλ) θ - α (m/(1 - β₁ᵗ)) / (√(v/(1 - β₂ᵗ)) + ε)
            Self::AdamW {
                moments,
                corrections: [of_1, of_2],
                epsilon,
                keep,
            } => {
                let buffers = first.iter_mut().zip(second);
                for ((theta, &g), (m, v)) in theta.iter_mut().zip(g).zip(buffers) {
                    let g = change(*theta, g);
                    moments.update(g, m, v);
                    let step = *m / of_1 / ((*v / of_2).sqrt() + epsilon);
                    *theta = *theta * keep - step * rate;
                }
            }
            // (m, v) ← the moments of g
            // θ ← θ - α (m c/(1 - β₁ᵗ)) / (√v + ε c)
            Self::Adam {
                moments,
                factor,
                epsilon,
            } => {
                let buffers = first.iter_mut().zip(second);
                for ((theta, &g), (m, v)) in theta.iter_mut().zip(g).zip(buffers) {
                    let g = change(*theta, g);
                    moments.update(g, m, v);
                    *theta = *theta - (*m * factor) / (v.sqrt() + epsilon) * rate;
                }
            }
        }
    }
}
