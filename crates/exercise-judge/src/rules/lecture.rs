//! The rules of the lecture. Their points and most of their mistakes are those of `gradient-trials`.

use burn::tensor::Device;
use exercises::{Matrix, Value};
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
    let task = task(device, "relu", solutions::relu, (POINTWISE, A), &[]);
    let kinks = Matrix::from([[0.0, 1.5, -0.5], [-2.0, 0.0, 0.25]]);
    let upstream = Matrix::from([[0.5, -1.0, 2.0], [1.5, -0.75, 1.0]]);
    let arguments = vec![Value::Matrix(kinks), Value::Matrix(upstream)];
    task.and(
        arguments,
        solutions::relu,
        &[(
            "relu: 1 at 0",
            "grad_z passes where a is 0: the derivative there is taken to be 0",
            |a| {
                call(
                    |a: &Matrix, g: &Matrix| a.map(|a| f64::from(u8::from(a >= 0.0))) * g,
                    a,
                )
            },
        )],
    )
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
    let wrong: &[Row] = &[
        (
            "softmax: one sum for all",
            "the inner product is summed over the whole matrix: every row has its own",
            |a| {
                call(
                    |z: &Matrix, g: &Matrix| {
                        let yp = probabilities(z);
                        &yp * (g - (&yp * g).sum())
                    },
                    a,
                )
            },
        ),
        (
            "softmax: upstream forgotten",
            "it equals yp(1 - yp): the factor grad_yp is missing",
            |a| {
                call(
                    |z: &Matrix, _: &Matrix| {
                        let yp = probabilities(z);
                        &yp * (1.0 - &yp)
                    },
                    a,
                )
            },
        ),
    ];
    task(
        device,
        "softmax",
        solutions::softmax,
        (arguments, results),
        wrong,
    )
}

pub(crate) fn cross_entropy(device: &Device) -> Task {
    let results = &[("yp", Form::Matrix)];
    let wrong: &[Row] = &[(
        "cross_entropy: with softmax",
        "it equals (yp - y)/n: that is the gradient before the softmax, which is not asked for here",
        |a| call(|yp: &Matrix, y: &Matrix| (yp - y) / yp.rows() as f64, a),
    )];
    task(
        device,
        "cross_entropy",
        solutions::cross_entropy,
        (OUTPUTS, results),
        wrong,
    )
}

pub(crate) fn composed(device: &Device) -> Task {
    let results = &[("z", Form::Matrix)];
    let wrong: &[Row] = &[
        (
            "composed: inner product dropped",
            "grad_z equals yp∘grad_yp: the inner product is not subtracted",
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
            "it equals grad_yp: softmax's rule is missing",
            |a| call(|z: &Matrix, y: &Matrix| composition(z, y).1, a),
        ),
        (
            "composed: diagonal only",
            "grad_z equals yp(1 - yp)∘grad_yp: the part off the diagonal of the Jacobian is missing",
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
    let (n, yp) = (z.rows() as f64, probabilities(z));
    (n, -y / &yp / n, yp)
}

/// Softmax of every row.
fn probabilities(z: &Matrix) -> Matrix {
    let e = (z - z.max_columns()).exp();
    &e / e.sum_columns()
}

pub(crate) fn fused(device: &Device) -> Task {
    let results = &[("z", Form::Matrix)];
    let wrong: &[Row] = &[(
        "fused: softmax forgotten",
        "it equals -y/(n yp): softmax's rule is missing",
        |a| call(|z: &Matrix, y: &Matrix| composition(z, y).1, a),
    )];
    let task = task(
        device,
        "softmax_cross_entropy",
        solutions::fused,
        (LOGITS, results),
        wrong,
    );
    // e^-1000 is rounded to 0.
    let logits = Matrix::from([[1000.0, 0.0, 999.0], [0.5, -1.0, 2.0]]);
    let labels = Matrix::from([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]);
    let arguments = vec![Value::Matrix(logits), Value::Matrix(labels)];
    task.and(arguments, solutions::fused, DIVIDED)
}

/// Formulas that are right unless an output is rounded to 0.
const DIVIDED: &[Row] = &[
    ("fused: division by yp", BY_ZERO, |a| {
        call(
            |z: &Matrix, y: &Matrix| {
                let (n, grad_yp, yp) = composition(z, y);
                yp * (grad_yp + 1.0 / n)
            },
            a,
        )
    }),
    ("fused: not simplified", BY_ZERO, |a| {
        call(
            |z: &Matrix, y: &Matrix| {
                let (_, grad_yp, yp) = composition(z, y);
                &yp * (&grad_yp - (&yp * &grad_yp).sum_columns())
            },
            a,
        )
    }),
];

const BY_ZERO: &str = "it divides by yp: where yp is rounded to 0, 0/0 is no number";

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
            "grad_x equals G·W: a transpose is missing",
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
            "grad_w equals X·G: a transpose is missing",
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
            "layer: wrong axis",
            "grad_b is the sum of G over the columns, where the one over the rows belongs",
            |a| {
                call(
                    |x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix| {
                        let g = gradient_before(x, w, b, grad_z);
                        let grad_b = g.sum_columns().t();
                        (g.matmul(&w.t()), x.t().matmul(&g), grad_b)
                    },
                    a,
                )
            },
        ),
        (
            "layer: f' of a",
            "G has the factor A∘(1 - A): that formula is for Z",
            |a| {
                call(
                    |x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix| {
                        let a = x.matmul(w) + b;
                        let g = &a * (1.0 - &a) * grad_z;
                        (g.matmul(&w.t()), x.t().matmul(&g), g.sum_rows())
                    },
                    a,
                )
            },
        ),
        (
            "layer: mean over rows",
            "grad_b is the mean of G over the rows: the rule has the sum",
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
