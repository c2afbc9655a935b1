//! How far a gradient may be from its formula.

use burn::tensor::DType;
use burn_gradcheck::{Case, Tolerance};

/// How far autodiff may be from the formula, by what there is to round.
#[derive(Clone, Debug)]
pub(crate) enum FormulaPrecision {
    /// burn-gradcheck's own tolerances, which allow for sums that cancel.
    General,
    /// The roundings of a short formula without sums, magnified by the formula's own subtractions
    /// as often as stated, with the reason.
    Short(Option<(f64, &'static str)>),
    /// An element is used more than once, so upstream gradients of either sign are summed: what a
    /// cancellation leaves carries the roundings of all terms.
    Summed,
    /// Gradients are copied, or are sums of a few numbers with few digits: nothing is rounded.
    /// Upstream gradients are multiples of 1/256, so even in f32 their sums are exact.
    Exact,
}

impl FormulaPrecision {
    /// Sets the case's tolerances.
    pub(super) fn apply(&self, case: Case) -> Case {
        let f32 = DType::F32;
        match self {
            Self::General => case,
            Self::Short(None) => case.tolerance(f32, short()),
            Self::Short(Some((by, what))) => {
                let Tolerance {
                    pair,
                    finite,
                    reason,
                    ..
                } = short();
                let reason = format!("{reason}, magnified {by} times by {what}");
                case.tolerance(f32, Tolerance::new(by * pair, by * finite, reason))
            }
            Self::Summed => case.tolerance(f32, summed()),
            Self::Exact => {
                let exact = |finite| {
                    let reason = "gradients are copied, or are sums of a few numbers of few digits: \
                                  nothing is rounded";
                    Tolerance::new(0.0, finite, reason)
                };
                let case = case.tolerance(DType::F64, exact(1e-9));
                case.tolerance(f32, exact(summed().finite))
            }
        }
    }
}

fn short() -> Tolerance {
    let bound = 64.0 * f64::from(f32::EPSILON);
    Tolerance::new(bound, bound, "f32: 64 roundings of a formula without sums")
}

fn summed() -> Tolerance {
    let bound = 1024.0 * f64::from(f32::EPSILON);
    let reason = "f32: 64 roundings, magnified 16 times by sums of either sign";
    Tolerance::new(bound, bound, reason)
}
