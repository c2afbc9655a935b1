//! Correct gradients by another formula: a checker that flags one of these raises a false alarm.

use burn::tensor::Tensor;
use burn_gradcheck::{Alternative, Case, Gradients};

use manual_backprop::activation::{self, Activation, elu, sigmoid, tanh};
use manual_backprop::cross_entropy::{from_probabilities, softmax_cross_entropy};
use manual_backprop::linear::affine;
use manual_backprop::nets::{mnist, xor};
use manual_backprop::{Reduction, softmax};

use super::models::{self, By, Ridge, linear_regression_case};
use super::nets;
use super::rules::{
    activation_case, add_bias_case, half_squared_error_case, layer_case, matmul_case, softmax_case,
    softmax_cross_entropy_case,
};
use crate::common::{GAMMA, Vjp, scaled};
use crate::sizes::Size;

/// Name, formula, the case of the rule, the gradient by the other formula.
type Row = (&'static str, &'static str, fn(Size) -> Case, Vjp);

/// Every alternative.
pub(crate) fn alternatives() -> Vec<Alternative> {
    ALTERNATIVES
        .iter()
        .map(|&(name, formula, case, vjp)| {
            let cases = SIZES.map(|size| case(size).vjp(vjp));
            Alternative::new(name, formula, cases)
        })
        .collect()
}

const SIZES: [Size; 3] = [[7, 5, 3], [4, 4, 4], [1, 3, 2]];

const ALTERNATIVES: &[Row] = &[
    (
        "matmul: transposed twice",
        "grad_x = (w·grad_zᵀ)ᵀ, grad_w = (grad_zᵀ·x)ᵀ",
        matmul_case,
        |v, g| {
            let grad_z = g.get::<2>(0).transpose();
            let grad_x = v.get::<2>("w").matmul(grad_z.clone()).transpose();
            let grad_w = grad_z.matmul(v.get::<2>("x")).transpose();
            Gradients::new().with("x", grad_x).with("w", grad_w)
        },
    ),
    (
        "matmul: outer products",
        "grad_w = Σ over rows of x_kᵀ·grad_z_k",
        matmul_case,
        |v, g| {
            let (x, grad_z) = (v.get::<2>("x"), g.get::<2>(0));
            let row = |k| {
                let (x, grad_z) = (x.clone().narrow(0, k, 1), grad_z.clone().narrow(0, k, 1));
                x.transpose() * grad_z
            };
            let grad_w = (1..x.dims()[0]).fold(row(0), |sum, k| sum + row(k));
            let grad_x = grad_z.clone().matmul(v.get::<2>("w").transpose());
            Gradients::new().with("x", grad_x).with("w", grad_w)
        },
    ),
    (
        "add_bias: row of ones",
        "grad_b = 1ᵀ·grad_z",
        add_bias_case,
        |_, g| {
            let grad_z = g.get::<2>(0);
            let ones = grad_z.clone().narrow(1, 0, 1).ones_like().transpose();
            let grad_b = ones.matmul(grad_z.clone()).squeeze_dim::<1>(0);
            Gradients::new().with("x", grad_z).with("b", grad_b)
        },
    ),
    (
        "sigmoid: both tails",
        "σ' = σ(a) σ(-a)",
        sigmoid_case,
        |v, g| {
            let a = v.get::<2>("a");
            let slope = sigmoid::forward(a.clone()) * sigmoid::forward(a.neg());
            Gradients::new().with("a", slope * g.get(0))
        },
    ),
    (
        "sigmoid: as derived",
        "σ' = e^-a / (1 + e^-a)²",
        sigmoid_case,
        |v, g| {
            let e = v.get::<2>("a").neg().exp();
            let denominator = e.clone() + 1.0;
            Gradients::new().with("a", e / (denominator.clone() * denominator) * g.get(0))
        },
    ),
    (
        "sigmoid: by tanh",
        "σ' = (1 - tanh²(a/2)) / 4",
        sigmoid_case,
        |v, g| {
            let t = (v.get::<2>("a") * 0.5).tanh();
            Gradients::new().with("a", (1.0 - t.clone() * t) * 0.25 * g.get(0))
        },
    ),
    (
        "tanh: factored",
        "tanh' = (1 - z)(1 + z)",
        tanh_case,
        |v, g| {
            let z = tanh::forward(v.get::<2>("a"));
            Gradients::new().with("a", (1.0 - z.clone()) * (z + 1.0) * g.get(0))
        },
    ),
    (
        "tanh: by cosh",
        "tanh' = 4 / (e^a + e^-a)²",
        tanh_case,
        |v, g| {
            let a = v.get::<2>("a");
            let sum = a.clone().exp() + a.neg().exp();
            Gradients::new().with("a", g.get::<2>(0) * 4.0 / (sum.clone() * sum))
        },
    ),
    (
        "relu: mask",
        "zeros filled in where a ≤ 0",
        relu_case,
        |v, g| {
            let inactive = v.get::<2>("a").lower_equal_scalar(0.0);
            Gradients::new().with("a", g.get::<2>(0).mask_fill(inactive, 0.0))
        },
    ),
    (
        "elu: branches",
        "ELU' = 1 where a > 0, else z + 1",
        elu_case,
        |v, g| {
            let a = v.get::<2>("a");
            let z = elu::forward(a.clone());
            let slope = z.ones_like().mask_where(a.lower_equal_scalar(0.0), z + 1.0);
            Gradients::new().with("a", slope * g.get(0))
        },
    ),
    (
        "softmax: whole Jacobian",
        "grad_z = (diag(yp) - yp·ypᵀ)·grad_yp, row by row",
        softmax_case,
        |v, g| {
            let yp = softmax::forward(v.get("z"));
            let column = |row: Tensor<2>| row.unsqueeze_dim::<3>(2);
            let outer = column(yp.clone()).matmul(column(yp.clone()).swap_dims(1, 2));
            let product = outer.matmul(column(g.get(0))).squeeze_dim::<2>(2);
            Gradients::new().with("z", yp * g.get(0) - product)
        },
    ),
    (
        "softmax_cross_entropy: composed",
        "softmax's rule after cross-entropy's",
        fused_case,
        |v, g| {
            let yp = softmax::forward(v.get("z"));
            let grad_yp = from_probabilities::backward(yp.clone(), v.get("y"), Reduction::Mean);
            Gradients::new().with("z", scaled(softmax::backward(yp, grad_yp), g))
        },
    ),
    (
        "softmax_cross_entropy: 1/n first",
        "grad_z = yp/n - y/n",
        fused_case,
        |v, g| {
            let (_, yp) = softmax_cross_entropy::forward(v.get("z"), v.get("y"), Reduction::Mean);
            let rows = yp.dims()[0] as f64;
            Gradients::new().with("z", scaled(yp / rows - v.get::<2>("y") / rows, g))
        },
    ),
    (
        "half_squared_error: multiplied out",
        "½(2 yp - 2 y)/n",
        error_case,
        |v, g| {
            let (yp, y) = (v.get::<2>("yp"), v.get::<2>("y"));
            let rows = yp.dims()[0] as f64;
            Gradients::new().with("yp", scaled((yp * 2.0 - y * 2.0) * 0.5 / rows, g))
        },
    ),
    (
        "layer: bias as a row of w",
        "the bias as the weight of an input that is always 1",
        layer_cases,
        |v, g| {
            let (x, w, b) = (v.get::<2>("x"), v.get::<2>("w"), v.get::<1>("b"));
            let [_, d_in] = x.dims();
            let one = x.clone().narrow(1, 0, 1).ones_like();
            let x = Tensor::cat(vec![x, one], 1);
            let w = Tensor::cat(vec![w, b.unsqueeze_dim(0)], 0);
            let a = x.clone().matmul(w.clone());
            let z = activation::forward(Activation::Tanh, a.clone());
            let grad_a = activation::backward(Activation::Tanh, a, z, g.get(0));
            let grad_w = x.transpose().matmul(grad_a.clone());
            let grad_x = grad_a.matmul(w.transpose());
            Gradients::new()
                .with("x", grad_x.narrow(1, 0, d_in))
                .with("w", grad_w.clone().narrow(0, 0, d_in))
                .with("b", grad_w.narrow(0, d_in, 1).squeeze_dim::<1>(0))
        },
    ),
    (
        "xor net: σ' folded in",
        "δz5 = yp∘δyp - yp∘(yp∘δyp)",
        xor_net,
        |v, g| {
            let (p, x, y) = (nets::parameters(v), v.get::<2>("x"), v.get::<2>("y"));
            let forward = xor::forward(Activation::Sigmoid, &p, x.clone(), y.clone());
            let product = forward.yp.clone() * (forward.yp.clone() - y);
            let grad_z5 = product.clone() - forward.yp * product;
            let output = affine::backward_parameters(forward.z3.clone(), grad_z5.clone());
            let grad_z3 = grad_z5.matmul(p.w2.transpose());
            let grad_z2 = (1.0 - forward.z3.clone()) * grad_z3 * forward.z3;
            let hidden = affine::backward_parameters(x, grad_z2);
            nets::name_layers([hidden, output], g)
        },
    ),
    (
        "mnist net: 1/n last",
        "the gradient of the sum, divided by n at the very end",
        mnist_net,
        |v, g| {
            let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
            let rows = x.dims()[0] as f64;
            let forward = nets::mnist_forward(Activation::Relu, Reduction::Sum, 3, v);
            let layers = nets::mnist_layers(v, 3);
            let grads = mnist::backward(Activation::Relu, &layers, x, y, Reduction::Sum, &forward);
            nets::name_layers(
                grads
                    .into_iter()
                    .map(|l| (l.grad_w / rows, l.grad_b / rows)),
                g,
            )
        },
    ),
    (
        "LinearRegression: by the Gram matrix",
        "grad_w = (xᵀx + γI)·w - xᵀy + xᵀ1bᵀ",
        ridge_regression,
        |v, g| {
            let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
            let (w, b) = (v.get::<2>("linear.weight"), v.get::<1>("linear.bias"));
            let rows = x.dims()[0] as f64;
            let gram = x.clone().transpose().matmul(x.clone());
            let sums = x.clone().sum_dim(0);
            let b = b.unsqueeze_dim::<2>(0);
            let grad_w = gram.matmul(w.clone()) + w.clone() * GAMMA
                - x.transpose().matmul(y.clone())
                + sums.clone().transpose().matmul(b.clone());
            let grad_b = sums.matmul(w) - y.sum_dim(0) + b * rows;
            models::name_parameters(grad_w, grad_b.squeeze_dim(0), g)
        },
    ),
    (
        "LinearRegression: about the mean",
        "grad_w = x̃ᵀ·δyp + x̄·grad_bᵀ + γ w, inputs centred",
        ridge_regression,
        |v, g| {
            let (x, w) = (v.get::<2>("x"), v.get::<2>("linear.weight"));
            let yp = affine::forward(x.clone(), w.clone(), v.get("linear.bias"));
            let grad_yp = yp - v.get::<2>("y");
            let grad_b = grad_yp.clone().sum_dim(0);
            let mean = x.clone().mean_dim(0);
            let centred = x - mean.clone();
            let grad_w = centred.transpose().matmul(grad_yp)
                + mean.transpose().matmul(grad_b.clone())
                + w * GAMMA;
            models::name_parameters(grad_w, grad_b.squeeze_dim(0), g)
        },
    ),
];

fn ridge_regression(size: Size) -> Case {
    linear_regression_case(Ridge::Whole, size, By::Formulas)
}

fn sigmoid_case(size: Size) -> Case {
    activation_case(Activation::Sigmoid, size)
}

fn tanh_case(size: Size) -> Case {
    activation_case(Activation::Tanh, size)
}

fn relu_case(size: Size) -> Case {
    activation_case(Activation::Relu, size)
}

fn elu_case(size: Size) -> Case {
    activation_case(Activation::Elu, size)
}

fn fused_case(size: Size) -> Case {
    softmax_cross_entropy_case(Reduction::Mean, size)
}

fn error_case(size: Size) -> Case {
    half_squared_error_case(Reduction::Mean, size)
}

fn layer_cases(size: Size) -> Case {
    layer_case(Activation::Tanh, size)
}

fn xor_net(size: Size) -> Case {
    nets::xor_case(Activation::Sigmoid, size)
}

fn mnist_net(size: Size) -> Case {
    nets::mnist_case(Activation::Relu, Reduction::Mean, &nets::three_layers(size))
}
