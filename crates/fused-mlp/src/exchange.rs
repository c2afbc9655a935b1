//! Gradients and parameters as one list of numbers, for trainers of the same net that share a batch or average
//! their parameters, on several machines for example.

use crate::error::FusedError;
use crate::parameters::check_length;
use crate::rule::Step;
use crate::trainer::{Float, Trainer};

impl<T: Float> Trainer<T> {
    /// Appends the gradients of the last call of [`gradients`](Self::gradients), times a factor, in an order of
    /// this engine's own: that of its blocks, which are filled up with zeros. Trainers of the same net have the
    /// same order. Zeros before the first call.
    ///
    /// # Formula
    ///
    /// ```text
    /// L = c 1/n Σ_i L_i,  n of N rows  →  c = n/N        for the mean over a batch that trainers share
    /// ```
    pub fn append_gradients(&mut self, factor: T, to: &mut Vec<T>) {
        T::append_gradients(self, factor, to);
    }

    /// Takes a step by gradients from elsewhere, in the order of [`append_gradients`](Self::append_gradients): the
    /// sum of several trainers' for example. Clipping is of these gradients.
    ///
    /// # Errors
    ///
    /// [`FusedError::NotOfThisNet`], if there are too many or too few. Nothing is changed then.
    pub fn step_by(&mut self, gradients: &[T], how: &Step) -> Result<(), FusedError> {
        T::step_by(self, gradients, how)
    }

    /// Appends the parameters and the buffers of the rule, in an order of this engine's own.
    pub fn append_values(&self, to: &mut Vec<T>) {
        for values in self.values() {
            values.append_to(to, |x| x);
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
