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
        "it equals grad_z/std: mean and variance are taken as constants",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [0.0, 0.0]),
                a,
            )
        },
    ),
    (
        "layer norm: variance as a constant",
        "the variance is taken as a constant: the part Z∘mean(grad_z∘Z) is missing",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, 0.0]),
                a,
            )
        },
    ),
    (
        "layer norm: mean as a constant",
        "the mean is taken as a constant: the part mean(grad_z) is missing",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [0.0, 1.0]),
                a,
            )
        },
    ),
    (
        "layer norm: sign",
        "the part Z∘mean(grad_z∘Z) is added: its sign is wrong",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, -1.0]),
                a,
            )
        },
    ),
    (
        "layer norm: over the batch",
        "means over the batch: that is batch normalisation",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 0, [1.0, 1.0]),
                a,
            )
        },
    ),
    (
        "layer norm: parts over the batch",
        "the means of the two parts are taken over the batch: they are taken over a row",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let (z, std) = normal(x, 1);
                    (g - mean(g, 0) - &z * mean(&(g * &z), 0)) / std
                },
                a,
            )
        },
    ),
    (
        "layer norm: factor 2",
        "the part Z∘mean(grad_z∘Z) is taken twice: the 2 of the square and the ½ of the root cancel",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, 2.0]),
                a,
            )
        },
    ),
    (
        "layer norm: z forgotten",
        "the second part equals mean(grad_z∘Z): its factor Z is missing",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let (z, std) = normal(x, 1);
                    (g - mean(g, 1) - mean(&(g * &z), 1)) / std
                },
                a,
            )
        },
    ),
    (
        "layer norm: sum of grad_z",
        "the first part is the sum of grad_z over the row: it is the mean",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [x.columns() as f64, 1.0]),
                a,
            )
        },
    ),
    (
        "layer norm: sum of grad_z∘Z",
        "the second part has the sum of grad_z∘Z over the row: it is the mean",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, x.columns() as f64]),
                a,
            )
        },
    ),
    ("layer norm: not divided", "it is not divided by std", |a| {
        call(
            |x: &Matrix, g: &Matrix| norm_backward(x, g, 1, [1.0, 1.0]) * normal(x, 1).1,
            a,
        )
    }),
    (
        "layer norm: sums for means",
        "both parts have sums over the row, where means belong",
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
        "grad_x equals grad_h/std: mean and variance are taken as constants, as in evaluation",
        |a| batch(a, [0.0, 0.0], |right, _, _, _| right),
    ),
    (
        "batch norm: variance as a constant",
        "the variance is taken as a constant: the part H∘mean(grad_h∘H) is missing in grad_x",
        |a| batch(a, [1.0, 0.0], |right, _, _, _| right),
    ),
    (
        "batch norm: mean as a constant",
        "the mean is taken as a constant: the part mean(grad_h) is missing in grad_x",
        |a| batch(a, [0.0, 1.0], |right, _, _, _| right),
    ),
    (
        "batch norm: γ forgotten",
        "grad_h equals grad_z: the factor γ is missing",
        |a| {
            batch(a, [1.0, 1.0], |[_, gamma, beta], x, _, g| {
                [norm_backward(x, g, 0, [1.0, 1.0]), gamma, beta]
            })
        },
    ),
    (
        "batch norm: h forgotten",
        "grad_gamma equals Σ_rows grad_z: the factor H is missing",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, _, beta], _, _, g| {
                [grad_x, g.sum_rows(), beta]
            })
        },
    ),
    (
        "batch norm: γ in grad_gamma",
        "grad_gamma equals Σ_rows H∘grad_h: grad_h stands where grad_z belongs",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, grad_gamma, beta], _, gamma, _| {
                [grad_x, gamma * grad_gamma, beta]
            })
        },
    ),
    (
        "batch norm: γ in grad_beta",
        "grad_beta equals Σ_rows grad_h: grad_h stands where grad_z belongs",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, grad_gamma, beta], _, gamma, _| {
                [grad_x, grad_gamma, gamma * beta]
            })
        },
    ),
    (
        "batch norm: γ in both",
        "grad_gamma and grad_beta are made from grad_h: grad_h stands where grad_z belongs",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, grad_gamma, beta], _, gamma, _| {
                [grad_x, gamma * grad_gamma, gamma * beta]
            })
        },
    ),
    (
        "batch norm: x for h",
        "grad_gamma equals Σ_rows X∘grad_z: X stands where H belongs",
        |a| {
            batch(a, [1.0, 1.0], |[grad_x, _, beta], x, _, g| {
                [grad_x, (x * g).sum_rows(), beta]
            })
        },
    ),
    (
        "batch norm: means for sums",
        "grad_gamma and grad_beta are means over the rows, where sums belong",
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
        "dropout: upstream forgotten",
        "it equals M/(1 - p): the factor grad_z is missing",
        |a| call(|m: &Matrix, p: f64, _: &Matrix| m / (1.0 - p), a),
    ),
    (
        "dropout: divided by p",
        "it is divided by p, the share of zeros, where 1 - p belongs",
        |a| call(|m: &Matrix, p: f64, g: &Matrix| m * g / p, a),
    ),
    (
        "dropout: multiplied",
        "it is multiplied by 1 - p, where it must be divided",
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
