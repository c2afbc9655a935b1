//! Gradients of the lecture's functions, descent, momentum, and the bump.

use burn::tensor::Device;
use datasets::{Mnist, bundled_mnist_dir};
use exercises::{Matrix, Value};
use gradient_trials::Origin;

use super::trial::{Form, Trial, UPSTREAM};
use crate::question::{Formula, Question, Row, Task, call, known};
use crate::solutions;

/// A task without other witnesses: the formula's results are right.
pub(super) fn by_formula(
    formula: Formula,
    arguments: impl IntoIterator<Item = Vec<Value>>,
    wrong: &[Row],
    right: &[Row],
) -> Task {
    let questions: Vec<Question> = arguments
        .into_iter()
        .map(|arguments| Question::new(arguments, formula))
        .collect();
    Task {
        known: known(wrong, &questions),
        alternatives: known(right, &questions),
        questions,
    }
}

pub(crate) fn bowl(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::bowl,
        arguments: &[("x", Form::List)],
        results: &[("x", Form::List)],
        wrong: &[],
        right: &[],
    };
    trial.of_rule(device, Origin::GradientDescent, "cosine bowl")
}

pub(crate) fn four_variables(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::four_variables,
        arguments: &[("x", Form::List)],
        results: &[("x", Form::List)],
        wrong: &[],
        right: &[],
    };
    trial.of_rule(device, Origin::GradientDescent, "four variables")
}

pub(crate) fn jacobian(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::jacobian,
        arguments: &[("z", Form::List), (UPSTREAM, Form::List)],
        results: &[("z", Form::List)],
        wrong: &[],
        right: &[],
    };
    trial.of_rule(device, Origin::GradientDescent, "inner map")
}

pub(crate) fn bump(_: &Device) -> Task {
    let points = [[0.25, 0.75, 1.5, 40.0], [-1.0, 0.5, -2.0, 12.0]];
    let arguments = points.map(|point| point.map(Value::Number).to_vec());
    by_formula(solutions::bump, arguments, BUMP, &[])
}

const BUMP: &[Row] = &[
    (
        "bump: sign of the biases",
        "sign of the biases: w (x - left) is w x - w left",
        |a| call(|l: f64, r: f64, h: f64, w: f64| [w * l, w * r, h, -h], a),
    ),
    (
        "bump: weight forgotten",
        "weight forgotten: the biases are -left and -right, without the factor w",
        |a| call(|l: f64, r: f64, h: f64, _: f64| [-l, -r, h, -h], a),
    ),
    (
        "bump: both up",
        "both units go up: the second one must take the height away again",
        |a| call(|l: f64, r: f64, h: f64, w: f64| [-w * l, -w * r, h, h], a),
    ),
    (
        "bump: upside down",
        "upside down: the first unit goes down and the second one up",
        |a| call(|l: f64, r: f64, h: f64, w: f64| [-w * l, -w * r, -h, h], a),
    ),
    ("bump: ends swapped", "left and right are swapped", |a| {
        call(|l: f64, r: f64, h: f64, w: f64| [-w * r, -w * l, h, -h], a)
    }),
];

pub(crate) fn momentum(_: &Device) -> Task {
    let drawn = |rows: usize, columns: usize, shift: f64| {
        Value::Matrix(Matrix::from_fn(rows, columns, |i, j| {
            (shift + 1.7 * i as f64 + 0.9 * j as f64).sin()
        }))
    };
    let arguments = [(3, 3), (4, 2)].map(|(rows, columns)| {
        let matrices = [0.3, 1.1, 2.6].map(|shift| drawn(rows, columns, shift));
        [
            matrices.to_vec(),
            vec![Value::Number(0.05), Value::Number(0.9)],
        ]
        .concat()
    });
    by_formula(solutions::momentum, arguments, MOMENTUM, &[])
}

macro_rules! momentum {
    (|$theta:ident, $v:ident, $g:ident, $alpha:ident, $mu:ident| $body:expr) => {
        |a| {
            call(
                |$theta: &Matrix, $v: &Matrix, $g: &Matrix, $alpha: f64, $mu: f64| $body,
                a,
            )
        }
    };
}

const MOMENTUM: &[Row] = &[
    (
        "momentum: dampened",
        "dampened: the gradient is multiplied by 1 - μ, as some frameworks do and the textbook does not",
        momentum!(|theta, v, g, alpha, mu| {
            let v = mu * v + (1.0 - mu) * g;
            (theta - alpha * &v, v)
        }),
    ),
    (
        "momentum: old velocity",
        "old velocity: the step is made with v before it is updated",
        momentum!(|theta, v, g, alpha, mu| (theta - alpha * v, mu * v + g)),
    ),
    (
        "momentum: uphill",
        "uphill: θ + α v goes toward larger losses",
        momentum!(|theta, v, g, alpha, mu| {
            let v = mu * v + g;
            (theta + alpha * &v, v)
        }),
    ),
    (
        "momentum: sign of the gradient",
        "sign of the gradient: v = μ v - g belongs to θ + α v",
        momentum!(|theta, v, g, alpha, mu| {
            let v = mu * v - g;
            (theta - alpha * &v, v)
        }),
    ),
    (
        "momentum: plain step",
        "plain step: θ - α g, without the velocity",
        momentum!(|theta, v, g, alpha, mu| (theta - alpha * g, mu * v + g)),
    ),
    (
        "momentum: rate in the velocity",
        "the rate is in the velocity: v = μ v + α g, and α again in the step",
        momentum!(|theta, v, g, alpha, mu| {
            let v = mu * v + alpha * g;
            (theta - alpha * &v, v)
        }),
    ),
    (
        "momentum: Nesterov",
        "Nesterov: the step is made with g + μ v, another method",
        momentum!(|theta, v, g, alpha, mu| {
            let v = mu * v + g;
            (theta - alpha * (g + mu * &v), v)
        }),
    ),
];

pub(crate) fn descent(_: &Device) -> Task {
    let starts = [[1.3, 0.9], [-0.6, 0.4], [0.2, -1.1]];
    let arguments = starts.map(|start| {
        vec![
            Value::List(start.to_vec()),
            Value::Number(0.1),
            Value::Number(1e-6),
        ]
    });
    let mut task = by_formula(solutions::descent, arguments, DESCENT, &[]);
    for question in &mut task.questions {
        // The gradient may be written in several ways, and some tens of steps add their rounding up.
        question.tolerance = 1e-8;
    }
    task
}

/// Descent with other parts: the end, the step in x, the step in y after x, and the count.
struct Walk {
    ends: fn(f64, f64, f64) -> bool,
    sign: f64,
    in_turn: bool,
    counts_from: f64,
}

impl Walk {
    const RIGHT: Self = Self {
        ends: |gx, gy, tolerance| gx.hypot(gy) < tolerance,
        sign: -1.0,
        in_turn: false,
        counts_from: 0.0,
    };

    fn run(&self, arguments: &[Value]) -> Option<Vec<Value>> {
        let walk = |[mut x, mut y]: [f64; 2], alpha: f64, tolerance: f64| {
            let gradient = |x: f64, y: f64| {
                let s = x.cos().powi(2) + y.cos().powi(2);
                [2.0 * s * (2.0 * x).sin(), 2.0 * s * (2.0 * y).sin()]
            };
            let mut steps = self.counts_from;
            // A walk uphill ends on a hill, where the gradient is zero as well.
            while steps < 1e5 {
                let [gx, gy] = gradient(x, y);
                if (self.ends)(gx, gy, tolerance) {
                    break;
                }
                x += self.sign * alpha * gx;
                let gy = if self.in_turn { gradient(x, y)[1] } else { gy };
                y += self.sign * alpha * gy;
                steps += 1.0;
            }
            [x, y, steps]
        };
        call(walk, arguments)
    }
}

const DESCENT: &[Row] = &[
    (
        "descent: uphill",
        "uphill: the step is + α ∇f, toward larger values",
        |a| {
            Walk {
                sign: 1.0,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: in turn",
        "in turn: the gradient for y is taken after x has moved; both components belong to one point",
        |a| {
            Walk {
                in_turn: true,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: squared norm",
        "squared norm: gx² + gy² is compared with the tolerance, without the square root",
        |a| {
            Walk {
                ends: |gx, gy, tolerance| gx * gx + gy * gy < tolerance,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: one component",
        "one component: only ∂f/∂x is compared with the tolerance",
        |a| {
            Walk {
                ends: |gx, _, tolerance| gx.abs() < tolerance,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: counted once too often",
        "the steps are counted from 1",
        |a| {
            Walk {
                counts_from: 1.0,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: no loop",
        "no loop: this is the point after one step",
        |a| {
            let mut results = Walk {
                ends: |_, _, _| true,
                ..Walk::RIGHT
            }
            .run(a)?;
            let alpha = a[1].numbers()[0];
            if let Value::List(point) = &mut results[0] {
                let [x, y] = [point[0], point[1]];
                let s = x.cos().powi(2) + y.cos().powi(2);
                point[0] -= alpha * 2.0 * s * (2.0 * x).sin();
                point[1] -= alpha * 2.0 * s * (2.0 * y).sin();
                point[2] = 1.0;
            }
            Some(results)
        },
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
        "mean: the gradients are divided by n, for the loss of the sum",
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
        "mean in grad_b: Σ_rows (Yp - Y) is divided by n, for the loss of the sum",
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
