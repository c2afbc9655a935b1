//! The rules of the lecture. Their points and most of their mistakes are those of `gradient-trials`.

use burn::tensor::Device;
use exercises::Matrix;
use gradient_trials::Origin;

use super::trial::{Form, Slots, Trial, UPSTREAM};
use crate::question::{Formula, Row, Task, call};
use crate::solutions;

const A: Slots = &[("a", Form::Matrix)];
const POINTWISE: Slots = &[("a", Form::Matrix), (UPSTREAM, Form::Matrix)];
const LOGITS: Slots = &[("z", Form::Matrix), ("y", Form::Matrix)];
const OUTPUTS: Slots = &[("yp", Form::Matrix), ("y", Form::Matrix)];

fn task(
    device: &Device,
    rule: &str,
    formula: Formula,
    (arguments, results): (Slots, Slots),
    wrong: &'static [Row],
) -> Task {
    let trial = Trial {
        formula,
        arguments,
        results,
        wrong,
        right: &[],
    };
    trial.of_rule(device, Origin::ManualBackprop, rule)
}

pub(crate) fn sigmoid(device: &Device) -> Task {
    task(device, "sigmoid", solutions::sigmoid, (POINTWISE, A), &[])
}

pub(crate) fn tanh(device: &Device) -> Task {
    task(device, "tanh", solutions::tanh, (POINTWISE, A), &[])
}

pub(crate) fn relu(device: &Device) -> Task {
    task(device, "relu", solutions::relu, (POINTWISE, A), &[])
}

pub(crate) fn elu(device: &Device) -> Task {
    task(device, "elu", solutions::elu, (POINTWISE, A), &[])
}

pub(crate) fn matmul(device: &Device) -> Task {
    let arguments = &[
        ("x", Form::Matrix),
        ("w", Form::Matrix),
        (UPSTREAM, Form::Matrix),
    ];
    let results = &[("x", Form::Matrix), ("w", Form::Matrix)];
    task(
        device,
        "matmul",
        solutions::matmul,
        (arguments, results),
        &[],
    )
}

pub(crate) fn add_bias(device: &Device) -> Task {
    let arguments = &[(UPSTREAM, Form::Matrix)];
    let results = &[("x", Form::Matrix), ("b", Form::Row)];
    task(
        device,
        "add_bias",
        solutions::add_bias,
        (arguments, results),
        &[],
    )
}

pub(crate) fn column_bias(device: &Device) -> Task {
    let arguments = &[(UPSTREAM, Form::Matrix)];
    let results = &[("x", Form::Matrix), ("b", Form::Column)];
    let wrong: &[Row] = &[(
        "add_bias_to_columns: mean",
        "grad_b is the mean over the columns: the rule has the sum",
        |a| {
            call(
                |g: &Matrix| (g.clone(), g.sum_columns() / g.columns() as f64),
                a,
            )
        },
    )];
    task(
        device,
        "add_bias_to_columns",
        solutions::column_bias,
        (arguments, results),
        wrong,
    )
}

pub(crate) fn pointwise(device: &Device) -> Task {
    let arguments = &[("x", Form::Matrix), (UPSTREAM, Form::Matrix)];
    let results = &[("x", Form::Matrix)];
    let wrong: &[Row] = &[(
        "power: upstream forgotten",
        "it equals f'(X): the factor grad_z is missing",
        |a| call(|x: &Matrix, _: &Matrix| x.map(|x| 4.0 * x.powi(3)), a),
    )];
    task(
        device,
        "power",
        solutions::pointwise,
        (arguments, results),
        wrong,
    )
}

pub(crate) fn squared_error(device: &Device) -> Task {
    let results = &[("yp", Form::Matrix)];
    task(
        device,
        "half_squared_error",
        solutions::squared_error,
        (OUTPUTS, results),
        &[],
    )
}

pub(crate) fn softmax(device: &Device) -> Task {
    let arguments = &[("z", Form::Matrix), (UPSTREAM, Form::Matrix)];
    let results = &[("z", Form::Matrix)];
    task(
        device,
        "softmax",
        solutions::softmax,
        (arguments, results),
        &[],
    )
}

pub(crate) fn cross_entropy(device: &Device) -> Task {
    let results = &[("yp", Form::Matrix)];
    task(
        device,
        "cross_entropy",
        solutions::cross_entropy,
        (OUTPUTS, results),
        &[],
    )
}

pub(crate) fn composed(device: &Device) -> Task {
    let results = &[("z", Form::Matrix)];
    let wrong: &[Row] = &[
        (
            "composed: inner product dropped",
            "inner product dropped: grad_z = yp∘grad_yp, without - Σ yp∘grad_yp",
            |a| {
                call(
                    |z: &Matrix, y: &Matrix| {
                        let (_, grad_yp, yp) = composition(z, y);
                        yp * grad_yp
                    },
                    a,
                )
            },
        ),
        (
            "composed: softmax forgotten",
            "softmax forgotten: this is grad_yp, the gradient with respect to Yp",
            |a| call(|z: &Matrix, y: &Matrix| composition(z, y).1, a),
        ),
        (
            "composed: diagonal only",
            "diagonal only: grad_z = yp(1 - yp)∘grad_yp, no off-diagonal part",
            |a| {
                call(
                    |z: &Matrix, y: &Matrix| {
                        let (_, grad_yp, yp) = composition(z, y);
                        &yp * (1.0 - &yp) * grad_yp
                    },
                    a,
                )
            },
        ),
    ];
    task(
        device,
        "softmax_cross_entropy",
        solutions::composed,
        (LOGITS, results),
        wrong,
    )
}

/// n, grad_yp and yp of softmax with cross-entropy.
fn composition(z: &Matrix, y: &Matrix) -> (f64, Matrix, Matrix) {
    let n = z.rows() as f64;
    let e = (z - z.max_columns()).exp();
    let yp = &e / e.sum_columns();
    (n, -y / &yp / n, yp)
}

pub(crate) fn fused(device: &Device) -> Task {
    let results = &[("z", Form::Matrix)];
    task(
        device,
        "softmax_cross_entropy",
        solutions::fused,
        (LOGITS, results),
        &[],
    )
}

pub(crate) fn layer(device: &Device) -> Task {
    let arguments = &[
        ("x", Form::Matrix),
        ("w", Form::Matrix),
        ("b", Form::Row),
        (UPSTREAM, Form::Matrix),
    ];
    let results = &[("x", Form::Matrix), ("w", Form::Matrix), ("b", Form::Row)];
    let wrong: &[Row] = &[
        (
            "layer: w not transposed",
            "w not transposed: grad_x = G·W",
            |a| {
                call(
                    |x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix| {
                        let g = gradient_before(x, w, b, grad_z);
                        (g.matmul(w), x.t().matmul(&g), g.sum_rows())
                    },
                    a,
                )
            },
        ),
        (
            "layer: x not transposed",
            "x not transposed: grad_w = X·G",
            |a| {
                call(
                    |x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix| {
                        let g = gradient_before(x, w, b, grad_z);
                        (g.matmul(&w.t()), x.matmul(&g), g.sum_rows())
                    },
                    a,
                )
            },
        ),
        (
            "layer: mean over rows",
            "mean over rows: grad_b averages G over the rows, the rule has the sum",
            |a| {
                call(
                    |x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix| {
                        let g = gradient_before(x, w, b, grad_z);
                        let grad_b = g.sum_rows() / x.rows() as f64;
                        (g.matmul(&w.t()), x.t().matmul(&g), grad_b)
                    },
                    a,
                )
            },
        ),
    ];
    task(
        device,
        "layer",
        solutions::layer,
        (arguments, results),
        wrong,
    )
}

/// The slides' G of a layer.
fn gradient_before(x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix) -> Matrix {
    let z = (x.matmul(w) + b).map(|a| 1.0 / (1.0 + (-a).exp()));
    &z * (1.0 - &z) * grad_z
}
