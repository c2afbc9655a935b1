//! The MNIST net of the lecture: two hidden layers with ReLU, softmax with cross-entropy.

use burn::tensor::Device;
use exercises::{Matrix, Value};
use gradient_trials::Origin;

use super::trial::{Form, Trial};
use crate::question::{Row, Task, call};
use crate::solutions;

pub(crate) fn mnist_net(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::mnist_net,
        arguments: &[
            ("x", Form::Matrix),
            ("y", Form::Matrix),
            ("w1", Form::Matrix),
            ("b1", Form::Row),
            ("w2", Form::Matrix),
            ("b2", Form::Row),
            ("w3", Form::Matrix),
            ("b3", Form::Row),
        ],
        results: &[
            ("w1", Form::Matrix),
            ("b1", Form::Row),
            ("w2", Form::Matrix),
            ("b2", Form::Row),
            ("w3", Form::Matrix),
            ("b3", Form::Row),
        ],
        wrong: MNIST_NET,
        right: &[],
    };
    trial.of_rule(device, Origin::ManualBackprop, "mnist net")
}

/// The values before ReLU, and after it, of the hidden layers.
struct Hidden {
    a1: Matrix,
    z1: Matrix,
    a2: Matrix,
    z2: Matrix,
}

/// The gradients with other factors in the place of the masks of the second layer and of the first.
fn masked(
    arguments: &[Value],
    second: fn(&Hidden) -> Matrix,
    first: fn(&Hidden) -> Matrix,
) -> Option<Vec<Value>> {
    #[rustfmt::skip]
    let gradients = |
        x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix, w3: &Matrix, b3: &Matrix,
    | {
        let relu = |a: &Matrix| a.map(|a| a.max(0.0));
        let a1 = x.matmul(w1) + b1;
        let z1 = relu(&a1);
        let a2 = z1.matmul(w2) + b2;
        let z2 = relu(&a2);
        let z3 = z2.matmul(w3) + b3;
        let e = (&z3 - z3.max_columns()).exp();
        let grad_z3 = (&e / e.sum_columns() - y) / x.rows() as f64;
        let hidden = Hidden { a1, z1, a2, z2 };
        let grad_a2 = second(&hidden) * grad_z3.matmul(&w3.t());
        let grad_a1 = first(&hidden) * grad_a2.matmul(&w2.t());
        (
            x.t().matmul(&grad_a1), grad_a1.sum_rows(),
            hidden.z1.t().matmul(&grad_a2), grad_a2.sum_rows(),
            hidden.z2.t().matmul(&grad_z3), grad_z3.sum_rows(),
        )
    };
    call(gradients, arguments)
}

fn slope(a: &Matrix) -> Matrix {
    a.map(|a| f64::from(u8::from(a > 0.0)))
}

fn none(a: &Matrix) -> Matrix {
    Matrix::ones(a.rows(), a.columns())
}

const MNIST_NET: &[Row] = &[
    (
        "mnist net: second mask missing",
        "δA2 passes where A2 is negative: the mask of the second layer is missing",
        |a| masked(a, |h| none(&h.a2), |h| slope(&h.a1)),
    ),
    (
        "mnist net: both masks missing",
        "δA1 and δA2 pass where A1 and A2 are negative: both masks are missing",
        |a| masked(a, |h| none(&h.a2), |h| none(&h.a1)),
    ),
    (
        "mnist net: mask of the second layer in the first",
        "the first layer is masked by A2: its own values are in A1",
        |a| masked(a, |h| slope(&h.a2), |h| slope(&h.a2)),
    ),
    (
        "mnist net: value for the second mask",
        "δA2 has the factor Z2: the value of ReLU is not its derivative",
        |a| masked(a, |h| h.z2.clone(), |h| slope(&h.a1)),
    ),
    (
        "mnist net: value for the first mask",
        "δA1 has the factor Z1: the value of ReLU is not its derivative",
        |a| masked(a, |h| slope(&h.a2), |h| h.z1.clone()),
    ),
    (
        "mnist net: values for both masks",
        "δA1 and δA2 have the factors Z1 and Z2: the value of ReLU is not its derivative",
        |a| masked(a, |h| h.z2.clone(), |h| h.z1.clone()),
    ),
];
