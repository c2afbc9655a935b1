//! Linear regression: its gradients, and descent on MNIST.

use burn::tensor::Device;
use datasets::{Mnist, bundled_mnist_dir};
use exercises::{Matrix, Value};
use gradient_trials::Origin;

use super::descent::by_formula;
use super::trial::{Form, Trial};
use crate::question::{Row, Task, call};
use crate::solutions;

/// The ridge term of the cases of `gradient-trials`.
const GAMMA: f64 = 0.7;

pub(crate) fn regression(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::regression,
        arguments: &[
            ("x", Form::Matrix),
            ("y", Form::Matrix),
            ("linear.weight", Form::Matrix),
            ("linear.bias", Form::Row),
            ("γ", Form::Constant(GAMMA)),
        ],
        results: &[("linear.weight", Form::Matrix), ("linear.bias", Form::Row)],
        wrong: RIDGE,
        right: &[],
    };
    trial.of_rule(device, Origin::ManualBackprop, "LinearRegression")
}

/// The gradients with another ridge term, made from W and γ.
fn ridge(arguments: &[Value], term: fn(&Matrix, f64) -> Matrix) -> Option<Vec<Value>> {
    call(
        |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, gamma: f64| {
            let error = x.matmul(w) + b - y;
            (x.t().matmul(&error) + term(w, gamma), error.sum_rows())
        },
        arguments,
    )
}

const RIDGE: &[Row] = &[
    (
        "LinearRegression: ridge without W",
        "grad_w has γ added to every element: the factor W of the ridge term is missing",
        |a| ridge(a, |w, gamma| gamma * Matrix::ones(w.rows(), w.columns())),
    ),
    (
        "LinearRegression: ridge without γ",
        "grad_w has the ridge term W: its factor γ is missing",
        |a| ridge(a, |w, _| w.clone()),
    ),
];

/// Images that the exercise learns from.
const IMAGES: usize = 100;

pub(crate) fn regression_descent(_: &Device) -> Task {
    let (x, y) = images();
    let weights = Matrix::from_fn(x.columns(), y.columns(), |i, j| {
        0.01 * (0.7 * i as f64 + 1.3 * j as f64).sin()
    });
    let biases = Matrix::from_fn(1, y.columns(), |_, j| 0.1 * j as f64 - 0.4);
    let arguments = vec![
        Value::Matrix(x),
        Value::Matrix(y),
        Value::Matrix(weights),
        Value::Matrix(biases),
        Value::Number(1e-4),
        Value::Number(20.0),
    ];
    by_formula(solutions::regression_descent, [arguments], REGRESSION, &[])
}

/// The first images of MNIST's training set, and their one-hot labels.
fn images() -> (Matrix, Matrix) {
    let mnist = Mnist::load(&bundled_mnist_dir()).expect("MNIST is part of the project");
    let train = &mnist.train;
    let pixels = (0..IMAGES).flat_map(|index| train.image(index));
    let pixels = pixels.map(|pixel| f64::from(*pixel) / 255.0).collect();
    let x = Matrix::new(IMAGES, train.image_size(), pixels);
    let y = Matrix::from_fn(IMAGES, 10, |i, j| {
        f64::from(u8::from(usize::from(train.label(i)) == j))
    });
    (x, y)
}

/// Descent with a step of its own: from X, Y, W, b and α to W and b.
fn regress(
    arguments: &[Value],
    step: fn(&Matrix, &Matrix, &Matrix, &Matrix, f64) -> (Matrix, Matrix),
    steps_of: fn(f64) -> usize,
) -> Option<Vec<Value>> {
    call(
        |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64, steps: f64| {
            let (mut w, mut b) = (w.clone(), b.clone());
            for _ in 0..steps_of(steps) {
                (w, b) = step(x, y, &w, &b, alpha);
            }
            (w, b)
        },
        arguments,
    )
}

const REGRESSION: &[Row] = &[
    (
        "regression descent: uphill",
        "uphill: the steps are + α grad, toward larger losses",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let error = x.matmul(w) + b - y;
                (
                    w + alpha * x.t().matmul(&error),
                    b + alpha * error.sum_rows(),
                )
            };
            regress(a, step, |steps| steps as usize)
        },
    ),
    (
        "regression descent: mean",
        "the gradients are divided by n: the loss is a sum",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let error = (x.matmul(w) + b - y) / x.rows() as f64;
                (
                    w - alpha * x.t().matmul(&error),
                    b - alpha * error.sum_rows(),
                )
            };
            regress(a, step, |steps| steps as usize)
        },
    ),
    (
        "regression descent: in turn",
        "in turn: grad_b is taken after W has changed; both gradients belong to one point",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let w = w - alpha * x.t().matmul(&(x.matmul(w) + b - y));
                let error = x.matmul(&w) + b - y;
                (w, b - alpha * error.sum_rows())
            };
            regress(a, step, |steps| steps as usize)
        },
    ),
    (
        "regression descent: bias left alone",
        "the bias is left alone: only W is trained",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let error = x.matmul(w) + b - y;
                (w - alpha * x.t().matmul(&error), b.clone())
            };
            regress(a, step, |steps| steps as usize)
        },
    ),
    (
        "regression descent: bias left out",
        "the bias is left out of Yp: Yp = X·W",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let error = x.matmul(w) - y;
                (
                    w - alpha * x.t().matmul(&error),
                    b - alpha * error.sum_rows(),
                )
            };
            regress(a, step, |steps| steps as usize)
        },
    ),
    (
        "regression descent: mean of the bias",
        "grad_b is divided by n: the loss is a sum",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let error = x.matmul(w) + b - y;
                let grad_b = error.sum_rows() / x.rows() as f64;
                (w - alpha * x.t().matmul(&error), b - alpha * grad_b)
            };
            regress(a, step, |steps| steps as usize)
        },
    ),
    (
        "regression descent: nothing trained",
        "W and b are as they were given: assign to `w` and `b`, without `let`",
        |a| {
            let step =
                |_: &Matrix, _: &Matrix, w: &Matrix, b: &Matrix, _: f64| (w.clone(), b.clone());
            regress(a, step, |_| 0)
        },
    ),
    (
        "regression descent: one step",
        "one step: the gradients are not taken again in every step",
        |a| {
            let step = |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, alpha: f64| {
                let error = x.matmul(w) + b - y;
                (
                    w - alpha * x.t().matmul(&error),
                    b - alpha * error.sum_rows(),
                )
            };
            regress(a, step, |_| 1)
        },
    ),
];
