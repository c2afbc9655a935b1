//! Rules beyond the lecture: a node used twice, convolution, recurrence.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use burn_gradcheck::Case;
use exercises::Matrix;

use super::trial::{Form, Trial, UPSTREAM};
use crate::question::{Row, Task, call};
use crate::solutions;

pub(crate) fn used_twice(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::used_twice,
        arguments: &[("x", Form::Matrix), (UPSTREAM, Form::Matrix)],
        results: &[("x", Form::Matrix)],
        wrong: USED_TWICE,
        right: &[("used twice: factored", "s (1 + x (1 - s)) grad_z", |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    &s * (1.0 + x * (1.0 - &s)) * g
                },
                a,
            )
        })],
    };
    let case = |[n, d]: [usize; 2]| {
        Case::new(format!("used twice {n} {d}"))
            .input("x", [n, d])
            .function(|v| v.get::<2>("x") * sigmoid(v.get::<2>("x")))
    };
    trial.of_cases(device, &[[3, 3], [4, 2]].map(case), &[], &[])
}

fn logistic(x: &Matrix) -> Matrix {
    x.map(|x| 1.0 / (1.0 + (-x).exp()))
}

const USED_TWICE: &[Row] = &[
    (
        "used twice: product only",
        "the way through σ is forgotten: X is an input of the sigmoid, too",
        |a| call(|x: &Matrix, g: &Matrix| logistic(x) * g, a),
    ),
    (
        "used twice: sigmoid only",
        "the way through the product is forgotten: X is a factor of it, too",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    &s * (1.0 - &s) * x * g
                },
                a,
            )
        },
    ),
    (
        "used twice: mean of both",
        "the mean of both ways: gradients of several uses are added up",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    (&s + &s * (1.0 - &s) * x) * g / 2.0
                },
                a,
            )
        },
    ),
    (
        "used twice: product of both",
        "the two ways are multiplied: they are added up; along one way, factors are multiplied",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    &s * g * (&s * (1.0 - &s) * x * g)
                },
                a,
            )
        },
    ),
    (
        "used twice: x forgotten",
        "grad_s equals grad_z: the factor X of the product is missing",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    (&s + &s * (1.0 - &s)) * g
                },
                a,
            )
        },
    ),
    (
        "used twice: x for s",
        "the way through the product has the factor X: its other factor is S",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    (x + &s * (1.0 - &s) * x) * g
                },
                a,
            )
        },
    ),
    (
        "used twice: difference of both",
        "one way is subtracted from the other: gradients of several uses are added up",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    (&s - &s * (1.0 - &s) * x) * g
                },
                a,
            )
        },
    ),
    (
        "used twice: upstream forgotten in the product",
        "the way through the product has no factor grad_z",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    &s + &s * (1.0 - &s) * x * g
                },
                a,
            )
        },
    ),
    (
        "used twice: upstream forgotten in the sigmoid",
        "the way through the sigmoid has no factor grad_z",
        |a| {
            call(
                |x: &Matrix, g: &Matrix| {
                    let s = logistic(x);
                    &s * g + &s * (1.0 - &s) * x
                },
                a,
            )
        },
    ),
    (
        "used twice: σ' missing",
        "σ' is missing in the second way: S∘grad_z + X∘grad_z",
        |a| call(|x: &Matrix, g: &Matrix| (logistic(x) + x) * g, a),
    ),
];

pub(crate) fn convolution(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::convolution,
        arguments: &[
            ("x", Form::Matrix),
            ("k", Form::Matrix),
            (UPSTREAM, Form::Matrix),
        ],
        results: &[("x", Form::Matrix), ("k", Form::Matrix)],
        wrong: CONVOLUTION,
        right: &[],
    };
    let case = |[n, length, width]: [usize; 3]| {
        Case::new(format!("convolution {n} {length} {width}"))
            .input("x", [n, length])
            .input("k", [1, width])
            .function(move |v| {
                let (x, k) = (v.get::<2>("x"), v.get::<2>("k"));
                let term =
                    |t| x.clone().narrow(1, t, length - width + 1) * k.clone().narrow(1, t, 1);
                (1..width).fold(term(0), |sum: Tensor<2>, t| sum + term(t))
            })
    };
    trial.of_cases(device, &[[2, 5, 3], [3, 6, 2]].map(case), &[], &[])
}

/// The gradients of a convolution, where grad_z_ij adds to x at one place by one factor, and to k.
macro_rules! convolution {
    (|$k:ident, $x:ident, $i:ident, $j:ident, $t:ident| $to_x:expr, $of_x:expr, $to_k:expr, $of_k:expr) => {
        convolution!(|$k, $x, $i, $j, $t| $to_x, +=, $of_x, $to_k, +=, $of_k)
    };
    (|$k:ident, $x:ident, $i:ident, $j:ident, $t:ident| $to_x:expr, $by_x:tt, $of_x:expr, $to_k:expr, $by_k:tt, $of_k:expr) => {
        |a| {
            call(
                |$x: &Matrix, $k: &Matrix, g: &Matrix| {
                    let mut grad_x = Matrix::zeros($x.rows(), $x.columns());
                    let mut grad_k = Matrix::zeros(1, $k.columns());
                    for $i in 0..g.rows() {
                        for $j in 0..g.columns() {
                            for $t in 0..$k.columns() {
                                grad_x[($i, $to_x)] $by_x g[($i, $j)] * $of_x;
                                grad_k[(0, $to_k)] $by_k g[($i, $j)] * $of_k;
                            }
                        }
                    }
                    (grad_x, grad_k)
                },
                a,
            )
        }
    };
}

const CONVOLUTION: &[Row] = &[
    (
        "convolution: kernel reversed",
        "the kernel is reversed in grad_x: x_i(j+t) has the factor k_t, not k_(w-1-t)",
        convolution!(
            |k, x, i, j, t| j + t,
            k[(0, k.columns() - 1 - t)],
            t,
            x[(i, j + t)]
        ),
    ),
    (
        "convolution: not shifted",
        "grad_x is not shifted: the term belongs to x_i(j+t), not to x_ij",
        convolution!(|k, x, i, j, t| j, k[(0, t)], t, x[(i, j + t)]),
    ),
    (
        "convolution: input not shifted",
        "the input is not shifted in grad_k: k_t has the factor x_i(j+t), not x_ij",
        convolution!(|k, x, i, j, t| j + t, k[(0, t)], t, x[(i, j)]),
    ),
    (
        "convolution: grad_k reversed",
        "grad_k is in the reverse order",
        convolution!(
            |k, x, i, j, t| j + t,
            k[(0, t)],
            k.columns() - 1 - t,
            x[(i, j + t)]
        ),
    ),
    (
        "convolution: kernel forgotten",
        "the factor k_t is missing in grad_x",
        convolution!(|k, x, i, j, t| j + t, 1.0, t, x[(i, j + t)]),
    ),
    (
        "convolution: input forgotten",
        "the factor x_i(j+t) is missing in grad_k",
        convolution!(|k, x, i, j, t| j + t, k[(0, t)], t, 1.0),
    ),
    (
        "convolution: factors exchanged",
        "grad_x has the factor x_i(j+t), and grad_k the factor k_t: they are exchanged",
        convolution!(|k, x, i, j, t| j + t, x[(i, j + t)], t, k[(0, t)]),
    ),
    (
        "convolution: terms overwritten",
        "each term overwrites the one before with `=`: terms are added up",
        convolution!(|k, x, i, j, t| j + t, =, k[(0, t)], t, =, x[(i, j + t)]),
    ),
    (
        "convolution: terms of grad_x overwritten",
        "each term of grad_x overwrites the one before with `=`: terms are added up",
        convolution!(|k, x, i, j, t| j + t, =, k[(0, t)], t, +=, x[(i, j + t)]),
    ),
    (
        "convolution: terms of grad_k overwritten",
        "each term of grad_k overwrites the one before with `=`: terms are added up",
        convolution!(|k, x, i, j, t| j + t, +=, k[(0, t)], t, =, x[(i, j + t)]),
    ),
];

pub(crate) fn recurrent_step(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::recurrent_step,
        arguments: &[
            ("x", Form::Matrix),
            ("h", Form::Matrix),
            ("w", Form::Matrix),
            ("u", Form::Matrix),
            (UPSTREAM, Form::Matrix),
        ],
        results: &[
            ("w", Form::Matrix),
            ("u", Form::Matrix),
            ("h", Form::Matrix),
        ],
        wrong: RECURRENT,
        right: &[],
    };
    let case = |[n, d, h]: [usize; 3]| {
        Case::new(format!("recurrent step {n} {d} {h}"))
            .constant(
                "x",
                [n, d],
                (0..n * d)
                    .map(|i| (0.7 * i as f64).sin())
                    .collect::<Vec<_>>(),
            )
            .input("h", [n, h])
            .input("w", [d, h])
            .input("u", [h, h])
            .function(|v| {
                let a = v.get::<2>("x").matmul(v.get("w")) + v.get::<2>("h").matmul(v.get("u"));
                a.tanh()
            })
    };
    trial.of_cases(device, &[[3, 3, 3], [4, 2, 3]].map(case), &[], &[])
}

macro_rules! recurrent {
    (|$x:ident, $h:ident, $u:ident, $a:ident, $next:ident, $g:ident| $body:expr) => {
        |arguments| {
            call(
                |$x: &Matrix, $h: &Matrix, w: &Matrix, $u: &Matrix, $g: &Matrix| {
                    let $a = $x.matmul(w) + $h.matmul($u);
                    let $next = $a.map(f64::tanh);
                    $body
                },
                arguments,
            )
        }
    };
}

/// The gradients from the one of A.
fn step_from(x: &Matrix, h: &Matrix, u: &Matrix, grad_a: &Matrix) -> (Matrix, Matrix, Matrix) {
    (
        x.t().matmul(grad_a),
        h.t().matmul(grad_a),
        grad_a.matmul(&u.t()),
    )
}

const RECURRENT: &[Row] = &[
    (
        "recurrent step: tanh' missing",
        "grad_a equals grad: tanh' is missing",
        recurrent!(|x, h, u, _a, _next, g| step_from(x, h, u, g)),
    ),
    (
        "recurrent step: derivative of sigmoid",
        "the derivative of the sigmoid: N(1 - N), where tanh has 1 - N²",
        recurrent!(|x, h, u, _a, next, g| step_from(x, h, u, &(&next * (1.0 - &next) * g))),
    ),
    (
        "recurrent step: tanh' at H",
        "tanh' is taken by the state before: 1 - H², where it is 1 - N²",
        recurrent!(|x, h, u, _a, _next, g| step_from(x, h, u, &((1.0 - h * h) * g))),
    ),
    (
        "recurrent step: square dropped",
        "grad_a equals (1 - N)∘grad: the square of N is missing",
        recurrent!(|x, h, u, _a, next, g| step_from(x, h, u, &((1.0 - &next) * g))),
    ),
    (
        "recurrent step: h not transposed",
        "grad_u equals H·grad_a: a transpose is missing",
        recurrent!(|x, h, u, _a, next, g| {
            let grad_a = (1.0 - &next * &next) * g;
            let (grad_w, _, grad_h) = step_from(x, h, u, &grad_a);
            (grad_w, h.matmul(&grad_a), grad_h)
        }),
    ),
    (
        "recurrent step: u not transposed",
        "U is not transposed: grad_h = grad_a·U, which its square shape hides",
        recurrent!(|x, h, u, _a, next, g| {
            let grad_a = (1.0 - &next * &next) * g;
            let (grad_w, grad_u, _) = step_from(x, h, u, &grad_a);
            (grad_w, grad_u, grad_a.matmul(u))
        }),
    ),
    (
        "recurrent step: new state",
        "grad_u equals Nᵀ·grad_a: U was multiplied by the state before, H",
        recurrent!(|x, h, u, _a, next, g| {
            let grad_a = (1.0 - &next * &next) * g;
            let (grad_w, _, grad_h) = step_from(x, h, u, &grad_a);
            (grad_w, next.t().matmul(&grad_a), grad_h)
        }),
    ),
    (
        "recurrent step: h too early",
        "grad_h is taken before tanh': grad·Uᵀ",
        recurrent!(|x, h, u, _a, next, g| {
            let grad_a = (1.0 - &next * &next) * g;
            let (grad_w, grad_u, _) = step_from(x, h, u, &grad_a);
            (grad_w, grad_u, g.matmul(&u.t()))
        }),
    ),
];
