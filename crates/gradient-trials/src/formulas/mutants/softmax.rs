//! Mistakes in the gradient of softmax.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};
use manual_backprop::softmax;

use super::{Row, at_sizes, from_rows};
use crate::formulas::rules::softmax_case;

/// The wrong `grad_z` from `z`, `yp` and `grad_yp`.
type Gradient = fn([Tensor<2>; 3]) -> Tensor<2>;

pub(super) fn mutants() -> Vec<Mutant> {
    from_rows(MUTANTS, |wrong| {
        move |v: &Values, g: &Upstream| {
            let z = v.get::<2>("z");
            let yp = softmax::forward(z.clone());
            Gradients::new().with("z", wrong([z, yp, g.get(0)]))
        }
    })
}

const MUTANTS: &[Row<Gradient>] = &[
    (
        "softmax: diagonal only",
        "grad_z = yp(1 - yp)∘grad_yp, no off-diagonal part",
        cases,
        |[_, yp, grad_yp]| yp.clone() * (1.0 - yp) * grad_yp,
    ),
    (
        "softmax: inner product dropped",
        "grad_z = yp∘grad_yp",
        cases,
        |[_, yp, grad_yp]| yp * grad_yp,
    ),
    (
        "softmax: wrong axis",
        "the inner product runs over the batch",
        cases,
        |[_, yp, grad_yp]| {
            let inner = (yp.clone() * grad_yp.clone()).sum_dim(0);
            yp * (grad_yp - inner)
        },
    ),
    (
        "softmax: logits for outputs",
        "the inner product is Σ z∘grad_yp",
        cases,
        |[z, yp, grad_yp]| {
            let inner = (z * grad_yp.clone()).sum_dim(1);
            yp * (grad_yp - inner)
        },
    ),
    (
        "softmax: sign",
        "grad_z = yp∘(inner - grad_yp)",
        cases,
        |[_, yp, grad_yp]| {
            let inner = (yp.clone() * grad_yp.clone()).sum_dim(1);
            yp * (inner - grad_yp)
        },
    ),
    (
        "softmax: plain mean",
        "the mean of grad_yp for its mean weighted by yp",
        cases,
        |[_, yp, grad_yp]| yp * (grad_yp.clone() - grad_yp.mean_dim(1)),
    ),
    (
        "softmax: unweighted sum",
        "the inner product without yp: Σ grad_yp",
        cases,
        |[_, yp, grad_yp]| yp * (grad_yp.clone() - grad_yp.sum_dim(1)),
    ),
    (
        "softmax: factor outside dropped",
        "grad_z = grad_yp - Σ yp∘grad_yp",
        cases,
        |[_, yp, grad_yp]| {
            let inner = (yp * grad_yp.clone()).sum_dim(1);
            grad_yp - inner
        },
    ),
];

fn cases() -> Vec<Case> {
    at_sizes(softmax_case)
}
