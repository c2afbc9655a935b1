//! The possible results of a check.

use std::fmt;

use serde::Serialize;

use crate::number;

/// A source of gradients, or of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// The hand-written vector-Jacobian product.
    Manual,
    /// Burn's autodiff.
    Autodiff,
    /// Finite differences in f64. If they are the odd one, the other two agree on a value that is not the
    /// derivative of the function.
    Finite,
    /// The function itself.
    Function,
    /// Two witnesses differ by less than finite differences can resolve, or all three differ.
    Undecided,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Manual => "the hand-written gradient",
            Self::Autodiff => "autodiff",
            Self::Finite => "finite differences",
            Self::Function => "the function",
            Self::Undecided => "undecided",
        })
    }
}

/// A law that every vector-Jacobian product obeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Computed twice, it is the same.
    Repeatable,
    /// For an upstream gradient of zero it is zero, exactly.
    ZeroUpstream,
    /// For a sum of upstream gradients it is the sum.
    LinearUpstream,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeatable => "is not the same when computed twice",
            Self::ZeroUpstream => "is not zero for a zero upstream gradient",
            Self::LinearUpstream => "is not linear in the upstream gradient",
        })
    }
}

/// The conclusion of a check. If several apply, the report has the most serious one.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// All witnesses agree, and finite differences were precise enough to say so.
    Pass,
    /// Two witnesses differ by more than the tolerance.
    Mismatch {
        /// The one that differs from the other two, if that can be decided.
        odd: Witness,
    },
    /// The graph is cut: autodiff's gradient is absent or exactly zero in every element of an input, while
    /// finite differences are not. Something on the way detached it or rebuilt it from host data.
    Severed {
        /// The input.
        input: String,
    },
    /// The point lies on a kink, where the derivative is a convention. The hand-written gradient and
    /// autodiff follow the same one.
    Kink,
    /// A NaN or an infinity, in the function's value or in a gradient.
    NonFinite {
        /// The witness that gave it.
        odd: Witness,
    },
    /// Nothing is wrong, but nothing was certified.
    Unchecked {
        /// The reason, and what to do.
        reason: String,
    },
    /// [`Case::autodiff_function`](crate::Case::autodiff_function) or
    /// [`Case::reference`](crate::Case::reference) has another value than the function, or the function has
    /// another one in f32 than in f64.
    Value {
        /// [`Witness::Autodiff`] or [`Witness::Finite`]; [`Witness::Function`] if its float type decides.
        odd: Witness,
        /// The element with both values.
        reason: String,
    },
    /// Computed again at the same point, a number is another one.
    Nondeterministic {
        /// The witness that changed.
        odd: Witness,
        /// One value.
        #[serde(serialize_with = "number::one")]
        first: f64,
        /// The other value, at the same place.
        #[serde(serialize_with = "number::one")]
        second: f64,
    },
    /// The case itself can't be checked: a name that nothing reads, an element that does not exist, a
    /// module without trainable parameters.
    Invalid {
        /// What is wrong, and what to change.
        reason: String,
    },
    /// A wrong shape, name or float type.
    Shape {
        /// The witness that gave it.
        odd: Witness,
        /// What was expected and what was found.
        reason: String,
    },
    /// A law of vector-Jacobian products is broken.
    Unlawful {
        /// The witness that breaks it.
        odd: Witness,
        /// The law.
        law: Law,
    },
    /// One of the case's closures panicked.
    Panicked {
        /// The closure.
        odd: Witness,
        /// The panic's message.
        message: String,
    },
}

impl Verdict {
    /// The verdict in a word, as in JSON: `non-finite`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Mismatch { .. } => "mismatch",
            Self::Severed { .. } => "severed",
            Self::Kink => "kink",
            Self::NonFinite { .. } => "non-finite",
            Self::Unchecked { .. } => "unchecked",
            Self::Value { .. } => "value",
            Self::Nondeterministic { .. } => "nondeterministic",
            Self::Invalid { .. } => "invalid",
            Self::Shape { .. } => "shape",
            Self::Unlawful { .. } => "unlawful",
            Self::Panicked { .. } => "panicked",
        }
    }

    /// Whether the verdict is [`Verdict::Pass`].
    pub fn is_pass(&self) -> bool {
        *self == Self::Pass
    }

    /// Whether something is wrong: everything but [`Verdict::Pass`] and [`Verdict::Unchecked`].
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Pass | Self::Unchecked { .. })
    }

    /// The witness at fault, if the verdict names one.
    pub fn odd(&self) -> Option<Witness> {
        match self {
            Self::Mismatch { odd }
            | Self::NonFinite { odd }
            | Self::Value { odd, .. }
            | Self::Nondeterministic { odd, .. }
            | Self::Shape { odd, .. }
            | Self::Unlawful { odd, .. }
            | Self::Panicked { odd, .. } => Some(*odd),
            Self::Severed { .. } => Some(Witness::Autodiff),
            Self::Pass | Self::Kink | Self::Unchecked { .. } | Self::Invalid { .. } => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => write!(f, "pass"),
            Self::Mismatch {
                odd: Witness::Undecided,
            } => write!(f, "MISMATCH, finite differences cannot tell which is wrong"),
            Self::Mismatch {
                odd: Witness::Finite,
            } => write!(
                f,
                "MISMATCH, the gradients are not the derivative of the function"
            ),
            Self::Mismatch { odd } => write!(f, "MISMATCH, {odd} is the odd one"),
            Self::Severed { input } => write!(
                f,
                "SEVERED, autodiff does not reach input {input}: an operation cut the graph"
            ),
            Self::Kink => write!(f, "KINK, the point lies on one"),
            Self::NonFinite {
                odd: Witness::Undecided,
            } => write!(f, "NOT FINITE, by more than one witness"),
            Self::NonFinite { odd } => write!(f, "NOT FINITE, by {odd}"),
            Self::Unchecked { reason } => write!(f, "UNCHECKED, {reason}"),
            Self::Value {
                odd: Witness::Function,
                reason,
            } => write!(f, "VALUE, the function's float type decides: {reason}"),
            Self::Value { odd, reason } => write!(
                f,
                "VALUE, the formula for {odd} is not the function: {reason}"
            ),
            Self::Nondeterministic { odd, first, second } => write!(
                f,
                "NOT DETERMINISTIC, {odd} gives {first:e} and then {second:e} at the same point"
            ),
            Self::Invalid { reason } => write!(f, "INVALID, {reason}"),
            Self::Shape { odd, reason } => write!(f, "SHAPE, by {odd}: {reason}"),
            Self::Unlawful { odd, law } => write!(f, "UNLAWFUL, {odd} {law}"),
            Self::Panicked { odd, message } => write!(f, "PANIC in {odd}: {message}"),
        }
    }
}
