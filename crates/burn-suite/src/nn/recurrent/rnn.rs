//! The plain recurrent layer.

use super::{
    CellOptions, CellState, HIDDEN, INPUT, REVERSE, RecurrentCell, TIME_FIRST, common, gate,
};
use crate::operation::{Operation, layer};
use crate::witness::{Arguments, DualArray};
use burn::nn::{BiRnnConfig, RnnConfig, RnnState};

pub(super) fn operations() -> Vec<Operation> {
    vec![rnn(), bi_rnn()]
}

const RNN: RecurrentCell = RecurrentCell {
    gates: &["gate"],
    step: rnn_step,
    has_cell: false,
    gives_state: true,
    both_ways: false,
};

fn rnn_step(
    setup: &CellOptions,
    of: &Arguments,
    path: &str,
    x: &DualArray,
    state: &CellState,
) -> CellState {
    let sum = gate(of, &format!("{path}gate"), x, &state.hidden);
    CellState {
        cell: state.cell.clone(),
        hidden: sum.map(|x| setup.clip(setup.squash(x))),
    }
}

fn rnn() -> Operation {
    let mut layer = layer("nn::Rnn");
    for (name, setup) in [common(), vec![REVERSE, TIME_FIRST]].concat() {
        let config = RnnConfig::new(INPUT, HIDDEN, setup.bias)
            .with_batch_first(setup.batch_first)
            .with_reverse(setup.reverse)
            .with_clip(setup.clip)
            .with_hidden_activation(setup.activation());
        layer = RNN.check(layer, (name, setup), |case| {
            case.module(
                move |device| config.init(device),
                move |rnn, v| {
                    let state = || RnnState::new(v.get::<2>("hidden"));
                    let (sequence, last) = rnn.forward(v.get("x"), setup.state.then(state));
                    (sequence, last.hidden)
                },
            )
        });
    }
    layer
}

fn bi_rnn() -> Operation {
    let cell = RecurrentCell {
        both_ways: true,
        ..RNN
    };
    let mut layer = layer("nn::BiRnn");
    for (name, setup) in [common(), vec![TIME_FIRST]].concat() {
        let config = BiRnnConfig::new(INPUT, HIDDEN, setup.bias)
            .with_batch_first(setup.batch_first)
            .with_clip(setup.clip)
            .with_hidden_activation(setup.activation());
        layer = cell.check(layer, (name, setup), |case| {
            case.module(
                move |device| config.init(device),
                move |rnn, v| {
                    let state = || RnnState::new(v.get::<3>("hidden"));
                    let (sequence, last) = rnn.forward(v.get("x"), setup.state.then(state));
                    (sequence, last.hidden)
                },
            )
        });
    }
    layer
}
