//! Recurrent layers: LSTM, GRU and the plain one, in one direction and in both, with their initial
//! and final states.

mod gru;
mod lstm;
mod rnn;

use burn::nn::activation::ActivationConfig;
use burn_gradcheck::{Case, Sample};

use crate::operation::Operation;
use crate::witness::{Argument, Arguments, Dual, DualArray, Formula, argument};

const BATCH: usize = 2;
const TIME: usize = 3;
const INPUT: usize = 3;
const HIDDEN: usize = 2;

/// All of them.
pub(super) fn operations() -> Vec<Operation> {
    [lstm::operations(), gru::operations(), rnn::operations()].concat()
}

/// The layers' options.
#[derive(Clone, Copy, Debug)]
struct CellOptions {
    bias: bool,
    /// Whether an initial state is given.
    state: bool,
    batch_first: bool,
    reverse: bool,
    clip: Option<f64>,
    /// Other activations than sigmoid and tanh.
    unusual: bool,
    /// LSTM only: the forget gate is 1 minus the input gate.
    input_forget: bool,
    /// GRU only: the reset gate multiplies the product, not the state.
    reset_after: bool,
}

const PLAIN: CellOptions = CellOptions {
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
fn common() -> Vec<(&'static str, CellOptions)> {
    vec![
        (PLAIN_NAME, PLAIN),
        (
            "no bias, no state",
            CellOptions {
                bias: false,
                state: false,
                ..PLAIN
            },
        ),
        (
            "clipped",
            CellOptions {
                clip: Some(0.25),
                ..PLAIN
            },
        ),
        (
            "other activations",
            CellOptions {
                unusual: true,
                ..PLAIN
            },
        ),
    ]
}

const REVERSE: (&str, CellOptions) = (
    "reverse",
    CellOptions {
        reverse: true,
        ..PLAIN
    },
);

const TIME_FIRST: (&str, CellOptions) = (
    "time first",
    CellOptions {
        batch_first: false,
        ..PLAIN
    },
);

impl CellOptions {
    fn gate_activation(&self) -> ActivationConfig {
        if self.unusual {
            ActivationConfig::Softsign
        } else {
            ActivationConfig::Sigmoid
        }
    }

    fn activation(&self) -> ActivationConfig {
        if self.unusual {
            ActivationConfig::Identity
        } else {
            ActivationConfig::Tanh
        }
    }

    fn gate(&self, x: Dual) -> Dual {
        if self.unusual {
            x / (x.abs() + 1.0)
        } else {
            x.sigmoid()
        }
    }

    fn squash(&self, x: Dual) -> Dual {
        if self.unusual { x } else { x.tanh() }
    }

    fn clip(&self, x: Dual) -> Dual {
        match self.clip {
            Some(clip) => x.at_least(-clip).at_most(clip),
            None => x,
        }
    }
}

/// The state that one step passes to the next; only the LSTM has a cell.
#[derive(Clone, Debug)]
struct CellState {
    cell: DualArray,
    hidden: DualArray,
}

/// One step of a layer whose parameters are under a path.
type Step = fn(&CellOptions, &Arguments, &str, &DualArray, &CellState) -> CellState;

/// `x W + b + h V + c` of the gate at a path.
fn gate(of: &Arguments, path: &str, x: &DualArray, hidden: &DualArray) -> DualArray {
    let [by_input, by_hidden] = parts(of, path, x, hidden);
    by_input.zip(&by_hidden, |a, b| a + b)
}

fn parts(of: &Arguments, path: &str, x: &DualArray, hidden: &DualArray) -> [DualArray; 2] {
    [("input_transform", x), ("hidden_transform", hidden)].map(|(part, x)| {
        let weight = of.get(&format!("{path}.{part}.weight"));
        x.linear(weight, of.find(&format!("{path}.{part}.bias")))
    })
}

/// A layer: its gates, its step, and whether it returns the last state.
#[derive(Clone, Copy)]
struct RecurrentCell {
    gates: &'static [&'static str],
    step: Step,
    has_cell: bool,
    gives_state: bool,
    both_ways: bool,
}

impl RecurrentCell {
    /// The paths of the parameters of one direction.
    fn directions(&self) -> &'static [&'static str] {
        if self.both_ways {
            &["forward.", "reverse."]
        } else {
            &[""]
        }
    }

    fn states(&self) -> &'static [&'static str] {
        if self.has_cell {
            &["cell", "hidden"]
        } else {
            &["hidden"]
        }
    }

    fn arguments(&self, setup: &CellOptions) -> Vec<Argument> {
        let x = if setup.batch_first {
            [BATCH, TIME, INPUT]
        } else {
            [TIME, BATCH, INPUT]
        };
        let mut all = vec![argument("x", &x)];
        if setup.state {
            let shape = if self.both_ways {
                vec![2, BATCH, HIDDEN]
            } else {
                vec![BATCH, HIDDEN]
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

    fn formula(self, setup: CellOptions) -> Formula {
        Formula::new(self.arguments(&setup), move |of| {
            let runs = self.directions().iter().enumerate();
            let runs = runs.map(|(number, path)| {
                let reverse = setup.reverse || number == 1;
                self.run(&setup, of, path, (number, reverse))
            });
            let (sequences, states): (Vec<_>, Vec<_>) = runs.unzip();
            let mut outputs = vec![side_by_side(&sequences, setup.batch_first)];
            if self.gives_state {
                let stack = |part: fn(&CellState) -> &DualArray| {
                    let values = states.iter().flat_map(|state| part(state).values.clone());
                    if self.both_ways {
                        DualArray::new([2, BATCH, HIDDEN], values.collect())
                    } else {
                        DualArray::new([BATCH, HIDDEN], values.collect())
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

    /// Runs one direction: returns the hidden state of each step, in the order of time, and the last state.
    fn run(
        &self,
        setup: &CellOptions,
        of: &Arguments,
        path: &str,
        (number, reverse): (usize, bool),
    ) -> (Vec<DualArray>, CellState) {
        let size = BATCH * HIDDEN;
        let initial = |name: &str| {
            let values = match of.find(name) {
                Some(all) => all.values[number * size..][..size].to_vec(),
                None => vec![0.0.into(); size],
            };
            DualArray::new([BATCH, HIDDEN], values)
        };
        let mut state = CellState {
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
        layer: Operation,
        (name, setup): (&str, CellOptions),
        module: impl FnOnce(Case) -> Case,
    ) -> Operation {
        let formula = self.formula(setup).with_differences();
        let checked = layer.drawn(name, |case| module(formula.witness(case)));
        // Many small kernels, each compiled for its shape: one variation is enough for shaders.
        checked.in_short_if(name == PLAIN_NAME)
    }
}

/// The input of one step: `[BATCH, INPUT]`.
fn at_time(x: &DualArray, t: usize, batch_first: bool) -> DualArray {
    let entry = |b: usize, i: usize| {
        if batch_first {
            x.at([b, t, i])
        } else {
            x.at([t, b, i])
        }
    };
    let values = (0..BATCH).flat_map(|b| (0..INPUT).map(move |i| entry(b, i)));
    DualArray::new([BATCH, INPUT], values.collect())
}

/// The sequences of all directions as one, in the order of the input.
fn side_by_side(sequences: &[Vec<DualArray>], batch_first: bool) -> DualArray {
    let row = |b: usize, t: usize| -> Vec<Dual> {
        let rows = sequences.iter().map(|sequence| &sequence[t]);
        rows.flat_map(|hidden| (0..HIDDEN).map(move |i| hidden.at([b, i])))
            .collect()
    };
    let width = HIDDEN * sequences.len();
    if batch_first {
        let values = (0..BATCH).flat_map(|b| (0..TIME).flat_map(move |t| row(b, t)));
        DualArray::new([BATCH, TIME, width], values.collect())
    } else {
        let values = (0..TIME).flat_map(|t| (0..BATCH).flat_map(move |b| row(b, t)));
        DualArray::new([TIME, BATCH, width], values.collect())
    }
}
