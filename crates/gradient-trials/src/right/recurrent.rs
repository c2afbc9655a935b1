//! Recurrent layers. Burn's make tensors of the device's default float type, so that they work in f32
//! only; finite differences take the same recurrence, written with matrix products.

use burn::nn::{GruConfig, LstmConfig, RnnConfig};
use burn::tensor::activation::sigmoid;
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Values};

use super::RightFunction;

const BATCH: usize = 1;
const STEPS: usize = 2;
const D_IN: usize = 2;
const D_HIDDEN: usize = 2;

pub(super) fn all() -> Vec<RightFunction> {
    vec![
        RightFunction::new(
            "two steps",
            sequence("nn::Rnn").module(
                |device| RnnConfig::new(D_IN, D_HIDDEN, true).init(device),
                |m, v| m.forward(v.get("x"), None).0,
            ),
        )
        .only_in(DType::F32, |v| {
            unrolled(v, |x, h| (gate(v, "gate", x) + hidden(v, "gate", h)).tanh())
        }),
        RightFunction::new(
            "two steps; the recurrence written out",
            sequence("recurrence of tanh")
                .input("w", [D_IN, D_HIDDEN])
                .input("u", [D_HIDDEN, D_HIDDEN])
                .function(|v| {
                    unrolled(v, |x, h| {
                        (x.matmul(v.get("w")) + h.matmul(v.get("u"))).tanh()
                    })
                }),
        ),
        RightFunction::new(
            "two steps, three gates",
            sequence("nn::Gru").module(
                |device| GruConfig::new(D_IN, D_HIDDEN, true).init(device),
                |m, v| m.forward(v.get("x"), None),
            ),
        )
        .only_in(DType::F32, |v| unrolled(v, |x, h| gru_step(v, x, h))),
        RightFunction::new(
            "two steps, four gates",
            sequence("nn::Lstm").module(
                |device| LstmConfig::new(D_IN, D_HIDDEN, true).init(device),
                |m, v| m.forward(v.get("x"), None).0,
            ),
        )
        .only_in(DType::F32, lstm),
    ]
}

/// A case with a batch of sequences `x`.
fn sequence(name: &'static str) -> Case {
    Case::new(name).input("x", [BATCH, STEPS, D_IN])
}

/// Applies `step` to every element of the sequence and the last state; all states.
fn unrolled(v: &Values, mut step: impl FnMut(Tensor<2>, Tensor<2>) -> Tensor<2>) -> Tensor<3> {
    let mut h = v.tensor([BATCH, D_HIDDEN], &[0.0; BATCH * D_HIDDEN]);
    let mut states = Vec::new();
    for x in v.get::<3>("x").split(1, 1) {
        h = step(x.squeeze_dim(1), h);
        states.push(h.clone());
    }
    Tensor::stack(states, 1)
}

/// A gate's linear function of the input.
fn gate(v: &Values, name: &str, x: Tensor<2>) -> Tensor<2> {
    linear(v, &format!("{name}.input_transform"), x)
}

/// A gate's linear function of the state.
fn hidden(v: &Values, name: &str, h: Tensor<2>) -> Tensor<2> {
    linear(v, &format!("{name}.hidden_transform"), h)
}

fn linear(v: &Values, name: &str, x: Tensor<2>) -> Tensor<2> {
    let bias = v.get::<1>(&format!("{name}.bias")).unsqueeze();
    x.matmul(v.get(&format!("{name}.weight"))) + bias
}

fn gru_step(v: &Values, x: Tensor<2>, h: Tensor<2>) -> Tensor<2> {
    let both = |name| gate(v, name, x.clone()) + hidden(v, name, h.clone());
    let update = sigmoid(both("update_gate"));
    let reset = sigmoid(both("reset_gate"));
    let new = (gate(v, "new_gate", x.clone()) + reset * hidden(v, "new_gate", h.clone())).tanh();
    new * (update.clone().neg() + 1.0) + update * h
}

fn lstm(v: &Values) -> Tensor<3> {
    let mut cell = v.tensor([BATCH, D_HIDDEN], &[0.0; BATCH * D_HIDDEN]);
    unrolled(v, |x, h| {
        let both = |name| gate(v, name, x.clone()) + hidden(v, name, h.clone());
        let new = sigmoid(both("input_gate")) * both("cell_gate").tanh();
        cell = sigmoid(both("forget_gate")) * cell.clone() + new;
        sigmoid(both("output_gate")) * cell.clone().tanh()
    })
}
