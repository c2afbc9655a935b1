//! The MNIST net's loss and gradients without the values in between: the formulas of [`super`],
//! for speed.

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
/// `c` is 1 for the sum over the rows and `1/batch` for the mean. If `x` and `y` are only a shard of
/// the batch, `batch` still counts all rows: the losses and gradients of all shards then add up to
/// those of the batch.
///
/// The results equal those of [`forward`](super::forward) and [`backward`](super::backward) bit for
/// bit. Those two keep every value for the reader; this function drops a value after its last use,
/// so that the next operation can reuse its memory.
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
    // z_(l-1), and a_l if f'(a_l) cannot be computed from z_l.
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
        let z = inputs.pop().expect("one input per layer");
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
