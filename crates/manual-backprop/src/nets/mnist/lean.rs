//! The MNIST net's loss and gradients, and nothing else kept: the formulas of [`super`] for speed.

use burn::tensor::Tensor;

use super::LayerParameters;
use crate::Reduction;
use crate::activation::{self, Activation};
use crate::cross_entropy::softmax_cross_entropy;
use crate::linear::affine;

/// The loss and the gradients of every layer's parameters, first layer first.
///
/// # Formula
///
/// ```text
/// z_l = f(z_(l-1)·w_l + b_l),  z_0 = x        yp = softmax(z_(L-1)·w_L + b_L)
/// δa_L = c (yp - y)
/// δw_l = z_(l-1)ᵀ·δa_l    δb_l = Σ_rows δa_l    δa_(l-1) = f'(a_(l-1))∘(δa_l·w_lᵀ)
/// ```
///
/// `c` is 1 for the sum over the rows, `1/batch` for the mean, also where `x` and `y` are but a shard of
/// the batch: then the losses and gradients of all shards add up to the batch's.
///
/// The numbers of [`forward`](super::forward) and [`backward`](super::backward), to the bit. What
/// those keep for the reader is let go here as soon as it has been used, so that the next operation
/// can write in its place.
///
/// # Shapes
///
/// As [`forward`](super::forward); `grad_w` and `grad_b` have the shapes of `w` and `b`.
///
/// # Panics
///
/// If there is no layer or the sizes do not fit.
///
/// # Source
///
/// Lecture items L7 and L9.
pub fn gradients(
    f: Activation,
    layers: &[LayerParameters],
    x: Tensor<2>,
    y: Tensor<2>,
    c: f64,
) -> (Tensor<1>, Vec<(Tensor<2>, Tensor<1>)>) {
    let (last, hidden) = layers.split_last().expect("a net has at least one layer");
    // z_(l-1), and a_l of those f whose slope does not follow from z_l.
    let (mut inputs, mut kept) = (vec![], vec![]);
    let mut z = x;
    for LayerParameters { w, b } in hidden {
        let a = affine::forward(z.clone(), w.clone(), b.clone());
        inputs.push(z);
        kept.push((f == Activation::Elu).then(|| a.clone()));
        z = activation::forward(f, a);
    }
    let logits = affine::forward(z.clone(), last.w.clone(), last.b.clone());
    inputs.push(z);
    let (sum, yp) = softmax_cross_entropy::forward(logits, y.clone(), Reduction::Sum);
    let loss = sum.mul_scalar(c);
    let mut grad_a = softmax_cross_entropy::backward(yp, y, Reduction::Sum).mul_scalar(c);

    let mut grads = Vec::with_capacity(layers.len());
    for LayerParameters { w, .. } in layers.iter().rev() {
        let z = inputs.pop().expect("one input a layer");
        grads.push(affine::backward_parameters(z.clone(), grad_a.clone()));
        if let Some(a) = kept.pop() {
            let grad_z = grad_a.matmul(w.clone().transpose());
            grad_a = activation::backward(f, a.unwrap_or_else(|| z.clone()), z, grad_z);
        } else {
            break;
        }
    }
    grads.reverse();
    (loss, grads)
}
