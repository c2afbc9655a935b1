//! What can be wrong with a request.

/// Why a net cannot be had as asked for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApproximationError {
    /// No bumps, or no hidden units.
    #[error("0 {what} asked for; give 1 or more")]
    Nothing {
        /// `bumps` or `hidden units`.
        what: &'static str,
    },
    /// The interval is empty, reversed or not finite.
    #[error(
        "the interval from {low} to {high} holds nothing; give two finite numbers, the smaller first"
    )]
    Interval {
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// The steepness is zero, negative or not finite.
    #[error("the steepness is {steepness}; give a positive, finite one, such as 30")]
    Steepness {
        /// The steepness given.
        steepness: f64,
    },
    /// The target has no finite value somewhere.
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
    /// The weights' numbers do not fit each other.
    #[error(
        "{tensor} has {got} weights, expected {expected}; give W1 [inputs, hidden], b1 and W2 [hidden]"
    )]
    Size {
        /// `W1`, `b1` or `W2`.
        tensor: &'static str,
        /// What the others ask for.
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
        match steepness > 0.0 && steepness.is_finite() {
            true => Ok(()),
            false => Err(Self::Steepness { steepness }),
        }
    }

    pub(crate) fn check_target(at: &[f64], value: f64) -> Result<f64, Self> {
        let at = at.to_vec();
        match value.is_finite() {
            true => Ok(value),
            false => Err(Self::Target { at, value }),
        }
    }
}
