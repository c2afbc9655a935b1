//! Small mistakes: lost precision, one wrong element, rows in the wrong order.

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::activation::{Activation, sigmoid, tanh};
use manual_backprop::cross_entropy::softmax_cross_entropy;
use manual_backprop::linear::{add_bias, matmul};
use manual_backprop::{Reduction, layer};

use super::{Row, at_sizes};
use crate::common::scaled;
use crate::formulas::rules::{
    activation_case, add_bias_case, layer_case, matmul_case, softmax_cross_entropy_case,
};

/// Mistakes as small as the rounding of f32.
pub(super) const BELOW_F32: &[Row] = &[
    (
        "layer: f32 inside f64",
        "grad_w computed in f32",
        layers,
        |v, g| {
            let x = v.get::<2>("x");
            let forward = layer::forward(Activation::Tanh, x.clone(), v.get("w"), v.get("b"));
            let z = forward.z.clone();
            let right = layer::backward(Activation::Tanh, x.clone(), v.get("w"), forward, g.get(0));
            let grad_a = tanh::backward(z, g.get(0));
            let grad_w = single(x).transpose().matmul(single(grad_a)).cast(v.dtype());
            Gradients::new()
                .with("x", right.grad_x)
                .with("w", grad_w)
                .with("b", right.grad_b)
        },
    ),
    (
        "sigmoid: f32 inside f64",
        "z rounded to f32, as by Burn's sigmoid on ndarray",
        sigmoids,
        |v, g| {
            let z = single(sigmoid::forward(v.get::<2>("a"))).cast(v.dtype());
            Gradients::new().with("a", sigmoid::backward(z, g.get(0)))
        },
    ),
    (
        "softmax_cross_entropy: f32 inside f64",
        "the result rounded to f32",
        losses,
        |v, g| {
            let grad_z = single(logits_gradient(v)).cast(v.dtype());
            Gradients::new().with("z", scaled(grad_z, g))
        },
    ),
    (
        "matmul: one element",
        "one element of grad_w off by 1e-6 of itself",
        products,
        |v, g| {
            right(v, g).map("w", |grad: Tensor<2>| {
                with_last_element_times(1.0 + 1e-6, grad)
            })
        },
    ),
    (
        "matmul: one element, barely",
        "one element of grad_w off by 1e-9 of itself",
        products,
        |v, g| {
            right(v, g).map("w", |grad: Tensor<2>| {
                with_last_element_times(1.0 + 1e-9, grad)
            })
        },
    ),
    (
        "matmul: constant off",
        "grad_x times 0.999999",
        products,
        |v, g| right(v, g).map("x", |grad: Tensor<2>| grad * 0.999_999),
    ),
    (
        "softmax_cross_entropy: one element",
        "one element of grad_z off by 1e-6 of itself",
        losses,
        |v, g| {
            let grad_z = with_last_element_times(1.0 + 1e-6, logits_gradient(v));
            Gradients::new().with("z", scaled(grad_z, g))
        },
    ),
    (
        "softmax_cross_entropy: offset",
        "1e-6 added in the denominator of the mean",
        losses,
        |v, g| {
            let rows = v.shape("z")[0] as f64;
            let grad_z = logits_gradient(v) * (rows / (rows + 1e-6));
            Gradients::new().with("z", scaled(grad_z, g))
        },
    ),
];

pub(super) const MUTANTS: &[Row] = &[
    (
        "matmul: rows swapped",
        "the first two rows of grad_w change places",
        products,
        |v, g| right(v, g).map("w", swap_first_two),
    ),
    (
        "softmax_cross_entropy: rows swapped",
        "the first two rows of grad_z change places",
        losses,
        |v, g| Gradients::new().with("z", scaled(swap_first_two(logits_gradient(v)), g)),
    ),
    (
        "matmul: one element zero",
        "the last element of grad_x was never written",
        products,
        |v, g| right(v, g).map("x", |grad: Tensor<2>| with_last_element_times(0.0, grad)),
    ),
    (
        "add_bias: clipped",
        "grad_b clipped to the interval from -1 to 1",
        biases,
        |_, g| {
            let (grad_x, grad_b) = add_bias::backward(g.get(0));
            Gradients::new()
                .with("x", grad_x)
                .with("b", grad_b.clamp(-1.0, 1.0))
        },
    ),
];

fn products() -> Vec<Case> {
    at_sizes(matmul_case)
}

fn biases() -> Vec<Case> {
    at_sizes(add_bias_case)
}

fn layers() -> Vec<Case> {
    at_sizes(|size| layer_case(Activation::Tanh, size))
}

fn sigmoids() -> Vec<Case> {
    at_sizes(|size| activation_case(Activation::Sigmoid, size))
}

fn losses() -> Vec<Case> {
    at_sizes(|size| softmax_cross_entropy_case(Reduction::Mean, size))
}

fn right(v: &Values, grad_out: &Upstream) -> Gradients {
    let (grad_x, grad_w) = matmul::backward(v.get("x"), v.get("w"), grad_out.get(0));
    Gradients::new().with("x", grad_x).with("w", grad_w)
}

fn logits_gradient(v: &Values) -> Tensor<2> {
    let (_, yp) = softmax_cross_entropy::forward(v.get("z"), v.get("y"), Reduction::Mean);
    softmax_cross_entropy::backward(yp, v.get("y"), Reduction::Mean)
}

fn single(tensor: Tensor<2>) -> Tensor<2> {
    tensor.cast(DType::F32)
}

fn with_last_element_times(factor: f64, tensor: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = tensor.dims();
    let last = tensor.clone().slice([rows - 1..rows, columns - 1..columns]);
    tensor.slice_assign([rows - 1..rows, columns - 1..columns], last * factor)
}

fn swap_first_two(tensor: Tensor<2>) -> Tensor<2> {
    let rows = tensor.dims()[0];
    let part = |start, count| tensor.clone().narrow(0, start, count);
    Tensor::cat(vec![part(1, 1), part(0, 1), part(2, rows - 2)], 0)
}
