//! Gradients and parameters as one list of numbers, for trainers of the same net that share a batch or average
//! their parameters, on several machines for example.

use crate::blocks::Block;
use crate::error::FusedError;
use crate::number::Number;
use crate::parameters::Values;
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
            append(values, to, |x| x);
        }
    }

    /// Sets parameters and buffers of the rule, in the order of [`append_values`](Self::append_values): the average
    /// of several trainers' for example.
    ///
    /// # Errors
    ///
    /// [`FusedError::NotOfThisNet`], if there are too many or too few. Nothing is changed then.
    pub fn set_values(&mut self, from: &[T]) -> Result<(), FusedError> {
        check(self.values().map(length).sum(), from)?;
        let mut rest = from;
        for values in self.values_mut() {
            take(values, &mut rest);
        }
        Ok(())
    }
}

/// Appends values of a layer.
pub(crate) fn append<T: Number>(values: &Values<T>, to: &mut Vec<T>, change: impl Fn(T) -> T) {
    for block in &values.weights.blocks {
        to.extend(block.elements().iter().map(|&x| change(x)));
    }
    to.extend(values.biases.iter().map(|&x| change(x)));
}

/// Takes values of a layer from the beginning of a list that is long enough.
pub(crate) fn take<T: Number>(values: &mut Values<T>, from: &mut &[T]) {
    let blocks = values.weights.blocks.iter_mut().map(Block::elements_mut);
    for elements in blocks.chain([&mut values.biases[..]]) {
        let (these, rest) = from.split_at(elements.len());
        elements.copy_from_slice(these);
        *from = rest;
    }
}

/// How many numbers a layer appends.
pub(crate) fn length<T: Number>(values: &Values<T>) -> usize {
    let blocks = values.weights.blocks.iter();
    blocks.map(|block| block.elements().len()).sum::<usize>() + values.biases.len()
}

pub(crate) fn check<T>(expected: usize, values: &[T]) -> Result<(), FusedError> {
    let got = values.len();
    if got == expected {
        return Ok(());
    }
    Err(FusedError::NotOfThisNet { got, expected })
}
