//! The MNIST net's loss and gradients without the values in between: the formulas of [`super`],
//! for speed, and with dropout.

use burn::tensor::Tensor;
use layers::Dropout;

use super::LayerParameters;
use crate::Reduction;
use crate::activation::Activation;
use crate::cross_entropy::softmax_cross_entropy;
use crate::nets::dense;

/// The loss and the gradients of every layer's parameters, first layer first.
///
/// # Formula
///
/// ```text
/// yp = softmax(a_L)        L = -c Σ y∘ln yp        δa_L = c (yp - y)
/// ```
///
/// The rest is that of [`dense::gradients`]. `c` is 1 for the sum over the rows and `1/batch` for the mean. If `x`
/// and `y` are only a shard of the batch, `batch` still counts all rows: the losses and gradients of all shards then
/// add up to those of the batch.
///
/// Without dropout, the results equal those of [`forward`](super::forward) and [`backward`](super::backward) bit for
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
    dropout: Dropout,
) -> (Tensor<1>, Vec<(Tensor<2>, Tensor<1>)>) {
    dense::gradients(f, layers, x, dropout, |logits| {
        let (sum, yp) = softmax_cross_entropy::forward(logits, y.clone(), Reduction::Sum);
        let grad_logits = softmax_cross_entropy::backward(yp, y, Reduction::Sum);
        (sum.mul_scalar(c), grad_logits.mul_scalar(c))
    })
}
