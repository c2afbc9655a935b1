//! What trainers of the same net need that share a batch or average their parameters, on several machines for example:
//! lists of numbers, in the order in which this engine stores them.

use std::ops::Range;

use layers::Dropout;

use crate::batch::{Inputs, Targets};
use crate::blocks::BLOCK;
use crate::error::FusedError;
use crate::parameters::{Parts, check_length};
use crate::rule::Step;
use crate::trainer::{Float, Trainer};

impl<T: Float> Trainer<T> {
    /// Numbers of a block: the weights of a layer and their gradients are stored in blocks, of which those at the edge
    /// are filled up.
    pub const BLOCK: usize = BLOCK;

    /// Computes the gradients of some rows' share of the loss of a batch of `batch` rows, as
    /// [`gradients`](Self::gradients) does; gives the share. The shares of all rows add up to the batch's loss and
    /// gradients.
    ///
    /// ```text
    /// L = Σ_r L_r        L_r = 1/N Σ_i L_i over n_r of N rows, for the mean over a batch
    /// ```
    ///
    /// # Errors
    ///
    /// [`FusedError`], if the rows do not fit the net or the workspace.
    pub fn gradients_of_share(
        &mut self,
        inputs: Inputs<'_, T>,
        targets: Targets<'_, T>,
        dropout: Dropout,
        batch: usize,
    ) -> Result<T, FusedError> {
        T::gradients(self, inputs, targets, dropout, Some(batch))
    }

    /// Sets the gradients to zeros: those of the share of no rows.
    pub fn clear_gradients(&mut self) {
        for [weights, biases] in self.gradient_lists() {
            weights.fill(T::default());
            biases.fill(T::default());
        }
    }

    /// The gradients of each layer's weights, in whole blocks, and of its biases, for others to add theirs. Zeros
    /// before the first call of [`gradients`](Self::gradients).
    pub fn gradient_lists(&mut self) -> impl Iterator<Item = [&mut [T]; 2]> {
        self.have_gradients();
        let layers = self.gradients.iter_mut();
        layers.map(|values| [values.weights.elements_mut(), &mut values.biases[..]])
    }

    /// The weights of each layer, in whole blocks.
    pub fn weight_lists(&mut self) -> impl Iterator<Item = &mut [T]> {
        let layers = self.theta.iter_mut();
        layers.map(|values| values.weights.elements_mut())
    }

    /// The rule's buffers for the weights of each layer, in whole blocks: all layers' first buffer, then their second.
    pub fn buffer_lists(&mut self) -> impl Iterator<Item = &mut [T]> {
        let layers = self.buffers.iter_mut().flatten();
        layers.map(|values| values.weights.elements_mut())
    }

    /// Two norms of each layer's gradients, in double precision: of some blocks of its weights, and of its biases.
    ///
    /// # Errors
    ///
    /// [`FusedError::NoSuchBlocks`].
    pub fn norms_of_parts(&mut self, parts: &Parts) -> Result<Vec<[f64; 2]>, FusedError> {
        self.check_parts(parts)?;
        self.have_gradients();
        Ok(T::norms_of_parts(self, parts))
    }

    /// Takes a step by the gradients that are kept, the sums of several trainers' for example: of some blocks of the
    /// weights, and of all biases. The other weights and their buffers stay as they are. `norm` is that of all
    /// gradients, if the step is to limit it; without it, the norm is taken of those that are kept here.
    ///
    /// # Errors
    ///
    /// [`FusedError::NoSuchBlocks`]. Nothing is changed then.
    pub fn step_on_parts(
        &mut self,
        parts: &Parts,
        how: &Step,
        norm: Option<f64>,
    ) -> Result<(), FusedError> {
        self.check_parts(parts)?;
        self.have_gradients();
        T::step_on_parts(self, parts, how, norm);
        Ok(())
    }

    fn check_parts(&self, parts: &Parts) -> Result<(), FusedError> {
        let blocks = self.theta.iter().map(|l| l.weights.blocks.len());
        let fits =
            |(part, blocks): (&Range<usize>, usize)| part.start <= part.end && part.end <= blocks;
        if parts.len() == blocks.len() && parts.iter().zip(blocks.clone()).all(fits) {
            return Ok(());
        }
        Err(FusedError::NoSuchBlocks {
            got: parts.to_vec(),
            blocks: blocks.collect(),
        })
    }

    /// Appends the parameters and the buffers of the rule.
    pub fn append_values(&self, to: &mut Vec<T>) {
        for values in self.values() {
            values.append_to(to);
        }
    }

    /// Sets parameters and buffers of the rule, in the order of [`append_values`](Self::append_values): the average
    /// of several trainers' for example.
    ///
    /// # Errors
    ///
    /// [`FusedError::NotOfThisNet`], if there are too many or too few. Nothing is changed then.
    pub fn set_values(&mut self, from: &[T]) -> Result<(), FusedError> {
        check_length(self.values(), from)?;
        let mut rest = from;
        for values in self.values_mut() {
            values.take_from(&mut rest);
        }
        Ok(())
    }
}
