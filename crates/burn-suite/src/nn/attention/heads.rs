//! Attention with several heads.

use burn::nn::attention::{
    CrossAttention, CrossAttentionCache, CrossAttentionConfig, MhaCache, MhaInput,
    MultiHeadAttention, MultiHeadAttentionConfig, generate_autoregressive_mask,
};
use burn::tensor::Tensor;
use burn_gradcheck::{Outputs, Values};

use super::{
    AttentionFormula, attention_arguments, linear, linear_arguments, mask, with_held_keys,
    with_tolerance,
};
use crate::operation::{Operation, layer};
use crate::witness::{Argument, Formula, argument};

pub(super) fn operations() -> Vec<Operation> {
    vec![self_attention(), of_narrow_heads(), cached(), cross()]
}

const OPEN: AttentionFormula = AttentionFormula {
    heads: 2,
    heads_of_keys: 2,
    quiet: false,
    masked: |_, _, _| false,
};

/// The last key of the second member of the batch is padding.
fn is_padding([b, j]: [usize; 2]) -> bool {
    b == 1 && j == 2
}

/// The parameters of an attention of this width.
fn parameters(width: usize, bias: bool, quiet: bool) -> Vec<Argument> {
    if bias {
        return attention_arguments("", [width; 2], [width; 2], quiet);
    }
    let of = |path| linear_arguments(path, [width; 2], false);
    ["query", "key", "value", "output"]
        .into_iter()
        .flat_map(of)
        .collect()
}

/// Whether query, key and value are one tensor or three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AttentionInputs {
    One,
    Three,
}

/// Adds a check of context and weights, on batches of 2 by 3 by `width`.
fn check(
    layer: Operation,
    name: &str,
    (width, from, bias): (usize, AttentionInputs, bool),
    attend: AttentionFormula,
    input: impl Fn(MhaInput, &Values) -> MhaInput + Send + Sync + 'static,
) -> Operation {
    let names: &[&str] = match from {
        AttentionInputs::One => &["x"],
        AttentionInputs::Three => &["x_query", "x_key", "x_value"],
    };
    // Fewer queries than keys.
    let shape = |name: &str| [2, if name == "x_query" { 2 } else { 3 }, width];
    let inputs = names.iter().map(|name| argument(*name, &shape(name)));
    let arguments = inputs
        .chain(parameters(width, bias, attend.quiet))
        .collect::<Vec<_>>();
    let of_three = move |index: usize| names[index.min(names.len() - 1)];
    let formula = Formula::new(arguments, move |of| {
        let part = |index, path| linear(of, path, of.get(of_three(index)));
        let [query, key, value] = [(0, "query"), (1, "key"), (2, "value")].map(|(i, p)| part(i, p));
        let (weights, heads) = attend.formula(&query, &key, &value);
        vec![linear(of, "output", &heads), weights]
    });
    let config = MultiHeadAttentionConfig::new(width, attend.heads)
        .with_dropout(0.0)
        .with_quiet_softmax(attend.quiet)
        .with_query_bias(bias)
        .with_key_bias(bias)
        .with_value_bias(bias)
        .with_output_bias(bias);
    let is_short = matches!(name, "of one tensor" | "both masked");
    let checked = layer.drawn(name, |case| {
        with_tolerance(formula.witness(case)).module(
            move |device| config.init(device),
            move |attention: &MultiHeadAttention, v| {
                let made = match from {
                    AttentionInputs::One => MhaInput::self_attn(v.get("x")),
                    AttentionInputs::Three => {
                        MhaInput::new(v.get("x_query"), v.get("x_key"), v.get("x_value"))
                    }
                };
                let output = attention.forward(input(made, v));
                (output.context, output.weights)
            },
        )
    });
    checked.in_short_if(is_short)
}

fn pad(input: MhaInput, v: &Values) -> MhaInput {
    input.mask_pad(v.bools([2, 3], &mask([2, 3], is_padding)))
}

fn causal(input: MhaInput, v: &Values) -> MhaInput {
    input.mask_attn(generate_autoregressive_mask(2, 3, v.device()))
}

/// A mask that hides every key from the second query of the first member.
fn lone(input: MhaInput, v: &Values) -> MhaInput {
    input.mask_attn(v.bools([2, 3, 3], &mask([2, 3, 3], |[b, i, _]| b == 0 && i == 1)))
}

fn self_attention() -> Operation {
    let padded = AttentionFormula {
        masked: |b, _, j| is_padding([b, j]),
        ..OPEN
    };
    let in_order = AttentionFormula {
        masked: |_, i, j| j > i,
        ..OPEN
    };
    let both = AttentionFormula {
        masked: |b, i, j| j > i || is_padding([b, j]),
        ..OPEN
    };
    let left_alone = AttentionFormula {
        masked: |b, i, _| b == 0 && i == 1,
        ..OPEN
    };
    let quiet = |attend| AttentionFormula {
        quiet: true,
        ..attend
    };
    let one = (2, AttentionInputs::One, true);
    let layer = layer("nn::MultiHeadAttention").note(
        "a query whose keys are all masked attends to all of them alike, or to none if quiet",
    );
    let layer = check(
        layer,
        "2 heads of 4",
        (8, AttentionInputs::One, true),
        OPEN,
        |input, _| input,
    );
    let layer = check(layer, "of one tensor", one, OPEN, |input, _| input);
    let layer = check(
        layer,
        "of three tensors",
        (2, AttentionInputs::Three, true),
        OPEN,
        |i, _| i,
    );
    let layer = check(
        layer,
        "without biases",
        (2, AttentionInputs::One, false),
        OPEN,
        |i, _| i,
    );
    let layer = check(layer, "padding masked", one, padded, pad);
    let layer = check(layer, "future masked", one, in_order, causal);
    let layer = check(layer, "both masked", one, both, |i, v| causal(pad(i, v), v));
    let layer = check(layer, "a query all masked", one, left_alone, lone);
    let layer = check(layer, "quiet", one, quiet(OPEN), |input, _| input);
    let layer = check(layer, "quiet, padding masked", one, quiet(padded), pad);
    check(
        layer,
        "quiet, a query all masked",
        one,
        quiet(left_alone),
        lone,
    )
}

/// Heads whose size has no exact root.
fn of_narrow_heads() -> Operation {
    let layer = layer("nn::MultiHeadAttention, heads of 2");
    check(
        layer,
        "of one tensor",
        (4, AttentionInputs::One, true),
        OPEN,
        |input, _| input,
    )
}

/// A first call with two tokens, and a second with a third. The output is the second call's, which
/// uses the cache of the first.
fn cached() -> Operation {
    let build = |device: &_| {
        let config = MultiHeadAttentionConfig::new(2, 2).with_dropout(0.0);
        config.init(device)
    };
    let two = |x: Tensor<3>| x.slice([0..2, 0..2]);
    layer("nn::MultiHeadAttention, cached")
        .drawn("of one tensor", |case| {
            let case = with_held_keys(case, "", 2).input("x", [2, 3, 2]);
            with_tolerance(case).module(build, move |attention, v| {
                let mut cache = MhaCache::autoregressive();
                let x = v.get::<3>("x");
                attention.forward_cache(MhaInput::self_attn(two(x.clone())), &mut cache);
                let output = attention.forward_cache(MhaInput::self_attn(x), &mut cache);
                (output.context, output.weights)
            })
        })
        .drawn("of other keys", |case| {
            let case = with_held_keys(case, "", 2)
                .input("x", [2, 3, 2])
                .input("memory", [2, 2, 2]);
            with_tolerance(case).module(build, move |attention, v| {
                let mut cache = MhaCache::autoregressive_cross_attention();
                let (x, memory) = (v.get::<3>("x"), v.get::<3>("memory"));
                let input = |x| MhaInput::new(x, memory.clone(), memory.clone());
                attention.forward_cache(input(two(x.clone())), &mut cache);
                let output = attention.forward_cache(input(x), &mut cache);
                (output.context, output.weights)
            })
        })
}

fn cross() -> Operation {
    let padded = AttentionFormula {
        masked: |b, _, j| is_padding([b, j]),
        ..OPEN
    };
    let shared = AttentionFormula {
        heads_of_keys: 1,
        ..padded
    };
    let quiet = AttentionFormula {
        quiet: true,
        ..padded
    };
    let all_masked = AttentionFormula {
        masked: |b, _, _| b == 0,
        ..OPEN
    };
    let forward = |attention: &CrossAttention, v: &Values| {
        Outputs::from(attention.forward(v.get("x"), v.get("context"), None))
    };
    let forward_padded = |attention: &CrossAttention, v: &Values| {
        let mask = v.bools([2, 3], &mask([2, 3], is_padding));
        attention
            .forward(v.get("x"), v.get("context"), Some(mask))
            .into()
    };
    let forward_cached = |attention: &CrossAttention, v: &Values| {
        let mask = v.bools([2, 3], &mask([2, 3], is_padding));
        let (x, context) = (v.get::<3>("x"), v.get::<3>("context"));
        let mut cache = CrossAttentionCache::new();
        // The second call uses the keys and values cached by the first.
        let first = x.clone().slice([0..2, 0..1]);
        attention.forward_cache(first, context.clone(), Some(mask.clone()), &mut cache);
        let zeros = context.zeros_like();
        attention
            .forward_cache(x, zeros, Some(mask), &mut cache)
            .into()
    };
    let forward_all_masked = |attention: &CrossAttention, v: &Values| {
        let mask = v.bools([2, 3], &mask([2, 3], |[b, _]| b == 0));
        attention
            .forward(v.get("x"), v.get("context"), Some(mask))
            .into()
    };
    type CrossForward = fn(&CrossAttention, &Values) -> Outputs;
    let checks: [(&str, AttentionFormula, CrossForward); 6] = [
        ("2 heads", OPEN, forward),
        ("padding masked", padded, forward_padded),
        ("2 heads on 1, padding masked", shared, forward_padded),
        ("quiet, padding masked", quiet, forward_padded),
        ("a member all masked", all_masked, forward_all_masked),
        ("cached", shared, forward_cached),
    ];
    let mut layer = layer("nn::CrossAttention");
    for (name, attend, forward) in checks {
        let of_keys = attend.heads_of_keys;
        let arguments = [
            vec![argument("x", &[2, 2, 2]), argument("context", &[2, 3, 3])],
            attention_arguments("", [2, 3], [2, of_keys], attend.quiet),
        ];
        let formula = Formula::new(arguments.concat(), move |of| {
            let query = linear(of, "query", of.get("x"));
            let [key, value] = ["key", "value"].map(|path| linear(of, path, of.get("context")));
            let (_, heads) = attend.formula(&query, &key, &value);
            vec![linear(of, "output", &heads)]
        });
        let config = CrossAttentionConfig::new(2, 3, 2, of_keys, 1)
            .with_dropout(0.0)
            .with_quiet_softmax(attend.quiet);
        layer = layer.drawn(name, |case| {
            with_tolerance(formula.witness(case)).module(move |device| config.init(device), forward)
        });
    }
    layer
}
