//! Attention with one head.

use burn::tensor::Device;
use burn::tensor::activation::softmax;
use burn_gradcheck::Case;
use exercises::Matrix;

use super::trial::{Form, Trial, UPSTREAM};
use crate::question::{Row, Task, call};
use crate::solutions;

pub(crate) fn attention(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::attention,
        arguments: &[
            ("q", Form::Matrix),
            ("k", Form::Matrix),
            ("v", Form::Matrix),
            (UPSTREAM, Form::Matrix),
        ],
        results: &[
            ("q", Form::Matrix),
            ("k", Form::Matrix),
            ("v", Form::Matrix),
        ],
        wrong: ATTENTION,
        right: &[],
    };
    let case = |[n, m, d, e]: [usize; 4]| {
        Case::new(format!("attention {n} {m} {d} {e}"))
            .input("q", [n, d])
            .input("k", [m, d])
            .input("v", [m, e])
            .function(move |v| {
                let s = v.get::<2>("q").matmul(v.get::<2>("k").transpose());
                softmax(s * (1.0 / (d as f64).sqrt()), 1).matmul(v.get::<2>("v"))
            })
    };
    trial.of_cases(device, &[[3, 3, 3, 3], [4, 5, 3, 2]].map(case), &[], &[])
}

/// The tensors of an attention's backward pass: c, P, and the gradients of P and S.
fn scores(q: &Matrix, k: &Matrix, v: &Matrix, g: &Matrix) -> (f64, Matrix, Matrix, Matrix) {
    let c = 1.0 / (q.columns() as f64).sqrt();
    let s = c * q.matmul(&k.t());
    let e = (&s - s.max_columns()).exp();
    let p = &e / e.sum_columns();
    let grad_p = g.matmul(&v.t());
    let grad_s = &p * (&grad_p - (&p * &grad_p).sum_columns());
    (c, p, grad_p, grad_s)
}

macro_rules! attention {
    (|$q:ident, $k:ident, $g:ident, $c:ident, $p:ident, $grad_p:ident, $grad_s:ident| $body:expr) => {
        |a| {
            call(
                |$q: &Matrix, $k: &Matrix, v: &Matrix, $g: &Matrix| {
                    let ($c, $p, $grad_p, $grad_s) = scores($q, $k, v, $g);
                    $body
                },
                a,
            )
        }
    };
}

const ATTENTION: &[Row] = &[
    (
        "attention: scale forgotten",
        "the scale c is missing in grad_q and grad_k",
        attention!(|q, k, g, _c, p, _grad_p, grad_s| {
            (grad_s.matmul(k), grad_s.t().matmul(q), p.t().matmul(g))
        }),
    ),
    (
        "attention: scale in grad_q only",
        "the scale c is missing in grad_k",
        attention!(|q, k, g, c, p, _grad_p, grad_s| {
            (c * grad_s.matmul(k), grad_s.t().matmul(q), p.t().matmul(g))
        }),
    ),
    (
        "attention: scale in grad_k only",
        "the scale c is missing in grad_q",
        attention!(|q, k, g, c, p, _grad_p, grad_s| {
            (grad_s.matmul(k), c * grad_s.t().matmul(q), p.t().matmul(g))
        }),
    ),
    (
        "attention: softmax forgotten",
        "softmax's rule is missing: grad_s = grad_p",
        attention!(|q, k, g, c, p, grad_p, _grad_s| {
            (
                c * grad_p.matmul(k),
                c * grad_p.t().matmul(q),
                p.t().matmul(g),
            )
        }),
    ),
    (
        "attention: inner product dropped",
        "inner product dropped: grad_s = P∘grad_p, without - Σ P∘grad_p",
        attention!(|q, k, g, c, p, grad_p, _grad_s| {
            let grad_s = &p * &grad_p;
            (
                c * grad_s.matmul(k),
                c * grad_s.t().matmul(q),
                p.t().matmul(g),
            )
        }),
    ),
    (
        "attention: wrong axis",
        "the inner sum of softmax's rule runs over the rows; softmax was taken row by row",
        attention!(|q, k, g, c, p, grad_p, _grad_s| {
            let grad_s = &p * (&grad_p - (&p * &grad_p).sum_rows());
            (
                c * grad_s.matmul(k),
                c * grad_s.t().matmul(q),
                p.t().matmul(g),
            )
        }),
    ),
    (
        "attention: p not transposed",
        "P is not transposed: grad_v = P·grad_z",
        attention!(|q, k, g, c, p, _grad_p, grad_s| {
            (c * grad_s.matmul(k), c * grad_s.t().matmul(q), p.matmul(g))
        }),
    ),
    (
        "attention: grad_s not transposed",
        "grad_s is not transposed: grad_k = c grad_s·Q",
        attention!(|q, k, g, c, p, _grad_p, grad_s| {
            (c * grad_s.matmul(k), c * grad_s.matmul(q), p.t().matmul(g))
        }),
    ),
    (
        "attention: diagonal only",
        "grad_s equals P∘(1 - P)∘grad_p: the part off the diagonal of the Jacobian is missing",
        attention!(|q, k, g, c, p, grad_p, _grad_s| {
            let grad_s = &p * (1.0 - &p) * &grad_p;
            (
                c * grad_s.matmul(k),
                c * grad_s.t().matmul(q),
                p.t().matmul(g),
            )
        }),
    ),
    (
        "attention: scores in softmax's rule",
        "softmax's rule is applied with S: it is a rule in the outputs P",
        attention!(|q, k, g, c, p, grad_p, _grad_s| {
            let s = c * q.matmul(&k.t());
            let grad_s = &s * (&grad_p - (&s * &grad_p).sum_columns());
            (
                c * grad_s.matmul(k),
                c * grad_s.t().matmul(q),
                p.t().matmul(g),
            )
        }),
    ),
    (
        "attention: scores in grad_v",
        "grad_v equals Sᵀ·grad_z: S stands where P belongs",
        attention!(|q, k, g, c, _p, _grad_p, grad_s| {
            let s = c * q.matmul(&k.t());
            (
                c * grad_s.matmul(k),
                c * grad_s.t().matmul(q),
                s.t().matmul(g),
            )
        }),
    ),
    (
        "attention: k transposed",
        "grad_q equals c grad_s·Kᵀ: K is transposed once too often",
        attention!(|q, k, g, c, p, _grad_p, grad_s| {
            (
                c * grad_s.matmul(&k.t()),
                c * grad_s.t().matmul(q),
                p.t().matmul(g),
            )
        }),
    ),
];
