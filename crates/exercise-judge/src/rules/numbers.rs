//! Numerical safety, and the gradient checker of one's own.

use burn::tensor::Device;
use exercises::{Matrix, Objective, Value};

use super::descent::by_formula;
use crate::question::{Row, Task, call};
use crate::solutions;

/// Logits: ordinary ones, then huge ones of either sign.
fn logits() -> [Matrix; 3] {
    [
        Matrix::from([[0.5, -1.0, 2.0], [0.0, 0.25, -0.5]]),
        Matrix::from([[1000.0, 1001.0, 998.0], [-1000.0, -1002.0, -999.0]]),
        Matrix::from([[1000.0, -1000.0], [-800.0, 750.0], [3.0, 3.0]]),
    ]
}

pub(crate) fn safe_softmax(_: &Device) -> Task {
    let arguments = logits().map(|z| vec![Value::Matrix(z)]);
    by_formula(
        solutions::safe_softmax,
        arguments,
        SOFTMAX,
        &[(
            "safe softmax: by the logarithm",
            "e^(z - ln Σ e^z), with the sum taken safely",
            |a| {
                call(
                    |z: &Matrix| {
                        let shifted = z - z.max_columns();
                        (&shifted - shifted.exp().sum_columns().ln()).exp()
                    },
                    a,
                )
            },
        )],
    )
}

const SOFTMAX: &[Row] = &[
    (
        "safe softmax: plain",
        "the plain formula: e^1000 is infinite, and e^-1000 is 0 in every element of a row",
        |a| {
            call(
                |z: &Matrix| {
                    let e = z.exp();
                    &e / e.sum_columns()
                },
                a,
            )
        },
    ),
    (
        "safe softmax: clamped",
        "the logits are clamped: that avoids NaN, but the probabilities become those of other logits",
        |a| {
            call(
                |z: &Matrix| {
                    let e = z.map(|z| z.clamp(-700.0, 700.0)).exp();
                    &e / e.sum_columns()
                },
                a,
            )
        },
    ),
    (
        "safe softmax: over the batch",
        "over the batch: every column adds up to 1, where every row should",
        |a| {
            call(
                |z: &Matrix| {
                    let e = (z - z.t().max_columns().t()).exp();
                    &e / e.sum_rows()
                },
                a,
            )
        },
    ),
    (
        "safe softmax: one sum for all",
        "one sum for the whole matrix: every row has a sum of its own",
        |a| {
            call(
                |z: &Matrix| {
                    let e = (z - z.max_columns()).exp();
                    &e / e.sum()
                },
                a,
            )
        },
    ),
    (
        "safe softmax: one maximum for all",
        "the largest z of the whole matrix is taken away: a row far below it becomes 0/0",
        |a| {
            call(
                |z: &Matrix| {
                    let e = (z - z.max_columns().t().max_columns()).exp();
                    &e / e.sum_columns()
                },
                a,
            )
        },
    ),
    (
        "safe softmax: sum not shifted",
        "the sum is not shifted: both the exponentials and their sum take the maximum away",
        |a| {
            call(
                |z: &Matrix| (z - z.max_columns()).exp() / z.exp().sum_columns(),
                a,
            )
        },
    ),
];

pub(crate) fn safe_logarithm(_: &Device) -> Task {
    let arguments = logits().map(|z| {
        let y = Matrix::from_fn(z.rows(), z.columns(), |i, j| {
            f64::from(u8::from(j == (i + 1) % z.columns()))
        });
        vec![Value::Matrix(z), Value::Matrix(y)]
    });
    by_formula(
        solutions::safe_logarithm,
        arguments,
        LOGARITHM,
        &[(
            "safe logarithm: z apart",
            "Σ (m + ln Σ e^(z - m)) - Σ y z",
            |a| {
                call(
                    |z: &Matrix, y: &Matrix| {
                        let m = z.max_columns();
                        let log_sum = &m + (z - &m).exp().sum_columns().ln();
                        log_sum.sum() - (y * z).sum()
                    },
                    a,
                )
            },
        )],
    )
}

const LOGARITHM: &[Row] = &[
    (
        "safe logarithm: softmax first",
        "the logarithm of softmax: yp is 0 for a hopeless class, and 0 times -∞ is no number",
        |a| {
            call(
                |z: &Matrix, y: &Matrix| {
                    let e = (z - z.max_columns()).exp();
                    -(y * (&e / e.sum_columns()).ln()).sum()
                },
                a,
            )
        },
    ),
    (
        "safe logarithm: a small number added",
        "a small number is added to yp: that avoids -∞, but a hopeless class costs 1000 and not 18 or 27",
        |a| small_number(a, 1e-12),
    ),
    (
        "safe logarithm: 1e-8 added",
        "a small number is added to yp: that avoids -∞, but a hopeless class costs 1000 and not 18 or 27",
        |a| small_number(a, 1e-8),
    ),
    (
        "safe logarithm: sum not shifted",
        "the sum is not shifted: e^1000 is infinite, and ln 0 is -∞",
        |a| {
            call(
                |z: &Matrix, y: &Matrix| -(y * (z - z.exp().sum_columns().ln())).sum(),
                a,
            )
        },
    ),
    (
        "safe logarithm: shifted in the sum only",
        "the largest z is taken away in the sum only: z in front of it loses nothing",
        |a| {
            call(
                |z: &Matrix, y: &Matrix| {
                    -(y * (z - (z - z.max_columns()).exp().sum_columns().ln())).sum()
                },
                a,
            )
        },
    ),
    (
        "safe logarithm: shifted before the sum only",
        "the largest z is taken away in front of the sum only: e^1000 in the sum is infinite",
        |a| {
            call(
                |z: &Matrix, y: &Matrix| {
                    -(y * (z - z.max_columns() - z.exp().sum_columns().ln())).sum()
                },
                a,
            )
        },
    ),
    ("safe logarithm: clamped", CLAMPED, |a| clamped(a, 700.0)),
    ("safe logarithm: clamped", CLAMPED, |a| clamped(a, 500.0)),
    ("safe logarithm: clamped", CLAMPED, |a| clamped(a, 100.0)),
    ("safe logarithm: clamped", CLAMPED, |a| clamped(a, 50.0)),
    (
        "safe logarithm: sign",
        "the sign is wrong: the loss is minus the sum of y ln yp, and never negative",
        |a| {
            call(
                |z: &Matrix, y: &Matrix| {
                    let shifted = z - z.max_columns();
                    (y * (&shifted - shifted.exp().sum_columns().ln())).sum()
                },
                a,
            )
        },
    ),
    (
        "safe logarithm: mean",
        "it is the mean over the rows: the loss here is their sum",
        |a| {
            call(
                |z: &Matrix, y: &Matrix| {
                    let shifted = z - z.max_columns();
                    let ln_yp = &shifted - shifted.exp().sum_columns().ln();
                    -(y * ln_yp).sum() / z.rows() as f64
                },
                a,
            )
        },
    ),
    (
        "safe logarithm: targets forgotten",
        "the targets are forgotten: all classes are summed up",
        |a| {
            call(
                |z: &Matrix, _: &Matrix| {
                    let shifted = z - z.max_columns();
                    -(&shifted - shifted.exp().sum_columns().ln()).sum()
                },
                a,
            )
        },
    ),
];

const CLAMPED: &str =
    "the logits are clamped: that avoids infinity, but the loss becomes that of other logits";

/// The loss of logits that are kept within a bound.
fn clamped(arguments: &[Value], bound: f64) -> Option<Vec<Value>> {
    call(
        |z: &Matrix, y: &Matrix| {
            let z = z.map(|z| z.clamp(-bound, bound));
            -(y * (&z - z.exp().sum_columns().ln())).sum()
        },
        arguments,
    )
}

/// The loss with a small number added to every probability.
fn small_number(arguments: &[Value], number: f64) -> Option<Vec<Value>> {
    call(
        |z: &Matrix, y: &Matrix| {
            let e = (z - z.max_columns()).exp();
            -(y * (&e / e.sum_columns() + number).ln()).sum()
        },
        arguments,
    )
}

pub(crate) fn gradient_check(_: &Device) -> Task {
    let x = Matrix::from([[0.3, -0.2, 0.5], [0.1, 0.4, -0.3]]);
    let gradients: [fn(&Matrix) -> Matrix; 4] = [
        Matrix::clone,
        |x| x.map(|x| 1.0 / (1.0 + (-x).exp())).map(|s| s * (1.0 - s)),
        |x| x.map(f64::cos) * x.sum() + x.map(f64::sin).sum(),
        |x| {
            let sums = x.sum_rows();
            let value = (&sums * &sums).sum().exp();
            2.0 * value * sums * Matrix::ones(x.rows(), x.columns())
        },
    ];
    let change: [fn(&Matrix) -> Matrix; 7] = [
        Matrix::clone,
        |g| -g,
        |g| 2.0 * g,
        |g| {
            let mut g = g.clone();
            g[(1, 2)] *= 1.001;
            g
        },
        |g| {
            let mut g = g.clone();
            g[(1, 2)] *= 2.0;
            g
        },
        |g| {
            let mut g = g.clone();
            g[(0, 0)] = 0.0;
            g
        },
        |g| Matrix::from_fn(g.rows(), g.columns(), |i, j| g[(1 - i, j)]),
    ];
    let claims = gradients.iter().enumerate().flat_map(|(number, gradient)| {
        let right = gradient(&x);
        let claims: Vec<Matrix> = change.iter().map(|change| change(&right)).collect();
        // Rows exchanged are no mistake where all rows are equal.
        let differ = move |claim: &Matrix| *claim != right;
        claims
            .into_iter()
            .enumerate()
            .filter_map(move |(at, claim)| (at == 0 || differ(&claim)).then_some((number, claim)))
    });
    let arguments = claims.map(|(number, claim)| {
        vec![
            Value::Number(number as f64),
            Value::Matrix(x.clone()),
            Value::Matrix(claim),
        ]
    });
    by_formula(
        solutions::gradient_check,
        arguments,
        CHECK,
        &[(
            "gradient check: forward differences, fine",
            "a directional check as well",
            |a| {
                check(
                    a,
                    1e-5,
                    |d, c| (d - c).abs() < 1e-4 * (c.abs() + 1e-3),
                    true,
                )
            },
        )],
    )
}

/// A checker with a step, a comparison, and whether it goes through all elements.
fn check(
    arguments: &[Value],
    h: f64,
    agrees: fn(f64, f64) -> bool,
    all: bool,
) -> Option<Vec<Value>> {
    call(
        |f: Objective, x: &Matrix, claimed: &Matrix| {
            let count = if all { x.rows() * x.columns() } else { 1 };
            (0..count).all(|at| {
                let place = (at / x.columns(), at % x.columns());
                let (mut up, mut down) = (x.clone(), x.clone());
                up[place] += h;
                down[place] -= h;
                agrees((f.value(&up) - f.value(&down)) / (2.0 * h), claimed[place])
            })
        },
        arguments,
    )
}

const CHECK: &[Row] = &[
    (
        "gradient check: believes everything",
        "it believes every claim",
        |a| check(a, 1e-5, |_, _| true, true),
    ),
    (
        "gradient check: believes nothing",
        "it believes no claim, not even a right one: the difference is wrong (look at the brackets of / (2.0 * h), and at which copy is changed), or the tolerance is below its error",
        |a| check(a, 1e-5, |d, c| d.to_bits() == c.to_bits(), true),
    ),
    (
        "gradient check: first element only",
        "it looks at the first element only",
        |a| {
            check(
                a,
                1e-5,
                |d, c| (d - c).abs() <= 1e-5 + 1e-5 * c.abs(),
                false,
            )
        },
    ),
    (
        "gradient check: sign lost",
        "it compares sizes and not signs: a gradient of the wrong sign passes",
        |a| {
            check(
                a,
                1e-5,
                |d, c| (d.abs() - c.abs()).abs() <= 1e-5 + 1e-5 * c.abs(),
                true,
            )
        },
    ),
    (
        "gradient check: one-sided comparison",
        "it accepts what is too large: the difference must be compared without its sign",
        |a| check(a, 1e-5, |d, c| d - c <= 1e-5 + 1e-5 * c.abs(), true),
    ),
    (
        "gradient check: divided by h",
        "its difference is twice as large as it should be: it is divided by h, not by 2h",
        |a| {
            check(
                a,
                1e-5,
                |d, c| (2.0 * d - c).abs() <= 1e-5 + 1e-5 * c.abs(),
                true,
            )
        },
    ),
    (
        "gradient check: comparison reversed",
        "it believes what is far from the difference, and not what is near it: the comparison is the wrong way round",
        |a| check(a, 1e-5, |d, c| (d - c).abs() >= 1e-5 + 1e-5 * c.abs(), true),
    ),
    (
        "gradient check: large step",
        "its step is too large: the error of the difference grows with h²",
        |a| check(a, 0.1, |d, c| (d - c).abs() <= 1e-5 + 1e-5 * c.abs(), true),
    ),
    ("gradient check: too lenient", LENIENT, |a| {
        check(a, 1e-5, |d, c| (d - c).abs() <= 1e-2 + 1e-2 * c.abs(), true)
    }),
    ("gradient check: too lenient", LENIENT, |a| {
        check(a, 1e-5, |d, c| (d - c).abs() <= 1e-3 * c.abs(), true)
    }),
    ("gradient check: too lenient", LENIENT, |a| {
        check(a, 1e-5, |d, c| (d - c).abs() <= 1e-3, true)
    }),
    ("gradient check: too lenient", LENIENT, |a| {
        check(a, 1e-5, |d, c| (d - c).abs() <= 1e-1, true)
    }),
    ("gradient check: too lenient", LENIENT, |a| {
        check(a, 1e-5, |d, c| (d - c).abs() <= 0.5, true)
    }),
];

const LENIENT: &str = "its tolerance is too wide: a thousandth of one element passes";
