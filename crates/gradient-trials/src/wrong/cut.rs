//! Graphs that are cut: a gradient is absent, exactly zero, or lacks the part of one branch.

use burn::module::{Module, Param};
use burn::nn::{
    BatchNormConfig, Embedding, EmbeddingConfig, LayerNormConfig, Linear, LinearConfig,
};
use burn::tensor::activation::{log_softmax, relu, sigmoid, softmax};
use burn::tensor::{Device, Tensor, TensorData};
use burn_gradcheck::{Case, Values};

use super::{Expected, WrongCase, zero_gradient_of};

pub(super) fn all() -> Vec<WrongCase> {
    let mut all = inputs();
    all.extend(branches());
    all.extend(modules());
    all
}

/// A case of one matrix `x`, that autodiff does not reach.
fn severed<const D: usize>(
    name: &'static str,
    mistake: &'static str,
    f: fn(Tensor<2>, &Values) -> Tensor<D>,
) -> WrongCase {
    let case = Case::new(name)
        .input("x", [3, 4])
        .function(move |v| f(v.get("x"), v));
    WrongCase::new(mistake, Expected::Severed, case)
}

/// A case of matrices `x` and `y`, the second of which autodiff does not reach.
fn severed_y<const D: usize>(
    name: &'static str,
    mistake: &'static str,
    y: &[usize],
    f: fn(Tensor<2>, Tensor<2>) -> Tensor<D>,
) -> WrongCase {
    let case = Case::new(name)
        .input("x", [3, 4])
        .input("y", y)
        .function(move |v| f(v.get("x"), v.get("y")));
    WrongCase::new(mistake, Expected::Severed, case)
}

/// A case of one matrix `x`, of whose gradient a part is missing.
fn partial<const D: usize>(
    name: &'static str,
    mistake: &'static str,
    f: fn(Tensor<2>) -> Tensor<D>,
) -> WrongCase {
    let case = Case::new(name)
        .input("x", [3, 4])
        .function(move |v| f(v.get("x")));
    WrongCase::new(mistake, Expected::AUTODIFF, case)
}

fn inputs() -> Vec<WrongCase> {
    vec![
        severed("cut: input", "x.detach() before the sine", |x, _| {
            x.detach().sin()
        }),
        severed("cut: output", "the result is detached", |x, _| {
            x.exp().detach()
        }),
        severed(
            "cut: by way of the host",
            "x is downloaded and uploaded",
            |x, v| upload(x, v).square(),
        ),
        severed("cut: inner tensor", "x.inner() and back", |x, _| {
            Tensor::from_inner(x.inner()).square()
        }),
        severed(
            "cut: multiplied by zero",
            "the gradient arrives, and is zero",
            |x, _| zero_gradient_of(x.cos()),
        ),
        severed("cut: loss", "a detached mean of squares", |x, _| {
            x.square().mean().detach()
        }),
        severed(
            "cut: a number read on the host",
            "a sum as a scalar",
            |x, v| {
                let sum = x.sin().sum().into_scalar::<f64>();
                v.tensor([1], &[sum])
            },
        ),
        severed(
            "cut: softmax",
            "logits detached before the softmax",
            |x, _| softmax(x.detach(), 1),
        ),
        severed_y(
            "cut: second factor",
            "x·y with y detached",
            &[4, 2],
            |x, y| x.matmul(y.detach()),
        ),
        severed_y("cut: bias", "a broadcast row detached", &[1, 4], |x, y| {
            (x + y.detach()).tanh()
        }),
        severed_y(
            "cut: scale of one element",
            "a [1, 1] factor detached",
            &[1, 1],
            |x, y| x * y.detach(),
        ),
        severed_y(
            "cut: column of size one",
            "a [3, 1] shift detached",
            &[3, 1],
            |x, y| (x + y.detach()).exp(),
        ),
        severed_y(
            "cut: temperature",
            "softmax(x·y) with y detached",
            &[1, 1],
            |x, y| softmax(x * y.detach(), 1),
        ),
        severed_y("cut: exponent", "|x|^y with y detached", &[3, 4], |x, y| {
            (x.abs() + 0.5).powf(y.detach())
        }),
        severed_y(
            "cut: part of a concatenation",
            "y detached",
            &[3, 2],
            |x, y| Tensor::cat(vec![x, y.detach()], 1).square(),
        ),
        severed_y(
            "cut: targets of a loss",
            "the squared distance to y, detached",
            &[3, 4],
            |x, y| (x - y.detach()).square().mean(),
        ),
    ]
}

/// The values of `x` as a new tensor.
fn upload(x: Tensor<2>, v: &Values) -> Tensor<2> {
    let shape = x.dims();
    let values = x.into_data().iter::<f64>().collect::<Vec<_>>();
    v.tensor(shape, &values)
}

fn branches() -> Vec<WrongCase> {
    vec![
        partial("branch cut: one use of two", "x · x.detach()", |x| {
            x.clone() * x.detach()
        }),
        partial(
            "branch cut: one use of three",
            "x · e^x · x.detach()",
            |x| x.clone().exp() * x.clone() * x.detach(),
        ),
        partial("branch cut: gate", "x · sigmoid(x.detach())", |x| {
            x.clone() * sigmoid(x.detach())
        }),
        partial("branch cut: shortcut", "x.detach() + tanh x", |x| {
            x.clone().detach() + x.tanh()
        }),
        partial("branch cut: inner net", "x + tanh(x.detach())", |x| {
            x.clone() + x.detach().tanh()
        }),
        partial("branch cut: mean of a row", "x - mean(x).detach()", |x| {
            (x.clone() - x.mean_dim(1).detach()).sin()
        }),
        partial("branch cut: norm of a row", "x / |x|.detach()", |x| {
            let norm = x.clone().square().sum_dim(1).sqrt();
            x / norm.detach()
        }),
        partial(
            "branch cut: softmax's denominator",
            "e^x / (Σ e^x).detach()",
            |x| {
                let e = x.exp();
                e.clone() / e.sum_dim(1).detach()
            },
        ),
        partial(
            "branch cut: maximum, once of two",
            "log Σ e^(x - max) + max.detach()",
            |x| {
                let max = x.clone().max_dim(1);
                (x - max.clone()).exp().sum_dim(1).log() + max.detach()
            },
        ),
        partial(
            "branch cut: half of the columns",
            "two of four columns detached",
            |x| {
                let left = x.clone().narrow(1, 0, 2);
                let right = x.narrow(1, 2, 2).detach();
                Tensor::cat(vec![left, right], 1).sin()
            },
        ),
        partial(
            "branch cut: one element",
            "the first element detached",
            |x| {
                let first = x.clone().narrow(0, 0, 1).narrow(1, 0, 1).detach();
                x.slice_assign([0..1, 0..1], first).exp()
            },
        ),
        partial(
            "branch cut: a scalar read on the host",
            "x · (a number, Σ x)",
            |x| {
                let sum = x.clone().sum().into_scalar::<f64>();
                x * sum
            },
        ),
        partial(
            "branch cut: selected elements",
            "gathered, then detached",
            |x| {
                let positive = x.clone().greater_scalar(0.0);
                x.clone().sin().mask_where(positive, x.square().detach())
            },
        ),
        partial("branch cut: focal weight", "(1 - p)² detached", |x| {
            let log = log_softmax(x, 1);
            let weight = (log.clone().exp().neg() + 1.0).square().detach();
            (weight * log).sum()
        }),
        WrongCase::new(
            "the state detached between steps: backpropagation through one step only",
            Expected::AUTODIFF,
            Case::new("branch cut: recurrent state")
                .input("x", [3, 2])
                .input("w", [2, 2])
                .function(|v| {
                    let rows = v.get::<2>("x").split(1, 0).into_iter();
                    let start = v.tensor([1, 2], &[0.0; 2]);
                    rows.fold(start, |state, x| {
                        (x + state.detach().matmul(v.get("w"))).tanh()
                    })
                }),
        ),
        WrongCase::new(
            "the second of three outputs is detached",
            Expected::AUTODIFF,
            Case::new("branch cut: one output")
                .input("x", [2, 3])
                .function(|v| {
                    let x = v.get::<2>("x");
                    (x.clone().sin(), x.clone().square().detach(), x.exp())
                }),
        ),
        WrongCase::new(
            "attention whose scores are detached: query and key are not reached",
            Expected::Severed,
            Case::new("branch cut: attention's scores")
                .input("query", [3, 2])
                .input("key", [3, 2])
                .input("value", [3, 2])
                .function(|v| {
                    let scores = v.get::<2>("query").matmul(v.get::<2>("key").transpose());
                    softmax(scores.detach(), 1).matmul(v.get("value"))
                }),
        ),
    ]
}

/// Two layers, with the ways in which a forward pass cuts the graph.
#[derive(Module, Debug)]
struct Net {
    first: Linear,
    second: Linear,
}

impl Net {
    fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(3, 4).init(device),
            second: LinearConfig::new(4, 2).init(device),
        }
    }
}

fn of_net(
    name: &'static str,
    mistake: &'static str,
    expected: Expected,
    f: fn(&Net, Tensor<2>) -> Tensor<2>,
) -> WrongCase {
    let case = Case::new(name)
        .input("x", [3, 3])
        .module(Net::new, move |net: &Net, v| f(net, v.get("x")));
    WrongCase::new(mistake, expected, case)
}

/// A linear layer with its parameters changed on the way.
fn linear(layer: &Linear, x: Tensor<2>, change: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
    let bias = layer.bias.as_ref().expect("the layer has a bias").val();
    x.matmul(change(layer.weight.val())) + bias.unsqueeze()
}

/// One factor.
#[derive(Module, Debug)]
struct Scale {
    factor: Param<Tensor<1>>,
}

fn modules() -> Vec<WrongCase> {
    vec![
        of_net(
            "module cut: weight",
            "first.weight detached",
            Expected::Severed,
            |net, x| {
                net.second
                    .forward(linear(&net.first, x, Tensor::detach).tanh())
            },
        ),
        of_net(
            "module cut: bias",
            "first.bias detached",
            Expected::Severed,
            |net, x| {
                let bias = net.first.bias.as_ref().expect("the layer has a bias").val();
                let z = x.matmul(net.first.weight.val()) + bias.detach().unsqueeze();
                net.second.forward(z.tanh())
            },
        ),
        of_net(
            "module cut: between layers",
            "the hidden layer detached",
            Expected::Severed,
            |net, x| net.second.forward(net.first.forward(x).tanh().detach()),
        ),
        of_net(
            "module cut: last layer",
            "second.weight detached",
            Expected::Severed,
            |net, x| linear(&net.second, net.first.forward(x).tanh(), Tensor::detach),
        ),
        of_net(
            "module cut: half of a weight",
            "rows of second.weight detached",
            Expected::AUTODIFF,
            |net, x| {
                linear(&net.second, net.first.forward(x).tanh(), |w| {
                    Tensor::cat(
                        vec![w.clone().narrow(0, 0, 2).detach(), w.narrow(0, 2, 2)],
                        0,
                    )
                })
            },
        ),
        of_net(
            "module cut: product with a mask",
            "relu as a product, detached",
            Expected::Severed,
            |net, x| {
                let z = net.first.forward(x);
                let mask = relu(z.clone().sign());
                net.second.forward((z * mask).detach())
            },
        ),
        WrongCase::new(
            "a factor of one element is detached",
            Expected::Severed,
            Case::new("module cut: single factor")
                .input("x", [3, 2])
                .module(
                    |device| Scale {
                        factor: Param::from_data(TensorData::from([0.75]), device),
                    },
                    |scale: &Scale, v| v.get::<2>("x") * scale.factor.val().detach().unsqueeze(),
                ),
        ),
        WrongCase::new(
            "the embedding's weight is detached",
            Expected::Severed,
            Case::new("module cut: embedding").module(
                |device| EmbeddingConfig::new(4, 3).init(device),
                |m: &Embedding, v| m.forward(v.ints([1, 3], &[2, 0, 2])).detach().square(),
            ),
        ),
        WrongCase::new(
            "the input of a layer normalisation is detached",
            Expected::Severed,
            Case::new("module cut: layer normalisation")
                .input("x", [3, 4])
                .module(
                    |device| LayerNormConfig::new(4).init(device),
                    |m, v| m.forward(v.get::<2>("x").detach()),
                ),
        ),
        WrongCase::new(
            "the input of a batch normalisation is detached",
            Expected::Severed,
            Case::new("module cut: batch normalisation")
                .input("x", [5, 2])
                .module(
                    |device| BatchNormConfig::new(2).init(device),
                    |m, v| m.forward(v.get::<2>("x").detach()),
                ),
        ),
    ]
}
