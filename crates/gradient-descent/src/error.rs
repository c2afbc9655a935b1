//! The errors of a descent.

/// A function or a descent that is not possible with these settings.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DescentError {
    /// The step length is zero, negative or not finite.
    #[error("the step length is {step}; give a positive, finite one")]
    Step {
        /// The length given.
        step: f64,
    },
    /// The tolerance is negative or not finite.
    #[error(
        "the tolerance on the gradient's norm is {tolerance}; give 0 or a positive, finite one"
    )]
    Tolerance {
        /// The tolerance given.
        tolerance: f64,
    },
    /// The momentum is not in `[0, 1)`.
    #[error("the momentum is {momentum}; give one from 0 to below 1")]
    Momentum {
        /// The momentum given.
        momentum: f64,
    },
    /// The factor by which a line search shortens its step is not between 0 and 1.
    #[error("the line search's shrink factor is {shrink}; give one between 0 and 1, such as 0.5")]
    Shrink {
        /// The factor given.
        shrink: f64,
    },
    /// The share of the expected decrease that a line search requires is not between 0 and 1.
    #[error("the line search's decrease is {decrease}; give a share between 0 and 1, such as 0.3")]
    Decrease {
        /// The share given.
        decrease: f64,
    },
    /// The start has the wrong number of coordinates.
    #[error("the start has {got} coordinates, but {function} takes {expected}; give {expected}")]
    StartLength {
        /// Name of the function.
        function: String,
        /// Its dimension.
        expected: usize,
        /// Coordinates given.
        got: usize,
    },
    /// A coordinate of the start is not finite.
    #[error("coordinate {index} of the start is {value}; give finite numbers")]
    StartNotFinite {
        /// Number of the coordinate, from 0.
        index: usize,
        /// The coordinate given.
        value: f64,
    },
    /// The function or its gradient overflows at the start.
    #[error("{function} or its gradient is not finite at the start; start nearer to 0")]
    StartOverflows {
        /// Name of the function.
        function: String,
    },
    /// The condition number of a valley is below 1 or not finite.
    #[error("the condition number is {condition}; give a finite one of at least 1")]
    ConditionNumber {
        /// The number given.
        condition: f64,
    },
}
