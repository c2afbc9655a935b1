//! The gradients with respect to one input, and when they count as zero.

use crate::finite::Estimate;
use crate::measure::rms;

/// The two gradients with respect to one input.
pub(super) struct InputGradients {
    /// Whether autodiff reached the input.
    pub(super) connected: bool,
    pub(super) autodiff: Vec<f64>,
    pub(super) manual: Option<Vec<f64>>,
    /// Share of the tensor's size that errors are relative to at least.
    floor: f64,
}

impl InputGradients {
    /// By autodiff, with zeros in `elements` places if it did not reach the input, and by hand.
    pub(super) fn new(
        autodiff: Option<Vec<f64>>,
        manual: Option<Vec<f64>>,
        (elements, floor): (usize, f64),
    ) -> Self {
        Self {
            connected: autodiff.is_some(),
            autodiff: autodiff.unwrap_or_else(|| vec![0.0; elements]),
            manual,
            floor,
        }
    }

    pub(super) fn rms(&self) -> f64 {
        rms(&self.autodiff).max(self.manual.as_deref().map_or(0.0, rms))
    }

    /// Errors are relative to at least this.
    pub(super) fn floor(&self) -> f64 {
        self.floor * self.rms()
    }

    pub(super) fn autodiff_is_zero(&self) -> bool {
        self.autodiff.iter().all(|value| *value == 0.0)
    }

    pub(super) fn manual_is_zero(&self) -> bool {
        let manual = self.manual.as_deref();
        manual.is_some_and(|manual| manual.iter().all(|value| *value == 0.0))
    }
}

/// Finite differences resolve a zero if their error is at most this share of what the other inputs'
/// gradients let expect.
const RESOLVED: f64 = 1e-6;
/// A gradient is zero within rounding up to this many roundings of what the other inputs' gradients let
/// expect.
pub(super) const ROUNDINGS: f64 = 64.0;

/// What finite differences say of a gradient that is zero by the other witnesses.
pub(super) enum Zero {
    /// It is zero.
    Certain,
    /// It may be, but they are too coarse to tell.
    Unresolved,
    /// It is not.
    No,
}

/// Whether a gradient is zero within rounding. `natural` is the size that it would have if it were as
/// important as that of the most important other input.
pub(super) fn zero(
    gradients: &InputGradients,
    estimates: &[Estimate],
    (natural, rounding, epsilon): (f64, f64, f64),
    expected: bool,
) -> Zero {
    let within = rounding.max(ROUNDINGS * epsilon * natural);
    let is_zero = |estimate: &Estimate| estimate.value.abs() <= 4.0 * estimate.error;
    let finite = gradients
        .autodiff
        .iter()
        .all(|gradient| gradient.is_finite());
    if !finite || gradients.rms() > within {
        return Zero::No;
    }
    if estimates.is_empty() || !estimates.iter().all(is_zero) {
        return Zero::No;
    }
    let error = estimates.iter().map(|e| e.error).fold(0.0, f64::max);
    if expected || error <= RESOLVED * natural {
        Zero::Certain
    } else {
        Zero::Unresolved
    }
}
