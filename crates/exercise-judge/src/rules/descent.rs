//! Gradients of the lecture's functions, descent, momentum, and the bump.

use burn::tensor::Device;
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
        wrong: BOWL,
        right: &[],
    };
    trial.of_rule(device, Origin::GradientDescent, "cosine bowl")
}

/// A gradient of the bowl whose components are made from s and one variable.
fn bowl_by(arguments: &[Value], component: fn(f64, f64) -> f64) -> Option<Vec<Value>> {
    call(
        |[x, y]: [f64; 2]| {
            let s = x.cos().powi(2) + y.cos().powi(2);
            [component(s, x), component(s, y)]
        },
        arguments,
    )
}

const BOWL: &[Row] = &[
    (
        "cosine bowl: cos not differentiated",
        "it equals -4 s cos x: the derivative of cos x, -sin x, is missing",
        |a| bowl_by(a, |s, x| -4.0 * s * x.cos()),
    ),
    (
        "cosine bowl: square not differentiated",
        "it equals 2 s sin x: the derivative of the square of cos x, 2 cos x, is missing",
        |a| bowl_by(a, |s, x| 2.0 * s * x.sin()),
    ),
    (
        "cosine bowl: s not differentiated",
        "it equals -2 s: the derivative of s is missing",
        |a| bowl_by(a, |s, _| -2.0 * s),
    ),
];

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
        wrong: JACOBIAN,
        right: &[],
    };
    trial.of_rule(device, Origin::GradientDescent, "inner map")
}

macro_rules! pull_back {
    (|$z1:ident, $z2:ident, $g:ident| $body:expr) => {
        |a| call(|[$z1, $z2]: [f64; 2], $g: [f64; 4]| $body, a)
    };
}

const JACOBIAN: &[Row] = &[
    (
        "inner map: components exchanged",
        "the two components have changed places",
        pull_back!(|z1, z2, g| {
            let second = -g[0] + 2.0 * z2 * g[2] + z1 * g[3];
            [second, g[0] + 2.0 * z1 * g[1] + (2.0 * z1 + z2) * g[3]]
        }),
    ),
    (
        "inner map: z2 in x4 forgotten",
        "∂f/∂z2 has no term z1 g4: the way through x4 is missing",
        pull_back!(|z1, z2, g| [
            g[0] + 2.0 * z1 * g[1] + (2.0 * z1 + z2) * g[3],
            -g[0] + 2.0 * z2 * g[2]
        ]),
    ),
    (
        "inner map: square in x4 forgotten",
        "∂x4/∂z1 is taken as z2: the derivative of z1², 2 z1, is missing",
        pull_back!(|z1, z2, g| [
            g[0] + 2.0 * z1 * g[1] + z2 * g[3],
            -g[0] + 2.0 * z2 * g[2] + z1 * g[3]
        ]),
    ),
];

pub(crate) fn bump(_: &Device) -> Task {
    let points = [[0.25, 0.75, 1.5, 40.0], [-1.0, 0.5, -2.0, 12.0]];
    let arguments = points.map(|point| point.map(Value::Number).to_vec());
    let right = "the unit at `right` first: the sum is the same";
    let mut task = by_formula(
        solutions::bump,
        arguments,
        BUMP,
        &[("bump: units exchanged", right, |a| {
            call(|l: f64, r: f64, h: f64, w: f64| [-w * r, -w * l, -h, h], a)
        })],
    );
    for question in &mut task.questions {
        question.also = vec![units_exchanged(&question.right)];
    }
    // A mistake is the same one in whatever order the units are.
    let exchanged = task.known.clone().into_iter().map(|mut known| {
        for answer in known.answers.iter_mut().flatten() {
            *answer = units_exchanged(answer);
        }
        known
    });
    task.known.extend(exchanged);
    task
}

/// `[b1, b2, v1, v2]` with the units in the other order.
fn units_exchanged(results: &[Value]) -> Vec<Value> {
    let exchanged = |value: &Value| match value.numbers() {
        &[b1, b2, v1, v2] => Value::List(vec![b2, b1, v2, v1]),
        _ => value.clone(),
    };
    results.iter().map(exchanged).collect()
}

const BUMP: &[Row] = &[
    (
        "bump: sign of the biases",
        "the biases are w left and w right: their sign is wrong",
        |a| call(|l: f64, r: f64, h: f64, w: f64| [w * l, w * r, h, -h], a),
    ),
    (
        "bump: weight forgotten",
        "the biases are -left and -right: the factor w is missing",
        |a| call(|l: f64, r: f64, h: f64, _: f64| [-l, -r, h, -h], a),
    ),
    (
        "bump: both up",
        "both units go up: nothing takes the height away again at `right`",
        |a| call(|l: f64, r: f64, h: f64, w: f64| [-w * l, -w * r, h, h], a),
    ),
    (
        "bump: upside down",
        "upside down: the unit at `left` goes down and the one at `right` up",
        |a| call(|l: f64, r: f64, h: f64, w: f64| [-w * l, -w * r, -h, h], a),
    ),
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
        "momentum: μ forgotten",
        "v equals v + g: the factor μ is missing",
        momentum!(|theta, v, g, alpha, _mu| {
            let v = v + g;
            (theta - alpha * &v, v)
        }),
    ),
    (
        "momentum: velocity downhill",
        "v equals μ v - α g, and is added to θ: in this form v has no rate, and the step is -α v",
        momentum!(|theta, v, g, alpha, mu| {
            let v = mu * v - alpha * g;
            (theta + &v, v)
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
    // Small steps tell norms apart that differ by less than a factor 2.
    let starts = starts.map(|start| (start, 0.1));
    let starts = starts.into_iter().chain([([0.7, 0.6], 0.02)]);
    let arguments = starts.map(|(start, alpha)| {
        vec![
            Value::List(start.to_vec()),
            Value::Number(alpha),
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

/// One more step from the point in the results, which is counted.
fn step_on(results: &mut [Value], alpha: f64) {
    if let Value::List(point) = &mut results[0] {
        let [x, y] = [point[0], point[1]];
        let s = x.cos().powi(2) + y.cos().powi(2);
        point[0] -= alpha * 2.0 * s * (2.0 * x).sin();
        point[1] -= alpha * 2.0 * s * (2.0 * y).sin();
    }
    change_steps(results, |steps| steps + 1.0);
}

fn change_steps(results: &mut [Value], change: fn(f64) -> f64) {
    if let Value::List(point) = &mut results[0] {
        point[2] = change(point[2]);
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
        "descent: sum of sizes",
        "|gx| + |gy| is compared with the tolerance: that is another norm",
        |a| {
            Walk {
                ends: |gx, gy, tolerance| gx.abs() + gy.abs() < tolerance,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: larger component",
        "the larger one of |gx| and |gy| is compared with the tolerance: that is another norm",
        |a| {
            Walk {
                ends: |gx, gy, tolerance| gx.abs().max(gy.abs()) < tolerance,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: ends at once",
        "no step is made: the loop goes on while the gradient is below the tolerance",
        |a| {
            Walk {
                ends: |_, _, _| true,
                ..Walk::RIGHT
            }
            .run(a)
        },
    ),
    (
        "descent: one step too many",
        "one step too many: the step is made before the gradient is compared with the tolerance",
        |a| {
            let mut results = Walk::RIGHT.run(a)?;
            step_on(&mut results, a[1].numbers()[0]);
            Some(results)
        },
    ),
    (
        "descent: one step too many, not counted",
        "one step too many: the step is made before the gradient is compared with the tolerance",
        |a| {
            let mut results = Walk::RIGHT.run(a)?;
            step_on(&mut results, a[1].numbers()[0]);
            change_steps(&mut results, |steps| steps - 1.0);
            Some(results)
        },
    ),
    (
        "descent: steps not counted",
        "the point is right, and the steps are not counted: their number is 0",
        |a| {
            let mut results = Walk::RIGHT.run(a)?;
            change_steps(&mut results, |_| 0.0);
            Some(results)
        },
    ),
    (
        "descent: counted once too often",
        "the point is right, and the steps are counted from 1",
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
            step_on(&mut results, a[1].numbers()[0]);
            Some(results)
        },
    ),
];
