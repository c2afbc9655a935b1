//! One layer of a net: an affine map and an activation.

use burn::tensor::Tensor;

use crate::activation::{self, Activation};
use crate::linear::affine;

/// The values of a layer's forward pass that its backward pass needs.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Pre-activation `a = x·w + b`, `[batch, d_out]`.
    pub a: Tensor<2>,
    /// Activation `z = f(a)`, `[batch, d_out]`.
    pub z: Tensor<2>,
}

/// Gradients of the loss with respect to the input and the parameters of a layer.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// With respect to the input, `[batch, d_in]`.
    pub grad_x: Tensor<2>,
    /// With respect to the weights, `[d_in, d_out]`.
    pub grad_w: Tensor<2>,
    /// With respect to the bias, `[d_out]`.
    pub grad_b: Tensor<1>,
}

/// Affine layer with an activation.
///
/// # Formula
///
/// ```text
/// z = f(x·w + b)    g = f'(x·w + b)∘grad_z
/// grad_x = g·wᵀ     grad_w = xᵀ·g     grad_b = Σ_rows g
/// ```
///
/// # Shapes
///
/// `x: [batch, d_in]`, `w: [d_in, d_out]`, `b: [d_out]`; `a`, `z` and `grad_z` are
/// `[batch, d_out]`.
///
/// # Derivation
///
/// `g` is the gradient with respect to the pre-activation `a = x·w + b`, by the rule of `f`; the
/// rest is the affine rule with `g` in place of `grad_z`.
///
/// # Panics
///
/// If the sizes do not fit.
///
/// # Source
///
/// Lecture item L10.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::{activation::Activation, layer};
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[1.0, 2.0]], &device);
/// let w = Tensor::<2>::from_data([[3.0, -3.0], [4.0, -4.0]], &device);
/// let b = Tensor::<1>::from_data([5.0, 5.0], &device);
/// let forward = layer::forward(Activation::Relu, x.clone(), w.clone(), b);
/// assert_eq!(forward.z.clone().try_into_vec_as::<f32>().unwrap(), [16.0, 0.0]);
/// let grads = layer::backward(Activation::Relu, x, w, forward, Tensor::ones([1, 2], &device));
/// assert_eq!(grads.grad_b.try_into_vec_as::<f32>().unwrap(), [1.0, 0.0]);
/// assert_eq!(grads.grad_w.try_into_vec_as::<f32>().unwrap(), [1.0, 0.0, 2.0, 0.0]);
/// ```
pub fn forward(f: Activation, x: Tensor<2>, w: Tensor<2>, b: Tensor<1>) -> Forward {
    let a = affine::forward(x, w, b);
    let z = activation::forward(f, a.clone());
    Forward { a, z }
}

/// The gradients, from the values of [`forward`].
pub fn backward(
    f: Activation,
    x: Tensor<2>,
    w: Tensor<2>,
    forward: Forward,
    grad_z: Tensor<2>,
) -> Gradients {
    let g = activation::backward(f, forward.a, forward.z, grad_z);
    let (grad_x, grad_w, grad_b) = affine::backward(x, w, g);
    Gradients {
        grad_x,
        grad_w,
        grad_b,
    }
}
