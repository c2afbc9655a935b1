//! What all families share: numbers on the host, and tolerances.

use burn::tensor::{DType, Tensor};
use burn_gradcheck::Tolerance;

/// Largest relative error in f32: nothing is summed, so there are only the roundings of a short
/// formula, each of which may be magnified by the formula's own subtractions.
pub(crate) fn tolerance_f32() -> Tolerance {
    let bound = 64.0 * f64::from(f32::EPSILON);
    Tolerance::new(bound, bound, "f32: 64 roundings of a formula without sums")
}

/// As [`tolerance_f32`], where upstream gradients of either sign are summed because an element was
/// used more than once: what is left of a cancellation carries the roundings of the terms.
pub(crate) fn tolerance_f32_of_sums() -> Tolerance {
    let bound = 1024.0 * f64::from(f32::EPSILON);
    Tolerance::new(
        bound,
        bound,
        "f32: 64 roundings, magnified 16 times by sums of either sign",
    )
}

/// A tensor's elements on the host.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The float type whose tolerance is stated here; the one in f64 is the table's.
pub(crate) const F32: DType = DType::F32;
