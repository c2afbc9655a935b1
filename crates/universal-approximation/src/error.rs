//! Why a net cannot be made.

/// Why a net cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApproximationError {
    /// No bumps, or no hidden units.
    #[error("expected 1 or more {what}, got 0")]
    Nothing {
        /// `bumps` or `hidden units`.
        what: &'static str,
    },
    /// The interval is empty, reversed or not finite.
    #[error(
        "the interval from {low} to {high} is empty or not finite; give two finite numbers, the smaller first"
    )]
    Interval {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// The steepness is zero, negative or not finite.
    #[error(
        "the steepness is {steepness}, expected a positive, finite number; use 30, for example"
    )]
    Steepness {
        /// The steepness given.
        steepness: f64,
    },
    /// The target is not finite at some point.
    #[error("the target is {value} at {at:?}; choose an interval where it is finite")]
    Target {
        /// The point.
        at: Vec<f64>,
        /// The value there.
        value: f64,
    },
    /// A weight of the net is not finite.
    #[error(
        "a weight in {tensor} is {value}; use fewer units, a lower steepness or a longer interval"
    )]
    Weight {
        /// `W1`, `b1`, `W2` or `b2`.
        tensor: &'static str,
        /// The weight.
        value: f64,
    },
    /// The numbers of weights do not match.
    #[error(
        "{tensor} has {got} weights, expected {expected}; give W1 [inputs, hidden], b1 and W2 [hidden]"
    )]
    Size {
        /// `W1`, `b1` or `W2`.
        tensor: &'static str,
        /// Weights expected.
        expected: usize,
        /// Weights given.
        got: usize,
    },
}

impl ApproximationError {
    pub(crate) fn check_count(what: &'static str, count: usize) -> Result<(), Self> {
        match count {
            0 => Err(Self::Nothing { what }),
            _ => Ok(()),
        }
    }

    pub(crate) fn check_steepness(steepness: f64) -> Result<(), Self> {
        if steepness > 0.0 && steepness.is_finite() {
            Ok(())
        } else {
            Err(Self::Steepness { steepness })
        }
    }

    pub(crate) fn check_target(at: &[f64], value: f64) -> Result<f64, Self> {
        if value.is_finite() {
            Ok(value)
        } else {
            let at = at.to_vec();
            Err(Self::Target { at, value })
        }
    }
}
