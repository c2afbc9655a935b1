//! Mistakes in the gradient of linear regression.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::linear::affine;

use super::{Row, at_sizes};
use crate::common::GAMMA;
use crate::formulas::models::{BATCHES, Ridge, linear_regression_case, name_parameters};

pub(super) const MUTANTS: &[Row] = &[
    (
        "LinearRegression: sign",
        "∇W = Xᵀ(Y - Yp) + γW",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let grad_w = net.x_transposed(net.grad_yp.clone().neg()) + net.w.clone() * GAMMA;
            name_parameters(grad_w, net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: ridge forgotten",
        "∇W = Xᵀ(Yp - Y)",
        whole,
        |v, g| {
            let net = Regression::new(v);
            name_parameters(net.x_transposed(net.grad_yp.clone()), net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: sign of the ridge",
        "∇W = Xᵀ(Yp - Y) - γW",
        whole,
        |v, g| Regression::new(v).with_ridge(-GAMMA, g),
    ),
    (
        "LinearRegression: ridge without its half",
        "∇W = Xᵀ(Yp - Y) + 2γW",
        whole,
        |v, g| Regression::new(v).with_ridge(2.0 * GAMMA, g),
    ),
    (
        "LinearRegression: ridge as a mean",
        "∇W = Xᵀ(Yp - Y) + γ/n W",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let ridge = GAMMA / net.rows();
            net.with_ridge(ridge, g)
        },
    ),
    (
        "LinearRegression: whole ridge for a batch",
        "∇W = xᵀ(yp - y) + γW where a batch bears γ n/N",
        share,
        |v, g| Regression::new(v).with_ridge(GAMMA, g),
    ),
    (
        "LinearRegression: share of the ridge inverted",
        "∇W = xᵀ(yp - y) + γ N/n W",
        share,
        |v, g| Regression::new(v).with_ridge(GAMMA * BATCHES as f64, g),
    ),
    (
        "LinearRegression: bias penalised",
        "∇b = Σ_rows (Yp - Y) + γb",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let grad_b = net.grad_b() + v.get::<1>("linear.bias") * GAMMA;
            name_parameters(net.grad_w(), grad_b, g)
        },
    ),
    (
        "LinearRegression: slides' form with a bias",
        "∇W = (XᵀX + γI)·W - XᵀY at b ≠ 0",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let without_bias = net.x.clone().matmul(net.w.clone()) - v.get::<2>("y");
            let grad_w = net.x_transposed(without_bias) + net.w.clone() * GAMMA;
            name_parameters(grad_w, net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: centred inputs",
        "∇W = X̃ᵀ(Yp - Y) + γW, right only where ∇b = 0",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let centred = net.x.clone() - net.x.clone().mean_dim(0);
            let grad_w = centred.transpose().matmul(net.grad_yp.clone()) + net.w.clone() * GAMMA;
            name_parameters(grad_w, net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: targets forgotten",
        "∇W = XᵀYp + γW",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let yp = net.grad_yp.clone() + v.get::<2>("y");
            let grad_w = net.x_transposed(yp) + net.w.clone() * GAMMA;
            name_parameters(grad_w, net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: mean over rows",
        "∇W = Xᵀ(Yp - Y)/n + γW for the summed loss",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let mean = net.x_transposed(net.grad_yp.clone()) / net.rows();
            name_parameters(mean + net.w.clone() * GAMMA, net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: transposed",
        "∇W = (Yp - Y)ᵀX read as [d_in, d_out]",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let product = net.grad_yp.clone().transpose().matmul(net.x.clone());
            let grad_w = product.reshape(net.w.dims()) + net.w.clone() * GAMMA;
            name_parameters(grad_w, net.grad_b(), g)
        },
    ),
    (
        "LinearRegression: ∇b of one row",
        "∇b = Yp - Y of the last row",
        whole,
        |v, g| {
            let net = Regression::new(v);
            let last = net.x.dims()[0] - 1;
            let grad_b = net.grad_yp.clone().narrow(0, last, 1).squeeze_dim(0);
            name_parameters(net.grad_w(), grad_b, g)
        },
    ),
    (
        "LinearRegression: mean in ∇b",
        "∇b = (Σ_rows (Yp - Y))/n for the summed loss",
        whole,
        |v, g| {
            let net = Regression::new(v);
            name_parameters(net.grad_w(), net.grad_b() / net.rows(), g)
        },
    ),
];

fn whole() -> Vec<Case> {
    at_sizes(|size| linear_regression_case(Ridge::Whole, size))
}

fn share() -> Vec<Case> {
    at_sizes(|size| linear_regression_case(Ridge::Share, size))
}

/// What the mistakes are made with.
struct Regression {
    x: Tensor<2>,
    w: Tensor<2>,
    grad_yp: Tensor<2>,
}

impl Regression {
    fn new(v: &Values) -> Self {
        let (x, w) = (v.get::<2>("x"), v.get::<2>("linear.weight"));
        let yp = affine::forward(x.clone(), w.clone(), v.get("linear.bias"));
        let grad_yp = yp - v.get::<2>("y");
        Self { x, w, grad_yp }
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
    fn with_ridge(&self, gamma: f64, grad_out: &Upstream) -> Gradients {
        let grad_w = self.x_transposed(self.grad_yp.clone()) + self.w.clone() * gamma;
        name_parameters(grad_w, self.grad_b(), grad_out)
    }
}
