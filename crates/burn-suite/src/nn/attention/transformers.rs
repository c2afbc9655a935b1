//! Transformer encoder and decoder, and the feed-forward net in them.

use burn::nn::activation::ActivationConfig;
use burn::nn::attention::generate_autoregressive_mask;
use burn::nn::transformer::{
    PositionWiseFeedForwardConfig, TransformerDecoder, TransformerDecoderConfig,
    TransformerDecoderInput, TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::tensor::Tensor;
use burn_gradcheck::{Sample, Values};

use super::{
    AttentionFormula, attention_arguments, linear, linear_arguments, mask, small_linear_arguments,
    with_held_keys, with_tolerance,
};
use crate::operation::{Operation, layer};
use crate::witness::{Argument, Arguments, Dual, DualArray, Formula, argument};

/// The width, and the number of heads, which so have size 1.
const WIDTH: usize = 4;
const INNER: usize = 2;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        feed_forward(),
        feed_forward_gelu(),
        encoder(),
        encoder_gelu(),
        decoder(),
        encoder_by_token(),
        decoder_by_token(),
    ]
}

const OPEN: AttentionFormula = AttentionFormula {
    heads: WIDTH,
    heads_of_keys: WIDTH,
    quiet: false,
    masked: |_, _, _| false,
};

fn is_padding([b, j]: [usize; 2]) -> bool {
    b == 1 && j == 2
}

fn feed_forward_arguments(path: &str) -> Vec<Argument> {
    [
        small_linear_arguments(&format!("{path}linear_inner"), [WIDTH, INNER]),
        linear_arguments(&format!("{path}linear_outer"), [INNER, WIDTH], true),
    ]
    .concat()
}

fn feed_forward_of(of: &Arguments, path: &str, x: &DualArray) -> DualArray {
    let inner = linear(of, &format!("{path}linear_inner"), x).map(Dual::tanh);
    linear(of, &format!("{path}linear_outer"), &inner)
}

fn feed_forward() -> Operation {
    let layer = feed_forward_of_shape::<2>(layer("nn::PositionWiseFeedForward"), [3, WIDTH]);
    feed_forward_of_shape::<3>(layer, [2, 3, WIDTH])
}

fn feed_forward_of_shape<const D: usize>(layer: Operation, shape: [usize; D]) -> Operation {
    let inputs = [vec![argument("x", &shape)], feed_forward_arguments("")];
    let formula = Formula::new(inputs.concat(), |of| feed_forward_of(of, "", of.get("x")));
    let config = PositionWiseFeedForwardConfig::new(WIDTH, INNER)
        .with_dropout(0.0)
        .with_activation(ActivationConfig::Tanh);
    layer.drawn(format!("{shape:?} tanh"), |case| {
        formula.witness(case).module(
            move |device| config.init(device),
            |net, v| net.forward(v.get::<D>("x")),
        )
    })
}

fn feed_forward_gelu() -> Operation {
    layer("nn::PositionWiseFeedForward, gelu")
        .note("gelu is the default")
        .module(
            "[2, 3, 3]",
            &[("x", &[2, 3, WIDTH])],
            |device| {
                let config = PositionWiseFeedForwardConfig::new(WIDTH, INNER);
                config.with_dropout(0.0).init(device)
            },
            |net, v| net.forward(v.get::<3>("x")),
        )
}

/// Gains are around 1: a chain of norms with small gains leaves little of the gradients but rounding.
fn norm_arguments(path: &str) -> Vec<Argument> {
    let around_one = Sample::Within {
        low: 0.5,
        high: 1.5,
    };
    [("gamma", around_one), ("beta", Sample::Scaled(0.25))]
        .map(|(name, sample)| argument(format!("{path}.{name}"), &[WIDTH]).from(sample))
        .to_vec()
}

/// `gamma (x - mean) / sqrt(variance + 1e-5) + beta` for each row.
fn norm(of: &Arguments, path: &str, x: &DualArray) -> DualArray {
    let [gamma, beta] = ["gamma", "beta"].map(|name| of.get(&format!("{path}.{name}")));
    let rows = x.rows().flat_map(|row| {
        let count = row.len() as f64;
        let mean = row.iter().copied().sum::<Dual>() / count;
        let squares = row.iter().map(|&x| (x - mean) * (x - mean));
        let deviation = (squares.sum::<Dual>() / count + 1e-5).sqrt();
        let normed = row.iter().map(move |&x| (x - mean) / deviation);
        let scaled = normed.zip(&gamma.values).zip(&beta.values);
        scaled.map(|((x, &gamma), &beta)| x * gamma + beta)
    });
    DualArray::new(x.shape.clone(), rows.collect())
}

/// The parameters of an attention at a path.
fn own_arguments(path: &str, quiet: bool) -> Vec<Argument> {
    attention_arguments(&format!("{path}."), [WIDTH; 2], [WIDTH; 2], quiet)
}

fn attention(
    of: &Arguments,
    path: &str,
    attend: AttentionFormula,
    x: &DualArray,
    memory: &DualArray,
) -> DualArray {
    let part = |name: &str, x: &DualArray| linear(of, &format!("{path}.{name}"), x);
    let (query, key, value) = (part("query", x), part("key", memory), part("value", memory));
    part("output", &attend.formula(&query, &key, &value).1)
}

fn add(a: &DualArray, b: &DualArray) -> DualArray {
    a.zip(b, |a, b| a + b)
}

/// A residual connection around the norm and `inner` if the norm is first; else the norm comes last.
fn residual(
    of: &Arguments,
    (norm_first, before, after): (bool, &str, &str),
    x: &DualArray,
    inner: impl FnOnce(&DualArray) -> DualArray,
) -> DualArray {
    if norm_first {
        add(x, &inner(&norm(of, before, x)))
    } else {
        norm(of, after, &add(x, &inner(x)))
    }
}

/// One layer of the encoder.
fn encoder_layer(
    of: &Arguments,
    path: &str,
    (norm_first, attend): (bool, AttentionFormula),
    x: &DualArray,
) -> DualArray {
    let at = |name: &str| format!("{path}{name}");
    let (first, second) = (at("norm_1"), at("norm_2"));
    let x = residual(of, (norm_first, &second, &first), x, |x| {
        attention(of, &at("mha"), attend, x, x)
    });
    residual(of, (norm_first, &first, &second), &x, |x| {
        feed_forward_of(of, &at("pwff."), x)
    })
}

fn encoder_arguments(layers: usize, quiet: bool) -> Vec<Argument> {
    let x = vec![argument("x", &[2, 3, WIDTH])];
    let layers = (0..layers).map(|layer| {
        let at = |name: &str| format!("layers.{layer}.{name}");
        [
            own_arguments(&at("mha"), quiet),
            feed_forward_arguments(&at("pwff.")),
            norm_arguments(&at("norm_1")),
            norm_arguments(&at("norm_2")),
        ]
        .concat()
    });
    [vec![x], layers.collect()].concat().concat()
}

fn encoder() -> Operation {
    let both_masked = AttentionFormula {
        masked: |b, i, j| j > i || is_padding([b, j]),
        ..OPEN
    };
    let quiet = AttentionFormula {
        quiet: true,
        ..OPEN
    };
    let mut layer = layer("nn::TransformerEncoder");
    for (name, layers, norm_first, attend) in [
        ("two layers, masked", 2, false, both_masked),
        ("norm first, masked", 1, true, both_masked),
        ("quiet", 1, false, quiet),
    ] {
        let is_masked = name.ends_with("masked");
        let formula = Formula::new(encoder_arguments(layers, attend.quiet), move |of| {
            let input = of.get("x").clone();
            let through =
                |x, layer| encoder_layer(of, &format!("layers.{layer}."), (norm_first, attend), &x);
            (0..layers).fold(input, through)
        });
        let config = TransformerEncoderConfig::new(WIDTH, INNER, WIDTH, layers)
            .with_dropout(0.0)
            .with_norm_first(norm_first)
            .with_quiet_softmax(attend.quiet)
            .with_activation(ActivationConfig::Tanh);
        layer = layer
            .drawn(name, |case| {
                with_tolerance(formula.witness(case)).module(
                    move |device| config.init(device),
                    move |encoder, v| {
                        let input = TransformerEncoderInput::new(v.get("x"));
                        if !is_masked {
                            return encoder.forward(input);
                        }
                        let padding = v.bools([2, 3], &mask([2, 3], is_padding));
                        let future = generate_autoregressive_mask(2, 3, v.device());
                        encoder.forward(input.mask_pad(padding).mask_attn(future))
                    },
                )
            })
            .in_short_if(name == "norm first, masked");
    }
    layer
}

fn encoder_gelu() -> Operation {
    layer("nn::TransformerEncoder, gelu")
        .note("gelu is the default")
        .drawn("norm last", |case| {
            let case = with_held_keys(case, "layers.0.mha.", WIDTH).input("x", [1, 2, WIDTH]);
            with_tolerance(case).module(
                |device| {
                    let config = TransformerEncoderConfig::new(WIDTH, INNER, WIDTH, 1);
                    config.with_dropout(0.0).init(device)
                },
                |encoder, v| encoder.forward(TransformerEncoderInput::new(v.get("x"))),
            )
        })
}

fn decoder_arguments() -> Vec<Argument> {
    let at = |name: &str| format!("layers.0.{name}");
    [
        vec![
            argument("x", &[2, 3, WIDTH]),
            argument("memory", &[2, 3, WIDTH]),
        ],
        own_arguments(&at("self_attn"), false),
        own_arguments(&at("cross_attn"), false),
        feed_forward_arguments(&at("pwff.")),
        norm_arguments(&at("norm_1")),
        norm_arguments(&at("norm_2")),
        norm_arguments(&at("norm_3")),
    ]
    .concat()
}

/// One layer of the decoder: self-attention, and attention to the memory.
fn decoder_layer(
    of: &Arguments,
    (norm_first, own, other): (bool, AttentionFormula, AttentionFormula),
    x: &DualArray,
    memory: &DualArray,
) -> DualArray {
    let at = |name: &str| format!("layers.0.{name}");
    let [first, second, third] = ["norm_1", "norm_2", "norm_3"].map(at);
    let x = residual(of, (norm_first, &third, &first), x, |x| {
        attention(of, &at("self_attn"), own, x, x)
    });
    let x = residual(of, (norm_first, &first, &second), &x, |x| {
        attention(of, &at("cross_attn"), other, x, memory)
    });
    residual(of, (norm_first, &second, &third), &x, |x| {
        feed_forward_of(of, &at("pwff."), x)
    })
}

fn decoder() -> Operation {
    let causal = AttentionFormula {
        masked: |_, i, j| j > i,
        ..OPEN
    };
    let padded = AttentionFormula {
        masked: |b, _, j| is_padding([b, j]),
        ..OPEN
    };
    let mut layer = layer("nn::TransformerDecoder");
    for (name, norm_first, [own, other]) in [
        ("norm last", false, [OPEN; 2]),
        ("norm first, masked", true, [causal, padded]),
    ] {
        let is_masked = name.ends_with("masked");
        let formula = Formula::new(decoder_arguments(), move |of| {
            let (x, memory) = (of.get("x"), of.get("memory"));
            decoder_layer(of, (norm_first, own, other), x, memory)
        });
        let config = TransformerDecoderConfig::new(WIDTH, INNER, WIDTH, 1)
            .with_dropout(0.0)
            .with_norm_first(norm_first)
            .with_activation(ActivationConfig::Tanh);
        layer = layer
            .drawn(name, |case| {
                with_tolerance(formula.witness(case)).module(
                    move |device| config.init(device),
                    move |decoder, v| {
                        let input = TransformerDecoderInput::new(v.get("x"), v.get("memory"));
                        if !is_masked {
                            return decoder.forward(input);
                        }
                        let padding = v.bools([2, 3], &mask([2, 3], is_padding));
                        let future = generate_autoregressive_mask(2, 3, v.device());
                        decoder.forward(input.memory_mask_pad(padding).target_mask_attn(future))
                    },
                )
            })
            .in_short_if(name == "norm first, masked");
    }
    layer
}

fn two(x: Tensor<3>) -> Tensor<3> {
    x.slice([0..1, 0..2])
}

/// Two tokens, then a third, with the keys and values of the first two cached.
fn encoder_by_token() -> Operation {
    let encode = |encoder: &TransformerEncoder, v: &Values| {
        let mut cache = encoder.new_autoregressive_cache();
        let x = v.get::<3>("x");
        let first = TransformerEncoderInput::new(two(x.clone()));
        encoder.forward_autoregressive_inference(first, &mut cache);
        encoder.forward_autoregressive_inference(TransformerEncoderInput::new(x), &mut cache)
    };
    let mut layer = layer("nn::TransformerEncoder, token by token");
    for (name, norm_first) in [("norm last", false), ("norm first", true)] {
        let config = TransformerEncoderConfig::new(WIDTH, INNER, WIDTH, 1)
            .with_dropout(0.0)
            .with_norm_first(norm_first)
            .with_activation(ActivationConfig::Tanh);
        layer = layer
            .drawn(name, |case| {
                let case = with_held_keys(case, "layers.0.mha.", WIDTH).input("x", [1, 3, WIDTH]);
                with_tolerance(case).module(move |device| config.init(device), encode)
            })
            .in_short_if(!norm_first);
    }
    layer
}

/// As [`encoder_by_token`], with a memory.
fn decoder_by_token() -> Operation {
    let decode = |decoder: &TransformerDecoder, v: &Values| {
        let mut cache = decoder.new_autoregressive_cache();
        let (x, memory) = (v.get::<3>("x"), v.get::<3>("memory"));
        let first = TransformerDecoderInput::new(two(x.clone()), memory.clone());
        decoder.forward_autoregressive_inference(first, &mut cache);
        let second = TransformerDecoderInput::new(x, memory);
        decoder.forward_autoregressive_inference(second, &mut cache)
    };
    let mut layer = layer("nn::TransformerDecoder, token by token");
    for (name, norm_first) in [("norm last", false), ("norm first", true)] {
        let config = TransformerDecoderConfig::new(WIDTH, INNER, WIDTH, 1)
            .with_dropout(0.0)
            .with_norm_first(norm_first)
            .with_activation(ActivationConfig::Tanh);
        layer = layer
            .drawn(name, |case| {
                let case = with_held_keys(case, "layers.0.self_attn.", WIDTH);
                let case = with_held_keys(case, "layers.0.cross_attn.", WIDTH)
                    .input("x", [1, 3, WIDTH])
                    .input("memory", [1, 2, WIDTH]);
                with_tolerance(case).module(move |device| config.init(device), decode)
            })
            .in_short_if(!norm_first);
    }
    layer
}
