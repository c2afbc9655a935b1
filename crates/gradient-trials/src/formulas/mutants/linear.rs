//! Mistakes in products and biases.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};

use super::{Row, at_sizes, from_rows};
use crate::formulas::rules::{add_bias_case, add_bias_to_columns_case, affine_case, matmul_case};

/// The wrong `grad_x` and `grad_w` from `x`, `w` and `grad_z`.
type ProductGradients = fn(Tensor<2>, Tensor<2>, Tensor<2>) -> (Tensor<2>, Tensor<2>);

/// The wrong `grad_x` and `grad_b` from `grad_z`.
type BiasGradients = fn(Tensor<2>) -> (Tensor<2>, Tensor<1>);

pub(super) fn mutants() -> Vec<Mutant> {
    let of_product = |wrong: ProductGradients| {
        move |v: &Values, g: &Upstream| {
            let (grad_x, grad_w) = wrong(v.get("x"), v.get("w"), g.get(0));
            gradients(grad_x, grad_w)
        }
    };
    let of_bias = |wrong: BiasGradients| {
        move |_: &Values, g: &Upstream| {
            let (grad_x, grad_b) = wrong(g.get(0));
            Gradients::new().with("x", grad_x).with("b", grad_b)
        }
    };
    [
        from_rows(MATMUL, of_product),
        from_rows(BIAS, of_bias),
        from_rows(AFFINE, |vjp| vjp),
    ]
    .concat()
}

const MATMUL: &[Row<ProductGradients>] = &[
    (
        "matmul: sign",
        "grad_x with the wrong sign",
        matmul,
        |x, w, grad_z| {
            (
                grad_z.clone().matmul(w.transpose()).neg(),
                x.transpose().matmul(grad_z),
            )
        },
    ),
    (
        "matmul: w not transposed",
        "grad_x = grad_z·w",
        matmul,
        |x, w, grad_z| (grad_z.clone().matmul(w), x.transpose().matmul(grad_z)),
    ),
    (
        "matmul: x not transposed",
        "grad_w = x·grad_z",
        matmul,
        |x, w, grad_z| (grad_z.clone().matmul(w.transpose()), x.matmul(grad_z)),
    ),
    (
        "matmul: grad_z transposed",
        "grad_x = grad_zᵀ·wᵀ",
        matmul,
        |x, w, grad_z| {
            let grad_x = grad_z.clone().transpose().matmul(w.transpose());
            (grad_x, x.transpose().matmul(grad_z))
        },
    ),
    (
        "matmul: grad_w transposed",
        "grad_w = grad_zᵀ·x",
        matmul,
        |x, w, grad_z| {
            (
                grad_z.clone().matmul(w.transpose()),
                grad_z.transpose().matmul(x),
            )
        },
    ),
    (
        "matmul: factors swapped",
        "grad_x = wᵀ·grad_z, w on the wrong side",
        matmul,
        |x, w, grad_z| {
            (
                w.transpose().matmul(grad_z.clone()),
                x.transpose().matmul(grad_z),
            )
        },
    ),
    (
        "matmul: gradients swapped",
        "grad_x and grad_w change places",
        matmul,
        |x, w, grad_z| {
            (
                x.transpose().matmul(grad_z.clone()),
                grad_z.matmul(w.transpose()),
            )
        },
    ),
    (
        "matmul: mean over rows",
        "grad_w divided by the batch size",
        matmul,
        |x, w, grad_z| {
            let rows = x.dims()[0] as f64;
            (
                grad_z.clone().matmul(w.transpose()),
                x.transpose().matmul(grad_z) / rows,
            )
        },
    ),
    (
        "matmul: last row forgotten",
        "grad_w sums over all rows but the last",
        matmul,
        |x, w, grad_z| {
            let rows = x.dims()[0] - 1;
            let grad_x = grad_z.clone().matmul(w.transpose());
            let grad_w = x
                .narrow(0, 0, rows)
                .transpose()
                .matmul(grad_z.narrow(0, 0, rows));
            (grad_x, grad_w)
        },
    ),
    (
        "matmul: twice",
        "grad_x accumulated twice",
        matmul,
        |x, w, grad_z| {
            let grad_x = grad_z.clone().matmul(w.transpose());
            (grad_x.clone() + grad_x, x.transpose().matmul(grad_z))
        },
    ),
];

const BIAS: &[Row<BiasGradients>] = &[
    (
        "add_bias: sum missing",
        "grad_b is the gradient of the last row",
        add_bias,
        |grad_z| {
            let last = grad_z.dims()[0] - 1;
            (grad_z.clone(), grad_z.narrow(0, last, 1).squeeze_dim(0))
        },
    ),
    (
        "add_bias: mean",
        "grad_b averages over the rows",
        add_bias,
        |grad_z| (grad_z.clone(), grad_z.mean_dim(0).squeeze_dim(0)),
    ),
    (
        "add_bias: wrong axis",
        "grad_b sums over the columns",
        add_bias,
        |grad_z| (grad_z.clone(), grad_z.sum_dim(1).squeeze_dim(1)),
    ),
    (
        "add_bias: batch",
        "grad_x multiplied by the batch size",
        add_bias,
        |grad_z| {
            let rows = grad_z.dims()[0] as f64;
            (grad_z.clone() * rows, grad_z.sum_dim(0).squeeze_dim(0))
        },
    ),
    (
        "add_bias: reversed",
        "grad_b in the reverse order",
        add_bias,
        |grad_z| {
            (
                grad_z.clone(),
                grad_z.sum_dim(0).squeeze_dim::<1>(0).flip([0]),
            )
        },
    ),
    (
        "add_bias_to_columns: wrong axis",
        "grad_b sums over the rows",
        columns,
        |grad_z| (grad_z.clone(), grad_z.sum_dim(0).squeeze_dim(0)),
    ),
    (
        "add_bias_to_columns: sum missing",
        "grad_b is the gradient of the first column",
        columns,
        |grad_z| (grad_z.clone(), grad_z.narrow(1, 0, 1).squeeze_dim(1)),
    ),
];

const AFFINE: &[Row] = &[
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
