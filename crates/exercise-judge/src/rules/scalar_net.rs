//! The scalar net of the lecture.

use burn::tensor::Device;
use exercises::Value;
use gradient_trials::Origin;

use super::trial::{Form, Trial};
use crate::question::{Row, Task, call};
use crate::solutions;

pub(crate) fn scalar_net(device: &Device) -> Task {
    let trial = Trial {
        formula: solutions::scalar_net,
        arguments: &[
            ("x", Form::Number),
            ("y", Form::Number),
            ("w1", Form::Number),
            ("b1", Form::Number),
            ("w2", Form::Number),
            ("b2", Form::Number),
        ],
        results: &[
            ("w1", Form::Number),
            ("b1", Form::Number),
            ("w2", Form::Number),
            ("b2", Form::Number),
        ],
        wrong: SCALAR_NET,
        right: &[],
    };
    trial.of_rule(device, Origin::ManualBackprop, "scalar net")
}

/// The numbers of a forward pass.
struct Pass {
    x: f64,
    y: f64,
    w1: f64,
    b1: f64,
    w2: f64,
    b2: f64,
    z2: f64,
    z3: f64,
    yp: f64,
}

impl Pass {
    fn slope(&self) -> f64 {
        self.z3 * (1.0 - self.z3)
    }

    /// The right gradients.
    fn gradients(&self) -> [f64; 4] {
        self.from(self.yp - self.y, self.w2, self.slope())
    }

    /// The gradients with these factors: δyp, δz3 by δz4, and δz2 by δz3.
    fn from(&self, grad_yp: f64, by_product: f64, by_sigmoid: f64) -> [f64; 4] {
        let grad_z2 = by_sigmoid * by_product * grad_yp;
        [self.x * grad_z2, grad_z2, self.z3 * grad_yp, grad_yp]
    }
}

macro_rules! scalar {
    (|$pass:ident| $gradients:expr) => {
        |arguments: &[Value]| {
            call(
                |x: f64, y: f64, w1: f64, b1: f64, w2: f64, b2: f64| {
                    let z2 = x * w1 + b1;
                    let z3 = 1.0 / (1.0 + (-z2).exp());
                    let yp = z3 * w2 + b2;
                    let $pass = Pass {
                        x,
                        y,
                        w1,
                        b1,
                        w2,
                        b2,
                        z2,
                        z3,
                        yp,
                    };
                    <(f64, f64, f64, f64)>::from($gradients)
                },
                arguments,
            )
        }
    };
}

const SCALAR_NET: &[Row] = &[
    (
        "scalar net: sign of the error",
        "δyp equals y - yp: the sign is wrong",
        scalar!(|p| p.from(p.y - p.yp, p.w2, p.slope())),
    ),
    (
        "scalar net: half forgotten",
        "δyp equals 2(yp - y): the ½ of the loss cancels the 2",
        scalar!(|p| p.from(2.0 * (p.yp - p.y), p.w2, p.slope())),
    ),
    (
        "scalar net: σ' missing",
        "δz2 equals δz3: σ'(z2) is missing",
        scalar!(|p| p.from(p.yp - p.y, p.w2, 1.0)),
    ),
    (
        "scalar net: σ' of z2",
        "σ' equals z2(1 - z2): that formula is for z3",
        scalar!(|p| p.from(p.yp - p.y, p.w2, p.z2 * (1.0 - p.z2))),
    ),
    (
        "scalar net: σ for σ'",
        "δz2 equals z3 δz3: the factor 1 - z3 of σ' is missing",
        scalar!(|p| p.from(p.yp - p.y, p.w2, p.z3)),
    ),
    (
        "scalar net: value for weight",
        "δz3 equals z3 δz4: the other factor of the product is w2",
        scalar!(|p| p.from(p.yp - p.y, p.z3, p.slope())),
    ),
    (
        "scalar net: weight for value",
        "δw2 equals w2 δz4: the other factor of the product is z3",
        scalar!(|p| {
            let [w1, b1, _, b2] = p.gradients();
            [w1, b1, p.w2 * b2, b2]
        }),
    ),
    (
        "scalar net: weight for input",
        "δw1 equals w1 δz1: the other factor of the product is x",
        scalar!(|p| {
            let [_, b1, w2, b2] = p.gradients();
            [p.w1 * b1, b1, w2, b2]
        }),
    ),
    (
        "scalar net: input forgotten",
        "δw1 equals δz1: the factor x is missing",
        scalar!(|p| {
            let [_, b1, w2, b2] = p.gradients();
            [b1, b1, w2, b2]
        }),
    ),
    (
        "scalar net: w1 as a factor",
        "δz1 has a factor w1: z2 is a sum, which passes its gradient on as it is",
        scalar!(|p| {
            let [w1, b1, w2, b2] = p.gradients();
            [p.w1 * w1, b1, w2, b2]
        }),
    ),
    (
        "scalar net: b1 as a factor",
        "δz1 has a factor b1: z2 is a sum, which passes its gradient on as it is",
        scalar!(|p| {
            let [w1, b1, w2, b2] = p.gradients();
            [p.b1 * w1, b1, w2, b2]
        }),
    ),
    (
        "scalar net: w2 as a factor",
        "δz4 has a factor w2: yp is a sum, which passes its gradient on as it is",
        scalar!(|p| {
            let [w1, b1, w2, b2] = p.gradients();
            [p.w2 * w1, p.w2 * b1, p.w2 * w2, b2]
        }),
    ),
    (
        "scalar net: b2 as a factor",
        "δz4 has a factor b2: yp is a sum, which passes its gradient on as it is",
        scalar!(|p| {
            let [w1, b1, w2, b2] = p.gradients();
            [p.b2 * w1, p.b2 * b1, p.b2 * w2, b2]
        }),
    ),
    (
        "scalar net: δb1 is 1",
        "δb1 is 1: that is the derivative of z2, and not yet multiplied by δz2",
        scalar!(|p| {
            let [w1, _, w2, b2] = p.gradients();
            [w1, 1.0, w2, b2]
        }),
    ),
    (
        "scalar net: δb2 is 1",
        "δb2 is 1: that is the derivative of yp, and not yet multiplied by δyp",
        scalar!(|p| {
            let [w1, b1, w2, _] = p.gradients();
            [w1, b1, w2, 1.0]
        }),
    ),
];
