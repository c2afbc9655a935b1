//! The ridge term of linear regression.

use burn::tensor::Tensor;

/// Half the squared norm of weights `w`, times `gamma`: the penalty of ridge regression.
///
/// # Formula
///
/// ```text
/// R = γ/2 ‖w‖² = γ/2 Σ_jk w_jk²        grad_w = γ w
/// ```
///
/// # Shapes
///
/// `w` and `grad_w` have one shape; the penalty has one element.
///
/// # Derivation
///
/// ```text
/// Only the term with the same indices depends on w_jk, and d/dt ½t² = t.
/// ```
///
/// # Source
///
/// Lecture item L12.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::ridge;
///
/// let w = Tensor::<2>::from_data([[3.0, -4.0]], &Device::flex());
/// assert_eq!(ridge::forward(w.clone(), 2.0).into_scalar::<f32>(), 25.0);
/// assert_eq!(ridge::backward(w, 2.0).try_into_vec_as::<f32>().unwrap(), [6.0, -8.0]);
/// ```
pub fn forward<const D: usize>(w: Tensor<D>, gamma: f64) -> Tensor<1> {
    (w.clone() * w).sum().mul_scalar(0.5 * gamma)
}

/// `grad_w`; see [`forward`].
pub fn backward<const D: usize>(w: Tensor<D>, gamma: f64) -> Tensor<D> {
    w.mul_scalar(gamma)
}
