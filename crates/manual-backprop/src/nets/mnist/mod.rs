//! The MNIST net: any number of hidden layers, softmax and cross-entropy.

pub mod lean;

pub use super::dense::LayerParameters;

use burn::tensor::Tensor;

use super::matrix;
use crate::Reduction;
use crate::activation::{self, Activation};
use crate::cross_entropy::softmax_cross_entropy;
use crate::layer;
use crate::linear::affine;

/// Every value of the forward pass.
#[derive(Debug, Clone)]
pub struct Forward {
    /// `a_l` and `z_l` of every layer; in the last one, which has no activation, both are the
    /// logits.
    pub layers: Vec<layer::Forward>,
    /// The output `softmax(z_L)`, `[batch, classes]`.
    pub yp: Tensor<2>,
    /// Cross-entropy, one element.
    pub loss: Tensor<1>,
}

/// Gradients of one layer; each has the shape of its variable.
#[derive(Debug, Clone)]
pub struct LayerGradients {
    /// With respect to the activation `z_l`.
    pub grad_z: Tensor<2>,
    /// With respect to the pre-activation: `f'(a_l)∘grad_z`, in the last layer `grad_z` itself.
    pub grad_a: Tensor<2>,
    /// With respect to the weights.
    pub grad_w: Tensor<2>,
    /// With respect to the bias.
    pub grad_b: Tensor<1>,
}

impl Forward {
    /// Every value by its name, in the order of computation: `a1`, `z1`, `a2`, ..., `yp`, `loss`.
    pub fn named(&self) -> Vec<(String, Tensor<2>)> {
        let steps = (1..).zip(&self.layers).flat_map(|(l, step)| {
            [
                (format!("a{l}"), step.a.clone()),
                (format!("z{l}"), step.z.clone()),
            ]
        });
        let ends = [
            ("yp".to_owned(), self.yp.clone()),
            ("loss".to_owned(), matrix(&self.loss)),
        ];
        steps.chain(ends).collect()
    }
}

impl LayerGradients {
    /// The gradients of layer number `l` by their names, in the order of computation: `grad_z1`,
    /// `grad_a1`, `grad_w1`, `grad_b1`; a vector is a matrix of one row.
    pub fn named(&self, l: usize) -> Vec<(String, Tensor<2>)> {
        vec![
            (format!("grad_z{l}"), self.grad_z.clone()),
            (format!("grad_a{l}"), self.grad_a.clone()),
            (format!("grad_w{l}"), self.grad_w.clone()),
            (format!("grad_b{l}"), matrix(&self.grad_b)),
        ]
    }
}

/// Output and loss of the net, with every value in between.
///
/// # Formula
///
/// ```text
/// z1 = f(x·w1 + b1)   z2 = f(z1·w2 + b2)   ...   zL = z(L-1)·wL + bL   yp = softmax(zL)
/// L = -c Σ y∘ln yp,  c = 1 (sum) or 1/batch (mean)
/// ```
///
/// On the slides there are three layers, `f = ReLU` and `c = 1`.
///
/// # Shapes
///
/// `x: [batch, d_0]`, layer `l`: `w: [d_(l-1), d_l]`, `b: [d_l]`; `y: [batch, d_L]`, each row
/// adding up to 1.
///
/// # Panics
///
/// If there is no layer or the sizes do not fit.
///
/// # Source
///
/// Lecture item L7.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::{Reduction, activation::Activation, nets::mnist::{self, LayerParameters}};
///
/// let device = Device::flex();
/// let layers = [(4, 3), (3, 2)].map(|(d_in, d_out)| LayerParameters {
///     w: Tensor::zeros([d_in, d_out], &device),
///     b: Tensor::zeros([d_out], &device),
/// });
/// let x = Tensor::ones([1, 4], &device);
/// let y = Tensor::<2>::from_data([[1.0, 0.0]], &device);
/// let forward = mnist::forward(Activation::Relu, &layers, x.clone(), y.clone(), Reduction::Sum);
/// assert!((forward.loss.clone().into_scalar::<f32>() - 2f32.ln()).abs() < 1e-6);
/// let grads = mnist::backward(Activation::Relu, &layers, x, y, Reduction::Sum, &forward);
/// assert_eq!(grads[1].grad_b.clone().try_into_vec_as::<f32>().unwrap(), [-0.5, 0.5]);
/// ```
pub fn forward(
    f: Activation,
    layers: &[LayerParameters],
    x: Tensor<2>,
    y: Tensor<2>,
    reduction: Reduction,
) -> Forward {
    let (last, hidden) = layers.split_last().expect("a net has at least one layer");
    let mut steps = Vec::with_capacity(layers.len());
    let mut z = x;
    for LayerParameters { w, b } in hidden {
        let step = layer::forward(f, z, w.clone(), b.clone());
        z = step.z.clone();
        steps.push(step);
    }
    let logits = affine::forward(z, last.w.clone(), last.b.clone());
    let (loss, yp) = softmax_cross_entropy::forward(logits.clone(), y, reduction);
    steps.push(layer::Forward {
        a: logits.clone(),
        z: logits,
    });
    Forward {
        layers: steps,
        yp,
        loss,
    }
}

/// The gradients of every layer, first layer first.
///
/// # Formula
///
/// ```text
/// δa_L = δz_L = c (yp - y)         δa_l = f'(a_l)∘δz_l   before the last layer
/// δw_l = z_(l-1)ᵀ·δa_l             δb_l = Σ_rows δa_l    with z_0 = x
/// δz_(l-1) = δa_l·w_lᵀ
/// ```
///
/// # Derivation
///
/// The fused rule of softmax and cross-entropy, then the layer rule from the last layer to the
/// first. The input of the first layer is data and gets no gradient.
///
/// # Source
///
/// Lecture item L9.
pub fn backward(
    f: Activation,
    layers: &[LayerParameters],
    x: Tensor<2>,
    y: Tensor<2>,
    reduction: Reduction,
    forward: &Forward,
) -> Vec<LayerGradients> {
    let last = layers.len() - 1;
    let mut grad_z = softmax_cross_entropy::backward(forward.yp.clone(), y, reduction);
    let mut grads = Vec::with_capacity(layers.len());
    for l in (0..layers.len()).rev() {
        let grad_a = if l == last {
            grad_z.clone()
        } else {
            let layer::Forward { a, z } = forward.layers[l].clone();
            activation::backward(f, a, z, grad_z.clone())
        };
        let input = if l == 0 {
            x.clone()
        } else {
            forward.layers[l - 1].z.clone()
        };
        let (grad_w, grad_b) = affine::backward_parameters(input, grad_a.clone());
        let grad_input = (l > 0).then(|| grad_a.clone().matmul(layers[l].w.clone().transpose()));
        grads.push(LayerGradients {
            grad_z: grad_z.clone(),
            grad_a,
            grad_w,
            grad_b,
        });
        grad_z = grad_input.unwrap_or(grad_z);
    }
    grads.reverse();
    grads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};
    use layers::Dropout;

    #[test]
    fn one_layer_is_softmax_regression() {
        let (x, y) = (
            tensor([2, 2], &[1.0, 2.0, -3.0, 0.5]),
            tensor([2, 2], &[1.0, 0.0, 0.0, 1.0]),
        );
        let layers = [LayerParameters {
            w: tensor([2, 2], &[0.0; 4]),
            b: tensor([2], &[0.0, 3f64.ln()]),
        }];
        let forward = forward(
            Activation::Relu,
            &layers,
            x.clone(),
            y.clone(),
            Reduction::Sum,
        );
        assert!(
            (values(forward.loss.clone())[0] - (4f64.ln() + (4.0 / 3.0f64).ln())).abs() < 1e-15
        );
        let grads = backward(Activation::Relu, &layers, x, y, Reduction::Sum, &forward);
        let expected = [
            1.0 * -0.75 - 3.0 * 0.25,
            0.75 + 0.75,
            2.0 * -0.75 + 0.5 * 0.25,
            1.5 - 0.125,
        ];
        for (got, want) in values(grads[0].grad_w.clone()).into_iter().zip(expected) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
    }

    #[test]
    fn lean_gradients_are_equal_bit_for_bit() {
        let numbers = |count: usize, seed: f64| {
            let number = |i: usize| ((i as f64 + seed) * 12.9898).sin() * 1.5;
            (0..count).map(number).collect::<Vec<_>>()
        };
        let sizes = [4, 6, 5, 3];
        for f in Activation::ALL {
            for depth in 1..sizes.len() {
                let layers = (0..depth).map(|l| LayerParameters {
                    w: tensor(
                        [sizes[l], sizes[l + 1]],
                        &numbers(sizes[l] * sizes[l + 1], l as f64),
                    ),
                    b: tensor([sizes[l + 1]], &numbers(sizes[l + 1], 0.5)),
                });
                let layers = layers.collect::<Vec<_>>();
                let classes = sizes[depth];
                let x = tensor([7, sizes[0]], &numbers(7 * sizes[0], 0.25));
                let y = crate::softmax::forward(tensor([7, classes], &numbers(7 * classes, 0.75)));
                for reduction in [Reduction::Sum, Reduction::Mean] {
                    let forward = forward(f, &layers, x.clone(), y.clone(), reduction);
                    let grads = backward(f, &layers, x.clone(), y.clone(), reduction, &forward);
                    let c = reduction.factor(7);
                    let (x, y) = (x.clone(), y.clone());
                    let (loss, lean) = lean::gradients(f, &layers, x, y, c, Dropout::NONE);
                    assert_eq!(values(loss), values(forward.loss), "{f}, {depth} layers");
                    assert_eq!(lean.len(), depth);
                    for (grads, (grad_w, grad_b)) in grads.into_iter().zip(lean) {
                        assert_eq!(values(grad_w), values(grads.grad_w), "{f}, {depth} layers");
                        assert_eq!(values(grad_b), values(grads.grad_b), "{f}, {depth} layers");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "at least one layer")]
    fn a_net_without_layers_panics() {
        forward(
            Activation::Relu,
            &[],
            tensor([1, 1], &[0.0]),
            tensor([1, 1], &[1.0]),
            Reduction::Sum,
        );
    }
}
