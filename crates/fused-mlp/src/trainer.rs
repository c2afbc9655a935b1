//! The trainer: parameters, state and workspace, and the step.

use std::sync::Arc;

use layers::MAX_WEIGHTS;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::architecture::{Architecture, Output, at_least_0};
use crate::batch::{self, Inputs, Targets};
use crate::blocks::Blocks;
use crate::error::FusedError;
use crate::norm;
use crate::number::Float;
use crate::parameters::{LayerValues, State, Values};
use crate::plain;
use crate::rule::{Rule, Step};
use crate::update::Update;

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
    pool: Arc<ThreadPool>,
    theta: Vec<Values<T>>,
    gradients: Vec<Values<T>>,
    buffers: [Vec<Values<T>>; 2],
    steps: u64,
    z: Vec<Blocks<T>>,
    y: Vec<T>,
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
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|number| format!("fused-{number}"))
            .build()
            .map_err(|source| FusedError::Threads { threads, source })?;
        let sizes = &architecture.sizes;
        let buffer = |number| match rule.buffers() > number {
            true => Values::of_net(sizes),
            false => vec![],
        };
        Ok(Self {
            theta: Values::of_net(sizes),
            gradients: Values::of_net(sizes),
            buffers: [buffer(0), buffer(1)],
            steps: 0,
            z: sizes
                .iter()
                .map(|&size| Blocks::zeros(rows_at_most, size))
                .collect(),
            y: vec![T::default(); 2 * architecture.outputs()],
            architecture,
            rule,
            weight_decay,
            rows_at_most,
            pool: Arc::new(pool),
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
        Arc::clone(&self.pool)
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
    /// last step with a limited norm, clipped then.
    ///
    /// # Errors
    ///
    /// [`FusedError::NoSuchLayer`].
    pub fn gradient(&self, layer: usize) -> Result<LayerValues<T>, FusedError> {
        self.check_layer(layer)?;
        Ok(self.gradients[layer].read())
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
    /// [`FusedError::StateOfAnotherRule`], [`FusedError::NoSuchLayer`] or [`FusedError::Length`] if the
    /// state is of another rule or net. Nothing is changed then.
    pub fn set_state(&mut self, state: &State<T>) -> Result<(), FusedError> {
        let (got, expected) = (state.buffers.len(), self.rule.buffers());
        if got != expected {
            return Err(FusedError::StateOfAnotherRule { got, expected });
        }
        for buffer in &state.buffers {
            if buffer.len() != self.theta.len() {
                self.check_layer(buffer.len())?;
                let (layer, layers) = (buffer.len(), self.theta.len());
                return Err(FusedError::NoSuchLayer { layer, layers });
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
        let loss = self.gradients(inputs, targets)?;
        if let Some(limit) = how.clip_norm {
            norm::clip(&mut self.gradients, limit);
        }
        self.steps += 1;
        let update = Update::new(self.rule, self.weight_decay, how.learning_rate, self.steps);
        let [first, second] = &mut self.buffers;
        let (mut first, mut second) = (first.iter_mut(), second.iter_mut());
        for (theta, gradient) in self.theta.iter_mut().zip(&self.gradients) {
            theta.update(gradient, first.next(), second.next(), update);
        }
        Ok(loss)
    }

    /// Computes the gradients of a batch's loss, for [`gradient`](Self::gradient); gives the loss. The
    /// parameters stay as they are.
    ///
    /// # Errors
    ///
    /// [`FusedError`], if the batch does not fit the net or the workspace.
    pub fn gradients(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
    ) -> Result<T, FusedError> {
        let sizes = &self.architecture.sizes;
        let ends = [sizes[0], self.architecture.outputs()];
        let rows = batch::check(&inputs, &targets, ends, self.rows_at_most)?;
        let mut loss = plain::gradients(
            self.architecture.hidden,
            self.architecture.output,
            &self.theta,
            &mut self.gradients,
            &mut self.z,
            &mut self.y,
            &inputs,
            &targets,
            rows,
        );
        if let Output::HalfSquaredError {
            ridge: Some(ridge), ..
        } = self.architecture.output
        {
            let gamma = T::from_f64(ridge.of_batch(rows));
            for (theta, gradient) in self.theta.iter().zip(&mut self.gradients) {
                loss += theta.penalty(gradient, gamma);
            }
        }
        Ok(loss)
    }

    fn check_layer(&self, layer: usize) -> Result<(), FusedError> {
        let layers = self.theta.len();
        if layer < layers {
            return Ok(());
        }
        Err(FusedError::NoSuchLayer { layer, layers })
    }
}
