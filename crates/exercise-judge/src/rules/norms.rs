//! Normalisation and dropout.

use burn::tensor::{Device, Tensor};
use burn_gradcheck::{Case, Sample};
use exercises::{Matrix, Value};

use super::trial::{Form, Trial, UPSTREAM};
use crate::question::{Row, Task, call};
use crate::solutions;

const EPSILON: f64 = 1e-5;

pub(crate) fn layer_norm(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::layer_norm,
        arguments: &[("x", Form::Matrix), (UPSTREAM, Form::Matrix)],
        results: &[("x", Form::Matrix)],
        wrong: LAYER_NORM,
        right: &[],
    };
    let case = |[n, d]: [usize; 2]| {
        Case::new(format!("layer norm {n} {d}"))
            .input("x", [n, d])
            .function(|v| normalised(v.get("x"), 1))
    };
    trial.of_cases(device, &[[4, 4], [3, 6]].map(case), &[], &[])
}

fn normalised(x: Tensor<2>, axis: usize) -> Tensor<2> {
    let centred = x.clone() - x.mean_dim(axis);
    let variance = (centred.clone() * centred.clone()).mean_dim(axis);
    centred / (variance + EPSILON).sqrt()
}

/// The mean along an axis.
fn mean(x: &Matrix, axis: usize) -> Matrix {
    if axis == 0 {
        x.sum_rows() / x.rows() as f64
    } else {
        x.sum_columns() / x.columns() as f64
    }
}

/// The normalised matrix and its standard deviation.
fn normal(x: &Matrix, axis: usize) -> (Matrix, Matrix) {
    let centred = x - mean(x, axis);
    let std = (mean(&(&centred * &centred), axis) + EPSILON).sqrt();
    (&centred / &std, std)
}

/// The gradient of a normalisation, with its two parts or without.
fn norm_backward(x: &Matrix, g: &Matrix, axis: usize, parts: [f64; 2]) -> Matrix {
    let (z, std) = normal(x, axis);
    let [of_mean, of_variance] = parts;
    (g - of_mean * mean(g, axis) - of_variance * &z * mean(&(g * &z), axis)) / &std
}

const LAYER_NORM: &[Row] = &[
    (
        "layer norm: constants",
        "mean and variance taken as constants: grad_x = grad_z/std",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [0.0, 0.0]),
                a,
            )
        },
    ),
    (
        "layer norm: variance as a constant",
        "the variance taken as a constant: the part Z∘mean(grad_z∘Z) is missing",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, 0.0]),
                a,
            )
        },
    ),
    (
        "layer norm: mean as a constant",
        "the mean taken as a constant: the part mean(grad_z) is missing",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [0.0, 1.0]),
                a,
            )
        },
    ),
    (
        "layer norm: sign",
        "sign: the part Z∘mean(grad_z∘Z) is taken away, not added",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, -1.0]),
                a,
            )
        },
    ),
    (
        "layer norm: over the batch",
        "means over the rows: that is batch normalisation",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 0, [1.0, 1.0]),
                a,
            )
        },
    ),
    ("layer norm: not divided", "not divided by std", |a| {
        call(
            |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, 1.0]) * normal(x, 1).1,
            a,
        )
    }),
    (
        "layer norm: sums for means",
        "sums for means: the parts are means over the row",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let d = x.columns() as f64;
                    norm_backward(x, g, 1, [d, d])
                },
                a,
            )
        },
    ),
];

pub(crate) fn batch_norm(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::batch_norm,
        arguments: &[
            ("x", Form::Matrix),
            ("gamma", Form::Row),
            (UPSTREAM, Form::Matrix),
        ],
        results: &[
            ("x", Form::Matrix),
            ("gamma", Form::Row),
            ("beta", Form::Row),
        ],
        wrong: BATCH_NORM,
        right: &[],
    };
    let case = |[n, d]: [usize; 2]| {
        Case::new(format!("batch norm {n} {d}"))
            .input("x", [n, d])
            .input("gamma", [d])
            .input("beta", [d])
            .function(|v| {
                let row = |name| v.get::<1>(name).unsqueeze_dim::<2>(0);
                normalised(v.get("x"), 0) * row("gamma") + row("beta")
            })
    };
    trial.of_cases(device, &[[4, 4], [5, 3]].map(case), &[], &[])
}

/// The gradients of batch normalisation, with the parts of grad_x and a change of the others.
fn batch(
    arguments: &[Value],
    parts: [f64; 2],
    change: fn([Matrix; 3], &Matrix, &Matrix, &Matrix) -> [Matrix; 3],
) -> Option<Vec<Value>> {
    call(
        |x: &Matrix, gamma: &Matrix, g: &Matrix| {
            let (h, _) = normal(x, 0);
            let grad_x = norm_backward(x, &(gamma * g), 0, parts);
            let right = [grad_x, (&h * g).sum_rows(), g.sum_rows()];
            let [grad_x, grad_gamma, grad_beta] = change(right, x, gamma, g);
            (grad_x, grad_gamma, grad_beta)
        },
        arguments,
    )
}

const BATCH_NORM: &[Row] = &[
    (
        "batch norm: constants",
        "mean and variance taken as constants, as in evaluation: grad_x = grad_h/std",
        |a| batch(a, [0.0, 0.0], |right, _, _, _| right),
    ),
    (
        "batch norm: variance as a constant",
        "the variance taken as a constant: the part H∘mean(grad_h∘H) is missing in grad_x",
        |a| batch(a, [1.0, 0.0], |right, _, _, _| right),
    ),
    (
        "batch norm: mean as a constant",
        "the mean taken as a constant: the part mean(grad_h) is missing in grad_x",
        |a| batch(a, [0.0, 1.0], |right, _, _, _| right),
    ),
    (
        "batch norm: γ forgotten",
        "γ is missing in grad_x: grad_h = γ∘grad_z",
        |a| {
            batch(a, [1.0, 1.0], |[_, gamma, beta], x, _, g| {
                [norm_backward(x, g, 0, [1.0, 1.0]), gamma, beta]
            })
        },
    ),
    (
        "batch norm: x for h",
        "grad_gamma = Σ_rows X∘grad_z, with X where H belongs",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, _, beta], x, _, g| {
                [grad_x, (x * g).sum_rows(), beta]
            })
        },
    ),
    (
        "batch norm: means for sums",
        "means for sums: grad_gamma and grad_beta are sums over the rows",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, gamma, beta], x, _, _| {
                let n = x.rows() as f64;
                [grad_x, gamma / n, beta / n]
            })
        },
    ),
    (
        "batch norm: over the columns",
        "means over the columns in grad_x: that is layer normalisation",
        |a| {
            batch(a, [1.0, 1.0], |[_, grad_gamma, beta], x, gamma, g| {
                [
                    norm_backward(x, &(gamma * g), 1, [1.0, 1.0]),
                    grad_gamma,
                    beta,
                ]
            })
        },
    ),
];

/// The share of dropped elements.
const DROPPED: f64 = 0.25;

pub(crate) fn dropout(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::dropout,
        arguments: &[
            ("mask", Form::Matrix),
            ("p", Form::Constant(DROPPED)),
            (UPSTREAM, Form::Matrix),
        ],
        results: &[("x", Form::Matrix)],
        wrong: DROPOUT,
        right: &[],
    };
    let case = |[n, d]: [usize; 2]| {
        let drawn = Sample::Signed.draw(n * d, 0, &["dropout mask"]);
        let mask = drawn.iter().map(|drawn| f64::from(u8::from(*drawn > -0.3)));
        Case::new(format!("dropout {n} {d}"))
            .constant("mask", [n, d], mask.collect::<Vec<_>>())
            .input("x", [n, d])
            .function(|v| v.get::<2>("x") * v.get::<2>("mask") * (1.0 / (1.0 - DROPPED)))
    };
    trial.of_cases(device, &[[4, 4], [3, 6]].map(case), &[], &[])
}

const DROPOUT: &[Row] = &[
    (
        "dropout: scale forgotten",
        "the division by 1 - p is missing: it belongs to the backward pass, too",
        |a| call(|m: &Matrix, _: f64, g: &Matrix| m * g, a),
    ),
    (
        "dropout: mask forgotten",
        "the mask is missing: what was dropped gets no gradient",
        |a| call(|_: &Matrix, p: f64, g: &Matrix| g / (1.0 - p), a),
    ),
    (
        "dropout: divided by p",
        "divided by p, the share of zeros, where 1 - p belongs",
        |a| call(|m: &Matrix, p: f64, g: &Matrix| m * g / p, a),
    ),
    (
        "dropout: multiplied",
        "multiplied by 1 - p, where it must be divided",
        |a| call(|m: &Matrix, p: f64, g: &Matrix| m * g * (1.0 - p), a),
    ),
    (
        "dropout: mask inverted",
        "the mask is inverted: it is 1 where an element is kept",
        |a| {
            call(
                |m: &Matrix, p: f64, g: &Matrix| (1.0 - m) * g / (1.0 - p),
                a,
            )
        },
    ),
    (
        "dropout: nothing dropped",
        "grad_z is passed on unchanged, as in evaluation",
        |a| call(|_: &Matrix, _: f64, g: &Matrix| g.clone(), a),
    ),
];
