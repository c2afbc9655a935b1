//! Weights and biases of the layers, and what has their shape: gradients and the buffers of a rule.

use std::ops::Range;

use crate::blocks::{Blocks, Order, SIDE};
use crate::error::FusedError;
use crate::number::Number;

/// The values of one layer, in the order in which Burn's `Linear` stores them.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerValues<T> {
    /// `[d_in, d_out]`, row-major.
    pub weights: Vec<T>,
    /// `[d_out]`.
    pub biases: Vec<T>,
}

/// What a rule keeps between steps.
#[derive(Debug, Clone, PartialEq)]
pub struct State<T> {
    /// Steps taken, `t` in Adam.
    pub steps: u64,
    /// The rule's buffers, each with the values of all layers: none for SGD, `[v]` for momentum, `[m, v]`
    /// for Adam. They are zeros before the first step.
    pub buffers: Vec<Vec<LayerValues<T>>>,
}

/// Adjacent blocks of each layer's weights, counted from 0, that one of several trainers updates.
pub type Parts = [Range<usize>];

/// The values of one layer as they are stored here. Biases are filled up to whole blocks.
#[derive(Debug, Clone)]
pub(crate) struct Values<T> {
    pub(crate) weights: Blocks<T>,
    pub(crate) biases: Vec<T>,
}

impl<T: Number> Values<T> {
    pub(crate) fn zeros(d_in: usize, d_out: usize) -> Self {
        Self {
            weights: Blocks::zeros(d_in, d_out, Order::Panels),
            biases: vec![T::default(); d_out.next_multiple_of(SIDE)],
        }
    }

    /// One for each layer.
    pub(crate) fn of_net(sizes: &[usize]) -> Vec<Self> {
        let sizes = sizes.iter().zip(&sizes[1..]);
        sizes
            .map(|(&d_in, &d_out)| Self::zeros(d_in, d_out))
            .collect()
    }

    pub(crate) fn read(&self) -> LayerValues<T> {
        LayerValues {
            weights: self.weights.to_rows(),
            biases: self.biases[..self.weights.columns].to_vec(),
        }
    }

    pub(crate) fn check(
        &self,
        layer: usize,
        weights: &[T],
        biases: &[T],
    ) -> Result<(), FusedError> {
        let d_out = self.weights.columns;
        for (what, got, expected) in [
            ("weights", weights.len(), self.weights.rows * d_out),
            ("biases", biases.len(), d_out),
        ] {
            if got != expected {
                return Err(FusedError::Length {
                    layer,
                    what,
                    got,
                    expected,
                });
            }
        }
        Ok(())
    }

    pub(crate) fn set(&mut self, weights: &[T], biases: &[T]) {
        self.weights.set_rows(weights);
        self.biases[..biases.len()].copy_from_slice(biases);
    }

    /// Appends all values as they are stored here.
    pub(crate) fn append_to(&self, list: &mut Vec<T>) {
        list.extend_from_slice(self.weights.elements());
        list.extend_from_slice(&self.biases);
    }

    /// Takes values over from the beginning of a list that is long enough.
    pub(crate) fn take_from(&mut self, list: &mut &[T]) {
        for elements in [self.weights.elements_mut(), &mut self.biases] {
            let (these, rest) = list.split_at(elements.len());
            elements.copy_from_slice(these);
            *list = rest;
        }
    }

    /// How many numbers [`append_to`](Self::append_to) appends.
    fn length(&self) -> usize {
        self.weights.elements().len() + self.biases.len()
    }
}

/// Checks that a list has as many numbers as these values.
pub(crate) fn check_length<'a, T: Number + 'a>(
    values: impl Iterator<Item = &'a Values<T>>,
    list: &[T],
) -> Result<(), FusedError> {
    let (got, expected) = (list.len(), values.map(Values::length).sum());
    if got == expected {
        return Ok(());
    }
    Err(FusedError::NotOfThisNet { got, expected })
}

/// The blocks of a layer's weights that are in a part of them, or all.
pub(crate) fn part<T>(parts: Option<&Parts>, layer: usize, weights: &Blocks<T>) -> Range<usize> {
    parts.map_or(0..weights.blocks.len(), |parts| parts[layer].clone())
}
