//! Linear layers, embeddings, and the layer that does nothing.

use burn::module::{Param, ParamId};
use burn::nn::{EmbeddingConfig, Identity, Linear, LinearConfig, LinearLayout};
use burn_gradcheck::{Case, Gradients, Upstream, Values};

use super::Layer;
use super::witness::{Product, Term, pull_back, pull_back_products, sum_by_channel};
use crate::host::host;
use crate::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    vec![linear().done(), embedding().done(), identity().done()]
}

fn linear() -> Layer {
    Layer::new("nn::Linear")
        .with("[3, 4] to 2", |case| {
            of_config(case, [3, 4], LinearConfig::new(4, 2))
        })
        .with("[2, 3, 4] to 5, without bias", |case| {
            of_config(case, [2, 3, 4], LinearConfig::new(4, 5).with_bias(false))
        })
        .with("[1] to 1", |case| {
            of_config(case, [1], LinearConfig::new(1, 1))
        })
        .with("[3, 4] to 2, in columns", |case| {
            let config = LinearConfig::new(4, 2).with_layout(LinearLayout::Col);
            of_config(case, [3, 4], config)
        })
        .with("[3, 4] to 2, transposed in memory", |case| {
            case.input("x", [3, 4])
                .input("weight", [2, 4])
                .input("bias", [2])
                .function(|v| {
                    let weight = v.get::<2>("weight").transpose();
                    let layer = Linear {
                        weight: Param::initialized(ParamId::new(), weight),
                        bias: Some(Param::initialized(ParamId::new(), v.get("bias"))),
                    };
                    layer.forward(v.get::<2>("x"))
                })
                .vjp(|v, grad_out| {
                    let (grads, grad_bias) =
                        gradients(v, grad_out, [3, 4], [2, 4], |i, o| o * 4 + i);
                    grads.with("bias", v.tensor([2], &grad_bias))
                })
        })
}

fn of_config<const D: usize>(case: Case, shape: [usize; D], config: LinearConfig) -> Case {
    let (d_in, d_out, has_bias) = (config.d_input, config.d_output, config.bias);
    case.input("x", shape)
        .module(
            move |device| config.init(device),
            |linear, v| linear.forward(v.get::<D>("x")),
        )
        .vjp(move |v, grad_out| {
            let (grads, grad_bias) =
                gradients(v, grad_out, shape, [d_in, d_out], |i, o| i * d_out + o);
            match has_bias {
                true => grads.with("bias", v.tensor([d_out], &grad_bias)),
                false => grads,
            }
        })
}

/// The gradients of `x · weight + bias`, that of the bias apart; `weight_of` numbers the weights.
fn gradients<const D: usize>(
    v: &Values,
    grad_out: &Upstream,
    shape: [usize; D],
    weight_shape: [usize; 2],
    weight_of: impl Fn(usize, usize) -> usize,
) -> (Gradients, Vec<f64>) {
    let (x, weight) = (host(v.get::<D>("x")), host(v.get::<2>("weight")));
    let d_in = shape[D - 1];
    let d_out = weight.len() / d_in;
    let mut terms = Vec::new();
    for number in 0..x.len() * d_out {
        let (row, i, o) = (
            number / (d_in * d_out),
            number / d_out % d_in,
            number % d_out,
        );
        terms.push(Product {
            out: row * d_out + o,
            x: row * d_in + i,
            weight: weight_of(i, o),
        });
    }
    let grad_out = host(grad_out.get::<D>(0));
    let (grad_x, grad_weight) = pull_back_products(&terms, &grad_out, &x, &weight);
    let grad_bias = sum_by_channel(&grad_out, d_out, 1);
    let grads = Gradients::new()
        .with("x", v.tensor(shape, &grad_x))
        .with("weight", v.tensor(weight_shape, &grad_weight));
    (grads, grad_bias)
}

fn embedding() -> Layer {
    /// Row 0 three times, row 1 and row 3 never.
    const ROWS: [i64; 6] = [0, 4, 0, 2, 0, 4];
    Layer::new("nn::Embedding").with("[5, 3], twice the same", |case| {
        case.module(
            |device| EmbeddingConfig::new(5, 3).init(device),
            |embedding, v| embedding.forward(v.ints([2, 3], &ROWS)),
        )
        .vjp(|v, grad_out| {
            let term = |out: usize| Term {
                out,
                x: ROWS[out / 3] as usize * 3 + out % 3,
                factor: 1.0,
            };
            let terms: Vec<Term> = (0..18).map(term).collect();
            let grad = pull_back(&terms, &host(grad_out.get::<3>(0)), 15);
            Gradients::new().with("weight", v.tensor([5, 3], &grad))
        })
    })
}

fn identity() -> Layer {
    Layer::new("nn::Identity").with("[3, 5]", |case| {
        case.input("x", [3, 5])
            .module(
                |_| Identity::new(),
                |identity, v| identity.forward(v.get::<2>("x")),
            )
            .vjp(|_, grad_out| Gradients::new().with("x", grad_out.get::<2>(0)))
    })
}
