//! Half squared error, the loss of the scalar, general and XOR nets.

use burn::tensor::Tensor;

use crate::Reduction;

/// Half squared error of outputs `yp` against targets `y`.
///
/// # Formula
///
/// ```text
/// L = c/2 ‖yp - y‖² = c/2 Σ_ik (yp_ik - y_ik)²        grad_yp = c (yp - y)
/// c = 1 (sum, as on the slides) or 1/batch (mean over the rows)
/// ```
///
/// # Shapes
///
/// `yp`, `y` and `grad_yp` have one shape, rows first; the loss has one element.
///
/// # Derivation
///
/// ```text
/// Only the term with the same indices depends on yp_ik, and d/dt ½(t - y)² = t - y.
/// ```
///
/// # Panics
///
/// If the shapes differ.
///
/// # Source
///
/// Lecture items L3, L5 and L11.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::{Reduction, error::half_squared_error};
///
/// let yp = Tensor::<2>::from_data([[3.0], [1.0]], &Device::flex());
/// let y = Tensor::<2>::from_data([[1.0], [2.0]], &Device::flex());
/// let loss = half_squared_error::forward(yp.clone(), y.clone(), Reduction::Mean);
/// assert_eq!(loss.into_scalar::<f32>(), (4.0 + 1.0) / 2.0 / 2.0);
/// let grad_yp = half_squared_error::backward(yp, y, Reduction::Mean);
/// assert_eq!(grad_yp.try_into_vec_as::<f32>().unwrap(), [1.0, -0.5]);
/// ```
pub mod half_squared_error {
    use super::{Reduction, Tensor};

    /// The loss `L`.
    pub fn forward<const D: usize>(yp: Tensor<D>, y: Tensor<D>, reduction: Reduction) -> Tensor<1> {
        assert_eq!(yp.dims(), y.dims(), "outputs and targets differ in shape");
        let c = reduction.factor(yp.dims()[0]);
        let error = yp - y;
        (error.clone() * error).sum().mul_scalar(0.5 * c)
    }

    /// `grad_yp`.
    pub fn backward<const D: usize>(
        yp: Tensor<D>,
        y: Tensor<D>,
        reduction: Reduction,
    ) -> Tensor<D> {
        assert_eq!(yp.dims(), y.dims(), "outputs and targets differ in shape");
        let c = reduction.factor(yp.dims()[0]);
        (yp - y).mul_scalar(c)
    }
}
