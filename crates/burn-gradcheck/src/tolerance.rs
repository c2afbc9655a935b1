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
/// | float type | `pair` | `finite` |
/// |---|---|---|
/// | f64 | 1e-12 | 1e-9 |
/// | f32 | 2000 √n ε = 2.4e-4 √n | the same |
/// | others | none: set one | none: set one |
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
/// - f16, bf16: the error depends on the type in which a backend accumulates, and backends differ.
///   Set a tolerance; without one the verdict is `unchecked`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tolerance {
    /// Between the hand-written gradient and autodiff, both on the device under test.
    #[serde(serialize_with = "number::one")]
    pub pair: f64,
    /// Between either of them and finite differences in f64, where those are precise enough.
    #[serde(serialize_with = "number::one")]
    pub finite: f64,
    /// The reason for these numbers.
    pub reason: String,
}

/// The smallest reduction length in the table.
const SHORTEST_REDUCTION: usize = 16;

/// Factor before `√n ε` in f32: 4 / 2 / [`FLOOR`](crate::FLOOR).
const F32_MULTIPLE: f64 = 2.0 / crate::FLOOR;

impl Tolerance {
    /// A tolerance with its reason.
    pub fn new(pair: f64, finite: f64, reason: impl Into<String>) -> Self {
        Self {
            pair,
            finite,
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
    /// assert!(Tolerance::of(DType::BF16, 784).is_none());
    /// ```
    pub fn of(dtype: DType, reduction_length: usize) -> Option<Self> {
        match dtype {
            DType::F64 => Some(Self::new(
                1e-12,
                1e-9,
                "f64: rounding of two formulas, Richardson extrapolation",
            )),
            DType::F32 => {
                let n = reduction_length.max(SHORTEST_REDUCTION);
                let bound = F32_MULTIPLE * (n as f64).sqrt() * f64::from(f32::EPSILON);
                let reason = format!(
                    "f32: {F32_MULTIPLE} epsilon times the root of a reduction length of {n}"
                );
                Some(Self::new(bound, bound, reason))
            }
            _ => None,
        }
    }
}
