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
use crate::parameters::{LayerValues, State, Values, check_length};
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
    ) -> Result<Self, FusedError>;

    /// [`Trainer::gradient_norms`].
    #[doc(hidden)]
    fn gradient_norms(trainer: &Trainer<Self>) -> Vec<f64>;

    /// [`Trainer::append_gradients`].
    #[doc(hidden)]
    fn append_gradients(trainer: &mut Trainer<Self>, factor: Self, to: &mut Vec<Self>);

    /// [`Trainer::step_by`].
    #[doc(hidden)]
    fn step_by(
        trainer: &mut Trainer<Self>,
        gradients: &[Self],
        how: &Step,
    ) -> Result<(), FusedError>;
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
            ) -> Result<Self, FusedError> {
                trainer.compute_gradients(inputs, targets, dropout)
            }

            #[inline(never)]
            fn gradient_norms(trainer: &Trainer<Self>) -> Vec<f64> {
                trainer.gradients.iter().flat_map(norm::norms).collect()
            }

            #[inline(never)]
            fn append_gradients(trainer: &mut Trainer<Self>, factor: Self, to: &mut Vec<Self>) {
                trainer.append_kept(factor, to);
            }

            #[inline(never)]
            fn step_by(
                trainer: &mut Trainer<Self>,
                gradients: &[Self],
                how: &Step,
            ) -> Result<(), FusedError> {
                trainer.descend_by(gradients, how)
            }
        }
    };
}

float!(f32);
float!(f64);

/// Trains a dense net on host memory, in place.
///
/// All memory is taken by [`new`](Self::new), except that of gradients, which the first
/// [`gradients`](Self::gradients), the first step with a limited norm, or the first
/// [`step_by`](Self::step_by) takes.
#[derive(Debug)]
pub struct Trainer<T> {
    architecture: Architecture,
    rule: Rule,
    weight_decay: f64,
    rows_at_most: usize,
    team: Team,
    theta: Vec<Values<T>>,
    /// Empty until they are needed.
    gradients: Vec<Values<T>>,
    /// The gradients of the biases in a step that does not keep the others.
    biases: Vec<Vec<T>>,
    buffers: [Vec<Values<T>>; 2],
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
        let rows = self.check(&inputs, &targets)?;
        let update = Update::new(
            self.rule,
            self.weight_decay,
            how.learning_rate,
            self.steps + 1,
        );
        let loss = match (how.clip_norm, &mut self.memory) {
            (None, Memory::Blocks(engine)) => {
                let penalty = penalty(&self.architecture, &self.theta, rows);
                let descend = Use::Descend {
                    update,
                    buffers: &mut self.buffers,
                    biases: &mut self.biases,
                };
                let (team, net, theta) = (&self.team, &self.architecture, &mut self.theta);
                let batch = (inputs, targets, rows);
                let step = || engine.run(team, net, theta, batch, how.dropout, descend);
                team.run(step) + penalty
            }
            (limit, _) => {
                let loss = self.keep_gradients((inputs, targets, rows), how.dropout);
                self.descend(update, limit);
                loss
            }
        };
        self.steps += 1;
        Ok(loss)
    }

    /// Changes the parameters by the gradients that are kept, limited if they are to be.
    fn descend(&mut self, update: Update<T>, limit: Option<f64>) {
        let factor = limit.and_then(|limit| norm::factor(&self.gradients, limit));
        let update = factor.map_or(update, |factor| update.clipped(factor));
        let (theta, kept, buffers) = (&mut self.theta, &self.gradients, &mut self.buffers);
        match &self.memory {
            Memory::Tiny(_) => tiny::apply(theta, kept, buffers, update),
            Memory::Blocks(engine) => {
                let team = &self.team;
                team.run(|| engine.apply(team, theta, kept, buffers, update));
            }
        }
    }

    fn descend_by(&mut self, gradients: &[T], how: &Step) -> Result<(), FusedError> {
        check_length(self.theta.iter(), gradients)?;
        self.have_gradients();
        let mut rest = gradients;
        for kept in &mut self.gradients {
            kept.take_from(&mut rest);
        }
        let update = Update::new(
            self.rule,
            self.weight_decay,
            how.learning_rate,
            self.steps + 1,
        );
        self.descend(update, how.clip_norm);
        self.steps += 1;
        Ok(())
    }

    fn append_kept(&mut self, factor: T, to: &mut Vec<T>) {
        self.have_gradients();
        for kept in &self.gradients {
            kept.append_to(to, |x| x * factor);
        }
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
    fn have_gradients(&mut self) {
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
        T::gradients(self, inputs, targets, dropout)
    }

    fn compute_gradients(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        dropout: Dropout,
    ) -> Result<T, FusedError> {
        let rows = self.check(&inputs, &targets)?;
        Ok(self.keep_gradients((inputs, targets, rows), dropout))
    }

    fn keep_gradients(&mut self, batch: Batch<'_, T>, dropout: Dropout) -> T {
        self.have_gradients();
        let (team, net) = (&self.team, &self.architecture);
        let (theta, kept) = (&mut self.theta, &mut self.gradients);
        let penalty = penalty(net, theta, batch.2);
        let loss = match &mut self.memory {
            Memory::Tiny(tiny) => tiny.gradients(net, theta, kept, batch, dropout),
            Memory::Blocks(engine) => {
                team.run(|| engine.run(team, net, theta, batch, dropout, Use::Keep(kept)))
            }
        };
        loss + penalty
    }

    fn check(&self, inputs: &Inputs<'_, T>, targets: &Targets<'_, T>) -> Result<usize, FusedError> {
        let ends = [self.architecture.sizes[0], self.architecture.outputs()];
        batch::check(inputs, targets, ends, self.rows_at_most)
    }

    fn check_layer(&self, layer: usize) -> Result<(), FusedError> {
        let layers = self.theta.len();
        if layer < layers {
            return Ok(());
        }
        Err(FusedError::NoSuchLayer { layer, layers })
    }
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
    let blocks = theta.iter().flat_map(|values| &values.weights.blocks);
    let squares = blocks.flat_map(|block| block.elements()).map(|&w| w * w);
    squares.sum::<T>() * T::from_f64(0.5 * gamma)
}
