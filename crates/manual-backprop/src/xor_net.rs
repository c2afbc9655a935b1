//! Loss and gradients of an [`XorNet`], by hand.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use xor_net::{OutputUnit, XorNet};

use crate::Reduction;
use crate::activation::sigmoid;
use crate::error::half_squared_error;
use crate::nets::dense::{self, LayerParameters};
use crate::packed;

/// The loss of `net` and the gradients of its parameters, for any Burn optimizer.
///
/// The same numbers as `net.loss(x, y)` and its autodiff gradients: half the squared error, summed
/// over the rows. A net with a sigmoid output has the formulas of [`nets::xor`](crate::nets::xor),
/// one with a linear output those of [`nets::general`](crate::nets::general), with the masks of `net.dropout` in
/// between ([`nets::dense`](crate::nets::dense)). There is no gradient for `x`.
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
    let layers = [&net.hidden, &net.output];
    let parameters = layers.map(packed::parameters);
    let parameters = parameters.map(|(w, b)| LayerParameters { w, b });
    let output = |a: Tensor<2>| {
        let yp = match net.output_unit {
            OutputUnit::Sigmoid => sigmoid::forward(a),
            OutputUnit::Linear => a,
        };
        let loss = half_squared_error::forward(yp.clone(), y.clone(), Reduction::Sum);
        let grad_yp = half_squared_error::backward(yp.clone(), y, Reduction::Sum);
        let grad_a = match net.output_unit {
            OutputUnit::Sigmoid => sigmoid::backward(yp, grad_yp),
            OutputUnit::Linear => grad_yp,
        };
        (loss, grad_a)
    };
    let (loss, grads) = dense::gradients(net.activation, &parameters, x, net.dropout, output);
    let mut packed = GradientsParams::new();
    for (layer, (grad_w, grad_b)) in layers.into_iter().zip(grads) {
        packed::register(&mut packed, layer, grad_w, grad_b);
    }
    (loss, packed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::{Parameters, general, xor};
    use crate::testing::{tensor, values};
    use burn::tensor::{DType, Device};
    use xor_net::{Activation, XorNetConfig};

    #[test]
    fn gradients_are_those_of_the_named_nets_bit_for_bit() {
        let (x, y) = (
            tensor([3, 2], &[0.3, -1.0, 0.0, 0.7, 2.0, -0.4]),
            tensor([3, 1], &[1.0, 0.25, -0.5]),
        );
        for f in Activation::ALL {
            for unit in [OutputUnit::Sigmoid, OutputUnit::Linear] {
                let net = XorNetConfig::new()
                    .with_activation(f)
                    .with_output_unit(unit)
                    .init(3, (&Device::flex(), DType::F64))
                    .expect("legal sizes");
                let (loss, packed) = gradients(&net, x.clone(), y.clone());
                let [(w1, b1), (w2, b2)] = [&net.hidden, &net.output].map(packed::parameters);
                let p = Parameters { w1, b1, w2, b2 };
                let (expected, named) = match unit {
                    OutputUnit::Sigmoid => {
                        let forward = xor::forward(f, &p, x.clone(), y.clone());
                        let grads = xor::backward(f, &p, x.clone(), y.clone(), &forward);
                        (forward.loss, grads.named())
                    }
                    OutputUnit::Linear => {
                        let forward = general::forward(f, &p, x.clone(), y.clone());
                        let grads = general::backward(f, &p, x.clone(), y.clone(), &forward);
                        (forward.loss, grads.named())
                    }
                };
                assert_eq!(values(loss), values(expected), "{f}");
                let of = |name: &str| {
                    let (_, grad) = named.iter().find(|(other, _)| other == name).expect(name);
                    values(grad.clone())
                };
                for (layer, [w, b]) in [
                    (&net.hidden, ["grad_w1", "grad_b1"]),
                    (&net.output, ["grad_w2", "grad_b2"]),
                ] {
                    let grad_w = packed.get::<2>(layer.weight.id).expect("a gradient");
                    assert_eq!(values(grad_w), of(w), "{f}, {w}");
                    let id = layer.bias.as_ref().expect("a bias").id;
                    let grad_b = packed.get::<1>(id).expect("a gradient");
                    assert_eq!(values(grad_b), of(b), "{f}, {b}");
                }
            }
        }
    }
}
