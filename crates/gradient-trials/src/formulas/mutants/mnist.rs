//! Mistakes in the backward pass of the MNIST net.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};

use super::Row;
use crate::Reduction;
use crate::activation::{self, Activation, relu};
use crate::linear::affine;
use crate::nets::mnist;
use crate::verify::nets as honest;

pub(super) const MUTANTS: &[Row] = &[
    (
        "mnist net: 1/n missing",
        "δz3 = yp - y for the mean",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            net.gradients(
                g,
                Mistake {
                    grad_logits: |yp, y| yp - y,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: 1/n twice",
        "δz3 = (yp - y)/n²",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let twice = |yp: Tensor<2>, y: Tensor<2>| {
                let rows = y.dims()[0] as f64;
                (yp - y) / (rows * rows)
            };
            net.gradients(
                g,
                Mistake {
                    grad_logits: twice,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: ReLU on the logits",
        "δz3 masked where the logits are negative",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            net.gradients(
                g,
                Mistake {
                    mask_logits: true,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: first mask missing",
        "δz1 passes where x·w1 + b1 is negative",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let mask = |l: usize, steps: &mnist::Forward, grad: Tensor<2>| match l {
                0 => grad,
                _ => relu::backward(steps.layers[l].z.clone(), grad),
            };
            net.gradients(
                g,
                Mistake {
                    mask,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: stale mask",
        "the second layer is masked by the first one's activation",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let mask = |_: usize, steps: &mnist::Forward, grad: Tensor<2>| {
                relu::backward(steps.layers[0].z.clone(), grad)
            };
            net.gradients(
                g,
                Mistake {
                    mask,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: stale input",
        "δw3 = z1ᵀ·δz3, the activation of another layer",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let input = |l: usize, x: Tensor<2>, steps: &mnist::Forward| match l {
                0 => x,
                _ => steps.layers[0].z.clone(),
            };
            net.gradients(
                g,
                Mistake {
                    input,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: pre-activation as input",
        "δw_l = a_(l-1)ᵀ·δa_l, the mask of the forward pass forgotten",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let input = |l: usize, x: Tensor<2>, steps: &mnist::Forward| match l {
                0 => x,
                _ => steps.layers[l - 1].a.clone(),
            };
            net.gradients(
                g,
                Mistake {
                    input,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: weights not transposed",
        "δz_(l-1) = δa_l·w_l, on a square layer",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let weights = |w: Tensor<2>| match w.dims() {
                [rows, columns] if rows == columns => w,
                _ => w.transpose(),
            };
            net.gradients(
                g,
                Mistake {
                    weights,
                    ..Mistake::NONE
                },
            )
        },
    ),
    (
        "mnist net: accumulated twice",
        "the first layer's gradients added to themselves",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            net.gradients(g, Mistake::NONE)
                .map("w1", |grad: Tensor<2>| grad * 2.0)
                .map("b1", |grad: Tensor<1>| grad * 2.0)
        },
    ),
    (
        "mnist net: layers swapped",
        "the biases of the hidden layers get each other's gradient",
        mnist_cases,
        |v, g| {
            let net = Mnist::new(v);
            let right = net.steps();
            let swapped = [(0, 1), (1, 0), (2, 2)]
                .map(|(w, b): (usize, usize)| (right[w].grad_w.clone(), right[b].grad_b.clone()));
            honest::name_layers(swapped, g)
        },
    ),
];

/// Three layers with equal hidden sizes, so that a value of the wrong layer has a fitting shape.
fn mnist_cases() -> Vec<Case> {
    vec![honest::mnist_case(
        Activation::Relu,
        Reduction::Mean,
        &[9, 7, 6, 6, 5],
    )]
}

/// The MNIST net, whose backward pass is written out below with one part of it replaced.
struct Mnist {
    x: Tensor<2>,
    y: Tensor<2>,
    layers: Vec<mnist::LayerParameters>,
    forward: mnist::Forward,
}

/// The parts of the backward pass that a mutant may replace.
struct Mistake {
    grad_logits: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    mask: fn(usize, &mnist::Forward, Tensor<2>) -> Tensor<2>,
    mask_logits: bool,
    input: fn(usize, Tensor<2>, &mnist::Forward) -> Tensor<2>,
    weights: fn(Tensor<2>) -> Tensor<2>,
}

impl Mistake {
    /// All parts right.
    const NONE: Self = Self {
        grad_logits: |yp, y| {
            let rows = y.dims()[0] as f64;
            (yp - y) / rows
        },
        mask: |l, forward, grad| {
            let step = forward.layers[l].clone();
            activation::backward(Activation::Relu, step.a, step.z, grad)
        },
        mask_logits: false,
        input: |l, x, forward| match l {
            0 => x,
            _ => forward.layers[l - 1].z.clone(),
        },
        weights: |w| w.transpose(),
    };
}

impl Mnist {
    fn new(v: &Values) -> Self {
        Self {
            x: v.get("x"),
            y: v.get("y"),
            layers: honest::mnist_layers(v, 3),
            forward: honest::mnist_forward(Activation::Relu, Reduction::Mean, 3, v),
        }
    }

    fn gradients(&self, grad_out: &Upstream, mistake: Mistake) -> Gradients {
        let mut grad_z = (mistake.grad_logits)(self.forward.yp.clone(), self.y.clone());
        let mut grads = Vec::new();
        for l in [2, 1, 0] {
            let grad_a = match l == 2 && !mistake.mask_logits {
                true => grad_z,
                false => (mistake.mask)(l, &self.forward, grad_z),
            };
            let input = (mistake.input)(l, self.x.clone(), &self.forward);
            grads.push(affine::backward_parameters(input, grad_a.clone()));
            grad_z = grad_a.matmul((mistake.weights)(self.layers[l].w.clone()));
        }
        grads.reverse();
        honest::name_layers(grads, grad_out)
    }

    /// The right gradients.
    fn steps(&self) -> Vec<mnist::LayerGradients> {
        let (x, y) = (self.x.clone(), self.y.clone());
        mnist::backward(
            Activation::Relu,
            &self.layers,
            x,
            y,
            Reduction::Mean,
            &self.forward,
        )
    }
}
