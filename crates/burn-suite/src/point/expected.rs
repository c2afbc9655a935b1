//! What a gradient must be at a special point.

use std::fmt;

use burn::tensor::DType;

use crate::number::Short;

/// What a gradient has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This number, up to rounding; an infinity exactly.
    Is(f64),
    /// At a kink: any number between the slopes on its two sides. Which one is a convention.
    Between(f64, f64),
    /// NaN, since the derivative depends on a NaN.
    Nan,
    /// Anything: the function has no derivative there, and the value in its place is a convention.
    Any,
}

impl Expected {
    /// Whether `got` passes. NaN passes only where NaN or anything is expected.
    pub(super) fn allows(self, got: f64, dtype: DType, tolerance: f64) -> bool {
        match self {
            Self::Between(low, high) => {
                let slack = tolerance * low.abs().max(high.abs());
                (low - slack..=high + slack).contains(&got)
            }
            Self::Is(_) => self.error(got, dtype) <= tolerance,
            Self::Nan => got.is_nan(),
            Self::Any => true,
        }
    }

    /// The relative error. A result below the smallest normal number may be flushed to zero.
    pub(super) fn error(self, got: f64, dtype: DType) -> f64 {
        let Self::Is(expected) = self else {
            return 0.0;
        };
        let expected = rounded(expected, dtype);
        if got == expected {
            return 0.0;
        }
        let difference = (got - expected).abs();
        if difference <= smallest_normal(dtype) {
            0.0
        } else if expected.is_finite() {
            difference / expected.abs().max(smallest_normal(dtype))
        } else {
            f64::INFINITY
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => write!(f, "{}", Short(*value)),
            Self::Between(low, high) => write!(f, "{} to {}", Short(*low), Short(*high)),
            Self::Nan => write!(f, "NaN"),
            Self::Any => write!(f, "any"),
        }
    }
}

fn rounded(value: f64, dtype: DType) -> f64 {
    match dtype {
        DType::F64 => value,
        _ => f64::from(value as f32),
    }
}

pub(super) fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    }
}

fn smallest_normal(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_never_what_was_expected() {
        for expected in [
            Expected::Is(0.0),
            Expected::Is(f64::INFINITY),
            Expected::Between(-1.0, 1.0),
        ] {
            assert!(!expected.allows(f64::NAN, DType::F64, 1e-3), "{expected}");
        }
    }

    #[test]
    fn an_infinity_has_to_have_the_right_sign() {
        let expected = Expected::Is(f64::INFINITY);
        assert!(expected.allows(f64::INFINITY, DType::F32, 1e-3));
        assert!(!expected.allows(f64::NEG_INFINITY, DType::F32, 1e-3));
        assert!(!expected.allows(1e30, DType::F32, 1e-3));
    }

    #[test]
    fn what_overflows_in_f32_is_expected_to() {
        assert!(Expected::Is(1e200).allows(f64::INFINITY, DType::F32, 1e-6));
        assert!(!Expected::Is(1e200).allows(f64::INFINITY, DType::F64, 1e-6));
    }
}
