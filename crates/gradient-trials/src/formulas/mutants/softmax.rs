//! Mistakes in the gradient of softmax.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::softmax;

use super::{Row, at_sizes};
use crate::formulas::rules::softmax_case;

pub(super) const MUTANTS: &[Row] = &[
    (
        "softmax: diagonal only",
        "grad_z = yp(1 - yp)∘grad_yp, no off-diagonal part",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            gradient(yp.clone() * (1.0 - yp) * grad_yp)
        },
    ),
    (
        "softmax: inner product dropped",
        "grad_z = yp∘grad_yp",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            gradient(yp * grad_yp)
        },
    ),
    (
        "softmax: wrong axis",
        "the inner product runs over the batch",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            let inner = (yp.clone() * grad_yp.clone()).sum_dim(0);
            gradient(yp * (grad_yp - inner))
        },
    ),
    (
        "softmax: logits for outputs",
        "the inner product is Σ z∘grad_yp",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            let inner = (v.get::<2>("z") * grad_yp.clone()).sum_dim(1);
            gradient(yp * (grad_yp - inner))
        },
    ),
    (
        "softmax: sign",
        "grad_z = yp∘(inner - grad_yp)",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            let inner = (yp.clone() * grad_yp.clone()).sum_dim(1);
            gradient(yp * (inner - grad_yp))
        },
    ),
    (
        "softmax: plain mean",
        "the mean of grad_yp for its mean weighted by yp",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            gradient(yp * (grad_yp.clone() - grad_yp.mean_dim(1)))
        },
    ),
    (
        "softmax: unweighted sum",
        "the inner product without yp: Σ grad_yp",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            gradient(yp * (grad_yp.clone() - grad_yp.sum_dim(1)))
        },
    ),
    (
        "softmax: factor outside dropped",
        "grad_z = grad_yp - Σ yp∘grad_yp",
        cases,
        |v, g| {
            let (yp, grad_yp) = given(v, g);
            let inner = (yp * grad_yp.clone()).sum_dim(1);
            gradient(grad_yp - inner)
        },
    ),
];

fn cases() -> Vec<Case> {
    at_sizes(softmax_case)
}

fn given(v: &Values, grad_out: &Upstream) -> (Tensor<2>, Tensor<2>) {
    (softmax::forward(v.get("z")), grad_out.get(0))
}

fn gradient(grad_z: Tensor<2>) -> Gradients {
    Gradients::new().with("z", grad_z)
}
