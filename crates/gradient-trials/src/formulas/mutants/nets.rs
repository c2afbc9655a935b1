//! Mistakes in the backward pass of whole nets: correct rules, composed wrongly.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::activation::{Activation, sigmoid};
use manual_backprop::linear::affine;
use manual_backprop::nets::{general, scalar, xor};

use super::{Row, at_sizes};
use crate::common::scaled;
use crate::formulas::nets as right;

pub(super) const MUTANTS: &[Row] = &[
    (
        "scalar net: weight forgotten",
        "δz3 = δz4, without w2",
        scalar_cases,
        |v, g| {
            let net = Scalar::new(v);
            net.gradients(net.grad_yp.clone(), net.forward.z3.clone(), g)
        },
    ),
    (
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
    (
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
    (
        "xor net: output σ' forgotten",
        "δz5 = δyp",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_z5 = net.grad_yp.clone();
            net.back_from_output(grad_z5, g)
        },
    ),
    (
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
    (
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
    (
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
    (
        "xor net: hidden f' forgotten",
        "δz2 = δz3",
        xor_cases,
        |v, g| {
            let net = Xor::new(v);
            let grad_z3 = net.grad_z5.clone().matmul(v.get::<2>("w2").transpose());
            net.back_from_hidden(grad_z3, g)
        },
    ),
    (
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
    (
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
    (
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
    (
        "general net: σ' at the linear output",
        "δz4 = yp(1 - yp)∘δyp",
        general_cases,
        |v, g| {
            let p = right::parameters(v);
            let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
            let forward = general::forward(Activation::Sigmoid, &p, x.clone(), y.clone());
            let wrong = sigmoid::backward(forward.yp.clone(), forward.yp.clone() - y);
            let (grad_w2, grad_b2) = affine::backward_parameters(forward.z3.clone(), wrong.clone());
            let grad_z2 = sigmoid::backward(forward.z3, wrong.matmul(p.w2.transpose()));
            let (grad_w1, grad_b1) = affine::backward_parameters(x, grad_z2);
            right::name_layers([(grad_w1, grad_b1), (grad_w2, grad_b2)], g)
        },
    ),
];

fn scalar_cases() -> Vec<Case> {
    at_sizes(right::scalar_case)
}

fn xor_cases() -> Vec<Case> {
    at_sizes(|size| right::xor_case(Activation::Sigmoid, size))
}

fn general_cases() -> Vec<Case> {
    at_sizes(|size| right::general_case(Activation::Sigmoid, size))
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
            right::scalar_parameters(v),
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
        let (p, x, y) = (right::parameters(v), v.get::<2>("x"), v.get::<2>("y"));
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
        right::name_layers([(grad_w1, grad_b1), (grad_w2, grad_b2)], grad_out)
    }

    /// The right output layer, and the rest of the chain from a given `δz2`.
    fn back_from_hidden(&self, grad_z2: Tensor<2>, grad_out: &Upstream) -> Gradients {
        let hidden = self.forward.z3.clone();
        let output = affine::backward_parameters(hidden, self.grad_z5.clone());
        let hidden = affine::backward_parameters(self.x.clone(), grad_z2);
        right::name_layers([hidden, output], grad_out)
    }
}
