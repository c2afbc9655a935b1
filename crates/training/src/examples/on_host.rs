//! Examples in the memory of the host: for processors.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use datasets::append_scaled;

use crate::rows::Rows;
use crate::targets::Targets;

/// Examples on the host. The rows of a batch become numbers when they are taken: as bytes, images need a
/// quarter of the memory, and reading a row of bytes takes less time than reading one of numbers.
#[derive(Debug, Clone)]
pub(crate) struct OnHost<T: Targets> {
    pub(crate) inputs: Inputs,
    pub(crate) targets: T::OnHost,
    /// The number of inputs of a row.
    pub(crate) columns: usize,
    /// The number of rows, counted from the first.
    pub(crate) rows: usize,
    /// Where batches go.
    pub(crate) device: Device,
}

/// The inputs of all rows, row by row.
#[derive(Debug, Clone)]
pub(crate) enum Inputs {
    /// Pixels, each for the number `p / 255`.
    Bytes(Arc<Vec<u8>>),
    /// Numbers.
    Floats(Arc<Vec<f32>>),
}

impl<T: Targets> OnHost<T> {
    /// Inputs `[rows, columns]` and targets of some rows.
    pub(crate) fn take(&self, rows: Rows<'_>) -> (Tensor<2>, T) {
        let shape = [rows.len(), self.columns];
        let mut values = Vec::with_capacity(shape[0] * shape[1]);
        match &self.inputs {
            Inputs::Bytes(bytes) => self.each(&rows, bytes, |row| append_scaled(row, &mut values)),
            Inputs::Floats(all) => self.each(&rows, all, |row| values.extend_from_slice(row)),
        }
        let inputs = TensorData::new::<f32, _>(values, shape);
        let targets = T::taken(&self.targets, rows, &self.device);
        (Tensor::from_data(inputs, &self.device), targets)
    }

    /// Passes the elements of the rows on, neighbours at once.
    fn each<E>(&self, rows: &Rows<'_>, elements: &[E], mut pass: impl FnMut(&[E])) {
        let columns = self.columns;
        match rows {
            Rows::Range(range) => pass(&elements[range.start * columns..range.end * columns]),
            Rows::Listed(list) => list
                .iter()
                .for_each(|&row| pass(&elements[row as usize * columns..][..columns])),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let size = match self.inputs {
            Inputs::Bytes(_) => size_of::<u8>(),
            Inputs::Floats(_) => size_of::<f32>(),
        };
        self.rows * self.columns * size + T::bytes_on_host(&self.targets, self.rows)
    }
}
