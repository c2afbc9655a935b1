//! Long short-term memory.

use super::{
    CellOptions, CellState, HIDDEN, INPUT, PLAIN, REVERSE, RecurrentCell, TIME_FIRST, common, gate,
};
use crate::operation::{Operation, layer};
use crate::witness::{Arguments, DualArray};
use burn::nn::lstm::LstmState;
use burn::nn::{BiLstmConfig, LstmConfig};

pub(super) fn operations() -> Vec<Operation> {
    vec![lstm(), bi_lstm()]
}

const LSTM: RecurrentCell = RecurrentCell {
    gates: &["input_gate", "forget_gate", "output_gate", "cell_gate"],
    step: lstm_step,
    has_cell: true,
    gives_state: true,
    both_ways: false,
};

const INPUT_FORGET: (&str, CellOptions) = (
    "input and forget gate coupled",
    CellOptions {
        input_forget: true,
        ..PLAIN
    },
);

fn lstm_step(
    setup: &CellOptions,
    of: &Arguments,
    path: &str,
    x: &DualArray,
    state: &CellState,
) -> CellState {
    let sum = |name: &str| gate(of, &format!("{path}{name}"), x, &state.hidden);
    let input = sum("input_gate").map(|x| setup.gate(x));
    let forget = if setup.input_forget {
        input.map(|i| -i + 1.0)
    } else {
        sum("forget_gate").map(|x| setup.gate(x))
    };
    let output = sum("output_gate").map(|x| setup.gate(x));
    let candidate = sum("cell_gate").map(|x| setup.squash(x));
    let kept = forget.zip(&state.cell, |f, c| f * c);
    let new = input.zip(&candidate, |i, g| i * g);
    let cell = kept.zip(&new, |a, b| setup.clip(a + b));
    let hidden = output.zip(&cell, |o, c| o * setup.squash(c));
    CellState { cell, hidden }
}

fn lstm() -> Operation {
    let mut layer = layer("nn::Lstm");
    for (name, setup) in [common(), vec![REVERSE, TIME_FIRST, INPUT_FORGET]].concat() {
        let config = LstmConfig::new(INPUT, HIDDEN, setup.bias)
            .with_batch_first(setup.batch_first)
            .with_reverse(setup.reverse)
            .with_clip(setup.clip)
            .with_input_forget(setup.input_forget)
            .with_gate_activation(setup.gate_activation())
            .with_cell_activation(setup.activation())
            .with_hidden_activation(setup.activation());
        layer = LSTM.check(layer, (name, setup), |case| {
            case.module(
                move |device| config.init(device),
                move |lstm, v| {
                    let state = || LstmState::new(v.get::<2>("cell"), v.get("hidden"));
                    let (sequence, last) = lstm.forward(v.get("x"), setup.state.then(state));
                    (sequence, last.cell, last.hidden)
                },
            )
        });
    }
    layer
}

fn bi_lstm() -> Operation {
    let cell = RecurrentCell {
        both_ways: true,
        ..LSTM
    };
    let mut layer = layer("nn::BiLstm");
    for (name, setup) in [common(), vec![TIME_FIRST, INPUT_FORGET]].concat() {
        let config = BiLstmConfig::new(INPUT, HIDDEN, setup.bias)
            .with_batch_first(setup.batch_first)
            .with_clip(setup.clip)
            .with_input_forget(setup.input_forget)
            .with_gate_activation(setup.gate_activation())
            .with_cell_activation(setup.activation())
            .with_hidden_activation(setup.activation());
        layer = cell.check(layer, (name, setup), |case| {
            case.module(
                move |device| config.init(device),
                move |lstm, v| {
                    let state = || LstmState::new(v.get::<3>("cell"), v.get("hidden"));
                    let (sequence, last) = lstm.forward(v.get("x"), setup.state.then(state));
                    (sequence, last.cell, last.hidden)
                },
            )
        });
    }
    layer
}
