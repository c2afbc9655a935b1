//! Mistakes in the backward pass of whole nets: the right rules, put together wrongly.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};

use super::{Mutant, at_sizes};
use crate::Reduction;
use crate::activation::{self, Activation, relu, sigmoid};
use crate::linear::affine;
use crate::nets::{general, mnist, scalar, xor};
use crate::verify::nets as honest;
use crate::verify::rules::scaled;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "scalar net: weight forgotten",
        "δz3 = δz4, without w2",
        scalar_cases,
        |v, g| {
            let net = Scalar::new(v);
            net.gradients(net.grad_yp.clone(), net.forward.z3.clone(), g)
        },
    ),
    Mutant::new(
        "scalar net: value before σ",
        "δw2 = z2 δz4",
        scalar_cases,
        |v, g| {
            let net = Scalar::new(v);
            net.gradients(
                net.p.w2.clone() * net.grad_yp.clone(),
                net.forward.z2.clone(),
                g,
            )
        },
    ),
    Mutant::new(
        "scalar net: other weight",
        "δz3 = w1 δz4",
        scalar_cases,
        |v, g| {
            let net = Scalar::new(v);
            net.gradients(
                net.p.w1.clone() * net.grad_yp.clone(),
                net.forward.z3.clone(),
                g,
            )
        },
    ),
    Mutant::new(
        "xor net: output σ' forgotten",
        "δz5 = δyp",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_z5 = net.grad_yp.clone();
            net.back_from_output(grad_z5, g)
        },
    ),
    Mutant::new(
        "xor net: output σ' at yp",
        "δz5 = σ'(yp)∘δyp",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let again = sigmoid::forward(net.forward.yp.clone());
            let grad_z5 = sigmoid::backward(again, net.grad_yp.clone());
            net.back_from_output(grad_z5, g)
        },
    ),
    Mutant::new(
        "xor net: mean over rows",
        "δyp = (yp - y)/n for the summed loss",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let rows = net.grad_yp.dims()[0] as f64;
            let grad_z5 = sigmoid::backward(net.forward.yp.clone(), net.grad_yp.clone() / rows);
            net.back_from_output(grad_z5, g)
        },
    ),
    Mutant::new(
        "xor net: stale activation",
        "δw2 = z2ᵀ·δz4, the value before f",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_w2 = net
                .forward
                .z2
                .clone()
                .transpose()
                .matmul(net.grad_z5.clone());
            net.back_from_output(net.grad_z5.clone(), g)
                .map("w2", |_: Tensor<2>| scaled(grad_w2, g))
        },
    ),
    Mutant::new(
        "xor net: hidden f' forgotten",
        "δz2 = δz3",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_z3 = net.grad_z5.clone().matmul(v.get::<2>("w2").transpose());
            net.back_from_hidden(grad_z3, g)
        },
    ),
    Mutant::new(
        "xor net: hidden f' at z3",
        "δz2 = f'(z3)∘δz3",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_z3 = net.grad_z5.clone().matmul(v.get::<2>("w2").transpose());
            let again = sigmoid::forward(net.forward.z3.clone());
            net.back_from_hidden(sigmoid::backward(again, grad_z3), g)
        },
    ),
    Mutant::new(
        "xor net: δb1 too early",
        "δb1 = Σ_rows δz3, before f'",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_z3 = net.grad_z5.clone().matmul(v.get::<2>("w2").transpose());
            let grad_b1 = grad_z3.sum_dim(0).squeeze_dim::<1>(0);
            net.back_from_output(net.grad_z5.clone(), g)
                .map("b1", |_: Tensor<1>| scaled(grad_b1, g))
        },
    ),
    Mutant::new(
        "xor net: δb2 of one row",
        "δb2 is δz5 of the last row",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let last = net.grad_z5.dims()[0] - 1;
            let grad_b2 = net.grad_z5.clone().narrow(0, last, 1).squeeze_dim::<1>(0);
            net.back_from_output(net.grad_z5.clone(), g)
                .map("b2", |_: Tensor<1>| scaled(grad_b2, g))
        },
    ),
    Mutant::new(
        "general net: σ' at the linear output",
        "δz4 = yp(1 - yp)∘δyp",
        general_cases,
        |v, g| {
            let p = honest::parameters(v);
            let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
            let forward = general::forward(Activation::Sigmoid, &p, x.clone(), y.clone());
            let wrong = sigmoid::backward(forward.yp.clone(), forward.yp.clone() - y);
            let (grad_w2, grad_b2) = affine::backward_parameters(forward.z3.clone(), wrong.clone());
            let grad_z2 = sigmoid::backward(forward.z3, wrong.matmul(p.w2.transpose()));
            let (grad_w1, grad_b1) = affine::backward_parameters(x, grad_z2);
            honest::name_layers([(grad_w1, grad_b1), (grad_w2, grad_b2)], g)
        },
    ),
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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
    Mutant::new(
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

fn scalar_cases() -> Vec<Case> {
    at_sizes(honest::scalar_case)
}

fn xor_cases() -> Vec<Case> {
    at_sizes(|size| honest::xor_case(Activation::Sigmoid, size))
}

fn general_cases() -> Vec<Case> {
    at_sizes(|size| honest::general_case(Activation::Sigmoid, size))
}

/// Three layers with equal hidden sizes, so that a value of the wrong layer has a fitting shape.
fn mnist_cases() -> Vec<Case> {
    vec![honest::mnist_case(
        Activation::Relu,
        Reduction::Mean,
        &[9, 7, 6, 6, 5],
    )]
}

/// The scalar net up to where its mistakes are made.
struct Scalar {
    p: scalar::Parameters,
    x: Tensor<1>,
    forward: scalar::Forward,
    grad_yp: Tensor<1>,
}

impl Scalar {
    fn new(v: &Values) -> Self {
        let (p, x, y) = (
            honest::scalar_parameters(v),
            v.get::<1>("x"),
            v.get::<1>("y"),
        );
        let forward = scalar::forward(&p, x.clone(), y.clone());
        let grad_yp = forward.yp.clone() - y;
        Self {
            p,
            x,
            forward,
            grad_yp,
        }
    }

    /// The rest of the chain from a given `δz3`, with `factor` as `∂z4/∂w2`.
    fn gradients(&self, grad_z3: Tensor<1>, factor: Tensor<1>, grad_out: &Upstream) -> Gradients {
        let grad_z2 = sigmoid::backward(self.forward.z3.clone(), grad_z3);
        Gradients::new()
            .with("w1", scaled(self.x.clone() * grad_z2.clone(), grad_out))
            .with("b1", scaled(grad_z2, grad_out))
            .with("w2", scaled(factor * self.grad_yp.clone(), grad_out))
            .with("b2", scaled(self.grad_yp.clone(), grad_out))
    }
}

/// The XOR net up to where its mistakes are made.
struct Xor {
    x: Tensor<2>,
    w2: Tensor<2>,
    forward: xor::Forward,
    grad_yp: Tensor<2>,
    grad_z5: Tensor<2>,
}

impl Xor {
    fn new(v: &Values) -> Self {
        let (p, x, y) = (honest::parameters(v), v.get::<2>("x"), v.get::<2>("y"));
        let forward = xor::forward(Activation::Sigmoid, &p, x.clone(), y.clone());
        let grad_yp = forward.yp.clone() - y;
        let grad_z5 = sigmoid::backward(forward.yp.clone(), grad_yp.clone());
        Self {
            x,
            w2: p.w2,
            forward,
            grad_yp,
            grad_z5,
        }
    }

    /// The rest of the chain from a given `δz5`.
    fn back_from_output(&self, grad_z5: Tensor<2>, grad_out: &Upstream) -> Gradients {
        let (grad_w2, grad_b2) =
            affine::backward_parameters(self.forward.z3.clone(), grad_z5.clone());
        let grad_z3 = grad_z5.matmul(self.w2.clone().transpose());
        let grad_z2 = sigmoid::backward(self.forward.z3.clone(), grad_z3);
        let (grad_w1, grad_b1) = affine::backward_parameters(self.x.clone(), grad_z2);
        honest::name_layers([(grad_w1, grad_b1), (grad_w2, grad_b2)], grad_out)
    }

    /// The right output layer, and the rest of the chain from a given `δz2`.
    fn back_from_hidden(&self, grad_z2: Tensor<2>, grad_out: &Upstream) -> Gradients {
        let hidden = self.forward.z3.clone();
        let output = affine::backward_parameters(hidden, self.grad_z5.clone());
        let hidden = affine::backward_parameters(self.x.clone(), grad_z2);
        honest::name_layers([hidden, output], grad_out)
    }
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
