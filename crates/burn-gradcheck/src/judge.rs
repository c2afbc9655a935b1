//! The decision which witness is wrong, for one number and for all of them.

use crate::finite::Estimate;
use crate::measure::{Pairs, relative_error};
use crate::tolerance::Tolerance;
use crate::verdict::{Verdict, Witness};

/// The statements of the witnesses about one element or one direction.
#[derive(Clone, Debug)]
pub(crate) struct Testimony {
    /// Number of the input.
    pub(crate) input: usize,
    /// The element, in row-major order; `None` for a direction.
    pub(crate) element: Option<usize>,
    /// The direction.
    pub(crate) direction: Option<usize>,
    pub(crate) manual: Option<f64>,
    pub(crate) autodiff: f64,
    pub(crate) finite: Option<Estimate>,
    /// Errors are relative to at least this size.
    pub(crate) floor: f64,
    /// A difference that is only rounding, as measured.
    pub(crate) rounding: f64,
    /// The relative difference that is only rounding, as measured: above 0 where the function computes in a
    /// coarser float type inside.
    pub(crate) relative_rounding: f64,
    /// The whole tensor is zero within rounding, by all witnesses.
    pub(crate) zero: bool,
    /// The whole tensor is below the rounding of the function's value in the type under test, so that
    /// differences mean nothing.
    pub(crate) negligible: bool,
}

/// The decision about one testimony, in rising order of seriousness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Finding {
    Agrees,
    /// The difference is within the error of the finite differences.
    Uncertified,
    Kink,
    Mismatch(Witness),
    NonFinite(Witness),
}

impl Finding {
    fn severity(self) -> u8 {
        match self {
            Self::Agrees => 0,
            Self::Uncertified => 1,
            Self::Kink => 2,
            Self::Mismatch(_) => 3,
            Self::NonFinite(_) => 4,
        }
    }
}

/// A gradient is not wrong if it differs from finite differences by at most this many times their
/// error estimate.
const BENEFIT_OF_DOUBT: f64 = 4.0;
/// If two witnesses differ from finite differences, the one that differs this many times more is the
/// odd one.
const MUCH_FARTHER: f64 = 8.0;

impl Testimony {
    pub(crate) fn relative(&self) -> Pairs {
        let finite = self.finite.map(|estimate| estimate.value);
        Pairs::of(self.manual, Some(self.autodiff), finite, |a, b| {
            relative_error(a, b, self.floor)
        })
    }

    pub(crate) fn absolute(&self) -> Pairs {
        let finite = self.finite.map(|estimate| estimate.value);
        Pairs::of(self.manual, Some(self.autodiff), finite, |a, b| {
            (a - b).abs()
        })
    }

    /// Whether two witnesses agree: within the measured rounding, or else relative to their size.
    fn agree(&self, a: f64, b: f64, relative: f64, tolerance: &Tolerance) -> bool {
        let allowed = self.rounding.max(tolerance.absolute);
        let relative = relative.max(self.relative_rounding);
        (a - b).abs() <= allowed || relative_error(a, b, self.floor) <= relative
    }

    /// The largest of the errors, each as a multiple of its tolerance.
    pub(crate) fn excess(&self, tolerance: &Tolerance) -> f64 {
        let relative = self.relative();
        let multiple = |error: Option<f64>, tolerance: f64| match error {
            Some(error) if error.is_nan() => f64::INFINITY,
            Some(error) => error / tolerance,
            None => 0.0,
        };
        multiple(relative.manual_autodiff, tolerance.pair)
            .max(multiple(relative.manual_finite, tolerance.finite))
            .max(multiple(relative.autodiff_finite, tolerance.finite))
    }

    pub(crate) fn finding(&self, scales: &Scales<'_>) -> Finding {
        match self.finding_of_a_signal(scales) {
            Finding::Mismatch(_) if self.negligible => Finding::Uncertified,
            finding => finding,
        }
    }

    fn finding_of_a_signal(&self, scales: &Scales<'_>) -> Finding {
        let tolerance = scales.tolerance;
        if let Some(odd) = self.not_finite() {
            return Finding::NonFinite(odd);
        }
        if self.zero {
            return Finding::Agrees;
        }
        let pair_agrees = self
            .manual
            .is_none_or(|manual| self.agree(manual, self.autodiff, tolerance.pair, tolerance));
        let Some(finite) = self.finite else {
            return if pair_agrees {
                Finding::Agrees
            } else {
                Finding::Mismatch(Witness::Undecided)
            };
        };
        if let Some(slopes) = finite.kink {
            return self.finding_at_a_kink(slopes, finite.error, pair_agrees, scales);
        }
        if !pair_agrees {
            let odd = self.odd_of_three(finite, tolerance);
            let both_within = odd == Witness::Undecided && self.is_below(finite);
            return if both_within {
                Finding::Uncertified
            } else {
                Finding::Mismatch(odd)
            };
        }
        let mut finding = Finding::Agrees;
        for gradient in self.manual.into_iter().chain([self.autodiff]) {
            let in_doubt = (gradient - finite.value).abs() <= BENEFIT_OF_DOUBT * finite.error;
            let certified = scales.certified.max(self.relative_rounding);
            let certified = relative_error(gradient, finite.value, self.floor) <= certified;
            if self.agree(gradient, finite.value, tolerance.finite, tolerance)
                || (in_doubt && certified)
            {
                continue;
            }
            if !in_doubt {
                return Finding::Mismatch(self.odd_where_gradients_agree());
            }
            finding = Finding::Uncertified;
        }
        finding
    }

    /// Whether both gradients are too small for finite differences to see.
    fn is_below(&self, finite: Estimate) -> bool {
        let manual = self.manual.unwrap_or(0.0).abs();
        manual.max(self.autodiff.abs()) <= finite.error
    }

    /// At a kink a gradient is a convention, but one between the slopes of the two sides.
    fn finding_at_a_kink(
        &self,
        slopes: (f64, f64),
        error: f64,
        pair_agrees: bool,
        scales: &Scales<'_>,
    ) -> Finding {
        if !pair_agrees {
            return Finding::Mismatch(Witness::Undecided);
        }
        let (low, high) = (slopes.0.min(slopes.1), slopes.0.max(slopes.1));
        let slack =
            BENEFIT_OF_DOUBT * error + scales.certified * low.abs().max(high).max(self.floor);
        if (low - slack..=high + slack).contains(&self.autodiff) {
            Finding::Kink
        } else {
            Finding::Mismatch(self.odd_where_gradients_agree())
        }
    }

    /// The odd one if only autodiff and finite differences differ.
    fn odd_where_gradients_agree(&self) -> Witness {
        match self.manual {
            Some(_) => Witness::Finite,
            None => Witness::Autodiff,
        }
    }

    /// What finite differences resolve here, in words.
    fn resolution(&self) -> String {
        let Some(finite) = self.finite else {
            return String::new();
        };
        if self.negligible {
            return " (the gradient is below the rounding of the function's value in the type under \
                    test: check in f64)"
                .to_owned();
        }
        let gradient = self.manual.unwrap_or(self.autodiff);
        format!(
            " (at the worst, they are known to ± {:.1e} and the gradient is {gradient:.1e})",
            finite.error
        )
    }

    fn not_finite(&self) -> Option<Witness> {
        let manual = self.manual.is_some_and(|value| !value.is_finite());
        let autodiff = !self.autodiff.is_finite();
        let finite = self
            .finite
            .is_some_and(|estimate| !estimate.value.is_finite());
        match (manual, autodiff, finite) {
            (false, false, false) => None,
            (true, false, false) => Some(Witness::Manual),
            (false, true, false) => Some(Witness::Autodiff),
            (false, false, true) => Some(Witness::Finite),
            _ => Some(Witness::Undecided),
        }
    }

    /// The odd one if the hand-written gradient and autodiff differ: finite differences decide.
    fn odd_of_three(&self, finite: Estimate, tolerance: &Tolerance) -> Witness {
        let manual = self.manual.unwrap_or(f64::NAN);
        let from_manual = (manual - finite.value).abs();
        let from_autodiff = (self.autodiff - finite.value).abs();
        let size = manual.abs().max(self.autodiff.abs()).max(self.floor);
        let resolution = (BENEFIT_OF_DOUBT * finite.error)
            .max(tolerance.pair / 2.0 * size)
            .max(self.rounding)
            .max(self.relative_rounding / 2.0 * size);
        match (from_manual > resolution, from_autodiff > resolution) {
            (true, false) => Witness::Manual,
            (false, true) => Witness::Autodiff,
            (false, false) => Witness::Undecided,
            (true, true) => {
                let apart = (manual - self.autodiff).abs();
                if apart * MUCH_FARTHER < from_manual.min(from_autodiff) {
                    Witness::Finite
                } else if from_manual > MUCH_FARTHER * from_autodiff {
                    Witness::Manual
                } else if from_autodiff > MUCH_FARTHER * from_manual {
                    Witness::Autodiff
                } else {
                    Witness::Undecided
                }
            }
        }
    }
}

/// What findings are measured by.
#[derive(Clone, Copy)]
pub(crate) struct Scales<'a> {
    pub(crate) tolerance: &'a Tolerance,
    /// A gradient within the error of the finite differences is certified if it also differs from them by
    /// at most this, relative to itself.
    pub(crate) certified: f64,
}

/// The decision about all testimonies: the verdict and the number of the testimony behind it.
pub(crate) struct Conclusion {
    pub(crate) verdict: Verdict,
    pub(crate) worst: Option<usize>,
    pub(crate) kinks: usize,
    pub(crate) uncertified: usize,
}

pub(crate) fn judge(testimonies: &[Testimony], scales: &Scales<'_>) -> Conclusion {
    let findings: Vec<Finding> = testimonies
        .iter()
        .map(|testimony| testimony.finding(scales))
        .collect();
    let worst = (0..testimonies.len()).max_by(|&a, &b| {
        let rank = |index: usize| {
            let excess = testimonies[index].excess(scales.tolerance);
            (findings[index].severity(), excess)
        };
        let ((severity_a, excess_a), (severity_b, excess_b)) = (rank(a), rank(b));
        severity_a
            .cmp(&severity_b)
            .then(excess_a.total_cmp(&excess_b))
    });
    let uncertified = findings
        .iter()
        .filter(|&&finding| finding == Finding::Uncertified)
        .count();
    let verdict = match worst.map(|index| findings[index]) {
        None => Verdict::Invalid {
            reason: "there is nothing to differentiate: declare an input with elements".to_owned(),
        },
        Some(Finding::Agrees) => Verdict::Pass,
        Some(Finding::Uncertified) => Verdict::Unchecked {
            reason: format!(
                "finite differences are too coarse for {uncertified} of {} comparisons{}",
                findings.len(),
                worst.map_or_else(String::new, |index| testimonies[index].resolution())
            ),
        },
        Some(Finding::Kink) => Verdict::Kink,
        Some(Finding::Mismatch(odd)) => Verdict::Mismatch {
            odd: unanimous(&findings).unwrap_or(odd),
        },
        Some(Finding::NonFinite(odd)) => Verdict::NonFinite { odd },
    };
    Conclusion {
        verdict,
        worst,
        kinks: findings
            .iter()
            .filter(|&&finding| finding == Finding::Kink)
            .count(),
        uncertified,
    }
}

/// The witness that all decided mismatches name.
fn unanimous(findings: &[Finding]) -> Option<Witness> {
    let mut named = findings.iter().filter_map(|finding| match finding {
        Finding::Mismatch(Witness::Undecided) => None,
        Finding::Mismatch(odd) => Some(*odd),
        _ => None,
    });
    let first = named.next()?;
    named.all(|odd| odd == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn testimony(manual: f64, autodiff: f64, finite: f64, error: f64) -> Testimony {
        Testimony {
            input: 0,
            element: Some(0),
            direction: None,
            manual: Some(manual),
            autodiff,
            finite: Some(Estimate {
                value: finite,
                error,
                kink: None,
                shrunk: false,
                evaluations: 4,
            }),
            floor: 1e-3,
            rounding: 0.0,
            relative_rounding: 0.0,
            zero: false,
            negligible: false,
        }
    }

    fn finding(manual: f64, autodiff: f64, finite: f64, error: f64) -> Finding {
        let tolerance = Tolerance::new(1e-12, 1e-9, "f64");
        let scales = Scales {
            tolerance: &tolerance,
            certified: 1e-7,
        };
        testimony(manual, autodiff, finite, error).finding(&scales)
    }

    #[test]
    fn the_odd_one_out_is_named() {
        use Witness::{Autodiff, Finite, Manual, Undecided};
        assert_eq!(finding(1.0, 1.0, 1.0, 1e-12), Finding::Agrees);
        assert_eq!(finding(2.0, 1.0, 1.0, 1e-12), Finding::Mismatch(Manual));
        assert_eq!(finding(1.0, 2.0, 1.0, 1e-12), Finding::Mismatch(Autodiff));
        assert_eq!(finding(1.0, 1.0, 2.0, 1e-12), Finding::Mismatch(Finite));
        assert_eq!(finding(1.0, 2.0, 3.0, 1e-12), Finding::Mismatch(Undecided));
    }

    #[test]
    fn a_difference_below_the_finite_tolerance_is_still_decided_by_the_error_estimate() {
        let odd = Finding::Mismatch(Witness::Manual);
        assert_eq!(finding(1.0 + 1e-9, 1.0, 1.0, 1e-12), odd);
        let undecided = Finding::Mismatch(Witness::Undecided);
        assert_eq!(finding(1.0 + 1e-9, 1.0, 1.0, 1e-8), undecided);
    }

    #[test]
    fn imprecise_finite_differences_accuse_no_witness() {
        assert_eq!(finding(1.0, 1.0, 1.1, 0.05), Finding::Uncertified);
        assert_eq!(finding(1.0, 1.0, 1.0 + 5e-8, 2e-8), Finding::Agrees);
    }

    #[test]
    fn precise_finite_differences_are_believed() {
        let odd = Finding::Mismatch(Witness::Finite);
        assert_eq!(finding(1.0, 1.0, 1.0 + 5e-8, 1e-12), odd);
    }

    #[test]
    fn nan_is_never_agreement() {
        let nan = f64::NAN;
        assert_eq!(
            finding(nan, 1.0, 1.0, 0.0),
            Finding::NonFinite(Witness::Manual)
        );
        assert_eq!(
            finding(1.0, nan, 1.0, 0.0),
            Finding::NonFinite(Witness::Autodiff)
        );
        assert_eq!(
            finding(1.0, 1.0, nan, nan),
            Finding::NonFinite(Witness::Finite)
        );
        assert_eq!(
            finding(nan, nan, nan, nan),
            Finding::NonFinite(Witness::Undecided)
        );
    }
}
