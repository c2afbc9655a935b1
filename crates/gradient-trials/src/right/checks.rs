//! Right functions that need a setting of the check: the order of elements in memory, a gradient that is
//! expected to be zero, a module at its own values, integer inputs, finite differences in f32.

use burn::module::Module;
use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
use burn::nn::conv::Conv2dConfig;
use burn::nn::loss::{BinaryCrossEntropyLossConfig, CrossEntropyLossConfig};
use burn::nn::{
    BatchNormConfig, EmbeddingConfig, GruConfig, LayerNormConfig, LinearConfig, LstmConfig,
    RotaryEncodingConfig,
};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use burn_gradcheck::{Case, Gradients, Layout};

use super::RightFunction;
use crate::common::processor;

pub(super) fn all() -> Vec<RightFunction> {
    let mut all = layouts();
    all.extend(zeros());
    all.extend(existing());
    all.extend(in_f32_alone());
    all
}

/// A case with one matrix `x` whose elements lie in memory in another order.
fn laid_out<const D: usize>(
    name: &'static str,
    layout: Layout,
    f: fn(Tensor<2>) -> Tensor<D>,
) -> RightFunction {
    let about = match layout {
        Layout::ColumnMajor => "a view of the transposed tensor",
        _ => "a view of the inner part of a larger tensor",
    };
    let case = Case::new(name)
        .input("x", [3, 4])
        .layout("x", layout)
        .function(move |v| f(v.get("x")));
    RightFunction::new(about, case)
}

fn layouts() -> Vec<RightFunction> {
    let product = Case::new("matrix product of two views")
        .input("x", [3, 4])
        .input("y", [4, 2])
        .layout("x", Layout::ColumnMajor)
        .layout("y", Layout::Window)
        .function(|v| v.get::<2>("x").matmul(v.get::<2>("y")))
        .vjp(|v, g| {
            let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
            let grad = g.get::<2>(0);
            Gradients::new()
                .with("x", grad.clone().matmul(y.transpose()))
                .with("y", x.transpose().matmul(grad))
        });
    let weight = Case::new("linear layer, weight in columns")
        .input("x", [3, 4])
        .layout("weight", Layout::ColumnMajor)
        .module(
            |device| LinearConfig::new(4, 2).init(device),
            |m, v| m.forward(v.get::<2>("x")),
        );
    let conv = Case::new("convolution of a view")
        .input("x", [1, 2, 4, 3])
        .layout("x", Layout::ColumnMajor)
        .layout("weight", Layout::Window)
        .module(
            |device| Conv2dConfig::new([2, 2], [2, 2]).init(device),
            |m, v| m.forward(v.get("x")),
        );
    vec![
        RightFunction::new("one by columns, one with gaps", product),
        RightFunction::new("a parameter in another order", weight),
        RightFunction::new("image by columns, weight with gaps", conv),
        laid_out("softmax by columns", Layout::ColumnMajor, |x| softmax(x, 1)),
        laid_out("softmax of a window", Layout::Window, |x| softmax(x, 1)),
        laid_out("sums of a window", Layout::Window, |x| {
            x.square().sum_dim(0)
        }),
        laid_out("reshaped by columns", Layout::ColumnMajor, |x| {
            x.reshape([2, 6]).sin()
        }),
        laid_out("running sums by columns", Layout::ColumnMajor, |x| {
            x.cumsum(1).square()
        }),
    ]
}

fn zeros() -> Vec<RightFunction> {
    let attention = Case::new("attention, the key's bias said to be zero")
        .input("x", [1, 3, 4])
        .zero_gradient("key.bias")
        .module(
            |device| {
                let config = MultiHeadAttentionConfig::new(4, 1).with_dropout(0.0);
                config.init(device)
            },
            |m, v| m.forward(MhaInput::self_attn(v.get("x"))).context,
        );
    let norm = Case::new("batch normalisation, the bias said to be zero")
        .input("x", [5, 2])
        .input("bias", [1, 2])
        .zero_gradient("bias")
        .module(
            |device| BatchNormConfig::new(2).init(device),
            |m, v| m.forward(v.get::<2>("x") + v.get("bias")),
        );
    let softmax = Case::new("sum of a softmax, said to be zero")
        .input("x", [3, 4])
        .zero_gradient("x")
        .function(|v| softmax(v.get::<2>("x"), 1).sum_dim(1));
    vec![
        RightFunction::new("rounding only", attention),
        RightFunction::new("rounding only", norm),
        RightFunction::new("rounding only", softmax),
    ]
}

fn existing() -> Vec<RightFunction> {
    let Some(device) = processor() else {
        return Vec::new();
    };
    let linear = Case::new("linear layer at its own values")
        .input("x", [3, 4])
        .model(LinearConfig::new(4, 2).init(&device), |m, v| {
            m.forward(v.get::<2>("x"))
        });
    let norm = Case::new("layer normalisation at its own values")
        .input("x", [3, 4])
        .model(LayerNormConfig::new(4).init(&device), |m, v| {
            m.forward(v.get::<2>("x"))
        });
    let labels = Case::new("embedding and classifier, with integer inputs")
        .integers("words", [1, 3], [2, 0, 2])
        .integers("labels", [3], [1, 0, 2])
        .model(EmbeddingConfig::new(4, 3).init(&device), |m, v| {
            let loss = CrossEntropyLossConfig::new().init(v.device());
            let logits = m.forward(v.get_ints("words")).reshape([3, 3]);
            loss.forward(logits, v.get_ints("labels"))
        });
    let frozen = Case::new("frozen layer, only its input checked")
        .input("x", [3, 4])
        .frozen()
        .module(
            |device| LinearConfig::new(4, 2).init(device).no_grad(),
            |m, v| m.forward(v.get::<2>("x")),
        );
    vec![
        RightFunction::new("initialised outside", linear),
        RightFunction::new("gamma is 1, beta 0", norm),
        RightFunction::new("a loss and a batch", labels),
        RightFunction::new("no parameter is trainable", frozen),
    ]
}

/// Finite differences of the same function in f32, for layers that make tensors of the default type.
fn in_f32_alone() -> Vec<RightFunction> {
    let lstm = Case::new("nn::Lstm in f32 alone")
        .input("x", [1, 2, 2])
        .module(
            |device| LstmConfig::new(2, 2, true).init(device),
            |m, v| m.forward(v.get("x"), None).0,
        );
    let gru = Case::new("nn::Gru in f32 alone")
        .input("x", [1, 2, 2])
        .module(
            |device| GruConfig::new(2, 2, true).init(device),
            |m, v| m.forward(v.get("x"), None),
        );
    let rotary = Case::new("nn::RotaryEncoding in f32 alone")
        .input("x", [1, 1, 3, 4])
        .module(
            |device| RotaryEncodingConfig::new(5, 4).init(device),
            |m, v| m.forward(v.get::<4>("x")),
        )
        .frozen();
    let binary = Case::new("nn::BinaryCrossEntropyLoss in f32 alone")
        .input("x", [3, 4])
        .integers("labels", [3, 4], [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0])
        .function(|v| {
            let config = BinaryCrossEntropyLossConfig::new().with_logits(true);
            config
                .init(v.device())
                .forward(v.get::<2>("x"), v.get_ints("labels"))
        });
    let tanh = Case::new("layer of tanh in f32 alone")
        .input("x", [3, 4])
        .module(
            |device| LinearConfig::new(4, 3).init(device),
            |m, v| m.forward(v.get::<2>("x")).tanh(),
        );
    let square = Case::new("square in f32 alone, by hand too")
        .input("x", [3, 4])
        .function(|v| v.get::<2>("x").square())
        .vjp(|v, g| Gradients::new().with("x", v.get::<2>("x") * 2.0 * g.get(0)));
    [lstm, gru, rotary, binary, tanh, square]
        .into_iter()
        .map(|case| RightFunction::new("finite differences in f32", case).alone())
        .collect()
}
