//! Dropout of a layer's values in training, given its mask.

use burn::tensor::Tensor;

/// Inverted dropout: values are left out where the mask is 0, and the others scaled up.
///
/// # Formula
///
/// ```text
/// a = h∘m/(1 - p)        grad_h = grad_a∘m/(1 - p)
/// ```
///
/// `p` is the probability with which a value is left out, so that `a` is `h` on average, and a net is evaluated
/// without mask and factor. The mask of the backward pass is that of the forward pass.
///
/// # Shapes
///
/// `h`, the mask `m` (0 or 1), `a` and the gradients have one shape.
///
/// # Derivation
///
/// ```text
/// m is data:  ∂a_i/∂h_i = m_i/(1 - p),  and no other a depends on h_i
/// ```
///
/// # Panics
///
/// If the shapes differ.
///
/// # Source
///
/// Srivastava et al., *Dropout: A Simple Way to Prevent Neural Networks from Overfitting*, 2014, sections 4, 5.1 and 10.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::dropout;
///
/// let h = Tensor::<1>::from_data([1.0, -2.0, 3.0], &Device::flex());
/// let m = Tensor::<1>::from_data([1.0, 0.0, 1.0], &Device::flex());
/// let a = dropout::forward(h.clone(), m.clone(), 0.5);
/// assert_eq!(a.try_into_vec_as::<f32>().unwrap(), [2.0, 0.0, 6.0]);
/// let grad_h = dropout::backward(h.ones_like(), m, 0.5);
/// assert_eq!(grad_h.try_into_vec_as::<f32>().unwrap(), [2.0, 0.0, 2.0]);
/// ```
pub fn forward<const D: usize>(h: Tensor<D>, m: Tensor<D>, p: f64) -> Tensor<D> {
    assert_eq!(h.dims(), m.dims(), "values and mask differ in shape");
    h * m.mul_scalar(1.0 / (1.0 - p))
}

/// `grad_h`; see [`forward`].
pub fn backward<const D: usize>(grad_a: Tensor<D>, m: Tensor<D>, p: f64) -> Tensor<D> {
    assert_eq!(grad_a.dims(), m.dims(), "gradient and mask differ in shape");
    grad_a * m.mul_scalar(1.0 / (1.0 - p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};

    #[test]
    fn values_by_hand() {
        let h = tensor([2, 2], &[1.0, -3.0, 0.5, 2.0]);
        let m = tensor([2, 2], &[1.0, 1.0, 0.0, 1.0]);
        assert_eq!(values(forward(h, m.clone(), 0.2)), [1.25, -3.75, 0.0, 2.5]);
        let grad_a = tensor([2, 2], &[4.0, 8.0, 16.0, -2.0]);
        assert_eq!(values(backward(grad_a, m, 0.2)), [5.0, 10.0, 0.0, -2.5]);
    }

    #[test]
    #[should_panic(expected = "differ in shape")]
    fn a_mask_of_one_row_is_not_broadcast() {
        forward(tensor([2, 2], &[0.0; 4]), tensor([1, 2], &[1.0; 2]), 0.5);
    }
}
