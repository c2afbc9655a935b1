//! The loss that the one-hidden-layer nets and linear regression share.

use burn::tensor::Tensor;

/// Half squared error: `½‖yp - y‖²`, summed over all elements.
///
/// # Shapes
///
/// `yp` and `y` of one shape; the loss is a tensor of one element.
///
/// # Panics
///
/// If the shapes differ.
///
/// # Source
///
/// Lecture items L3 and L12.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use layers::half_squared_error;
///
/// let yp = Tensor::<2>::from_data([[3.0], [1.0]], &Device::flex());
/// let y = Tensor::<2>::from_data([[1.0], [2.0]], &Device::flex());
/// assert_eq!(half_squared_error(yp, y).into_scalar::<f32>(), 2.5); // ½(2² + 1²)
/// ```
pub fn half_squared_error(yp: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
    assert_eq!(yp.dims(), y.dims(), "outputs and targets differ in shape");
    let error = yp - y;
    (error.clone() * error).sum().mul_scalar(0.5)
}
