//! Loss and gradients of an [`XorNet`], by hand.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use xor_net::{OutputUnit, XorNet};

use crate::nets::{Parameters, general, xor};
use crate::packed;

/// The loss of `net` and the gradients of its parameters, for any Burn optimizer.
///
/// The same numbers as `net.loss(x, y)` and its autodiff gradients: half the squared error, summed
/// over the rows. A net with a sigmoid output uses the formulas of [`nets::xor`](crate::nets::xor),
/// one with a linear output those of [`nets::general`](crate::nets::general). There is no gradient
/// for `x`.
///
/// # Shapes
///
/// `x: [batch, inputs]`, `y: [batch, outputs]`; the loss has one element.
///
/// # Panics
///
/// If the sizes do not fit, if a layer has no bias, or if the net is on an autodiff device: pass
/// `net.valid()`, whose parameters keep their ids.
///
/// # Source
///
/// Lecture items L3, L4 and L6.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use xor_net::XorNetConfig;
///
/// let device = Device::flex();
/// let net = XorNetConfig::new().init(0, &device)?;
/// let (x, y) = (Tensor::ones([4, 2], &device), Tensor::ones([4, 1], &device));
/// let (loss, grads) = manual_backprop::xor_net::gradients(&net, x, y);
/// assert_eq!(loss.dims(), [1]);
/// assert_eq!(grads.get::<2>(net.hidden.weight.id).unwrap().dims(), [2, 4]);
/// # Ok::<(), xor_net::ConfigError>(())
/// ```
pub fn gradients(net: &XorNet, x: Tensor<2>, y: Tensor<2>) -> (Tensor<1>, GradientsParams) {
    let f = net.activation;
    let (w1, b1) = packed::parameters(&net.hidden);
    let (w2, b2) = packed::parameters(&net.output);
    let p = Parameters { w1, b1, w2, b2 };
    let (loss, grad_w1, grad_b1, grad_w2, grad_b2) = match net.output_unit {
        OutputUnit::Sigmoid => {
            let forward = xor::forward(f, &p, x.clone(), y.clone());
            let grads = xor::backward(f, &p, x, y, &forward);
            (
                forward.loss,
                grads.grad_w1,
                grads.grad_b1,
                grads.grad_w2,
                grads.grad_b2,
            )
        }
        OutputUnit::Linear => {
            let forward = general::forward(f, &p, x.clone(), y.clone());
            let grads = general::backward(f, &p, x, y, &forward);
            (
                forward.loss,
                grads.grad_w1,
                grads.grad_b1,
                grads.grad_w2,
                grads.grad_b2,
            )
        }
    };
    let mut grads = GradientsParams::new();
    packed::register(&mut grads, &net.hidden, grad_w1, grad_b1);
    packed::register(&mut grads, &net.output, grad_w2, grad_b2);
    (loss, grads)
}
