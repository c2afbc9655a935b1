//! The difference between two witnesses that passes, for each float type, with its reason.

use burn::tensor::DType;
use serde::Serialize;

use crate::number;

/// The largest relative errors that pass, measured by [`relative_error`](crate::relative_error).
///
/// # The table
///
/// `n` is the case's [reduction length](crate::Case::reduction_length), at least 16.
///
/// | float type | `pair` | `finite` | relative to at least |
/// |---|---|---|---|
/// | f64 | 1e-12 | 1e-9 | a thousandth of the tensor's rms |
/// | f32 | 2000 √n ε = 2.4e-4 √n | the same | a thousandth of the tensor's rms |
/// | f16, bf16 | 4 √n ε = 3.9e-3 √n, 3.1e-2 √n | the same | the tensor's rms |
/// | others | none: set one | none: set one | |
///
/// An element outside these tolerances is not yet a mismatch: the rounding error that this function has
/// at this point is measured then, and added ([`InputReport::rounding`](crate::InputReport::rounding)).
///
/// # Reasons
///
/// - f64, `pair`: two formulas for the same number differ by rounding, a few √n ε with
///   ε = 2.2e-16, and up to a thousand times that (1 / [`FLOOR`](crate::FLOOR)) for an element that
///   is the rest of a cancellation. 1e-12 allows for that and is far below any mistake in a formula.
/// - f64, `finite`: central differences with Richardson extrapolation reach 1e-11 or better where
///   the function is well conditioned. Where it is not, the error estimate is larger. A difference
///   within four times that estimate is not a mismatch: it passes up to a relative error of 1e-7,
///   and above that the element is uncertified.
/// - f32: a sum of n terms with independent roundings is off by at most λ√n ε/2 times the size of
///   its terms, with λ = 4 for all but one in a thousand sums (Higham and Mary, *SIAM J. Sci.
///   Comput.* 41, 2019), ε = 1.2e-7. An element that a cancellation leaves at the floor carries that
///   error divided by the floor: 4 √n (ε/2) / 1e-3 = 2000 √n ε. The same bound holds against finite
///   differences, since those are in f64 and contribute nothing to it. Only elements at the floor
///   come near it; [`Report::median`](crate::Report::median) is usually below √n ε.
/// - f16, bf16: the same bound with ε = 9.8e-4 and 7.8e-3, doubled since some backends round every
///   partial sum. Divided by the floor it would be above 1, so that errors are relative to the size of
///   the tensor: gross mistakes (a sign, a factor, a missing term) are found, small elements are not
///   judged by themselves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tolerance {
    /// Between the hand-written gradient and autodiff, both on the device under test.
    #[serde(serialize_with = "number::one")]
    pub pair: f64,
    /// Between either of them and finite differences in f64, where those are precise enough.
    #[serde(serialize_with = "number::one")]
    pub finite: f64,
    /// A difference that passes whatever its relative error is; 0 unless set.
    #[serde(serialize_with = "number::one")]
    pub absolute: f64,
    /// Errors are relative to at least this share of the tensor's root mean square.
    #[serde(serialize_with = "number::one")]
    pub floor: f64,
    /// The reason for these numbers.
    pub reason: String,
}

/// The smallest reduction length in the table.
const SHORTEST_REDUCTION: usize = 16;

/// Factor before `√n ε` in f32: 4 / 2 / [`FLOOR`](crate::FLOOR).
const F32_MULTIPLE: f64 = 2.0 / crate::FLOOR;
/// Factor before `√n ε` in f16 and bf16.
const HALF_MULTIPLE: f64 = 4.0;

impl Tolerance {
    /// A tolerance with its reason; errors are relative to at least [`FLOOR`](crate::FLOOR) times the
    /// tensor's root mean square.
    pub fn new(pair: f64, finite: f64, reason: impl Into<String>) -> Self {
        Self {
            pair,
            finite,
            absolute: 0.0,
            floor: crate::FLOOR,
            reason: reason.into(),
        }
    }

    /// The table's tolerance, or `None` for a float type that it does not list.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::DType;
    /// use burn_gradcheck::Tolerance;
    ///
    /// assert_eq!(Tolerance::of(DType::F64, 784).unwrap().pair, 1e-12);
    /// assert!(Tolerance::of(DType::F32, 784).unwrap().pair < 7e-3);
    /// assert!(Tolerance::of(DType::BF16, 16).unwrap().pair < 0.2);
    /// assert!(Tolerance::of(DType::I32, 784).is_none());
    /// ```
    pub fn of(dtype: DType, reduction_length: usize) -> Option<Self> {
        let n = reduction_length.max(SHORTEST_REDUCTION);
        let rounding = (n as f64).sqrt() * epsilon(dtype)?;
        let reason = |multiple: f64| {
            format!(
                "{}: {multiple} epsilon times the root of a reduction length of {n}",
                format!("{dtype:?}").to_lowercase()
            )
        };
        Some(match dtype {
            DType::F64 => Self::new(
                1e-12,
                1e-9,
                "f64: rounding of two formulas, Richardson extrapolation",
            ),
            DType::F32 => {
                let bound = F32_MULTIPLE * rounding;
                Self::new(bound, bound, reason(F32_MULTIPLE))
            }
            _ => {
                let bound = HALF_MULTIPLE * rounding;
                let mut half = Self::new(bound, bound, reason(HALF_MULTIPLE));
                half.floor = 1.0;
                half
            }
        })
    }
}

/// The distance from 1 to the next number of a float type that gradients can be checked in.
pub(crate) fn epsilon(dtype: DType) -> Option<f64> {
    match dtype {
        DType::F64 => Some(f64::EPSILON),
        DType::F32 => Some(f64::from(f32::EPSILON)),
        DType::F16 => Some((-10_f64).exp2()),
        DType::BF16 => Some((-7_f64).exp2()),
        _ => None,
    }
}

/// The smallest normal number of a float type: below it numbers lose digits, and then vanish.
pub(crate) fn smallest_normal(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::MIN_POSITIVE,
        DType::F16 => (-14_f64).exp2(),
        // bf16 has the exponents of f32.
        _ => f64::from(f32::MIN_POSITIVE),
    }
}
