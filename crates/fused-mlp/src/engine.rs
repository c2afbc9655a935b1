//! Forward and backward by blocks: the phases of a step, in order.

use layers::Dropout;
use pulp::Arch;

use crate::architecture::Architecture;
use crate::batch::{Batch, Inputs, Targets};
use crate::blocks::{Block, Blocks, Order, SIDE};
use crate::dropout::Kept;
use crate::number::Number;
use crate::parameters::{Parts, Values, part};
use crate::phases::{
    Apply, Backward, BiasGradient, Descend, Forward, Gather, Keep, Last, WeightGradient,
};
use crate::support::Support;
use crate::team::{Groups, Optional, Team};
use crate::update::Update;

/// The memory of a step.
#[derive(Debug)]
pub(crate) struct Engine<T> {
    arch: Arch,
    /// `z_0` to `z_(L-1)`, of which the first is the input; all after dropout.
    z: Vec<Blocks<T>>,
    /// Where the blocks of `z_0` are not 0.
    support: Vec<Support>,
    /// The masks of the blocks of `z_1` to `z_(L-1)`, if there is dropout.
    kept: Vec<Vec<Kept>>,
    /// `δa_1` to `δa_L`.
    delta: Vec<Blocks<T>>,
    /// `δa_1ᵀ` to `δa_Lᵀ`.
    delta_t: Vec<Blocks<T>>,
    /// For each strip of rows, a row of `a` and one of `y`, and then the losses of its rows.
    memory: Vec<T>,
}

/// What becomes of the gradients.
pub(crate) enum Use<'a, T> {
    /// They are kept.
    Keep(&'a mut [Values<T>]),
    /// They change the parameters and the buffers of the rule at once. Only the gradients of biases stay.
    Descend {
        update: Update<T>,
        buffers: &'a mut [Vec<Values<T>>; 2],
        biases: &'a mut [Vec<T>],
    },
}

impl<T: Number> Engine<T> {
    pub(crate) fn new(sizes: &[usize], rows: usize) -> Self {
        let width = sizes[sizes.len() - 1];
        let layers = sizes.len() - 1;
        let z = |l: usize| {
            // A thread computes some columns of a layer, but copies whole rows of the data.
            let order = if l == 0 { Order::Strips } else { Order::Panels };
            Blocks::zeros(rows, sizes[l], order)
        };
        let delta = sizes[1..].iter();
        let z: Vec<_> = (0..layers).map(z).collect();
        Self {
            arch: Arch::new(),
            support: vec![Support::default(); z[0].blocks.len()],
            kept: z[1..]
                .iter()
                .map(|z| vec![[0; SIDE]; z.blocks.len()])
                .collect(),
            z,
            delta: delta
                .clone()
                .map(|&size| Blocks::zeros(rows, size, Order::Strips))
                .collect(),
            delta_t: delta
                .map(|&size| Blocks::zeros(size, rows, Order::Panels))
                .collect(),
            memory: vec![T::default(); rows.div_ceil(SIDE) * (2 * width + SIDE)],
        }
    }

    /// The loss of a batch, without a ridge term; passes the gradients on.
    ///
    /// ```text
    /// z_l = f_l(z_(l-1)·w_l + 1b_lᵀ)∘m_l/(1 - p)        δa_L from the loss
    /// δw_l = z_(l-1)ᵀ·δa_l    δb_l = Σ_rows δa_l    δa_(l-1) = f_(l-1)'(a_(l-1))∘(δa_l·w_lᵀ)∘m_(l-1)/(1 - p)
    /// ```
    ///
    /// Without dropout, `m = 1` and `p = 0`. `w_l` is changed only after `δa_(l-1)` has been computed from it.
    pub(crate) fn run(
        &mut self,
        team: &Team,
        architecture: &Architecture,
        theta: &mut [Values<T>],
        Batch {
            inputs,
            targets,
            rows,
            of,
        }: Batch<'_, T>,
        dropout: Dropout,
        mut gradients: Use<'_, T>,
    ) -> T {
        let ridge = T::from_f64(architecture.ridge(rows));
        self.gather(team, inputs, dropout, rows);
        self.forward(team, architecture, theta, dropout, rows);
        let loss = self.last(team, architecture, theta, targets, [rows, of]);
        for l in (0..theta.len()).rev() {
            if l > 0 {
                self.backward(team, architecture, theta, dropout, (rows, l));
            }
            let gradient = |start| WeightGradient {
                before: &self.z[l],
                support: (l == 0).then_some(&self.support[..]),
                delta: &self.delta[l],
                rows,
                ridge,
                start,
            };
            let bias = |gradient: &mut [T]| {
                let delta = &self.delta[l];
                self.arch.dispatch(BiasGradient {
                    delta,
                    rows,
                    gradient,
                });
            };
            let Values { weights, biases } = &mut theta[l];
            match &mut gradients {
                Use::Keep(kept) => {
                    bias(&mut kept[l].biases);
                    let weights = &weights.blocks[..];
                    team.share(&mut kept[l].weights.blocks[..], |start, kept| {
                        self.arch.dispatch(Keep {
                            gradient: gradient(start),
                            weights,
                            kept,
                        });
                    });
                }
                Use::Descend {
                    update,
                    buffers,
                    biases: kept,
                } => {
                    let update = *update;
                    bias(&mut kept[l]);
                    let [(w_1, b_1), (w_2, b_2)] = layer(buffers, l);
                    update.apply(biases, &kept[l], b_1, b_2);
                    let parts = (&mut weights.blocks[..], Optional(w_1), Optional(w_2));
                    team.share(parts, |start, (weights, first, second)| {
                        self.arch.dispatch(Descend {
                            gradient: gradient(start),
                            update,
                            weights,
                            first,
                            second,
                        });
                    });
                }
            }
        }
        loss
    }

    /// `z_0 = x∘m_0/(1 - p_0)`.
    fn gather(&mut self, team: &Team, inputs: Inputs<'_, T>, dropout: Dropout, rows: usize) {
        let width = self.z[0].columns;
        let used = rows.div_ceil(SIDE) * width.div_ceil(SIDE);
        let parts = (&mut self.z[0].blocks[..used], &mut self.support[..used]);
        team.share(parts, |start, (x, support)| {
            self.arch.dispatch(Gather {
                inputs,
                dropout,
                width,
                rows,
                start,
                x,
                support,
            });
        });
    }

    /// `z_l = f_l(z_(l-1)·w_l + 1b_lᵀ)∘m_l/(1 - p)` for the hidden layers.
    fn forward(
        &mut self,
        team: &Team,
        net: &Architecture,
        theta: &[Values<T>],
        dropout: Dropout,
        rows: usize,
    ) {
        for l in 1..self.z.len() {
            let (before, after) = self.z.split_at_mut(l);
            let run = after[0].run();
            let parts = (&mut after[0].blocks[..], &mut self.kept[l - 1][..]);
            team.share(parts, |start, (z, kept)| {
                self.arch.dispatch(Forward {
                    f: net.hidden[l - 1],
                    dropout,
                    layer: l,
                    before: &before[l - 1],
                    support: (l == 1).then_some(&self.support[..]),
                    weights: &theta[l - 1].weights,
                    biases: &theta[l - 1].biases,
                    rows,
                    run,
                    start,
                    z,
                    kept,
                });
            });
        }
    }

    /// The loss and `δa_L`.
    fn last(
        &mut self,
        team: &Team,
        net: &Architecture,
        theta: &[Values<T>],
        targets: Targets<'_, T>,
        [rows, of]: [usize; 2],
    ) -> T {
        let last = theta.len() - 1;
        let width = net.outputs();
        let (strips, size) = (rows.div_ceil(SIDE), width.div_ceil(SIDE));
        let parts = (
            groups(&mut self.delta[last].blocks[..strips * size], size),
            groups(&mut self.delta_t[last].blocks[..strips * size], size),
            groups(&mut self.memory, 2 * width + SIDE),
        );
        team.share(parts, |start, (delta, delta_t, memory)| {
            self.arch.dispatch(Last {
                output: net.output,
                before: &self.z[last],
                support: (last == 0).then_some(&self.support[..]),
                weights: &theta[last].weights,
                biases: &theta[last].biases,
                targets,
                rows,
                factor: T::from_f64(net.output.factor(of)),
                start,
                delta,
                delta_t,
                memory,
            });
        });
        let strips = self.memory.chunks(2 * width + SIDE);
        let losses = strips.flat_map(|memory| &memory[2 * width..]).take(rows);
        T::from_f64(losses.map(|loss| loss.to_f64()).sum())
    }

    /// `δa_(l-1)` from `δa_l`, where `l` counts from 0.
    fn backward(
        &mut self,
        team: &Team,
        net: &Architecture,
        theta: &[Values<T>],
        dropout: Dropout,
        (rows, l): (usize, usize),
    ) {
        let (before_t, after_t) = self.delta_t.split_at_mut(l);
        let used = rows.div_ceil(SIDE) * net.sizes[l].div_ceil(SIDE);
        let parts = (
            &mut before_t[l - 1].blocks[..used],
            &mut self.delta[l - 1].blocks[..used],
        );
        team.share(parts, |start, (delta_t, delta)| {
            self.arch.dispatch(Backward {
                f: net.hidden[l - 1],
                dropout,
                layer: l,
                kept: &self.kept[l - 1],
                weights: &theta[l].weights,
                after_t: &after_t[0],
                z: &self.z[l],
                rows,
                start,
                delta_t,
                delta,
                goes_on: l > 1,
            });
        });
    }

    /// Changes the biases, and the weights or some of their blocks, by gradients that were kept.
    pub(crate) fn apply(
        &self,
        team: &Team,
        theta: &mut [Values<T>],
        gradients: &[Values<T>],
        buffers: &mut [Vec<Values<T>>; 2],
        (update, parts): (Update<T>, Option<&Parts>),
    ) {
        for (l, Values { weights, biases }) in theta.iter_mut().enumerate() {
            let [(w_1, b_1), (w_2, b_2)] = layer(buffers, l);
            update.apply(biases, &gradients[l].biases, b_1, b_2);
            let blocks = part(parts, l, weights);
            let kept = &gradients[l].weights.blocks[blocks.clone()];
            let parts = (
                &mut weights.blocks[blocks.clone()],
                Optional(w_1.get_mut(blocks.clone()).unwrap_or_default()),
                Optional(w_2.get_mut(blocks).unwrap_or_default()),
            );
            team.share(parts, |start, (weights, first, second)| {
                self.arch.dispatch(Apply {
                    update,
                    gradient: &kept[start..start + weights.len()],
                    weights,
                    first,
                    second,
                });
            });
        }
    }
}

fn groups<X>(slice: &mut [X], size: usize) -> Groups<'_, X> {
    Groups { slice, size }
}

/// Weights and biases of a layer in both buffers; slices of no element where there is no buffer.
type OfLayer<'a, T> = [(&'a mut [Block<T>], &'a mut [T]); 2];

fn layer<T>(buffers: &mut [Vec<Values<T>>; 2], l: usize) -> OfLayer<'_, T> {
    buffers.each_mut().map(|values| match values.get_mut(l) {
        Some(Values { weights, biases }) => (&mut weights.blocks[..], &mut biases[..]),
        None => (&mut [][..], &mut [][..]),
    })
}
