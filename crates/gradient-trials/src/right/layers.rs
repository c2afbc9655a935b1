//! Layers of `burn::nn`, with their parameters.

use burn::nn::activation::ActivationConfig;
use burn::nn::attention::{
    CrossAttentionConfig, MhaInput, MultiHeadAttentionConfig, generate_autoregressive_mask,
};
use burn::nn::conv::{
    Conv1dConfig, Conv2dConfig, Conv3dConfig, ConvTranspose1dConfig, ConvTranspose2dConfig,
};
use burn::nn::pool::{
    AdaptiveAvgPool2dConfig, AvgPool1dConfig, AvgPool2dConfig, MaxPool1dConfig, MaxPool2dConfig,
};
use burn::nn::transformer::{
    PositionWiseFeedForwardConfig, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{
    BatchNormConfig, CosineSimilarityConfig, EmbeddingConfig, GroupNormConfig, InstanceNormConfig,
    LayerNormConfig, LinearConfig, LocalResponseNormConfig, PReluConfig, PaddingConfig2d,
    PairwiseDistanceConfig, RmsNormConfig, RotaryEncodingConfig, SwiGluConfig,
};
use burn::tensor::{DType, Tensor, s};
use burn_gradcheck::{Case, Values};

use super::RightFunction;

/// A case with one input `x`.
fn layer(name: &'static str, x: &[usize]) -> Case {
    Case::new(name).input("x", x)
}

pub(super) fn all() -> Vec<RightFunction> {
    let mut all = dense();
    all.extend(norms());
    all.extend(attention());
    all.extend(images());
    all
}

fn dense() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "weight and bias",
            layer("nn::Linear", &[3, 4]).module(
                |device| LinearConfig::new(4, 2).init(device),
                |m, v| m.forward(v.get::<2>("x")),
            ),
        ),
        RightFunction::new(
            "without bias, on three dimensions",
            layer("nn::Linear without bias", &[2, 2, 3]).module(
                |device| LinearConfig::new(3, 2).with_bias(false).init(device),
                |m, v| m.forward(v.get::<3>("x")),
            ),
        ),
        RightFunction::new(
            "three of five rows, one of them twice",
            Case::new("nn::Embedding").module(
                |device| EmbeddingConfig::new(5, 3).init(device),
                |m, v| m.forward(v.ints([2, 2], &[0, 3, 3, 1])).square(),
            ),
        ),
        RightFunction::new(
            "a slope for each column",
            layer("nn::PRelu", &[3, 4]).module(
                |device| PReluConfig::new().with_num_parameters(4).init(device),
                |m, v| m.forward(v.get::<2>("x")),
            ),
        ),
        RightFunction::new(
            "a gate of two linear layers",
            layer("nn::SwiGlu", &[3, 4]).module(
                |device| SwiGluConfig::new(4, 3).with_bias(true).init(device),
                |m, v| m.forward(v.get::<2>("x")),
            ),
        ),
        RightFunction::new(
            "no parameters, two inputs",
            Case::new("nn::CosineSimilarity")
                .input("x", [3, 4])
                .input("y", [3, 4])
                .function(|v| {
                    CosineSimilarityConfig::new()
                        .init()
                        .forward(v.get("x"), v.get("y"))
                }),
        ),
        RightFunction::new(
            "no parameters, two inputs",
            Case::new("nn::PairwiseDistance")
                .input("x", [3, 4])
                .input("y", [3, 4])
                .function(|v| {
                    PairwiseDistanceConfig::new()
                        .init()
                        .forward(v.get("x"), v.get("y"))
                }),
        ),
    ]
}

fn norms() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "in training mode, which updates running statistics",
            layer("nn::BatchNorm", &[5, 3]).module(
                |device| BatchNormConfig::new(3).init(device),
                |m, v| m.forward(v.get::<2>("x")),
            ),
        ),
        RightFunction::new(
            "in training mode, on images",
            layer("nn::BatchNorm of images", &[2, 2, 3, 3]).module(
                |device| BatchNormConfig::new(2).init(device),
                |m, v| m.forward(v.get::<4>("x")),
            ),
        ),
        RightFunction::new(
            "by the mean and variance of each row",
            layer("nn::LayerNorm", &[3, 4]).module(
                |device| LayerNormConfig::new(4).init(device),
                |m, v| m.forward(v.get::<2>("x")),
            ),
        ),
        RightFunction::new(
            "two groups of two channels",
            layer("nn::GroupNorm", &[2, 4, 3]).module(
                |device| GroupNormConfig::new(2, 4).init(device),
                |m, v| m.forward(v.get::<3>("x")),
            ),
        ),
        RightFunction::new(
            "every channel alone",
            layer("nn::InstanceNorm", &[2, 2, 4]).module(
                |device| InstanceNormConfig::new(2).init(device),
                |m, v| m.forward(v.get::<3>("x")),
            ),
        ),
        RightFunction::new(
            "by the root mean square of each row",
            layer("nn::RmsNorm", &[3, 4]).module(
                |device| RmsNormConfig::new(4).init(device),
                |m, v| m.forward(v.get::<2>("x")),
            ),
        ),
        RightFunction::new(
            "by neighbouring channels",
            layer("nn::LocalResponseNorm", &[1, 4, 2, 2]).function(|v| {
                LocalResponseNormConfig::new(3)
                    .init()
                    .forward(v.get::<4>("x"))
            }),
        ),
        RightFunction::new(
            "the bias before the normalisation has no influence",
            layer("linear layer before batch normalisation", &[5, 3])
                .input("weight", [3, 2])
                .input("bias", [1, 2])
                .module(
                    |device| BatchNormConfig::new(2).init(device),
                    |m, v| {
                        let z = v.get::<2>("x").matmul(v.get("weight")) + v.get::<2>("bias");
                        m.forward(z)
                    },
                ),
        ),
        RightFunction::new(
            "a constant added to a whole row has no influence",
            layer("shift before layer normalisation", &[3, 4])
                .input("shift", [3, 1])
                .module(
                    |device| LayerNormConfig::new(4).init(device),
                    |m, v| m.forward(v.get::<2>("x") + v.get::<2>("shift")),
                ),
        ),
    ]
}

fn attention() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "the key's bias has no influence",
            layer("nn::MultiHeadAttention", &[1, 3, 4]).module(
                |device| {
                    MultiHeadAttentionConfig::new(4, 1)
                        .with_dropout(0.0)
                        .init(device)
                },
                |m, v| m.forward(MhaInput::self_attn(v.get("x"))).context,
            ),
        ),
        RightFunction::new(
            "each place sees only itself and what is before it",
            layer("nn::MultiHeadAttention, masked", &[1, 3, 4]).module(
                |device| {
                    let config = MultiHeadAttentionConfig::new(4, 4).with_dropout(0.0);
                    config.with_key_bias(false).init(device)
                },
                |m, v| {
                    let mask = generate_autoregressive_mask(1, 3, v.device());
                    m.forward(MhaInput::self_attn(v.get("x")).mask_attn(mask))
                        .context
                },
            ),
        ),
        RightFunction::new(
            "softmax with one more term in the denominator, where the key's bias does matter",
            layer("nn::MultiHeadAttention, quiet", &[1, 3, 4]).module(
                |device| {
                    let config = MultiHeadAttentionConfig::new(4, 4).with_dropout(0.0);
                    config.with_quiet_softmax(true).init(device)
                },
                |m, v| m.forward(MhaInput::self_attn(v.get("x"))).context,
            ),
        ),
        RightFunction::new(
            "queries of one sequence, keys of another",
            layer("nn::CrossAttention", &[1, 2, 4])
                .input("context", [1, 3, 4])
                .module(
                    |device| {
                        CrossAttentionConfig::new(4, 4, 2, 1, 2)
                            .with_dropout(0.0)
                            .init(device)
                    },
                    |m, v| m.forward(v.get("x"), v.get("context"), None),
                ),
        ),
        RightFunction::new(
            "two linear layers with tanh between",
            layer("nn::PositionWiseFeedForward", &[1, 2, 3]).module(
                |device| {
                    let config = PositionWiseFeedForwardConfig::new(3, 5).with_dropout(0.0);
                    config.with_activation(ActivationConfig::Tanh).init(device)
                },
                |m, v| m.forward(v.get::<3>("x")),
            ),
        ),
        RightFunction::new(
            "one layer of attention, feed-forward and normalisation",
            layer("nn::TransformerEncoder", &[1, 2, 4]).module(
                |device| {
                    let config = TransformerEncoderConfig::new(4, 4, 4, 1).with_dropout(0.0);
                    config.with_activation(ActivationConfig::Tanh).init(device)
                },
                |m, v| m.forward(TransformerEncoderInput::new(v.get("x"))),
            ),
        ),
        RightFunction::new(
            "a rotation by position",
            layer("nn::RotaryEncoding", &[1, 2, 3, 4]).module(
                |device| RotaryEncodingConfig::new(5, 4).init(device),
                |m, v| m.forward(v.get::<4>("x")),
            ),
        )
        .only_in(DType::F32, |v| rotated(v.get::<4>("x"), v)),
    ]
}

/// Each pair of numbers turned by the position, divided by 100 for the second pair.
fn rotated(x: Tensor<4>, v: &Values) -> Tensor<4> {
    let angles = (0..3).flat_map(|position| {
        let position = f64::from(position);
        [position, position / 100.0]
    });
    let angles = v.tensor([1, 1, 3, 2], &angles.collect::<Vec<_>>());
    let even = x.clone().slice(s![.., .., .., 0..4;2]);
    let odd = x.slice(s![.., .., .., 1..4;2]);
    let first = even.clone() * angles.clone().cos() - odd.clone() * angles.clone().sin();
    let second = even * angles.clone().sin() + odd * angles.cos();
    Tensor::stack::<5>(vec![first, second], 4).reshape([1, 2, 3, 4])
}

fn images() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "two channels to three",
            layer("nn::Conv1d", &[2, 2, 6]).module(
                |device| Conv1dConfig::new(2, 3, 3).init(device),
                |m, v| m.forward(v.get("x")),
            ),
        ),
        RightFunction::new(
            "with padding, stride 2",
            layer("nn::Conv2d", &[1, 2, 5, 4]).module(
                |device| {
                    let config = Conv2dConfig::new([2, 3], [3, 3]).with_stride([2, 1]);
                    config
                        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                        .init(device)
                },
                |m, v| m.forward(v.get("x")),
            ),
        ),
        RightFunction::new(
            "two groups, dilated",
            layer("nn::Conv2d in groups", &[1, 4, 5, 5]).module(
                |device| {
                    let config = Conv2dConfig::new([4, 2], [2, 2]).with_groups(2);
                    config.with_dilation([2, 2]).init(device)
                },
                |m, v| m.forward(v.get("x")),
            ),
        ),
        RightFunction::new(
            "a small volume",
            layer("nn::Conv3d", &[1, 1, 3, 3, 3]).module(
                |device| Conv3dConfig::new([1, 2], [2, 2, 2]).init(device),
                |m, v| m.forward(v.get("x")),
            ),
        ),
        RightFunction::new(
            "with stride 2",
            layer("nn::ConvTranspose1d", &[1, 2, 4]).module(
                |device| {
                    ConvTranspose1dConfig::new([2, 2], 3)
                        .with_stride(2)
                        .init(device)
                },
                |m, v| m.forward(v.get("x")),
            ),
        ),
        RightFunction::new(
            "with stride 2",
            layer("nn::ConvTranspose2d", &[1, 2, 3, 3]).module(
                |device| {
                    let config = ConvTranspose2dConfig::new([2, 2], [2, 2]);
                    config.with_stride([2, 2]).init(device)
                },
                |m, v| m.forward(v.get("x")),
            ),
        ),
        RightFunction::new(
            "the largest of each window",
            layer("nn::MaxPool1d", &[1, 2, 6]).function(|v| {
                MaxPool1dConfig::new(2)
                    .with_stride(2)
                    .init()
                    .forward(v.get("x"))
            }),
        ),
        RightFunction::new(
            "overlapping windows",
            layer("nn::MaxPool2d", &[1, 2, 4, 4]).function(|v| {
                MaxPool2dConfig::new([2, 2])
                    .with_strides([1, 1])
                    .init()
                    .forward(v.get("x"))
            }),
        ),
        RightFunction::new(
            "the mean of each window",
            layer("nn::AvgPool1d", &[1, 2, 6]).function(|v| {
                AvgPool1dConfig::new(3)
                    .with_stride(1)
                    .init()
                    .forward(v.get("x"))
                    .square()
            }),
        ),
        RightFunction::new(
            "the mean of each window",
            layer("nn::AvgPool2d", &[1, 2, 4, 4]).function(|v| {
                AvgPool2dConfig::new([2, 2])
                    .init()
                    .forward(v.get("x"))
                    .square()
            }),
        ),
        RightFunction::new(
            "windows of different sizes",
            layer("nn::AdaptiveAvgPool2d", &[1, 2, 5, 3]).function(|v| {
                AdaptiveAvgPool2dConfig::new([2, 2])
                    .init()
                    .forward(v.get("x"))
                    .square()
            }),
        ),
    ]
}
