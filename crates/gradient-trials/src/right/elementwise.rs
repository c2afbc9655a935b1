//! Functions of single elements and of rows: activations, saturation in f32, f32 inside f64.

use burn::tensor::activation::{
    gelu_approximate, hard_sigmoid, leaky_relu, log_sigmoid, log_softmax, mish, relu, sigmoid,
    silu, softmax, softmin, softplus, tanh,
};
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Sample};

use super::RightFunction;

/// A case with one matrix `x`, drawn from `sample`.
fn drawn(
    name: &'static str,
    about: &'static str,
    sample: Sample,
    f: fn(Tensor<2>) -> Tensor<2>,
) -> RightFunction {
    let case = Case::new(name)
        .input_from("x", SHAPE, sample)
        .function(move |v| f(v.get("x")));
    RightFunction::new(about, case)
}

/// A case with one matrix `x` of either sign.
fn of_x(name: &'static str, about: &'static str, f: fn(Tensor<2>) -> Tensor<2>) -> RightFunction {
    drawn(name, about, Sample::Signed, f)
}

const SHAPE: [usize; 2] = [3, 4];

/// `x` large enough that most functions reach an asymptote, where f32 keeps few digits of the slope.
const FAR: Sample = Sample::Within {
    low: -3.0,
    high: 3.0,
};

pub(super) fn all() -> Vec<RightFunction> {
    let mut all = activations();
    all.extend(saturated());
    all.extend(rounded_inside());
    all
}

fn activations() -> Vec<RightFunction> {
    vec![
        of_x("relu", "zero for negative inputs", relu),
        of_x("leaky relu", "slope 0.1 for negative inputs", |x| {
            leaky_relu(x, 0.1)
        }),
        of_x("tanh", "written by hand too", tanh).with_vjp(|v, g| {
            let z = v.get::<2>("x").tanh();
            Gradients::new().with("x", (-z.clone() * z + 1.0) * g.get(0))
        }),
        of_x("sigmoid", "in f32 inside on ndarray", sigmoid),
        of_x("silu", "x times its sigmoid", silu),
        of_x("softplus", "log(1 + e^x)", |x| softplus(x, 1.0)),
        of_x("mish", "x tanh(softplus x)", mish),
        of_x("hard sigmoid", "linear between two bounds", |x| {
            hard_sigmoid(x, 0.2, 0.5)
        }),
        of_x("gelu by erf", "the exact form, with Burn's erf", |x| {
            x.clone() * ((x * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5
        }),
        of_x("gelu by tanh", "the approximate form", gelu_approximate),
        of_x("softmax", "along rows", |x| softmax(x, 1)),
        of_x("softmin", "along columns", |x| softmin(x, 0)),
        of_x("log-softmax", "along rows", |x| log_softmax(x, 1)),
        of_x("square, written by hand", "x + x for 2x", |x| x.square()).with_vjp(|v, g| {
            let x = v.get::<2>("x");
            Gradients::new().with("x", (x.clone() + x) * g.get(0))
        }),
        drawn("log", "of positive inputs", Sample::Positive, Tensor::log),
        drawn("root", "of positive inputs", Sample::Positive, Tensor::sqrt),
        drawn("power", "x^2.5", Sample::Positive, |x| x.powf_scalar(2.5)),
        of_x("reciprocal", "1/x", Tensor::recip),
        of_x("sine of a square", "sin(x²)", |x| x.square().sin()),
        of_x("clamp", "between -0.7 and 0.6", |x| x.clamp(-0.7, 0.6)),
        of_x("absolute value", "the slope is the sign", Tensor::abs),
    ]
}

/// Where a function is flat, f32 rounds most of its slope away.
fn saturated() -> Vec<RightFunction> {
    vec![
        of_x("tanh(10x)", "1 - tanh² is mostly rounding", |x| {
            (x * 10.0).tanh()
        }),
        of_x("tanh(5x)", "1 - tanh² is partly rounding", |x| {
            (x * 5.0).tanh()
        }),
        of_x("sigmoid(10x)", "s(1 - s) is partly rounding", |x| {
            sigmoid(x * 10.0)
        }),
        of_x("softmax(20x)", "one element of each row is almost 1", |x| {
            softmax(x * 20.0, 1)
        }),
        of_x("log-softmax(20x)", "one of each row is almost 0", |x| {
            log_softmax(x * 20.0, 1)
        }),
        of_x("log-sum-exp(20x)", "the maximum, almost", |x| {
            let x = x * 20.0;
            let max = x.clone().max_dim(1).detach();
            (x - max.clone()).exp().sum_dim(1).log() + max
        }),
        drawn("gelu by tanh, far out", "flat on the left", FAR, |x| {
            gelu_approximate(x * 2.0)
        }),
        drawn("gelu by erf, far out", "flat on the left", FAR, |x| {
            let x = x * 2.0;
            x.clone() * ((x * std::f64::consts::FRAC_1_SQRT_2).erf() + 1.0) * 0.5
        }),
        drawn("erf(2x), far out", "flat on both sides", FAR, |x| {
            (x * 2.0).erf()
        }),
        drawn("softplus(10x)", "flat on the left", FAR, |x| {
            softplus(x * 10.0, 1.0)
        }),
        drawn("log-sigmoid(10x)", "flat on the right", FAR, |x| {
            log_sigmoid(x * 10.0)
        }),
        drawn("silu(10x)", "flat on the left", FAR, |x| silu(x * 10.0)),
        drawn("exp(-4x²)", "down to 1e-16", FAR, |x| {
            (x.square() * -4.0).exp()
        }),
        drawn("arc tangent of 50x", "slopes of 1/x²", FAR, |x| {
            (x * 50.0).atan()
        }),
        drawn("three tanh in a row", "one saturates the next", FAR, |x| {
            ((x * 3.0).tanh() * 3.0).tanh().mul_scalar(3.0).tanh()
        }),
        drawn("1 - cos(x/64)", "a rest of a cancellation", FAR, |x| {
            -(x / 64.0).cos() + 1.0
        }),
        drawn(
            "sigmoid(8x), all saturated",
            "no element with a large slope",
            ABOVE,
            |x| sigmoid(x * 8.0),
        ),
        drawn(
            "tanh(8x), all saturated",
            "no element with a large slope",
            ABOVE,
            |x| (x * 8.0).tanh(),
        ),
    ]
}

/// Only large positive values.
const ABOVE: Sample = Sample::Within {
    low: 1.0,
    high: 2.0,
};

/// Functions that round to f32 inside, whatever the float type of the inputs.
fn rounded_inside() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "the first element is saturated, the second is not",
            Case::new("sigmoid at -90 and 0.5")
                .input_values("x", [2], [-90.0, 0.5])
                .function(|v| sigmoid(v.get::<1>("x"))),
        ),
        RightFunction::new(
            "elements that relu switches off come first",
            Case::new("sigmoid of a linear layer of relu")
                .input("x", [2, 3])
                .input("w", [3, 2])
                .function(|v| sigmoid(relu(v.get::<2>("x")).matmul(v.get::<2>("w")))),
        ),
        RightFunction::new(
            "the first elements are cut off, the others rounded to f32",
            Case::new("sine in f32 of a slice")
                .input("x", [6])
                .function(|v| {
                    let x = v.get::<1>("x").narrow(0, 2, 4);
                    x.cast(DType::F32).sin().cast(v.dtype())
                }),
        ),
        RightFunction::new(
            "every value is rounded to f32",
            Case::new("exp in f32").input("x", [5]).function(|v| {
                let x = v.get::<1>("x").cast(DType::F32);
                x.exp().cast(v.dtype())
            }),
        ),
        RightFunction::new(
            "one branch is rounded to f32",
            Case::new("product with a branch in f32")
                .input("x", [5])
                .function(|v| {
                    let x = v.get::<1>("x");
                    x.clone() * x.cast(DType::F32).cos().cast(v.dtype())
                }),
        ),
        RightFunction::new(
            "one input goes through f32, the other does not",
            Case::new("one input in f32, one exact")
                .input("x", [4])
                .input("y", [4])
                .function(|v| {
                    let x = v.get::<1>("x").cast(DType::F32).sin().cast(v.dtype());
                    x * v.get::<1>("y").square()
                }),
        ),
        RightFunction::new(
            "a huge output depends on the other input only",
            Case::new("1e16 x and sin y")
                .input("x", [3])
                .input("y", [3])
                .function(|v| (v.get::<1>("x") * 1e16, v.get::<1>("y").sin())),
        ),
        RightFunction::new(
            "a tiny output next to an ordinary one",
            Case::new("1e-12 x³ and sin y")
                .input("x", [3])
                .input("y", [3])
                .function(|v| {
                    (
                        v.get::<1>("x").powi_scalar(3) * 1e-12,
                        v.get::<1>("y").sin(),
                    )
                }),
        ),
        RightFunction::new(
            "a large constant hides most digits of the rest",
            Case::new("1e4 + sin x")
                .input("x", [4])
                .function(|v| v.get::<1>("x").sin() + 1e4),
        ),
    ]
}
