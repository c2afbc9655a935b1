//! Mistakes in the gradients of losses.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::{Reduction, softmax};

use super::{Row, at_sizes};
use crate::common::{SMOOTHING, scaled};
use crate::formulas::rules::{
    cross_entropy_case, half_squared_error_case, smoothed_cross_entropy_case,
    softmax_cross_entropy_case,
};

pub(super) const MUTANTS: &[Row] = &[
    (
        "cross_entropy: sign",
        "grad_yp = y/(n yp)",
        entropy,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp(y / yp / n, g)
        },
    ),
    (
        "cross_entropy: 1/n missing",
        "grad_yp = -y/yp for the mean",
        entropy,
        |v, g| {
            let (yp, y, _) = outputs(v);
            grad_yp(y.neg() / yp, g)
        },
    ),
    (
        "cross_entropy: 1/n twice",
        "grad_yp = -y/(n² yp)",
        entropy,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp(y.neg() / yp / (n * n), g)
        },
    ),
    (
        "cross_entropy: targets forgotten",
        "grad_yp = -1/(n yp)",
        entropy,
        |v, g| {
            let (yp, _, n) = outputs(v);
            grad_yp(yp.recip().neg() / n, g)
        },
    ),
    (
        "cross_entropy: squared",
        "grad_yp = -y/(n yp²)",
        entropy,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp(y.neg() / (yp.clone() * yp) / n, g)
        },
    ),
    (
        "cross_entropy: 1/classes",
        "divided by the number of classes, not of rows",
        entropy,
        |v, g| {
            let (yp, y, _) = outputs(v);
            let classes = yp.dims()[1] as f64;
            grad_yp(y.neg() / yp / classes, g)
        },
    ),
    (
        "cross_entropy: binary",
        "with the term (1 - y)/(1 - yp) of two classes",
        entropy,
        |v, g| {
            let (yp, y, n) = outputs(v);
            let other = (1.0 - y.clone()) / (1.0625 - yp.clone());
            grad_yp((other - y / yp) / n, g)
        },
    ),
    (
        "softmax_cross_entropy: sign",
        "grad_z = (y - yp)/n",
        fused,
        |v, g| {
            let (yp, y, n) = logits(v);
            grad_z((y - yp) / n, g)
        },
    ),
    (
        "softmax_cross_entropy: 1/n missing",
        "grad_z = yp - y for the mean",
        fused,
        |v, g| {
            let (yp, y, _) = logits(v);
            grad_z(yp - y, g)
        },
    ),
    (
        "softmax_cross_entropy: 1/n twice",
        "grad_z = (yp - y)/n²",
        fused,
        |v, g| {
            let (yp, y, n) = logits(v);
            grad_z((yp - y) / (n * n), g)
        },
    ),
    (
        "softmax_cross_entropy: 1/(n classes)",
        "divided by the number of elements",
        fused,
        |v, g| {
            let (yp, y, n) = logits(v);
            let classes = yp.dims()[1] as f64;
            grad_z((yp - y) / (n * classes), g)
        },
    ),
    (
        "softmax_cross_entropy: targets dropped",
        "grad_z = yp/n",
        fused,
        |v, g| {
            let (yp, _, n) = logits(v);
            grad_z(yp / n, g)
        },
    ),
    (
        "softmax_cross_entropy: softmax twice",
        "(yp - y)/n passed through softmax's derivative again",
        fused,
        |v, g| {
            let (yp, y, n) = logits(v);
            grad_z(softmax::backward(yp.clone(), (yp - y) / n), g)
        },
    ),
    (
        "softmax_cross_entropy: wrong axis",
        "softmax over the batch",
        fused,
        |v, g| {
            let (_, y, n) = logits(v);
            let yp = softmax::forward(v.get::<2>("z").transpose()).transpose();
            grad_z((yp - y) / n, g)
        },
    ),
    (
        "softmax_cross_entropy: labels off by one",
        "every row's target is its neighbour's",
        fused,
        |v, g| {
            let (yp, y, n) = logits(v);
            let rows = y.dims()[0];
            let shifted = Tensor::cat(vec![y.clone().narrow(0, 1, rows - 1), y.narrow(0, 0, 1)], 0);
            grad_z((yp - shifted) / n, g)
        },
    ),
    (
        "smoothed cross_entropy: not smoothed",
        "grad_z = (yp - y)/n",
        smooth,
        |v, g| {
            let (yp, y, n) = logits(v);
            grad_z((yp - y) / n, g)
        },
    ),
    (
        "smoothed cross_entropy: 1/classes missing",
        "ε added to every class",
        smooth,
        |v, g| {
            let (yp, y, n) = logits(v);
            let ys = y * (1.0 - SMOOTHING) + SMOOTHING;
            grad_z((yp - ys) / n, g)
        },
    ),
    (
        "smoothed cross_entropy: other classes only",
        "ε spread over the classes but the right one, which keeps 1 - ε",
        smooth,
        |v, g| {
            let (yp, y, n) = logits(v);
            let others = (y.dims()[1] - 1) as f64;
            let ys = y.clone() * (1.0 - SMOOTHING) + (1.0 - y) * (SMOOTHING / others);
            grad_z((yp - ys) / n, g)
        },
    ),
    (
        "smoothed cross_entropy: outputs scaled, too",
        "grad_z = (1 - ε)(yp - y)/n",
        smooth,
        |v, g| {
            let (yp, y, n) = logits(v);
            grad_z((yp - y) * (1.0 - SMOOTHING) / n, g)
        },
    ),
    (
        "half_squared_error: factor 2",
        "grad_yp = 2(yp - y)/n, the half forgotten",
        error,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp((yp - y) * 2.0 / n, g)
        },
    ),
    (
        "half_squared_error: half",
        "grad_yp = ½(yp - y)/n",
        error,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp((yp - y) * 0.5 / n, g)
        },
    ),
    (
        "half_squared_error: 1/n missing",
        "grad_yp = yp - y for the mean",
        error,
        |v, g| {
            let (yp, y, _) = outputs(v);
            grad_yp(yp - y, g)
        },
    ),
    (
        "half_squared_error: 1/n twice",
        "grad_yp = (yp - y)/n²",
        error,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp((yp - y) / (n * n), g)
        },
    ),
    (
        "half_squared_error: all elements",
        "divided by rows times columns",
        error,
        |v, g| {
            let (yp, y, n) = outputs(v);
            let columns = yp.dims()[1] as f64;
            grad_yp((yp - y) / (n * columns), g)
        },
    ),
    (
        "half_squared_error: sign",
        "grad_yp = (y - yp)/n",
        error,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp((y - yp) / n, g)
        },
    ),
    (
        "half_squared_error: absolute",
        "the sign of the error only",
        error,
        |v, g| {
            let (yp, y, n) = outputs(v);
            grad_yp((yp - y).sign() / n, g)
        },
    ),
    (
        "half_squared_error: targets forgotten",
        "grad_yp = yp/n",
        error,
        |v, g| {
            let (yp, _, n) = outputs(v);
            grad_yp(yp / n, g)
        },
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

/// `yp`, `y` and the number of rows.
fn outputs(v: &Values) -> (Tensor<2>, Tensor<2>, f64) {
    let yp = v.get::<2>("yp");
    let rows = yp.dims()[0] as f64;
    (yp, v.get("y"), rows)
}

/// `softmax(z)`, `y` and the number of rows.
fn logits(v: &Values) -> (Tensor<2>, Tensor<2>, f64) {
    let yp = softmax::forward(v.get("z"));
    let rows = yp.dims()[0] as f64;
    (yp, v.get("y"), rows)
}

fn grad_yp(grad: Tensor<2>, grad_out: &Upstream) -> Gradients {
    Gradients::new().with("yp", scaled(grad, grad_out))
}

fn grad_z(grad: Tensor<2>, grad_out: &Upstream) -> Gradients {
    Gradients::new().with("z", scaled(grad, grad_out))
}
