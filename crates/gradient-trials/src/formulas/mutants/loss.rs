//! Mistakes in the gradients of losses.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};
use manual_backprop::{Reduction, softmax};

use super::{Row, at_sizes, from_rows};
use crate::common::{SMOOTHING, scaled};
use crate::formulas::rules::{
    cross_entropy_case, half_squared_error_case, smoothed_cross_entropy_case,
    softmax_cross_entropy_case,
};

/// The wrong `grad_yp` from `yp`, `y` and the number of rows.
type OutputGradient = fn(Tensor<2>, Tensor<2>, f64) -> Tensor<2>;

/// The wrong `grad_z` from `z`, `yp = softmax(z)`, `y` and the number of rows.
type LogitGradient = fn(Tensor<2>, Tensor<2>, Tensor<2>, f64) -> Tensor<2>;

pub(super) fn mutants() -> Vec<Mutant> {
    let of_outputs = |wrong: OutputGradient| {
        move |v: &Values, g: &Upstream| {
            let yp = v.get::<2>("yp");
            let rows = yp.dims()[0] as f64;
            Gradients::new().with("yp", scaled(wrong(yp, v.get("y"), rows), g))
        }
    };
    let of_logits = |wrong: LogitGradient| {
        move |v: &Values, g: &Upstream| {
            let z = v.get::<2>("z");
            let (yp, rows) = (softmax::forward(z.clone()), z.dims()[0] as f64);
            Gradients::new().with("z", scaled(wrong(z, yp, v.get("y"), rows), g))
        }
    };
    [
        from_rows(CROSS_ENTROPY, of_outputs),
        from_rows(SOFTMAX_CROSS_ENTROPY, of_logits),
        from_rows(HALF_SQUARED_ERROR, of_outputs),
    ]
    .concat()
}

const CROSS_ENTROPY: &[Row<OutputGradient>] = &[
    (
        "cross_entropy: sign",
        "grad_yp = y/(n yp)",
        entropy,
        |yp, y, n| y / yp / n,
    ),
    (
        "cross_entropy: 1/n missing",
        "grad_yp = -y/yp for the mean",
        entropy,
        |yp, y, _| y.neg() / yp,
    ),
    (
        "cross_entropy: 1/n twice",
        "grad_yp = -y/(n² yp)",
        entropy,
        |yp, y, n| y.neg() / yp / (n * n),
    ),
    (
        "cross_entropy: targets forgotten",
        "grad_yp = -1/(n yp)",
        entropy,
        |yp, _, n| yp.recip().neg() / n,
    ),
    (
        "cross_entropy: squared",
        "grad_yp = -y/(n yp²)",
        entropy,
        |yp, y, n| y.neg() / (yp.clone() * yp) / n,
    ),
    (
        "cross_entropy: 1/classes",
        "divided by the number of classes, not of rows",
        entropy,
        |yp, y, _| {
            let classes = yp.dims()[1] as f64;
            y.neg() / yp / classes
        },
    ),
    (
        "cross_entropy: binary",
        "with the term (1 - y)/(1 - yp) of two classes",
        entropy,
        |yp, y, n| {
            let other = (1.0 - y.clone()) / (1.0625 - yp.clone());
            (other - y / yp) / n
        },
    ),
];

const SOFTMAX_CROSS_ENTROPY: &[Row<LogitGradient>] = &[
    (
        "softmax_cross_entropy: sign",
        "grad_z = (y - yp)/n",
        fused,
        |_, yp, y, n| (y - yp) / n,
    ),
    (
        "softmax_cross_entropy: 1/n missing",
        "grad_z = yp - y for the mean",
        fused,
        |_, yp, y, _| yp - y,
    ),
    (
        "softmax_cross_entropy: 1/n twice",
        "grad_z = (yp - y)/n²",
        fused,
        |_, yp, y, n| (yp - y) / (n * n),
    ),
    (
        "softmax_cross_entropy: 1/(n classes)",
        "divided by the number of elements",
        fused,
        |_, yp, y, n| {
            let classes = yp.dims()[1] as f64;
            (yp - y) / (n * classes)
        },
    ),
    (
        "softmax_cross_entropy: targets dropped",
        "grad_z = yp/n",
        fused,
        |_, yp, _, n| yp / n,
    ),
    (
        "softmax_cross_entropy: softmax twice",
        "(yp - y)/n passed through softmax's derivative again",
        fused,
        |_, yp, y, n| softmax::backward(yp.clone(), (yp - y) / n),
    ),
    (
        "softmax_cross_entropy: wrong axis",
        "softmax over the batch",
        fused,
        |z, _, y, n| {
            let yp = softmax::forward(z.transpose()).transpose();
            (yp - y) / n
        },
    ),
    (
        "softmax_cross_entropy: labels off by one",
        "every row's target is its neighbour's",
        fused,
        |_, yp, y, n| {
            let rows = y.dims()[0];
            let shifted = Tensor::cat(vec![y.clone().narrow(0, 1, rows - 1), y.narrow(0, 0, 1)], 0);
            (yp - shifted) / n
        },
    ),
    (
        "smoothed cross_entropy: not smoothed",
        "grad_z = (yp - y)/n",
        smooth,
        |_, yp, y, n| (yp - y) / n,
    ),
    (
        "smoothed cross_entropy: 1/classes missing",
        "ε added to every class",
        smooth,
        |_, yp, y, n| {
            let ys = y * (1.0 - SMOOTHING) + SMOOTHING;
            (yp - ys) / n
        },
    ),
    (
        "smoothed cross_entropy: other classes only",
        "ε spread over the classes but the right one, which keeps 1 - ε",
        smooth,
        |_, yp, y, n| {
            let others = (y.dims()[1] - 1) as f64;
            let ys = y.clone() * (1.0 - SMOOTHING) + (1.0 - y) * (SMOOTHING / others);
            (yp - ys) / n
        },
    ),
    (
        "smoothed cross_entropy: outputs scaled, too",
        "grad_z = (1 - ε)(yp - y)/n",
        smooth,
        |_, yp, y, n| (yp - y) * (1.0 - SMOOTHING) / n,
    ),
];

const HALF_SQUARED_ERROR: &[Row<OutputGradient>] = &[
    (
        "half_squared_error: factor 2",
        "grad_yp = 2(yp - y)/n, the half forgotten",
        error,
        |yp, y, n| (yp - y) * 2.0 / n,
    ),
    (
        "half_squared_error: half",
        "grad_yp = ½(yp - y)/n",
        error,
        |yp, y, n| (yp - y) * 0.5 / n,
    ),
    (
        "half_squared_error: 1/n missing",
        "grad_yp = yp - y for the mean",
        error,
        |yp, y, _| yp - y,
    ),
    (
        "half_squared_error: 1/n twice",
        "grad_yp = (yp - y)/n²",
        error,
        |yp, y, n| (yp - y) / (n * n),
    ),
    (
        "half_squared_error: all elements",
        "divided by rows times columns",
        error,
        |yp, y, n| {
            let columns = yp.dims()[1] as f64;
            (yp - y) / (n * columns)
        },
    ),
    (
        "half_squared_error: sign",
        "grad_yp = (y - yp)/n",
        error,
        |yp, y, n| (y - yp) / n,
    ),
    (
        "half_squared_error: absolute",
        "the sign of the error only",
        error,
        |yp, y, n| (yp - y).sign() / n,
    ),
    (
        "half_squared_error: targets forgotten",
        "grad_yp = yp/n",
        error,
        |yp, _, n| yp / n,
    ),
];

fn entropy() -> Vec<Case> {
    at_sizes(|size| cross_entropy_case(Reduction::Mean, size))
}

fn fused() -> Vec<Case> {
    at_sizes(|size| softmax_cross_entropy_case(Reduction::Mean, size))
}

fn smooth() -> Vec<Case> {
    at_sizes(|size| smoothed_cross_entropy_case(Reduction::Mean, size))
}

fn error() -> Vec<Case> {
    at_sizes(|size| half_squared_error_case(Reduction::Mean, size))
}
