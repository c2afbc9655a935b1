//! The trainer: parameters, state and workspace, and the step.

use std::sync::Arc;

use layers::{Dropout, MAX_WEIGHTS};
use rayon::ThreadPool;

use crate::architecture::{Architecture, at_least_0};
use crate::batch::{self, Batch, Inputs, Targets};
use crate::engine::{Engine, Use};
use crate::error::FusedError;
use crate::norm;
use crate::number::Number;
use crate::parameters::{LayerValues, Parts, State, Values};
use crate::rule::{Rule, Step};
use crate::team::Team;
use crate::tiny::{self, Tiny};
use crate::update::Update;

/// The number type of a net: `f32` or `f64`.
///
/// Its functions are those of [`Trainer`] that take time, compiled in this crate. A generic function
/// is compiled where it is used, as that crate's profile says, and most crates here are compiled with little
/// optimisation.
pub trait Float: Number {
    /// [`Trainer::step`].
    #[doc(hidden)]
    fn step(
        trainer: &mut Trainer<Self>,
        inputs: Inputs<'_, Self>,
        targets: Targets<'_, Self>,
        how: &Step,
    ) -> Result<Self, FusedError>;

    /// [`Trainer::gradients`].
    #[doc(hidden)]
    fn gradients(
        trainer: &mut Trainer<Self>,
        inputs: Inputs<'_, Self>,
        targets: Targets<'_, Self>,
        dropout: Dropout,
        of: Option<usize>,
    ) -> Result<Self, FusedError>;

    /// [`Trainer::gradient_norms`].
    #[doc(hidden)]
    fn gradient_norms(trainer: &Trainer<Self>) -> Vec<f64>;

    /// [`Trainer::norms_of_parts`].
    #[doc(hidden)]
    fn norms_of_parts(trainer: &Trainer<Self>, parts: &Parts) -> Vec<[f64; 2]>;

    /// [`Trainer::step_on_parts`].
    #[doc(hidden)]
    fn step_on_parts(trainer: &mut Trainer<Self>, parts: &Parts, how: &Step, norm: Option<f64>);
}

macro_rules! float {
    ($t:ident) => {
        impl Float for $t {
            #[inline(never)]
            fn step(
                trainer: &mut Trainer<Self>,
                inputs: Inputs<'_, Self>,
                targets: Targets<'_, Self>,
                how: &Step,
            ) -> Result<Self, FusedError> {
                trainer.take_step(inputs, targets, how)
            }

            #[inline(never)]
            fn gradients(
                trainer: &mut Trainer<Self>,
                inputs: Inputs<'_, Self>,
                targets: Targets<'_, Self>,
                dropout: Dropout,
                of: Option<usize>,
            ) -> Result<Self, FusedError> {
                trainer.compute_gradients(inputs, targets, dropout, of)
            }

            #[inline(never)]
            fn gradient_norms(trainer: &Trainer<Self>) -> Vec<f64> {
                trainer.gradients.iter().flat_map(norm::norms).collect()
            }

            #[inline(never)]
            fn norms_of_parts(trainer: &Trainer<Self>, parts: &Parts) -> Vec<[f64; 2]> {
                norm::of_parts(&trainer.gradients, parts)
            }

            #[inline(never)]
            fn step_on_parts(
                trainer: &mut Trainer<Self>,
                parts: &Parts,
                how: &Step,
                norm: Option<f64>,
            ) {
                trainer.descend(how, norm, Some(parts));
            }
        }
    };
}

float!(f32);
float!(f64);

/// Trains a dense net on host memory, in place.
///
/// All memory is taken by [`new`](Self::new), except that of gradients, which the first
/// [`gradients`](Self::gradients) or the first step with a limited norm takes.
#[derive(Debug)]
pub struct Trainer<T> {
    architecture: Architecture,
    rule: Rule,
    weight_decay: f64,
    rows_at_most: usize,
    team: Team,
    pub(crate) theta: Vec<Values<T>>,
    /// Empty until they are needed.
    pub(crate) gradients: Vec<Values<T>>,
    /// The gradients of the biases in a step that does not keep the others.
    biases: Vec<Vec<T>>,
    pub(crate) buffers: [Vec<Values<T>>; 2],
    steps: u64,
    memory: Memory<T>,
}

/// The memory of a step.
#[derive(Debug)]
enum Memory<T> {
    Tiny(Tiny<T>),
    Blocks(Engine<T>),
}

impl<T: Float> Trainer<T> {
    /// A trainer whose parameters and state are zeros, for batches of at most `rows_at_most` rows, on
    /// `threads` threads. The number of threads changes no bit of the results.
    ///
    /// # Errors
    ///
    /// [`FusedError`], if a size is 0, a number out of range, or if there are not that many threads to have.
    pub fn new(
        architecture: Architecture,
        rule: Rule,
        weight_decay: f64,
        rows_at_most: usize,
        threads: usize,
    ) -> Result<Self, FusedError> {
        architecture.check()?;
        rule.check()?;
        at_least_0("weight decay", weight_decay)?;
        if !(1..=MAX_WEIGHTS).contains(&rows_at_most) {
            return Err(FusedError::RowsAtMost { got: rows_at_most });
        }
        let sizes = &architecture.sizes;
        let buffer = |number| match rule.buffers() {
            buffers if buffers > number => Values::of_net(sizes),
            _ => vec![],
        };
        let theta = Values::of_net(sizes);
        Ok(Self {
            team: Team::new(threads)?,
            biases: theta.iter().map(|values| values.biases.clone()).collect(),
            theta,
            gradients: vec![],
            buffers: [buffer(0), buffer(1)],
            steps: 0,
            memory: match Tiny::new(sizes, rows_at_most) {
                Some(tiny) => Memory::Tiny(tiny),
                None => Memory::Blocks(Engine::new(sizes, rows_at_most)),
            },
            architecture,
            rule,
            weight_decay,
            rows_at_most,
        })
    }

    /// What is trained.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The update rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The most rows that a batch may have.
    pub fn rows_at_most(&self) -> usize {
        self.rows_at_most
    }

    /// The threads. Run the training loop inside [`install`](ThreadPool::install): every step then begins
    /// at once, on the calling thread. From another thread, a step first wakes one of these.
    pub fn pool(&self) -> Arc<ThreadPool> {
        self.team.pool()
    }

    /// The parameters of a layer, counted from 0.
    ///
    /// # Errors
    ///
    /// [`FusedError::NoSuchLayer`].
    pub fn layer(&self, layer: usize) -> Result<LayerValues<T>, FusedError> {
        self.check_layer(layer)?;
        Ok(self.theta[layer].read())
    }

    /// Sets the parameters of a layer: weights `[d_in, d_out]`, row-major, and biases `[d_out]`.
    ///
    /// # Errors
    ///
    /// [`FusedError::NoSuchLayer`], or [`FusedError::Length`] if there are too many or too few.
    pub fn set_layer(
        &mut self,
        layer: usize,
        weights: &[T],
        biases: &[T],
    ) -> Result<(), FusedError> {
        self.check_layer(layer)?;
        self.theta[layer].check(layer, weights, biases)?;
        self.theta[layer].set(weights, biases);
        Ok(())
    }

    /// The gradient of a layer's parameters, from the last call of [`gradients`](Self::gradients) or the
    /// last step with a limited norm, before clipping. Zeros before the first of them.
    ///
    /// # Errors
    ///
    /// [`FusedError::NoSuchLayer`].
    pub fn gradient(&self, layer: usize) -> Result<LayerValues<T>, FusedError> {
        self.check_layer(layer)?;
        Ok(match self.gradients.get(layer) {
            Some(gradient) => gradient.read(),
            None => {
                let sizes = &self.architecture.sizes;
                Values::zeros(sizes[layer], sizes[layer + 1]).read()
            }
        })
    }

    /// The norms of those gradients in double precision: of each layer's weights, then of its biases. Empty before the
    /// first of them.
    ///
    /// ```text
    /// ‖δw_1‖, ‖δb_1‖, ‖δw_2‖, ...
    /// ```
    pub fn gradient_norms(&self) -> Vec<f64> {
        T::gradient_norms(self)
    }

    /// What the rule keeps between steps.
    pub fn state(&self) -> State<T> {
        let read = |values: &Vec<Values<T>>| values.iter().map(Values::read).collect();
        let buffers = &self.buffers[..self.rule.buffers()];
        State {
            steps: self.steps,
            buffers: buffers.iter().map(read).collect(),
        }
    }

    /// Sets what the rule keeps between steps.
    ///
    /// # Errors
    ///
    /// [`FusedError::StateOfAnotherRule`], [`FusedError::StateOfAnotherNet`] or [`FusedError::Length`] if
    /// the state is of another rule or net. Nothing is changed then.
    pub fn set_state(&mut self, state: &State<T>) -> Result<(), FusedError> {
        let (got, expected) = (state.buffers.len(), self.rule.buffers());
        if got != expected {
            return Err(FusedError::StateOfAnotherRule { got, expected });
        }
        for buffer in &state.buffers {
            let (got, expected) = (buffer.len(), self.theta.len());
            if got != expected {
                return Err(FusedError::StateOfAnotherNet { got, expected });
            }
            for (layer, values) in buffer.iter().enumerate() {
                self.theta[layer].check(layer, &values.weights, &values.biases)?;
            }
        }
        self.steps = state.steps;
        for (own, buffer) in self.buffers.iter_mut().zip(&state.buffers) {
            for (own, values) in own.iter_mut().zip(buffer) {
                own.set(&values.weights, &values.biases);
            }
        }
        Ok(())
    }

    /// Takes one step; gives the batch's loss before it. A loss that is not finite is returned like any
    /// other: the parameters are then of no use.
    ///
    /// # Errors
    ///
    /// [`FusedError`], if the batch does not fit the net or the workspace. Nothing is changed then.
    pub fn step(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        how: &Step,
    ) -> Result<T, FusedError> {
        T::step(self, inputs, targets, how)
    }

    fn take_step(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        how: &Step,
    ) -> Result<T, FusedError> {
        let batch = self.check(inputs, targets, None)?;
        if let (None, Memory::Blocks(engine)) = (how.clip_norm, &mut self.memory) {
            let penalty = penalty(&self.architecture, &self.theta, batch.rows);
            let descend = Use::Descend {
                update: update(self.rule, self.weight_decay, how, self.steps),
                buffers: &mut self.buffers,
                biases: &mut self.biases,
            };
            let (team, net, theta) = (&self.team, &self.architecture, &mut self.theta);
            let step = || engine.run(team, net, theta, batch, how.dropout, descend);
            let loss = team.run(step) + penalty;
            self.steps += 1;
            return Ok(loss);
        }
        let loss = self.keep_gradients(batch, how.dropout);
        self.descend(how, None, None);
        Ok(loss)
    }

    /// Changes the biases and the weights, or some blocks of each layer's weights, by the gradients that are kept,
    /// limited if they are to be: by their norm, or by another.
    fn descend(&mut self, how: &Step, norm: Option<f64>, parts: Option<&Parts>) {
        let factor = how.clip_norm.and_then(|limit| {
            norm::factor(norm.unwrap_or_else(|| norm::whole(&self.gradients)), limit)
        });
        let update = update(self.rule, self.weight_decay, how, self.steps);
        let update = factor.map_or(update, |factor| update.clipped(factor));
        let (theta, kept, buffers) = (&mut self.theta, &self.gradients, &mut self.buffers);
        match &self.memory {
            Memory::Tiny(_) => tiny::apply(theta, kept, buffers, (update, parts)),
            Memory::Blocks(engine) => {
                let team = &self.team;
                team.run(|| engine.apply(team, theta, kept, buffers, (update, parts)));
            }
        }
        self.steps += 1;
    }

    /// Parameters and buffers of the rule, layer by layer.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Values<T>> {
        self.theta.iter().chain(self.buffers.iter().flatten())
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Values<T>> {
        let buffers = self.buffers.iter_mut().flatten();
        self.theta.iter_mut().chain(buffers)
    }

    /// Makes room for gradients.
    pub(crate) fn have_gradients(&mut self) {
        if self.gradients.is_empty() {
            self.gradients = Values::of_net(&self.architecture.sizes);
        }
    }

    /// Computes the gradients of a batch's loss with the masks of `dropout`, for [`gradient`](Self::gradient);
    /// gives the loss. The parameters stay as they are.
    ///
    /// # Errors
    ///
    /// [`FusedError`], if the batch does not fit the net or the workspace.
    pub fn gradients(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        dropout: Dropout,
    ) -> Result<T, FusedError> {
        T::gradients(self, inputs, targets, dropout, None)
    }

    fn compute_gradients(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        dropout: Dropout,
        of: Option<usize>,
    ) -> Result<T, FusedError> {
        let batch = self.check(inputs, targets, of)?;
        Ok(self.keep_gradients(batch, dropout))
    }

    fn keep_gradients(&mut self, batch: Batch<'_, T>, dropout: Dropout) -> T {
        self.have_gradients();
        let (team, net) = (&self.team, &self.architecture);
        let (theta, kept) = (&mut self.theta, &mut self.gradients);
        let penalty = penalty(net, theta, batch.rows);
        let loss = match &mut self.memory {
            Memory::Tiny(tiny) => tiny.gradients(net, theta, kept, batch, dropout),
            Memory::Blocks(engine) => {
                team.run(|| engine.run(team, net, theta, batch, dropout, Use::Keep(kept)))
            }
        };
        loss + penalty
    }

    fn check<'a>(
        &self,
        inputs: Inputs<'a, T>,
        targets: Targets<'a, T>,
        of: Option<usize>,
    ) -> Result<Batch<'a, T>, FusedError> {
        let ends = [self.architecture.sizes[0], self.architecture.outputs()];
        batch::check(inputs, targets, ends, self.rows_at_most, of)
    }

    fn check_layer(&self, layer: usize) -> Result<(), FusedError> {
        let layers = self.theta.len();
        if layer < layers {
            return Ok(());
        }
        Err(FusedError::NoSuchLayer { layer, layers })
    }
}

/// The rule with the numbers of the step after `steps` others.
fn update<T: Number>(rule: Rule, weight_decay: f64, how: &Step, steps: u64) -> Update<T> {
    Update::new(rule, weight_decay, how.learning_rate, steps + 1)
}

/// The ridge term of a batch's loss.
///
/// ```text
/// R = γ/2 Σ_l ‖w_l‖²        with γ of the batch
/// ```
fn penalty<T: Number>(net: &Architecture, theta: &[Values<T>], rows: usize) -> T {
    let gamma = net.ridge(rows);
    if gamma == 0.0 {
        return T::default();
    }
    let weights = theta.iter().flat_map(|values| values.weights.elements());
    let squares = weights.map(|&w| w * w);
    squares.sum::<T>() * T::from_f64(0.5 * gamma)
}
