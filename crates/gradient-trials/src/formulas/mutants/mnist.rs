//! Mistakes in the backward pass of the MNIST net.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::Reduction;
use manual_backprop::activation::{self, Activation, relu};
use manual_backprop::linear::affine;
use manual_backprop::nets::mnist::{self, Forward};

use super::Row;
use crate::formulas::nets as right;

pub(super) const MUTANTS: &[Row] = &[
    (
        "mnist net: 1/n missing",
        "δz3 = yp - y for the mean",
        mnist_cases,
        |v, g| backward(v, g, |parts| parts.grad_logits = |yp, y| yp - y),
    ),
    (
        "mnist net: 1/n twice",
        "δz3 = (yp - y)/n²",
        mnist_cases,
        |v, g| {
            backward(v, g, |parts| {
                parts.grad_logits = |yp, y| {
                    let rows = y.dims()[0] as f64;
                    (yp - y) / (rows * rows)
                }
            })
        },
    ),
    (
        "mnist net: ReLU on the logits",
        "δz3 masked where the logits are negative",
        mnist_cases,
        |v, g| backward(v, g, |parts| parts.masks_logits = true),
    ),
    (
        "mnist net: first mask missing",
        "δz1 passes where x·w1 + b1 is negative",
        mnist_cases,
        |v, g| {
            backward(v, g, |parts| {
                parts.mask = |l, steps, grad| match l {
                    0 => grad,
                    _ => relu::backward(steps.layers[l].z.clone(), grad),
                }
            })
        },
    ),
    (
        "mnist net: stale mask",
        "the second layer is masked by the first one's activation",
        mnist_cases,
        |v, g| {
            backward(v, g, |parts| {
                parts.mask = |_, steps, grad| relu::backward(steps.layers[0].z.clone(), grad)
            })
        },
    ),
    (
        "mnist net: stale input",
        "δw3 = z1ᵀ·δz3, the activation of another layer",
        mnist_cases,
        |v, g| {
            backward(v, g, |parts| {
                parts.input = |l, x, steps| match l {
                    0 => x,
                    _ => steps.layers[0].z.clone(),
                }
            })
        },
    ),
    (
        "mnist net: pre-activation as input",
        "δw_l = a_(l-1)ᵀ·δa_l, the mask of the forward pass forgotten",
        mnist_cases,
        |v, g| {
            backward(v, g, |parts| {
                parts.input = |l, x, steps| match l {
                    0 => x,
                    _ => steps.layers[l - 1].a.clone(),
                }
            })
        },
    ),
    (
        "mnist net: weights not transposed",
        "δz_(l-1) = δa_l·w_l, on a square layer",
        mnist_cases,
        |v, g| {
            backward(v, g, |parts| {
                parts.weights = |w| match w.dims() {
                    [rows, columns] if rows == columns => w,
                    _ => w.transpose(),
                }
            })
        },
    ),
    (
        "mnist net: accumulated twice",
        "the first layer's gradients added to themselves",
        mnist_cases,
        |v, g| {
            backward(v, g, |_| {})
                .map("w1", |grad: Tensor<2>| grad * 2.0)
                .map("b1", |grad: Tensor<1>| grad * 2.0)
        },
    ),
    (
        "mnist net: layers swapped",
        "the biases of the hidden layers get each other's gradient",
        mnist_cases,
        |v, g| {
            let (f, mean) = (Activation::Relu, Reduction::Mean);
            let layers = right::mnist_layers(v, 3);
            let steps = right::mnist_forward(f, mean, 3, v);
            let grads = mnist::backward(f, &layers, v.get("x"), v.get("y"), mean, &steps);
            let swapped = [(0, 1), (1, 0), (2, 2)]
                .map(|(w, b): (usize, usize)| (grads[w].grad_w.clone(), grads[b].grad_b.clone()));
            right::name_layers(swapped, g)
        },
    ),
];

/// Three layers with equal hidden sizes, so that a value of the wrong layer has a fitting shape.
fn mnist_cases() -> Vec<Case> {
    let sizes = [9, 7, 6, 6, 5];
    vec![right::mnist_case(Activation::Relu, Reduction::Mean, &sizes)]
}

/// The parts of the backward pass that a mutant may replace.
struct Parts {
    grad_logits: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    mask: fn(usize, &Forward, Tensor<2>) -> Tensor<2>,
    masks_logits: bool,
    input: fn(usize, Tensor<2>, &Forward) -> Tensor<2>,
    weights: fn(Tensor<2>) -> Tensor<2>,
}

impl Parts {
    const RIGHT: Self = Self {
        grad_logits: |yp, y| {
            let rows = y.dims()[0] as f64;
            (yp - y) / rows
        },
        mask: |l, steps, grad| {
            let step = steps.layers[l].clone();
            activation::backward(Activation::Relu, step.a, step.z, grad)
        },
        masks_logits: false,
        input: |l, x, steps| match l {
            0 => x,
            _ => steps.layers[l - 1].z.clone(),
        },
        weights: |w| w.transpose(),
    };
}

/// The backward pass with the parts that `change` replaces.
fn backward(v: &Values, grad_out: &Upstream, change: impl FnOnce(&mut Parts)) -> Gradients {
    let mut parts = Parts::RIGHT;
    change(&mut parts);
    let layers = right::mnist_layers(v, 3);
    let steps = right::mnist_forward(Activation::Relu, Reduction::Mean, 3, v);
    let mut grad_z = (parts.grad_logits)(steps.yp.clone(), v.get("y"));
    let mut grads = Vec::new();
    for l in [2, 1, 0] {
        let grad_a = if l < 2 || parts.masks_logits {
            (parts.mask)(l, &steps, grad_z)
        } else {
            grad_z
        };
        let input = (parts.input)(l, v.get("x"), &steps);
        grads.push(affine::backward_parameters(input, grad_a.clone()));
        grad_z = grad_a.matmul((parts.weights)(layers[l].w.clone()));
    }
    grads.reverse();
    right::name_layers(grads, grad_out)
}
