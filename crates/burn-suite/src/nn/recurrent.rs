//! Recurrent layers: LSTM, GRU and the plain one, in one direction and in both, with their initial
//! and final states, against their formulas on the host.

use burn::nn::activation::ActivationConfig;
use burn::nn::lstm::LstmState;
use burn::nn::{
    BiGruConfig, BiLstmConfig, BiRnnConfig, GruConfig, LstmConfig, RnnConfig, RnnState,
};
use burn_gradcheck::{Case, Sample};

use super::Layer;
use super::dual::Dual;
use super::formula::{Argument, Arguments, Array, Formula, argument};
use crate::operation::Operation;

const BATCH: usize = 2;
const TIME: usize = 3;
const INPUT: usize = 3;
const HIDDEN: usize = 2;

/// All of them.
pub(super) fn operations() -> Vec<Operation> {
    vec![lstm(), bi_lstm(), gru(), bi_gru(), rnn(), bi_rnn()]
}

/// The options that the layers have in common, and those of one only.
#[derive(Clone, Copy, Debug)]
struct Setup {
    bias: bool,
    /// Whether an initial state is given.
    state: bool,
    batch_first: bool,
    reverse: bool,
    clip: Option<f64>,
    /// Other activations than sigmoid and tanh.
    unusual: bool,
    /// Of the LSTM: the forget gate is 1 less the input gate.
    input_forget: bool,
    /// Of the GRU: the reset gate multiplies the product rather than the state.
    reset_after: bool,
}

const PLAIN: Setup = Setup {
    bias: true,
    state: true,
    batch_first: true,
    reverse: false,
    clip: None,
    unusual: false,
    input_forget: false,
    reset_after: true,
};

const PLAIN_NAME: &str = "plain";

/// The variations that every layer has, by name.
fn common() -> Vec<(&'static str, Setup)> {
    vec![
        (PLAIN_NAME, PLAIN),
        (
            "no bias, no state",
            Setup {
                bias: false,
                state: false,
                ..PLAIN
            },
        ),
        (
            "clipped",
            Setup {
                clip: Some(0.25),
                ..PLAIN
            },
        ),
        (
            "other activations",
            Setup {
                unusual: true,
                ..PLAIN
            },
        ),
    ]
}

const REVERSE: (&str, Setup) = (
    "reverse",
    Setup {
        reverse: true,
        ..PLAIN
    },
);

const TIME_FIRST: (&str, Setup) = (
    "time first",
    Setup {
        batch_first: false,
        ..PLAIN
    },
);

impl Setup {
    fn gate_activation(&self) -> ActivationConfig {
        match self.unusual {
            true => ActivationConfig::Softsign,
            false => ActivationConfig::Sigmoid,
        }
    }

    fn activation(&self) -> ActivationConfig {
        match self.unusual {
            true => ActivationConfig::Identity,
            false => ActivationConfig::Tanh,
        }
    }

    fn gate(&self, x: Dual) -> Dual {
        match self.unusual {
            true => x / (x.abs() + 1.0),
            false => x.sigmoid(),
        }
    }

    fn squash(&self, x: Dual) -> Dual {
        match self.unusual {
            true => x,
            false => x.tanh(),
        }
    }

    fn clip(&self, x: Dual) -> Dual {
        match self.clip {
            Some(clip) => x.at_least(-clip).at_most(clip),
            None => x,
        }
    }
}

/// The state that is handed from one step to the next; only the LSTM has a cell.
#[derive(Clone, Debug)]
struct State {
    cell: Array,
    hidden: Array,
}

/// One step of a layer whose parameters are under a path.
type Step = fn(&Setup, &Arguments, &str, &Array, &State) -> State;

/// `x W + b + h V + c` of the gate at a path.
fn gate(of: &Arguments, path: &str, x: &Array, hidden: &Array) -> Array {
    let [by_input, by_hidden] = parts(of, path, x, hidden);
    by_input.zip(&by_hidden, |a, b| a + b)
}

fn parts(of: &Arguments, path: &str, x: &Array, hidden: &Array) -> [Array; 2] {
    [("input_transform", x), ("hidden_transform", hidden)].map(|(part, x)| {
        let weight = of.get(&format!("{path}.{part}.weight"));
        x.linear(weight, of.find(&format!("{path}.{part}.bias")))
    })
}

fn lstm_step(setup: &Setup, of: &Arguments, path: &str, x: &Array, state: &State) -> State {
    let sum = |name: &str| gate(of, &format!("{path}{name}"), x, &state.hidden);
    let input = sum("input_gate").map(|x| setup.gate(x));
    let forget = match setup.input_forget {
        true => input.map(|i| -i + 1.0),
        false => sum("forget_gate").map(|x| setup.gate(x)),
    };
    let output = sum("output_gate").map(|x| setup.gate(x));
    let candidate = sum("cell_gate").map(|x| setup.squash(x));
    let kept = forget.zip(&state.cell, |f, c| f * c);
    let new = input.zip(&candidate, |i, g| i * g);
    let cell = kept.zip(&new, |a, b| setup.clip(a + b));
    let hidden = output.zip(&cell, |o, c| o * setup.squash(c));
    State { cell, hidden }
}

fn gru_step(setup: &Setup, of: &Arguments, path: &str, x: &Array, state: &State) -> State {
    let old = &state.hidden;
    let gate_at = |name: &str| {
        let sum = gate(of, &format!("{path}{name}"), x, old);
        sum.map(|x| setup.gate(x))
    };
    let (update, reset) = (gate_at("update_gate"), gate_at("reset_gate"));
    let new = format!("{path}new_gate");
    let sum = match setup.reset_after {
        true => {
            let [by_input, by_hidden] = parts(of, &new, x, old);
            by_input.zip(&by_hidden.zip(&reset, |h, r| h * r), |a, b| a + b)
        }
        false => gate(of, &new, x, &old.zip(&reset, |h, r| h * r)),
    };
    let candidate = sum.map(|x| setup.squash(x));
    let new = candidate.zip(&update, |g, z| g * (-z + 1.0));
    let kept = update.zip(old, |z, h| z * h);
    State {
        cell: state.cell.clone(),
        hidden: new.zip(&kept, |a, b| setup.clip(a + b)),
    }
}

fn rnn_step(setup: &Setup, of: &Arguments, path: &str, x: &Array, state: &State) -> State {
    let sum = gate(of, &format!("{path}gate"), x, &state.hidden);
    State {
        cell: state.cell.clone(),
        hidden: sum.map(|x| setup.clip(setup.squash(x))),
    }
}

/// A layer: its gates, its step, and what it gives back beside the sequence.
#[derive(Clone, Copy)]
struct Cell {
    gates: &'static [&'static str],
    step: Step,
    has_cell: bool,
    gives_state: bool,
    both_ways: bool,
}

impl Cell {
    /// The paths of the parameters of one direction.
    fn directions(&self) -> &'static [&'static str] {
        match self.both_ways {
            true => &["forward.", "reverse."],
            false => &[""],
        }
    }

    fn states(&self) -> &'static [&'static str] {
        match self.has_cell {
            true => &["cell", "hidden"],
            false => &["hidden"],
        }
    }

    fn arguments(&self, setup: &Setup) -> Vec<Argument> {
        let x = match setup.batch_first {
            true => [BATCH, TIME, INPUT],
            false => [TIME, BATCH, INPUT],
        };
        let mut all = vec![argument("x", &x)];
        if setup.state {
            let shape = match self.both_ways {
                true => vec![2, BATCH, HIDDEN],
                false => vec![BATCH, HIDDEN],
            };
            all.extend(self.states().iter().map(|name| argument(*name, &shape)));
        }
        for direction in self.directions() {
            let is_there = |gate: &&&str| !(setup.input_forget && **gate == "forget_gate");
            for gate in self.gates.iter().filter(is_there) {
                for (part, rows) in [("input_transform", INPUT), ("hidden_transform", HIDDEN)] {
                    let path = format!("{direction}{gate}.{part}");
                    let weight = argument(format!("{path}.weight"), &[rows, HIDDEN]);
                    all.push(weight.from(Sample::Scaled(0.5)));
                    if setup.bias {
                        all.push(argument(format!("{path}.bias"), &[HIDDEN]));
                    }
                }
            }
        }
        all
    }

    fn formula(self, setup: Setup) -> Formula {
        Formula::new(self.arguments(&setup), move |of| {
            let runs = self.directions().iter().enumerate();
            let runs = runs.map(|(number, path)| {
                let reverse = setup.reverse || number == 1;
                self.run(&setup, of, path, (number, reverse))
            });
            let (sequences, states): (Vec<_>, Vec<_>) = runs.unzip();
            let mut outputs = vec![side_by_side(&sequences, setup.batch_first)];
            if self.gives_state {
                let stack = |part: fn(&State) -> &Array| {
                    let values = states.iter().flat_map(|state| part(state).values.clone());
                    match self.both_ways {
                        true => Array::new([2, BATCH, HIDDEN], values.collect()),
                        false => Array::new([BATCH, HIDDEN], values.collect()),
                    }
                };
                if self.has_cell {
                    outputs.push(stack(|state| &state.cell));
                }
                outputs.push(stack(|state| &state.hidden));
            }
            outputs
        })
    }

    /// One direction: the hidden state of each step, in the order of time, and the last state.
    fn run(
        &self,
        setup: &Setup,
        of: &Arguments,
        path: &str,
        (number, reverse): (usize, bool),
    ) -> (Vec<Array>, State) {
        let size = BATCH * HIDDEN;
        let initial = |name: &str| {
            let values = match of.find(name) {
                Some(all) => all.values[number * size..][..size].to_vec(),
                None => vec![0.0.into(); size],
            };
            Array::new([BATCH, HIDDEN], values)
        };
        let mut state = State {
            cell: initial("cell"),
            hidden: initial("hidden"),
        };
        let mut order: Vec<usize> = (0..TIME).collect();
        if reverse {
            order.reverse();
        }
        let mut sequence = vec![state.hidden.clone(); TIME];
        for t in order {
            let x = at_time(of.get("x"), t, setup.batch_first);
            state = (self.step)(setup, of, path, &x, &state);
            sequence[t] = state.hidden.clone();
        }
        (sequence, state)
    }

    /// Adds a check of the layer that `build` makes.
    fn check(
        self,
        layer: Layer,
        (name, setup): (&str, Setup),
        module: impl FnOnce(Case) -> Case,
    ) -> Layer {
        let formula = self.formula(setup);
        // Many small kernels, each compiled for its shape: one variation is enough for shaders.
        let mut layer = layer;
        let is_short = name == PLAIN_NAME;
        layer.0.drawn(name.to_owned(), is_short, |case| {
            module(formula.referee(case))
        });
        layer
    }
}

/// The input of one step: `[BATCH, INPUT]`.
fn at_time(x: &Array, t: usize, batch_first: bool) -> Array {
    let entry = |b: usize, i: usize| match batch_first {
        true => x.at([b, t, i]),
        false => x.at([t, b, i]),
    };
    let values = (0..BATCH).flat_map(|b| (0..INPUT).map(move |i| entry(b, i)));
    Array::new([BATCH, INPUT], values.collect())
}

/// The sequences of all directions as one, in the order of the input.
fn side_by_side(sequences: &[Vec<Array>], batch_first: bool) -> Array {
    let row = |b: usize, t: usize| -> Vec<Dual> {
        let rows = sequences.iter().map(|sequence| &sequence[t]);
        rows.flat_map(|hidden| (0..HIDDEN).map(move |i| hidden.at([b, i])))
            .collect()
    };
    let width = HIDDEN * sequences.len();
    match batch_first {
        true => {
            let values = (0..BATCH).flat_map(|b| (0..TIME).flat_map(move |t| row(b, t)));
            Array::new([BATCH, TIME, width], values.collect())
        }
        false => {
            let values = (0..TIME).flat_map(|t| (0..BATCH).flat_map(move |b| row(b, t)));
            Array::new([TIME, BATCH, width], values.collect())
        }
    }
}

const LSTM: Cell = Cell {
    gates: &["input_gate", "forget_gate", "output_gate", "cell_gate"],
    step: lstm_step,
    has_cell: true,
    gives_state: true,
    both_ways: false,
};

const GRU: Cell = Cell {
    gates: &["update_gate", "reset_gate", "new_gate"],
    step: gru_step,
    has_cell: false,
    gives_state: false,
    both_ways: false,
};

const RNN: Cell = Cell {
    gates: &["gate"],
    step: rnn_step,
    has_cell: false,
    gives_state: true,
    both_ways: false,
};

const INPUT_FORGET: (&str, Setup) = (
    "input and forget gate coupled",
    Setup {
        input_forget: true,
        ..PLAIN
    },
);

const RESET_BEFORE: (&str, Setup) = (
    "reset before the product",
    Setup {
        reset_after: false,
        ..PLAIN
    },
);

fn lstm() -> Operation {
    let mut layer = Layer::new("nn::Lstm");
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
    layer.done()
}

fn bi_lstm() -> Operation {
    let cell = Cell {
        both_ways: true,
        ..LSTM
    };
    let mut layer = Layer::new("nn::BiLstm");
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
    layer.done()
}

fn gru() -> Operation {
    let mut layer = Layer::new("nn::Gru");
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
    layer.done()
}

fn bi_gru() -> Operation {
    let cell = Cell {
        both_ways: true,
        gives_state: true,
        ..GRU
    };
    let mut layer = Layer::new("nn::BiGru");
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
    layer.done()
}

fn rnn() -> Operation {
    let mut layer = Layer::new("nn::Rnn");
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
    layer.done()
}

fn bi_rnn() -> Operation {
    let cell = Cell {
        both_ways: true,
        ..RNN
    };
    let mut layer = Layer::new("nn::BiRnn");
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
    layer.done()
}
