//! Weights that are used twice and counted once, and gradients that are zero where they should not be.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn_gradcheck::{Case, Gradients, Sample, Upstream, Values};

use super::{Expected, WrongCase, with_gradient_of};

pub(super) fn all() -> Vec<WrongCase> {
    let mut all = tied();
    all.extend(zeros());
    all
}

/// `tanh(x·w)·w`.
fn twice(name: &'static str) -> Case {
    Case::new(name)
        .input("x", [2, 3])
        .input("w", [3, 3])
        .function(|v| {
            let w = v.get::<2>("w");
            v.get::<2>("x").matmul(w.clone()).tanh().matmul(w)
        })
}

/// The two parts of the gradient of `w` in [`twice`], and the gradient of `x`.
fn parts(v: &Values, g: &Upstream) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
    let (x, w, grad) = (v.get::<2>("x"), v.get::<2>("w"), g.get::<2>(0));
    let z = x.clone().matmul(w.clone()).tanh();
    let outer = z.clone().transpose().matmul(grad.clone());
    let grad_a = grad.matmul(w.clone().transpose()) * (z.clone() * z).neg().add_scalar(1.0);
    let inner = x.transpose().matmul(grad_a.clone());
    (inner, outer, grad_a.matmul(w.transpose()))
}

fn tied() -> Vec<WrongCase> {
    let by_hand = |name: &'static str, mistake, sum: fn(Tensor<2>, Tensor<2>) -> Tensor<2>| {
        let case = twice(name).vjp(move |v, g| {
            let (inner, outer, grad_x) = parts(v, g);
            Gradients::new()
                .with("x", grad_x)
                .with("w", sum(inner, outer))
        });
        WrongCase::new(mistake, Expected::MANUAL, case)
    };
    vec![
        by_hand(
            "tied: only the last use",
            "the inner use is left out",
            |_, outer| outer,
        ),
        by_hand(
            "tied: only the first use",
            "the outer use is left out",
            |inner, _| inner,
        ),
        by_hand(
            "tied: averaged",
            "half of the sum of both uses",
            |inner, outer| (inner + outer) * 0.5,
        ),
        by_hand(
            "tied: one use transposed",
            "grad of the outer use transposed",
            |inner, outer| inner + outer.transpose(),
        ),
        by_hand(
            "tied: one use subtracted",
            "the sign of the outer use",
            |inner, outer| inner - outer,
        ),
        WrongCase::new(
            "the second use of a layer is detached",
            Expected::AUTODIFF,
            Case::new("tied: layer used twice, once detached")
                .input("x", [2, 3])
                .module(
                    |device| LinearConfig::new(3, 3).with_bias(false).init(device),
                    |layer: &Linear, v| {
                        let z = layer.forward(v.get::<2>("x")).tanh();
                        z.matmul(layer.weight.val().detach())
                    },
                ),
        ),
        WrongCase::new(
            "the output's use of the embedding is detached",
            Expected::AUTODIFF,
            Case::new("tied: embedding, output detached").module(
                |device| EmbeddingConfig::new(5, 3).init(device),
                |m: &Embedding, v| {
                    let z = m.forward(v.ints([1, 3], &[4, 0, 4])).tanh().reshape([3, 3]);
                    z.matmul(m.weight.val().detach().transpose())
                },
            ),
        ),
        WrongCase::new(
            "the input's use of the embedding is detached",
            Expected::AUTODIFF,
            Case::new("tied: embedding, input detached").module(
                |device| EmbeddingConfig::new(5, 3).init(device),
                |m: &Embedding, v| {
                    let z = m.forward(v.ints([1, 3], &[4, 0, 4])).tanh().reshape([3, 3]);
                    z.detach().matmul(m.weight.val().transpose())
                },
            ),
        ),
        WrongCase::new(
            "two fields with one parameter, the second detached",
            Expected::Severed,
            Case::new("tied: two fields, one detached")
                .input("x", [2, 3])
                .module(
                    |device| {
                        let first = LinearConfig::new(3, 3).with_bias(false).init(device);
                        Tied {
                            second: first.clone(),
                            first,
                        }
                    },
                    |net: &Tied, v| {
                        let z = net.first.forward(v.get::<2>("x")).tanh();
                        z.matmul(net.second.weight.val().detach())
                    },
                ),
        )
        .or(Expected::AUTODIFF),
        WrongCase::new(
            "a value selected twice gets its gradient once",
            Expected::AUTODIFF,
            Case::new("tied: row selected twice")
                .input("x", [4, 3])
                .function(|v| {
                    let x = v.get::<2>("x");
                    let all = x.clone().select(0, v.ints([3], &[2, 0, 2])).square();
                    let first = x.select(0, v.ints([2], &[2, 0])).square();
                    let repeated = all.clone().narrow(0, 2, 1).detach();
                    with_gradient_of(all, Tensor::cat(vec![first, repeated], 0))
                }),
        ),
    ]
}

/// Two fields made from one layer.
#[derive(Module, Debug)]
struct Tied {
    first: Linear,
    second: Linear,
}

fn zeros() -> Vec<WrongCase> {
    let square = |name: &'static str| {
        Case::new(name)
            .input("x", [3, 4])
            .function(|v| v.get::<2>("x").square())
    };
    vec![
        WrongCase::new(
            "the hand-written gradient is zero",
            Expected::MANUAL,
            square("zero: everywhere")
                .vjp(|v, _| Gradients::new().with("x", v.get::<2>("x").zeros_like())),
        ),
        WrongCase::new(
            "the hand-written gradient of one input is zero",
            Expected::MANUAL,
            Case::new("zero: one input of two")
                .input("x", [3, 2])
                .input("y", [3, 2])
                .function(|v| v.get::<2>("x") * v.get::<2>("y"))
                .vjp(|v, g| {
                    let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
                    Gradients::new()
                        .with("x", y * g.get(0))
                        .with("y", x.zeros_like())
                }),
        ),
        WrongCase::new(
            "zero for the negative elements, as for relu",
            Expected::MANUAL,
            square("zero: negative elements").vjp(|v, g| {
                let x = v.get::<2>("x");
                Gradients::new().with("x", relu(x) * 2.0 * g.get(0))
            }),
        ),
        WrongCase::new(
            "zero in the last row",
            Expected::MANUAL,
            square("zero: last row").vjp(|v, g| {
                let grad = v.get::<2>("x") * 2.0 * g.get(0);
                let last = grad.clone().narrow(0, 2, 1).zeros_like();
                Gradients::new().with("x", grad.slice_assign([2..3, 0..4], last))
            }),
        ),
        WrongCase::new(
            "autodiff of one element is zero",
            Expected::AUTODIFF,
            square("zero: one element of autodiff").autodiff_function(|v| {
                let x = v.get::<2>("x").square();
                let one = x.clone().narrow(0, 1, 1).narrow(1, 2, 1).detach();
                x.slice_assign([1..2, 2..3], one)
            }),
        ),
        WrongCase::new(
            "a bias whose gradient is zero although no normalisation follows",
            Expected::Severed,
            Case::new("zero: bias")
                .input("x", [3, 2])
                .input_from("b", [1, 2], Sample::Positive)
                .function(|v| {
                    let (x, b) = (v.get::<2>("x"), v.get::<2>("b"));
                    with_gradient_of((x.clone() + b.clone()).exp(), (x + b.detach()).exp())
                }),
        ),
        WrongCase::new(
            "autodiff takes a clamp for saturated where it is not",
            Expected::Severed,
            Case::new("zero: clamp").input("x", [3, 4]).function(|v| {
                let x = v.get::<2>("x");
                with_gradient_of(x.clone().clamp(-2.0, 2.0), x.clamp(-0.0625, 0.0625))
            }),
        ),
    ]
}
