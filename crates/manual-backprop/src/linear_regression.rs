//! Loss and gradients of a [`LinearRegression`], by hand.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use linear_regression::LinearRegression;

use crate::nets::dense::dropped;
use crate::nets::linear_regression::{Gradients, Parameters, backward, forward};
use crate::packed;

/// The loss of `net` and the gradients of its parameters, for any Burn optimizer.
///
/// The same numbers as `net.loss(x, y)` and its autodiff gradients, by the formulas of
/// [`nets::linear_regression`](crate::nets::linear_regression): half the squared error, summed over
/// the rows, and the rows' share of the ridge term. With dropout, `x` is `x∘m/(1-p)` in them. There is no
/// gradient for `x`.
///
/// # Formula
///
/// ```text
/// ∇W = xᵀ(x·W + 1bᵀ - y) + γ n/N W        ∇b = Σ_rows (x·W + 1bᵀ - y)
/// ```
///
/// with `n` rows of a training set of `N`; `n/N = 1` if the model does not know `N`. With all rows
/// and at `b = 0`, `∇W` is the slides' `(XᵀX + γI)·W - XᵀY`.
///
/// # Shapes
///
/// `x: [batch, inputs]`, `y: [batch, outputs]`; the loss has one element.
///
/// # Panics
///
/// If the sizes do not fit, if there is no bias, or if the net is on an autodiff device: pass
/// `net.valid()`, whose parameters keep their ids.
///
/// # Source
///
/// Lecture item L12.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use linear_regression::LinearRegressionConfig;
///
/// let device = Device::flex();
/// let net = LinearRegressionConfig::new(784, 10).with_ridge(1000.0).init(0, &device)?;
/// let (x, y) = (Tensor::ones([2, 784], &device), Tensor::ones([2, 10], &device));
/// let (loss, grads) = manual_backprop::linear_regression::gradients(&net, x, y);
/// assert_eq!(loss.into_scalar::<f32>(), 10.0); // 2·10 outputs of 0 for targets of 1
/// assert_eq!(grads.get::<2>(net.linear.weight.id).unwrap().dims(), [784, 10]);
/// # Ok::<(), linear_regression::Error>(())
/// ```
pub fn gradients(
    net: &LinearRegression,
    x: Tensor<2>,
    y: Tensor<2>,
) -> (Tensor<1>, GradientsParams) {
    let (w, b) = packed::parameters(&net.linear);
    let gamma = net.batch_ridge(x.dims()[0]);
    let p = Parameters { w, b, gamma };
    let x = dropped(net.dropout, 0, x).0;
    let steps = forward(&p, x.clone(), y.clone());
    let Gradients { grad_w, grad_b, .. } = backward(&p, x, y, &steps);
    let mut grads = GradientsParams::new();
    packed::register(&mut grads, &net.linear, grad_w, grad_b);
    (steps.loss, grads)
}
