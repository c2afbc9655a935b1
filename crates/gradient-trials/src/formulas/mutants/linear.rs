//! Mistakes in products and biases.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};

use super::{Row, at_sizes};
use crate::formulas::rules::{add_bias_case, add_bias_to_columns_case, affine_case, matmul_case};

pub(super) const MUTANTS: &[Row] = &[
    (
        "matmul: sign",
        "grad_x with the wrong sign",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            gradients(
                grad_z.clone().matmul(w.transpose()).neg(),
                x.transpose().matmul(grad_z),
            )
        },
    ),
    (
        "matmul: w not transposed",
        "grad_x = grad_z·w",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            gradients(grad_z.clone().matmul(w), x.transpose().matmul(grad_z))
        },
    ),
    (
        "matmul: x not transposed",
        "grad_w = x·grad_z",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            gradients(grad_z.clone().matmul(w.transpose()), x.matmul(grad_z))
        },
    ),
    (
        "matmul: grad_z transposed",
        "grad_x = grad_zᵀ·wᵀ",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let grad_x = grad_z.clone().transpose().matmul(w.transpose());
            gradients(grad_x, x.transpose().matmul(grad_z))
        },
    ),
    (
        "matmul: grad_w transposed",
        "grad_w = grad_zᵀ·x",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            gradients(
                grad_z.clone().matmul(w.transpose()),
                grad_z.transpose().matmul(x),
            )
        },
    ),
    (
        "matmul: factors swapped",
        "grad_x = wᵀ·grad_z, w on the wrong side",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            gradients(
                w.transpose().matmul(grad_z.clone()),
                x.transpose().matmul(grad_z),
            )
        },
    ),
    (
        "matmul: gradients swapped",
        "grad_x and grad_w change places",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            gradients(
                x.transpose().matmul(grad_z.clone()),
                grad_z.matmul(w.transpose()),
            )
        },
    ),
    (
        "matmul: mean over rows",
        "grad_w divided by the batch size",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let rows = x.dims()[0] as f64;
            gradients(
                grad_z.clone().matmul(w.transpose()),
                x.transpose().matmul(grad_z) / rows,
            )
        },
    ),
    (
        "matmul: last row forgotten",
        "grad_w sums over all rows but the last",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let rows = x.dims()[0] - 1;
            let grad_x = grad_z.clone().matmul(w.transpose());
            let grad_w = x
                .narrow(0, 0, rows)
                .transpose()
                .matmul(grad_z.narrow(0, 0, rows));
            gradients(grad_x, grad_w)
        },
    ),
    (
        "matmul: twice",
        "grad_x accumulated twice",
        matmul,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let grad_x = grad_z.clone().matmul(w.transpose());
            gradients(grad_x.clone() + grad_x, x.transpose().matmul(grad_z))
        },
    ),
    (
        "add_bias: sum missing",
        "grad_b is the gradient of the last row",
        add_bias,
        |_, g| {
            let grad_z = g.get::<2>(0);
            let last = grad_z.dims()[0] - 1;
            bias_gradients(grad_z.clone(), grad_z.narrow(0, last, 1).squeeze_dim(0))
        },
    ),
    (
        "add_bias: mean",
        "grad_b averages over the rows",
        add_bias,
        |_, g| {
            let grad_z = g.get::<2>(0);
            bias_gradients(grad_z.clone(), grad_z.mean_dim(0).squeeze_dim(0))
        },
    ),
    (
        "add_bias: wrong axis",
        "grad_b sums over the columns",
        add_bias,
        |_, g| {
            let grad_z = g.get::<2>(0);
            bias_gradients(grad_z.clone(), grad_z.sum_dim(1).squeeze_dim(1))
        },
    ),
    (
        "add_bias: batch",
        "grad_x multiplied by the batch size",
        add_bias,
        |_, g| {
            let grad_z = g.get::<2>(0);
            let rows = grad_z.dims()[0] as f64;
            bias_gradients(grad_z.clone() * rows, grad_z.sum_dim(0).squeeze_dim(0))
        },
    ),
    (
        "add_bias: reversed",
        "grad_b in the reverse order",
        add_bias,
        |_, g| {
            let grad_z = g.get::<2>(0);
            bias_gradients(
                grad_z.clone(),
                grad_z.sum_dim(0).squeeze_dim::<1>(0).flip([0]),
            )
        },
    ),
    (
        "add_bias_to_columns: wrong axis",
        "grad_b sums over the rows",
        columns,
        |_, g| {
            let grad_z = g.get::<2>(0);
            bias_gradients(grad_z.clone(), grad_z.sum_dim(0).squeeze_dim(0))
        },
    ),
    (
        "add_bias_to_columns: sum missing",
        "grad_b is the gradient of the first column",
        columns,
        |_, g| {
            let grad_z = g.get::<2>(0);
            bias_gradients(grad_z.clone(), grad_z.narrow(1, 0, 1).squeeze_dim(1))
        },
    ),
    (
        "affine: bias forgotten",
        "grad_b is zero",
        affine,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let grad_b = grad_z.clone().sum_dim(0).squeeze_dim::<1>(0).zeros_like();
            let grad_x = grad_z.clone().matmul(w.transpose());
            gradients(grad_x, x.transpose().matmul(grad_z)).with("b", grad_b)
        },
    ),
    (
        "affine: output for input",
        "grad_w = zᵀ·grad_z, the layer's output for its input",
        affine,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let z = x.matmul(w.clone()) + v.get::<1>("b").unsqueeze_dim(0);
            let grad_b = grad_z.clone().sum_dim(0).squeeze_dim::<1>(0);
            let grad_x = grad_z.clone().matmul(w.transpose());
            gradients(grad_x, z.transpose().matmul(grad_z)).with("b", grad_b)
        },
    ),
    (
        "affine: bias in the input's gradient",
        "grad_x = (grad_z + b)·wᵀ",
        affine,
        |v, g| {
            let (x, w, grad_z) = product(v, g);
            let grad_b = grad_z.clone().sum_dim(0).squeeze_dim::<1>(0);
            let grad_x = (grad_z.clone() + v.get::<1>("b").unsqueeze_dim(0)).matmul(w.transpose());
            gradients(grad_x, x.transpose().matmul(grad_z)).with("b", grad_b)
        },
    ),
];

fn matmul() -> Vec<Case> {
    at_sizes(matmul_case)
}

fn add_bias() -> Vec<Case> {
    at_sizes(add_bias_case)
}

fn columns() -> Vec<Case> {
    at_sizes(add_bias_to_columns_case)
}

fn affine() -> Vec<Case> {
    at_sizes(affine_case)
}

fn product(v: &Values, grad_out: &Upstream) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
    (v.get("x"), v.get("w"), grad_out.get(0))
}

fn gradients(grad_x: Tensor<2>, grad_w: Tensor<2>) -> Gradients {
    Gradients::new().with("x", grad_x).with("w", grad_w)
}

fn bias_gradients(grad_x: Tensor<2>, grad_b: Tensor<1>) -> Gradients {
    Gradients::new().with("x", grad_x).with("b", grad_b)
}
