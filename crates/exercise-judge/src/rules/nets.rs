//! The nets of the lecture.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use burn_gradcheck::{Case, Sample};
use exercises::{Matrix, Value};
use gradient_trials::Origin;

use super::trial::{Form, Slots, Trial};
use crate::question::{Row, Task, call};
use crate::solutions;

const NET: Slots = &[
    ("x", Form::Matrix),
    ("y", Form::Matrix),
    ("w1", Form::Matrix),
    ("b1", Form::Row),
    ("w2", Form::Matrix),
    ("b2", Form::Row),
];
const PARAMETERS: Slots = &[
    ("w1", Form::Matrix),
    ("b1", Form::Row),
    ("w2", Form::Matrix),
    ("b2", Form::Row),
];

/// A net with one hidden layer, up to where mistakes are made.
struct Net<'a> {
    x: &'a Matrix,
    w2: &'a Matrix,
    z2: Matrix,
    z3: Matrix,
    z5: Matrix,
    /// The gradients of Yp, Z4 and Z2.
    grad_yp: Matrix,
    grad_z4: Matrix,
    grad_z2: Matrix,
}

type Four = (Matrix, Matrix, Matrix, Matrix);

impl<'a> Net<'a> {
    fn new(
        has_output_sigmoid: bool,
        [x, y, w1, b1, w2, b2]: [&'a Matrix; 6],
        of_error: fn(&Matrix, &Matrix) -> Matrix,
    ) -> Self {
        let sigmoid = |z: &Matrix| z.map(|a| 1.0 / (1.0 + (-a).exp()));
        let z2 = x.matmul(w1) + b1;
        let z3 = sigmoid(&z2);
        let z5 = z3.matmul(w2) + b2;
        let yp = if has_output_sigmoid {
            sigmoid(&z5)
        } else {
            z5.clone()
        };
        let grad_yp = of_error(&yp, y);
        let grad_z4 = if has_output_sigmoid {
            &yp * (1.0 - &yp) * &grad_yp
        } else {
            grad_yp.clone()
        };
        let grad_z2 = &z3 * (1.0 - &z3) * grad_z4.matmul(&w2.t());
        Self {
            x,
            w2,
            z2,
            z3,
            z5,
            grad_yp,
            grad_z4,
            grad_z2,
        }
    }

    fn gradients(&self) -> Four {
        self.from(&self.grad_z2)
    }

    /// The gradients with this one of Z4.
    fn with_z4(mut self, grad_z4: Matrix) -> Four {
        self.grad_z2 = &self.z3 * (1.0 - &self.z3) * grad_z4.matmul(&self.w2.t());
        self.grad_z4 = grad_z4;
        self.gradients()
    }

    /// The gradients with this one of Z2.
    fn from(&self, grad_z2: &Matrix) -> Four {
        (
            self.x.t().matmul(grad_z2),
            grad_z2.sum_rows(),
            self.z3.t().matmul(&self.grad_z4),
            self.grad_z4.sum_rows(),
        )
    }
}

fn error(yp: &Matrix, y: &Matrix) -> Matrix {
    yp - y
}

/// Rows for a net: with an output sigmoid or without.
macro_rules! net_rows {
    ($rule:literal, $sigmoid:literal $(, $extra:expr)*) => {
        &[
            $($extra,)*
            (
                concat!($rule, ": mean in δb2"),
                "δb2 is the mean over the rows, the rule has the sum",
                net_row!($sigmoid, |net| {
                    let (w1, b1, w2, b2) = net.gradients();
                    (w1, b1, w2, b2 / net.x.rows() as f64)
                }),
            ),
            (
                concat!($rule, ": mean in δb1"),
                "δb1 is the mean over the rows, the rule has the sum",
                net_row!($sigmoid, |net| {
                    let (w1, b1, w2, b2) = net.gradients();
                    (w1, b1 / net.x.rows() as f64, w2, b2)
                }),
            ),
            (
                concat!($rule, ": x not transposed"),
                "δW1 equals X·δZ1: a transpose is missing",
                net_row!($sigmoid, |net| {
                    let (_, b1, w2, b2) = net.gradients();
                    (net.x.matmul(&net.grad_z2), b1, w2, b2)
                }),
            ),
            (
                concat!($rule, ": δw1 too early"),
                "δW1 equals Xᵀ·δZ3: σ'(Z2) is missing in it",
                net_row!($sigmoid, |net| {
                    let (_, b1, w2, b2) = net.gradients();
                    (net.x.t().matmul(&net.grad_z4.matmul(&net.w2.t())), b1, w2, b2)
                }),
            ),
            (
                concat!($rule, ": σ' without 1 - σ"),
                "δZ2 equals Z3∘δZ3: the factor 1 - Z3 of σ' is missing",
                net_row!($sigmoid, |net| net.from(&(&net.z3 * net.grad_z4.matmul(&net.w2.t())))),
            ),
            (
                concat!($rule, ": σ' of Z3 and Z2"),
                "δZ2 has the factor Z3∘(1 - Z2): Z2 stands where Z3 belongs",
                net_row!($sigmoid, |net| {
                    net.from(&(&net.z3 * (1.0 - &net.z2) * net.grad_z4.matmul(&net.w2.t())))
                }),
            ),
            (
                concat!($rule, ": sign of the error"),
                // With an output sigmoid, the exercise gives δYp.
                if $sigmoid {
                    "δZ5 equals σ'(Z5)∘(Y - Yp): its sign is wrong"
                } else {
                    "δYp equals Y - Yp: the sign is wrong"
                },
                |a| call(
                    |x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix| {
                        Net::new($sigmoid, [x, y, w1, b1, w2, b2], |yp, y| y - yp).gradients()
                    },
                    a,
                ),
            ),
            (
                concat!($rule, ": half forgotten"),
                if $sigmoid {
                    "δZ5 is twice the right one: the ½ of the loss cancels the 2"
                } else {
                    "δYp equals 2(Yp - Y): the ½ of the loss cancels the 2"
                },
                |a| call(
                    |x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix| {
                        Net::new($sigmoid, [x, y, w1, b1, w2, b2], |yp, y| 2.0 * (yp - y)).gradients()
                    },
                    a,
                ),
            ),
        ]
    };
}

macro_rules! net_row {
    ($sigmoid:literal, |$net:ident| $body:expr) => {
        |a| {
            call(
                |x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix| {
                    let $net = Net::new($sigmoid, [x, y, w1, b1, w2, b2], error);
                    $body
                },
                a,
            )
        }
    };
}

const GENERAL_NET: &[Row] = net_rows!(
    "general net",
    false,
    (
        "general net: hidden f' forgotten",
        "δZ2 equals δZ3: σ'(Z2) is missing",
        net_row!(false, |net| net.from(&net.grad_z4.matmul(&net.w2.t()))),
    ),
    (
        "general net: mean over rows",
        "everything is divided by the number of rows: the loss is a sum",
        net_row!(false, |net| {
            let mean = &net.grad_z4 / net.x.rows() as f64;
            net.with_z4(mean)
        }),
    ),
    (
        "general net: δb1 too early",
        "δb1 equals Σ_rows δZ3: it is taken before σ' is multiplied in",
        net_row!(false, |net| {
            let (w1, _, w2, b2) = net.gradients();
            (w1, net.grad_z4.matmul(&net.w2.t()).sum_rows(), w2, b2)
        }),
    ),
    (
        "general net: stale activation",
        "δW2 equals Z2ᵀ·δZ4: the value before σ stands where Z3 belongs",
        net_row!(false, |net| {
            let (w1, b1, _, b2) = net.gradients();
            (w1, b1, net.z2.t().matmul(&net.grad_z4), b2)
        }),
    )
);

const XOR_NET: &[Row] = net_rows!(
    "xor net",
    true,
    (
        "xor net: σ' of Z5",
        "δZ5 has the factor Z5∘(1 - Z5): that formula is for Yp",
        net_row!(true, |net| {
            let grad_z5 = &net.z5 * (1.0 - &net.z5) * &net.grad_yp;
            net.with_z4(grad_z5)
        }),
    ),
    (
        "xor net: δW2 too early",
        "δW2 equals Z3ᵀ·δYp: it is taken before σ'(Z5) is multiplied in",
        net_row!(true, |net| {
            let (w1, b1, _, b2) = net.gradients();
            (w1, b1, net.z3.t().matmul(&net.grad_yp), b2)
        }),
    ),
    (
        "xor net: δb2 too early",
        "δb2 equals Σ_rows δYp: it is taken before σ'(Z5) is multiplied in",
        net_row!(true, |net| {
            let (w1, b1, w2, _) = net.gradients();
            (w1, b1, w2, net.grad_yp.sum_rows())
        }),
    )
);

fn one_hidden_layer(
    device: &Device,
    formula: crate::question::Formula,
    wrong: &'static [Row],
    rule: &str,
) -> Task {
    let trial = Trial {
        formula,
        arguments: NET,
        results: PARAMETERS,
        wrong,
        right: &[],
    };
    trial.of_rule(device, Origin::ManualBackprop, rule)
}

pub(crate) fn general_net(device: &Device) -> Task {
    one_hidden_layer(device, solutions::general_net, GENERAL_NET, "general net")
}

pub(crate) fn xor_net(device: &Device) -> Task {
    one_hidden_layer(device, solutions::xor_net, XOR_NET, "xor net")
}

pub(crate) fn mean_once(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::mean_once,
        arguments: &[
            ("x", Form::Matrix),
            ("y", Form::Matrix),
            ("w", Form::Matrix),
            ("b", Form::Row),
        ],
        results: &[("w", Form::Matrix), ("b", Form::Row)],
        wrong: MEAN_ONCE,
        right: &[(
            "mean once: at the end",
            "both gradients divided by n, and grad_z not",
            |a| mean(a, |_| 1.0, |n| 1.0 / n, |n| 1.0 / n),
        )],
    };
    let cases: Vec<Case> = [[4, 4, 4], [7, 5, 3]].map(classifier).to_vec();
    trial.of_cases(device, &cases, &[], &[])
}

/// A linear classifier's mean loss, as a function of its parameters.
fn classifier([n, d, classes]: [usize; 3]) -> Case {
    let labels =
        (0..n * classes).map(|at| f64::from(u8::from(at % classes == at / classes % classes)));
    Case::new(format!("linear classifier {n} {d} {classes}"))
        .constant("x", [n, d], Sample::Signed.draw(n * d, 0, &["classifier"]))
        .constant("y", [n, classes], labels.collect::<Vec<_>>())
        .input("w", [d, classes])
        .input("b", [classes])
        .function(move |v| {
            let z = v.get::<2>("x").matmul(v.get::<2>("w")) + v.get::<1>("b").unsqueeze_dim(0);
            let sum: Tensor<1> = (v.get::<2>("y") * log_softmax(z, 1)).sum();
            sum.mul_scalar(-1.0 / n as f64)
        })
}

/// The gradients of a linear classifier, with factors from n for grad_z, grad_w and grad_b.
fn mean(
    arguments: &[Value],
    of_z: fn(f64) -> f64,
    of_w: fn(f64) -> f64,
    of_b: fn(f64) -> f64,
) -> Option<Vec<Value>> {
    call(
        |x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix| {
            let n = x.rows() as f64;
            let z = x.matmul(w) + b;
            let e = (&z - z.max_columns()).exp();
            let grad_z = (&e / e.sum_columns() - y) * of_z(n);
            let grad_w = x.t().matmul(&grad_z) * of_w(n);
            (grad_w, grad_z.sum_rows() * of_b(n))
        },
        arguments,
    )
}

const MEAN_ONCE: &[Row] = &[
    (
        "mean once: never",
        "it is divided by n nowhere: this is the gradient of the summed loss",
        |a| mean(a, |_| 1.0, |_| 1.0, |_| 1.0),
    ),
    (
        "mean once: twice",
        "it is divided by n twice: in grad_z, and again in both gradients",
        |a| mean(a, |n| 1.0 / n, |n| 1.0 / n, |n| 1.0 / n),
    ),
    (
        "mean once: twice in grad_b",
        "grad_b is divided by n twice: a mean over the rows of what is divided by n already",
        |a| mean(a, |n| 1.0 / n, |_| 1.0, |n| 1.0 / n),
    ),
    (
        "mean once: twice in grad_w",
        "grad_w is divided by n twice: once in grad_z, and once more",
        |a| mean(a, |n| 1.0 / n, |n| 1.0 / n, |_| 1.0),
    ),
    (
        "mean once: grad_w only",
        "only grad_w is divided by n, and grad_b is not",
        |a| mean(a, |_| 1.0, |n| 1.0 / n, |_| 1.0),
    ),
    (
        "mean once: grad_b only",
        "only grad_b is divided by n, and grad_w is not",
        |a| mean(a, |_| 1.0, |_| 1.0, |n| 1.0 / n),
    ),
];
