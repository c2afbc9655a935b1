//! Softmax alone; [`cross_entropy`](crate::cross_entropy) has softmax with its loss.

use burn::tensor::Tensor;

/// Softmax of every row.
///
/// # Formula
///
/// ```text
/// yp_k = e^(z_k - m) / Σ_j e^(z_j - m),  m = max_j z_j
/// grad_z_i = yp_i (grad_yp_i - Σ_k yp_k grad_yp_k)
/// ```
///
/// # Shapes
///
/// `z`, `yp` and their gradients are `[batch, classes]`.
///
/// # Derivation
///
/// ```text
/// m cancels. With s = Σ_j e^z_j:  ∂yp_k/∂z_i = (e^z_k δ_ik s - e^z_k e^z_i) / s²
///                                            = yp_k (δ_ik - yp_i)
/// grad_z_i = Σ_k yp_k (δ_ik - yp_i) grad_yp_k = yp_i grad_yp_i - yp_i Σ_k yp_k grad_yp_k
/// ```
///
/// # Panics
///
/// `backward`, if the shapes differ.
///
/// # Source
///
/// Lecture item L8.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::softmax;
///
/// let yp = softmax::forward(Tensor::<2>::from_data([[1000.0, 1000.0]], &Device::flex()));
/// assert_eq!(yp.clone().try_into_vec_as::<f32>().unwrap(), [0.5, 0.5]);
/// // The outputs always add up to 1, so an equal gradient for all of them changes nothing.
/// let grad_z = softmax::backward(yp.clone(), yp.ones_like());
/// assert_eq!(grad_z.try_into_vec_as::<f32>().unwrap(), [0.0, 0.0]);
/// ```
pub fn forward(z: Tensor<2>) -> Tensor<2> {
    let m = z.clone().max_dim(1);
    let e = (z - m).exp();
    e.clone() / e.sum_dim(1)
}

/// `grad_z` from the output `yp` of [`forward`].
pub fn backward(yp: Tensor<2>, grad_yp: Tensor<2>) -> Tensor<2> {
    let inner = (yp.clone() * grad_yp.clone()).sum_dim(1);
    yp * (grad_yp - inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};

    #[test]
    fn value_by_hand_and_the_whole_jacobian() {
        let yp = forward(tensor([1, 3], &[2f64.ln(), 0.0, 5f64.ln()]));
        let expected = [0.25, 0.125, 0.625];
        for (got, want) in values(yp.clone()).into_iter().zip(expected) {
            assert!((got - want).abs() < 1e-16);
        }
        for k in 0..3 {
            let mut one = [0.0; 3];
            one[k] = 1.0;
            let row = values(backward(yp.clone(), tensor([1, 3], &one)));
            for i in 0..3 {
                let delta = if i == k { 1.0 } else { 0.0 };
                let want = expected[k] * (delta - expected[i]);
                assert!(
                    (row[i] - want).abs() < 1e-16,
                    "∂yp_{k}/∂z_{i}: {} {want}",
                    row[i]
                );
            }
        }
    }

    #[test]
    fn huge_logits_stay_finite() {
        let yp = forward(tensor([2, 2], &[1000.0, -1000.0, -1e300, 1e300]));
        assert_eq!(values(yp), [1.0, 0.0, 0.0, 1.0]);
    }
}
