//! Wrong slopes where a function is saturated in f32, and wrong gradients in f16 and bf16.

use burn::tensor::activation::{gelu_approximate, log_softmax, relu, sigmoid, softmax, softplus};
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Sample, Upstream, Values};

use super::{Expected, WrongCase, by_autodiff, by_hand, zero_gradient_of};

pub(super) fn all() -> Vec<WrongCase> {
    let mut all = saturated();
    all.extend(short());
    all
}

/// The shape of `x`.
const SHAPE: [usize; 2] = [3, 4];
const FAR: Sample = Sample::Within {
    low: -3.0,
    high: 3.0,
};

fn saturated() -> Vec<WrongCase> {
    let signed = Sample::Signed;
    vec![
        by_hand(
            "saturation: tanh(10x), square dropped",
            "10 (1 - |tanh|)",
            SHAPE,
            |x| (x * 10.0).tanh(),
            |x, g| ((x * 10.0).tanh().abs().neg() + 1.0) * 10.0 * g,
        ),
        by_hand(
            "saturation: tanh(10x), factor",
            "the inner factor 10 is missing",
            SHAPE,
            |x| (x * 10.0).tanh(),
            |x, g| ((x * 10.0).tanh().square().neg() + 1.0) * g,
        ),
        by_hand(
            "saturation: tanh(5x), sign",
            "-5 (1 - tanh²)",
            SHAPE,
            |x| (x * 5.0).tanh(),
            |x, g| ((x * 5.0).tanh().square() - 1.0) * 5.0 * g,
        ),
        by_hand(
            "saturation: sigmoid(10x), one factor",
            "10 s for 10 s(1 - s)",
            SHAPE,
            |x| sigmoid(x * 10.0),
            |x, g| sigmoid(x * 10.0) * 10.0 * g,
        ),
        by_hand(
            "saturation: sigmoid(10x), factor",
            "the inner factor 10 is missing",
            SHAPE,
            |x| sigmoid(x * 10.0),
            |x, g| {
                let s = sigmoid(x * 10.0);
                s.clone() * (s.neg() + 1.0) * g
            },
        ),
        by_hand(
            "saturation: softmax(20x), diagonal only",
            "20 y(1 - y)",
            SHAPE,
            |x| softmax(x * 20.0, 1),
            |x, g| {
                let y = softmax(x * 20.0, 1);
                y.clone() * (y.neg() + 1.0) * 20.0 * g
            },
        ),
        by_hand(
            "saturation: log-softmax(20x), no rest",
            "20 g",
            SHAPE,
            |x| log_softmax(x * 20.0, 1),
            |_, g| g * 20.0,
        ),
        by_hand(
            "saturation: softplus(10x), always 1",
            "10 g",
            SHAPE,
            |x| softplus(x * 10.0, 1.0),
            |_, g| g * 10.0,
        ),
        by_autodiff(
            "saturation: tanh as a clamp",
            "slope 1 up to ±1, then 0",
            (SHAPE, FAR),
            Tensor::tanh,
            |x| x.clamp(-1.0, 1.0),
        ),
        by_autodiff(
            "saturation: clamp, straight through",
            "slope 1 beyond the bounds",
            (SHAPE, FAR),
            |x| x.clamp(-1.0, 1.0),
            |x| x,
        ),
        by_autodiff(
            "saturation: tanh(5x), the derivative of erf",
            "another sigmoid function",
            (SHAPE, signed),
            |x| (x * 5.0).tanh(),
            |x| (x * 5.0).erf(),
        ),
        by_autodiff(
            "saturation: sigmoid(10x), the derivative of tanh(5x)",
            "twice the slope",
            (SHAPE, signed),
            |x| sigmoid(x * 10.0),
            |x| (x * 5.0).tanh(),
        ),
        by_autodiff(
            "saturation: gelu as x · sigmoid(1.702x)",
            "an approximation, differentiated",
            (SHAPE, FAR),
            gelu_approximate,
            |x| x.clone() * sigmoid(x * 1.702),
        ),
        by_autodiff(
            "saturation: relu leaks",
            "slope 0.01 on the left",
            (SHAPE, FAR),
            relu,
            |x| burn::tensor::activation::leaky_relu(x, 0.01),
        ),
        by_autodiff(
            "saturation: exp(-4x²), sign",
            "the gradient's sign",
            (SHAPE, FAR),
            |x| (x.square() * -4.0).exp(),
            |x| (x.square() * -4.0).exp().neg(),
        ),
        WrongCase::new(
            "autodiff of a sigmoid that is not saturated is zero",
            Expected::Severed,
            Case::new("saturation: zero too early")
                .input("x", SHAPE)
                .function(|v| {
                    let s = sigmoid(v.get::<2>("x") * 4.0);
                    zero_gradient_of(s)
                }),
        ),
    ]
}

/// Wrong gradients in f16 and bf16.
fn short() -> Vec<WrongCase> {
    let types_and_names: [(&'static [DType], _); 2] = [
        (
            &[DType::F16],
            [
                "f16: factor of a square",
                "f16: sign of a sine",
                "f16: matmul, untransposed",
                "f16: softmax, diagonal only",
                "f16: input detached",
                "f16: branch detached",
                "f16: mean for a sum",
                "f16: one row",
            ],
        ),
        (
            &[DType::BF16],
            [
                "bf16: factor of a square",
                "bf16: sign of a sine",
                "bf16: matmul, untransposed",
                "bf16: softmax, diagonal only",
                "bf16: input detached",
                "bf16: branch detached",
                "bf16: mean for a sum",
                "bf16: one row",
            ],
        ),
    ];
    let mut all = Vec::new();
    for (types, names) in types_and_names {
        let [square, sine, product, rows, input, branch, mean, row] = names;
        let wrong = [
            by_hand(square, "x for 2x", SHAPE, |x| x.square(), |x, g| x * g),
            by_hand(sine, "-cos x", SHAPE, Tensor::sin, |x, g| x.cos().neg() * g),
            WrongCase::new("grad_x = grad·w", Expected::MANUAL, matmul(product)),
            by_hand(
                rows,
                "y(1 - y)",
                SHAPE,
                |x| softmax(x, 1),
                |x, g| {
                    let y = softmax(x, 1);
                    y.clone() * (y.neg() + 1.0) * g
                },
            ),
            of_x(input, "x detached", Expected::Severed, |x| x.detach().sin()),
            of_x(branch, "x · x.detach()", Expected::AUTODIFF, |x| {
                x.clone() * x.detach()
            }),
            by_hand(
                mean,
                "grad / 4 for each element of a row",
                SHAPE,
                |x| x.sum_dim(1),
                |x, g| x.zeros_like() + g * 0.25,
            ),
            by_hand(row, "the last row doubled", SHAPE, Tensor::exp, |x, g| {
                let grad = x.exp() * g;
                let last = grad.clone().narrow(0, 2, 1) * 2.0;
                grad.slice_assign([2..3, 0..4], last)
            }),
        ];
        all.extend(wrong.into_iter().map(|case| case.in_types(types)));
    }
    all
}

fn of_x(
    name: &'static str,
    mistake: &'static str,
    expected: Expected,
    f: fn(Tensor<2>) -> Tensor<2>,
) -> WrongCase {
    let case = Case::new(name)
        .input("x", SHAPE)
        .function(move |v| f(v.get("x")));
    WrongCase::new(mistake, expected, case)
}

/// `x·w` of square matrices, without the transposition in the gradient of `x`.
fn matmul(name: &'static str) -> Case {
    Case::new(name)
        .input("x", [3, 3])
        .input("w", [3, 3])
        .function(|v| v.get::<2>("x").matmul(v.get::<2>("w")))
        .vjp(|v: &Values, g: &Upstream| {
            let grad = g.get::<2>(0);
            Gradients::new()
                .with("x", grad.clone().matmul(v.get::<2>("w")))
                .with("w", v.get::<2>("x").transpose().matmul(grad))
        })
}
