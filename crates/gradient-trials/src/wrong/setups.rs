//! Cases that are set up wrongly: nothing of the module is checked, an input is never read, the function
//! that autodiff or finite differences get is another one.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use burn_gradcheck::{Case, Gradients, Layout, Witness};

use super::{Expected, WrongCase, with_gradient_of};
use crate::common::processor;

pub(super) fn all() -> Vec<WrongCase> {
    let mut all = unchecked_modules();
    all.extend(made_outside());
    all.extend(wrong_references());
    all.extend(wrong_autodiff_values());
    all
}

/// One layer.
#[derive(Module, Debug)]
struct OneLayer {
    layer: Linear,
}

impl OneLayer {
    fn new(device: &Device) -> Self {
        Self {
            layer: LinearConfig::new(3, 2).init(device),
        }
    }
}

fn unchecked_modules() -> Vec<WrongCase> {
    vec![
        WrongCase::new(
            "every parameter is frozen, and there is no other input",
            Expected::Invalid,
            Case::new("module: all frozen").module(
                |device| OneLayer::new(device).no_grad(),
                |m: &OneLayer, v| m.layer.forward(v.tensor([1, 3], &[0.5, -1.0, 0.25])),
            ),
        ),
        WrongCase::new(
            "every parameter is frozen; only the input is checked",
            Expected::Invalid,
            Case::new("module: all frozen, one input")
                .input("x", [4, 3])
                .module(
                    |device| OneLayer::new(device).no_grad(),
                    |m: &OneLayer, v| m.layer.forward(v.get::<2>("x")),
                ),
        ),
        WrongCase::new(
            "the function makes a module of its own, with new weights on each call",
            Expected::Invalid,
            Case::new("module: built anew").input("x", [4, 3]).module(
                OneLayer::new,
                |m: &OneLayer, v| {
                    let weight = v.tensor::<2>([3, 2], &[0.5, 1.0, -1.0, 0.25, 0.75, 2.0]);
                    let device = m.layer.weight.device();
                    let mut own = OneLayer::new(&device);
                    own.layer.weight = Param::from_tensor(weight);
                    own.layer.bias = None;
                    own.layer.forward(v.get::<2>("x"))
                },
            ),
        )
        .or(Expected::Severed),
        WrongCase::new(
            "a declared input is never read",
            Expected::Invalid,
            Case::new("input: never read")
                .input("x", [3])
                .input("y", [3])
                .function(|v| v.get::<1>("x").sin()),
        ),
        WrongCase::new(
            "an input of another name is read twice",
            Expected::Invalid,
            Case::new("input: the other one read")
                .input("x", [3])
                .input("y", [3])
                .function(|v| v.get::<1>("x").sin() * v.get::<1>("x"))
                .vjp(|v, g| {
                    let (x, grad) = (v.get::<1>("x"), g.get::<1>(0));
                    let grad_x = (x.clone().cos() * x.clone() + x.sin()) * grad;
                    Gradients::new().with("x", grad_x.clone()).with("y", grad_x)
                }),
        )
        .or(Expected::MANUAL),
        WrongCase::new(
            "the function reads no input at all",
            Expected::Invalid,
            Case::new("input: none read")
                .input("x", [3])
                .function(|v| v.tensor([3], &[1.0, 2.0, 3.0])),
        ),
        WrongCase::new(
            "the name of a parameter is misspelt where its values are given",
            Expected::Invalid,
            Case::new("module: misspelt parameter")
                .input("x", [2, 3])
                .input_values("layer.wieght", [3, 2], [0.5; 6])
                .module(OneLayer::new, |m: &OneLayer, v| {
                    m.layer.forward(v.get::<2>("x"))
                }),
        ),
        WrongCase::new(
            "the name of the input whose gradient is zero is misspelt",
            Expected::Invalid,
            Case::new("input: misspelt zero gradient")
                .input("x", [3])
                .zero_gradient("y")
                .function(|v| v.get::<1>("x").sin()),
        ),
        WrongCase::new(
            "the name of the input with another layout is misspelt",
            Expected::Invalid,
            Case::new("input: misspelt layout")
                .input("x", [3, 2])
                .layout("X", Layout::ColumnMajor)
                .function(|v| v.get::<2>("x").sin()),
        ),
        WrongCase::new(
            "a gradient is said to be zero that is not",
            Expected::AUTODIFF,
            Case::new("input: not zero")
                .input("x", [3])
                .zero_gradient("x")
                .function(|v| v.get::<1>("x").sin()),
        )
        .or(Expected::Invalid),
        WrongCase::new(
            "the parameter is replaced by a constant",
            Expected::Invalid,
            Case::new("module: parameter replaced")
                .input("x", [2, 3])
                .module(OneLayer::new, |m: &OneLayer, v| {
                    let mut m = m.clone();
                    let weight = TensorData::new(vec![0.5; 6], [3, 2]);
                    let weight = Tensor::from_data(weight, (v.device(), v.dtype()));
                    m.layer.weight = Param::from_tensor(weight);
                    m.layer.forward(v.get::<2>("x"))
                }),
        ),
    ]
}

fn made_outside() -> Option<WrongCase> {
    let module = OneLayer::new(&processor()?);
    let case = Case::new("module: made outside, weight detached")
        .input("x", [2, 3])
        .model(module, |m: &OneLayer, v| {
            let bias = m.layer.bias.as_ref().expect("the layer has a bias").val();
            v.get::<2>("x").matmul(m.layer.weight.val().detach()) + bias.unsqueeze()
        });
    let mistake = "the weight of a module that exists is detached";
    Some(WrongCase::new(mistake, Expected::Severed, case))
}

/// `x·w + y`.
fn linear(name: &'static str) -> Case {
    Case::new(name)
        .input("x", [3, 3])
        .input("w", [3, 3])
        .input("y", [3, 3])
        .function(|v| v.get::<2>("x").matmul(v.get("w")) + v.get("y"))
}

fn wrong_references() -> Vec<WrongCase> {
    let of = |name: &'static str, mistake, reference: fn([Tensor<2>; 3]) -> Tensor<2>| {
        let case = linear(name).reference(move |v| reference([v.get("x"), v.get("w"), v.get("y")]));
        WrongCase::new(mistake, Expected::Value(Witness::Finite), case)
    };
    vec![
        of("reference: off by 5", "x·w + y + 5", |[x, w, y]| {
            x.matmul(w) + y + 5.0
        }),
        of(
            "reference: off by a thousandth",
            "1.001 times the value",
            |[x, w, y]| (x.matmul(w) + y) * 1.001,
        ),
        of("reference: sign", "x·w - y", |[x, w, y]| x.matmul(w) - y),
        of(
            "reference: weight transposed",
            "x·wᵀ + y",
            |[x, w, y]| x.matmul(w.transpose()) + y,
        ),
        of("reference: term missing", "x·w", |[x, w, _]| x.matmul(w)),
        of("reference: factors swapped", "w·x + y", |[x, w, y]| {
            w.matmul(x) + y
        }),
        of(
            "reference: one element",
            "the last row lacks y",
            |[x, w, y]| {
                let cut = y.narrow(0, 0, 2);
                let zeros = cut.clone().narrow(0, 0, 1).zeros_like();
                x.matmul(w) + Tensor::cat(vec![cut, zeros], 0)
            },
        ),
        WrongCase::new(
            "of two outputs, in the other order",
            Expected::Value(Witness::Finite),
            Case::new("reference: outputs swapped")
                .input("x", [2, 3])
                .function(|v| (v.get::<2>("x").sin(), v.get::<2>("x").exp()))
                .reference(|v| (v.get::<2>("x").exp(), v.get::<2>("x").sin())),
        ),
        WrongCase::new(
            "a mean for a sum",
            Expected::Value(Witness::Finite),
            Case::new("reference: mean")
                .input("x", [2, 3])
                .function(|v| v.get::<2>("x").square().sum())
                .reference(|v| v.get::<2>("x").square().mean()),
        ),
        WrongCase::new(
            "one output is missing",
            Expected::Shape(Witness::Finite),
            Case::new("reference: output missing")
                .input("x", [2, 3])
                .function(|v| (v.get::<2>("x").sin(), v.get::<2>("x").exp()))
                .reference(|v| v.get::<2>("x").sin()),
        ),
    ]
}

fn wrong_autodiff_values() -> Vec<WrongCase> {
    let of = |name: &'static str, mistake, function: fn([Tensor<2>; 3]) -> Tensor<2>| {
        let case =
            linear(name).autodiff_function(move |v| function([v.get("x"), v.get("w"), v.get("y")]));
        WrongCase::new(mistake, Expected::Value(Witness::Autodiff), case)
    };
    vec![
        of(
            "autodiff_function: off by 5",
            "x·w + y + 5, with the right gradient",
            |[x, w, y]| x.matmul(w) + y + 5.0,
        ),
        of(
            "autodiff_function: scaled",
            "1.001 times the value",
            |[x, w, y]| (x.matmul(w) + y) * 1.001,
        ),
        of("autodiff_function: sign", "x·w - y", |[x, w, y]| {
            x.matmul(w) - y
        }),
        of(
            "autodiff_function: transposed",
            "(x·w + y)ᵀ",
            |[x, w, y]| (x.matmul(w) + y).transpose(),
        ),
        of(
            "autodiff_function: one element",
            "a constant added to one row, with the right gradient",
            |[x, w, y]| {
                let z = x.matmul(w) + y;
                let first = z.clone().narrow(0, 0, 1) + 0.125;
                Tensor::cat(vec![first, z.narrow(0, 1, 2)], 0)
            },
        ),
        of(
            "autodiff_function: rounded",
            "to the nearest integer, with a gradient of 1",
            |[x, w, y]| {
                let z = x.matmul(w) + y;
                with_gradient_of(z.clone().round(), z)
            },
        ),
        WrongCase::new(
            "one of two outputs has another constant",
            Expected::Value(Witness::Autodiff),
            Case::new("autodiff_function: second output")
                .input("x", [2, 3])
                .function(|v| (v.get::<2>("x").sin(), v.get::<2>("x").exp()))
                .autodiff_function(|v| (v.get::<2>("x").sin(), v.get::<2>("x").exp() - 1.0)),
        ),
        WrongCase::new(
            "a sum for a mean, so that the shapes agree",
            Expected::Value(Witness::Autodiff),
            Case::new("autodiff_function: sum")
                .input("x", [2, 3])
                .function(|v| v.get::<2>("x").square().mean())
                .autodiff_function(|v| v.get::<2>("x").square().sum()),
        ),
    ]
}
