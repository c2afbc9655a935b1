//! Gated recurrent units.

use super::{
    CellOptions, CellState, HIDDEN, INPUT, PLAIN, RecurrentCell, TIME_FIRST, common, gate, parts,
};
use crate::operation::{Operation, layer};
use crate::witness::{Arguments, DualArray};
use burn::nn::{BiGruConfig, GruConfig};

pub(super) fn operations() -> Vec<Operation> {
    vec![gru(), bi_gru()]
}

const GRU: RecurrentCell = RecurrentCell {
    gates: &["update_gate", "reset_gate", "new_gate"],
    step: gru_step,
    has_cell: false,
    gives_state: false,
    both_ways: false,
};

const RESET_BEFORE: (&str, CellOptions) = (
    "reset before the product",
    CellOptions {
        reset_after: false,
        ..PLAIN
    },
);

fn gru_step(
    setup: &CellOptions,
    of: &Arguments,
    path: &str,
    x: &DualArray,
    state: &CellState,
) -> CellState {
    let old = &state.hidden;
    let gate_at = |name: &str| {
        let sum = gate(of, &format!("{path}{name}"), x, old);
        sum.map(|x| setup.gate(x))
    };
    let (update, reset) = (gate_at("update_gate"), gate_at("reset_gate"));
    let new = format!("{path}new_gate");
    let sum = if setup.reset_after {
        let [by_input, by_hidden] = parts(of, &new, x, old);
        by_input.zip(&by_hidden.zip(&reset, |h, r| h * r), |a, b| a + b)
    } else {
        gate(of, &new, x, &old.zip(&reset, |h, r| h * r))
    };
    let candidate = sum.map(|x| setup.squash(x));
    let new = candidate.zip(&update, |g, z| g * (-z + 1.0));
    let kept = update.zip(old, |z, h| z * h);
    CellState {
        cell: state.cell.clone(),
        hidden: new.zip(&kept, |a, b| setup.clip(a + b)),
    }
}

fn gru() -> Operation {
    let mut layer = layer("nn::Gru");
    for (name, setup) in [common(), vec![RESET_BEFORE]].concat() {
        let config = GruConfig::new(INPUT, HIDDEN, setup.bias)
            .with_reset_after(setup.reset_after)
            .with_clip(setup.clip)
            .with_gate_activation(setup.gate_activation())
            .with_hidden_activation(setup.activation());
        layer = GRU.check(layer, (name, setup), |case| {
            case.module(
                move |device| config.init(device),
                move |gru, v| {
                    let state = || v.get::<2>("hidden");
                    gru.forward(v.get("x"), setup.state.then(state))
                },
            )
        });
    }
    layer
}

fn bi_gru() -> Operation {
    let cell = RecurrentCell {
        both_ways: true,
        gives_state: true,
        ..GRU
    };
    let mut layer = layer("nn::BiGru");
    for (name, setup) in [common(), vec![TIME_FIRST, RESET_BEFORE]].concat() {
        let config = BiGruConfig::new(INPUT, HIDDEN, setup.bias)
            .with_batch_first(setup.batch_first)
            .with_reset_after(setup.reset_after)
            .with_clip(setup.clip)
            .with_gate_activation(setup.gate_activation())
            .with_hidden_activation(setup.activation());
        layer = cell.check(layer, (name, setup), |case| {
            case.module(
                move |device| config.init(device),
                move |gru, v| {
                    let state = || v.get::<3>("hidden");
                    gru.forward(v.get("x"), setup.state.then(state))
                },
            )
        });
    }
    layer
}
