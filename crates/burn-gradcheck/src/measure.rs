//! The measure of error.

use serde::Serialize;

use crate::number;

/// Share of a tensor's root mean square below which an element's error is not relative to the element
/// itself: such an element is the rest of a cancellation.
pub const FLOOR: f64 = 1e-3;

/// `|a - b| / max(|a|, |b|, floor)`, and 0 if `a` equals `b`. It is NaN if either is NaN or both are
/// the same infinity, so test it with `error <= tolerance`.
pub fn relative_error(a: f64, b: f64, floor: f64) -> f64 {
    let difference = (a - b).abs();
    if difference == 0.0 {
        return 0.0;
    }
    difference / a.abs().max(b.abs()).max(floor)
}

/// Root mean square of the finite values, 0 if there are none.
pub(crate) fn rms(values: &[f64]) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for value in values.iter().filter(|value| value.is_finite()) {
        sum += value * value;
        count += 1;
    }
    if count == 0 {
        0.0
    } else {
        (sum / count as f64).sqrt()
    }
}

/// The maximum; NaN if either is NaN.
pub(crate) fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// One number for each pair of witnesses; `None` if one of the two is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pairs {
    /// The hand-written gradient and autodiff.
    #[serde(serialize_with = "number::maybe")]
    pub manual_autodiff: Option<f64>,
    /// The hand-written gradient and finite differences.
    #[serde(serialize_with = "number::maybe")]
    pub manual_finite: Option<f64>,
    /// Autodiff and finite differences.
    #[serde(serialize_with = "number::maybe")]
    pub autodiff_finite: Option<f64>,
}

impl Pairs {
    /// Applies `measure` to each pair of values that are present.
    pub(crate) fn of(
        manual: Option<f64>,
        autodiff: Option<f64>,
        finite: Option<f64>,
        measure: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let pair = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| measure(a, b));
        Self {
            manual_autodiff: pair(manual, autodiff),
            manual_finite: pair(manual, finite),
            autodiff_finite: pair(autodiff, finite),
        }
    }

    fn combine(all: &[Self], fold: impl Fn(Vec<f64>) -> Option<f64>) -> Self {
        let column = |get: fn(&Self) -> Option<f64>| fold(all.iter().filter_map(get).collect());
        Self {
            manual_autodiff: column(|pairs| pairs.manual_autodiff),
            manual_finite: column(|pairs| pairs.manual_finite),
            autodiff_finite: column(|pairs| pairs.autodiff_finite),
        }
    }

    /// The largest of each column; NaN counts as larger than anything.
    pub(crate) fn worst(all: &[Self]) -> Self {
        Self::combine(all, |column| column.into_iter().reduce(worse))
    }

    /// The (upper) median of each column; NaN counts as larger than anything.
    pub(crate) fn median(all: &[Self]) -> Self {
        Self::combine(all, |mut column| {
            column.sort_by(f64::total_cmp);
            column.get(column.len() / 2).copied()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_and_infinity_are_never_within_a_tolerance() {
        for (a, b) in [
            (f64::NAN, 1.0),
            (f64::NAN, f64::NAN),
            (f64::INFINITY, f64::INFINITY),
            (f64::INFINITY, 1.0),
        ] {
            let error = relative_error(a, b, 1.0);
            assert!(error.is_nan(), "{a} against {b} measured {error}");
        }
    }

    #[test]
    fn an_element_below_the_floor_is_measured_against_the_floor() {
        assert_eq!(relative_error(2.0, 1.0, 0.0), 0.5);
        assert_eq!(relative_error(2e-6, 1e-6, 1e-3), 1e-3);
        assert_eq!(relative_error(0.0, 0.0, 0.0), 0.0);
    }

    #[test]
    fn a_nan_is_the_worst() {
        let of = |error| Pairs {
            manual_autodiff: Some(error),
            ..Pairs::default()
        };
        let all = [of(1.0), of(f64::NAN), of(3.0)];
        assert!(Pairs::worst(&all).manual_autodiff.unwrap().is_nan());
        assert_eq!(Pairs::median(&all).manual_autodiff, Some(3.0));
        assert_eq!(Pairs::worst(&all).manual_finite, None);
    }
}
