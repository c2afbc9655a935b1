//! Mistakes in code, as students make them.

use crate::package::{LIMITS, altered, diagnosis, package, write};

/// An exercise, what is replaced in its solution, and how the judge names the mistake.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (
        "sigmoid",
        "(1.0 - &z)",
        "(1.0 + &z)",
        "sigmoid: sign inside",
    ),
    (
        "sigmoid",
        " * grad_z\n",
        "\n",
        "sigmoid: upstream forgotten",
    ),
    ("tanh", "&z * &z", "&z", "tanh: square dropped"),
    ("relu", "a > 0.0", "a <= 0.0", "relu: mask inverted"),
    ("elu", "a.exp()", "0.0", "elu: derivative of ReLU"),
    (
        "scalar_net",
        "w2 * grad_z4",
        "grad_z4",
        "scalar net: weight forgotten",
    ),
    (
        "matmul",
        "x.t().matmul(grad_z)",
        "x.matmul(grad_z)",
        "matmul: x not transposed",
    ),
    ("matmul", "&w.t()", "w", "matmul: w not transposed"),
    (
        "matmul",
        "x.t().matmul(grad_z)",
        "grad_z.t().matmul(x)",
        "matmul: grad_w transposed",
    ),
    (
        "matmul",
        "x.t().matmul(grad_z)",
        "x.t().matmul(grad_z) / x.rows() as f64",
        "matmul: mean over rows",
    ),
    (
        "add_bias",
        "grad_z.sum_rows()",
        "grad_z.sum_rows() / grad_z.rows() as f64",
        "add_bias: mean",
    ),
    (
        "add_bias",
        "grad_z.sum_rows()",
        "grad_z.sum_columns().t()",
        "add_bias: wrong axis",
    ),
    (
        "pointwise",
        "4.0 * x.powi(3)",
        "x.powi(3)",
        "power: exponent forgotten",
    ),
    (
        "squared_error",
        "(yp - y) / n",
        "(yp - y) / (yp.rows() * yp.columns()) as f64",
        "half_squared_error: all elements",
    ),
    (
        "general_net",
        "&z3 * (1.0 - &z3) * &grad_z3",
        "grad_z3",
        "general net: hidden f' forgotten",
    ),
    (
        "xor_net",
        "&yp * (1.0 - &yp) * &grad_yp",
        "grad_yp",
        "xor net: output σ' forgotten",
    ),
    (
        "xor_net",
        "grad_z5.sum_rows()",
        "grad_z5.sum_rows() / x.rows() as f64",
        "xor net: mean in δb2",
    ),
    (
        "xor_net",
        "x.t().matmul(&grad_z1)",
        "x.matmul(&grad_z1)",
        "xor net: x not transposed",
    ),
    ("xor_net", "z3.t()", "z2.t()", "xor net: stale activation"),
    (
        "softmax",
        "(grad_yp - &inner)",
        "grad_yp",
        "softmax: inner product dropped",
    ),
    ("cross_entropy", " / n", "", "cross_entropy: 1/n missing"),
    (
        "fused",
        "(&yp - y) / n",
        "(&yp - y) / (n * n)",
        "softmax_cross_entropy: 1/n twice",
    ),
    (
        "fused",
        "(&yp - y) / n",
        "(y - &yp) / n",
        "softmax_cross_entropy: sign",
    ),
    (
        "layer",
        "&z * (1.0 - &z) * grad_z",
        "grad_z.clone()",
        "layer: f' missing",
    ),
    (
        "mnist_net",
        "slope(&a1) * grad_a2.matmul(&w2.t())",
        "grad_a2.matmul(&w2.t())",
        "mnist net: first mask missing",
    ),
    (
        "mnist_net",
        "z2.t().matmul",
        "z1.t().matmul",
        "mnist net: stale input",
    ),
    (
        "mean_once",
        "grad_z.sum_rows()",
        "grad_z.sum_rows() / n",
        "mean once: twice in grad_b",
    ),
    (
        "regression",
        " + w * gamma",
        "",
        "LinearRegression: ridge forgotten",
    ),
    (
        "regression_descent",
        "b = &b - alpha",
        "b = &b - 0.0 * alpha",
        "regression descent: bias left alone",
    ),
    (
        "bowl",
        "[4.0 * s * x.cos() * x.sin(), 4.0 *",
        "[-4.0 * s * x.cos() * x.sin(), -4.0 *",
        "cosine bowl: sign",
    ),
    (
        "descent",
        "gx.hypot(gy)",
        "(gx * gx + gy * gy)",
        "descent: squared norm",
    ),
    (
        "momentum",
        "mu * v + grad",
        "mu * v + (1.0 - mu) * grad",
        "momentum: dampened",
    ),
    (
        "four_variables",
        "20.0 * a",
        "2.0 * a",
        "four variables: inner factor 10",
    ),
    (
        "jacobian",
        "(2.0 * z1 + z2) * g4",
        "2.0 * z1 * g4",
        "inner map: product rule",
    ),
    (
        "used_twice",
        "by_product + by_sigmoid",
        "by_product",
        "used twice: product only",
    ),
    ("bump", "h, -h]", "h, h]", "bump: both up"),
    (
        "layer_norm",
        " - mean(grad_z)",
        "",
        "layer norm: mean as a constant",
    ),
    (
        "batch_norm",
        "gamma * grad_z",
        "grad_z.clone()",
        "batch norm: γ forgotten",
    ),
    ("dropout", " / (1.0 - p)", "", "dropout: scale forgotten"),
    (
        "convolution",
        "* k[(0, t)]",
        "* k[(0, k.columns() - 1 - t)]",
        "convolution: kernel reversed",
    ),
    (
        "recurrent_step",
        "&u.t()",
        "u",
        "recurrent step: u not transposed",
    ),
    (
        "attention",
        "c * grad_s.t().matmul(q)",
        "grad_s.t().matmul(q)",
        "attention: scale in grad_q only",
    ),
    (
        "safe_softmax",
        "(z - z.max_columns()).exp()",
        "z.exp()",
        "safe softmax: plain",
    ),
    (
        "safe_logarithm",
        "-(y * ln_yp)",
        "(y * ln_yp)",
        "safe logarithm: sign",
    ),
    (
        "gradient_check",
        "(difference - claimed[(i, j)]).abs()",
        "(difference - claimed[(i, j)])",
        "gradient check: one-sided comparison",
    ),
];

#[test]
fn mistakes_in_a_students_code_are_named() {
    let (_place, folder) = package();
    let mut otherwise = vec![];
    for (name, from, to, expected) in MISTAKES {
        write(&folder, name, &altered(name, from, to));
        let diagnosis = diagnosis(&folder, name, LIMITS);
        assert!(!diagnosis.is_right(), "{name}: {to}");
        if !diagnosis.known().contains(expected) {
            otherwise.push(format!("{name}: {to}: {:?}", diagnosis.known()));
        }
    }
    println!(
        "{} mistakes in code, {} named otherwise: {otherwise:#?}",
        MISTAKES.len(),
        otherwise.len()
    );
    assert!(20 * otherwise.len() <= MISTAKES.len(), "{otherwise:#?}");
}
