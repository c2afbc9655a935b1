//! Mistakes in the gradient of linear regression.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Mutant, Upstream, Values};
use manual_backprop::linear::affine;

use super::{Row, at_sizes, from_rows};
use crate::common::GAMMA;
use crate::formulas::models::{BATCHES, By, Ridge, linear_regression_case, name_parameters};

/// The wrong `∇W` and `∇b`.
type WrongGradients = fn(Regression) -> (Tensor<2>, Tensor<1>);

pub(super) fn mutants() -> Vec<Mutant> {
    from_rows(MUTANTS, |wrong| {
        move |v: &Values, g: &Upstream| {
            let (grad_w, grad_b) = wrong(Regression::new(v));
            name_parameters(grad_w, grad_b, g)
        }
    })
}

const MUTANTS: &[Row<WrongGradients>] = &[
    (
        "LinearRegression: sign",
        "∇W = Xᵀ(Y - Yp) + γW",
        whole,
        |net| {
            let grad_w = net.x_transposed(net.grad_yp.clone().neg()) + net.w.clone() * GAMMA;
            (grad_w, net.grad_b())
        },
    ),
    (
        "LinearRegression: ridge forgotten",
        "∇W = Xᵀ(Yp - Y)",
        whole,
        |net| (net.x_transposed(net.grad_yp.clone()), net.grad_b()),
    ),
    (
        "LinearRegression: sign of the ridge",
        "∇W = Xᵀ(Yp - Y) - γW",
        whole,
        |net| net.with_ridge(-GAMMA),
    ),
    (
        "LinearRegression: ridge without its half",
        "∇W = Xᵀ(Yp - Y) + 2γW",
        whole,
        |net| net.with_ridge(2.0 * GAMMA),
    ),
    (
        "LinearRegression: ridge as a mean",
        "∇W = Xᵀ(Yp - Y) + γ/n W",
        whole,
        |net| {
            let ridge = GAMMA / net.rows();
            net.with_ridge(ridge)
        },
    ),
    (
        "LinearRegression: whole ridge for a batch",
        "∇W = xᵀ(yp - y) + γW where a batch bears γ n/N",
        share,
        |net| net.with_ridge(GAMMA),
    ),
    (
        "LinearRegression: share of the ridge inverted",
        "∇W = xᵀ(yp - y) + γ N/n W",
        share,
        |net| net.with_ridge(GAMMA * BATCHES as f64),
    ),
    (
        "LinearRegression: bias penalised",
        "∇b = Σ_rows (Yp - Y) + γb",
        whole,
        |net| {
            let grad_b = net.grad_b() + net.b.clone() * GAMMA;
            (net.grad_w(), grad_b)
        },
    ),
    (
        "LinearRegression: slides' form with a bias",
        "∇W = (XᵀX + γI)·W - XᵀY at b ≠ 0",
        whole,
        |net| {
            let without_bias = net.x.clone().matmul(net.w.clone()) - net.y.clone();
            let grad_w = net.x_transposed(without_bias) + net.w.clone() * GAMMA;
            (grad_w, net.grad_b())
        },
    ),
    (
        "LinearRegression: centred inputs",
        "∇W = X̃ᵀ(Yp - Y) + γW, right only where ∇b = 0",
        whole,
        |net| {
            let centred = net.x.clone() - net.x.clone().mean_dim(0);
            let grad_w = centred.transpose().matmul(net.grad_yp.clone()) + net.w.clone() * GAMMA;
            (grad_w, net.grad_b())
        },
    ),
    (
        "LinearRegression: targets forgotten",
        "∇W = XᵀYp + γW",
        whole,
        |net| {
            let yp = net.grad_yp.clone() + net.y.clone();
            let grad_w = net.x_transposed(yp) + net.w.clone() * GAMMA;
            (grad_w, net.grad_b())
        },
    ),
    (
        "LinearRegression: mean over rows",
        "∇W = Xᵀ(Yp - Y)/n + γW for the summed loss",
        whole,
        |net| {
            let mean = net.x_transposed(net.grad_yp.clone()) / net.rows();
            (mean + net.w.clone() * GAMMA, net.grad_b())
        },
    ),
    (
        "LinearRegression: transposed",
        "∇W = (Yp - Y)ᵀX read as [d_in, d_out]",
        whole,
        |net| {
            let product = net.grad_yp.clone().transpose().matmul(net.x.clone());
            let grad_w = product.reshape(net.w.dims()) + net.w.clone() * GAMMA;
            (grad_w, net.grad_b())
        },
    ),
    (
        "LinearRegression: ∇b of one row",
        "∇b = Yp - Y of the last row",
        whole,
        |net| {
            let last = net.x.dims()[0] - 1;
            let grad_b = net.grad_yp.clone().narrow(0, last, 1).squeeze_dim(0);
            (net.grad_w(), grad_b)
        },
    ),
    (
        "LinearRegression: mean in ∇b",
        "∇b = (Σ_rows (Yp - Y))/n for the summed loss",
        whole,
        |net| (net.grad_w(), net.grad_b() / net.rows()),
    ),
];

fn whole() -> Vec<Case> {
    at_sizes(|size| linear_regression_case(Ridge::Whole, size, By::Formulas))
}

fn share() -> Vec<Case> {
    at_sizes(|size| linear_regression_case(Ridge::Share, size, By::Formulas))
}

/// The tensors of the mistakes.
struct Regression {
    x: Tensor<2>,
    y: Tensor<2>,
    w: Tensor<2>,
    b: Tensor<1>,
    grad_yp: Tensor<2>,
}

impl Regression {
    fn new(v: &Values) -> Self {
        let [x, y, w] = ["x", "y", "linear.weight"].map(|name| v.get::<2>(name));
        let b = v.get::<1>("linear.bias");
        let grad_yp = affine::forward(x.clone(), w.clone(), b.clone()) - y.clone();
        Self {
            x,
            y,
            w,
            b,
            grad_yp,
        }
    }

    fn rows(&self) -> f64 {
        self.x.dims()[0] as f64
    }

    fn x_transposed(&self, grad: Tensor<2>) -> Tensor<2> {
        self.x.clone().transpose().matmul(grad)
    }

    /// The right `∇W`.
    fn grad_w(&self) -> Tensor<2> {
        self.x_transposed(self.grad_yp.clone()) + self.w.clone() * GAMMA
    }

    /// The right `∇b`.
    fn grad_b(&self) -> Tensor<1> {
        self.grad_yp.clone().sum_dim(0).squeeze_dim(0)
    }

    /// Right but for the factor of `W`.
    fn with_ridge(&self, gamma: f64) -> (Tensor<2>, Tensor<1>) {
        let grad_w = self.x_transposed(self.grad_yp.clone()) + self.w.clone() * gamma;
        (grad_w, self.grad_b())
    }
}
