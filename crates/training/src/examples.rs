//! Data on the device: uploaded once; batches are taken there by index.

use std::ops::Range;

use backends::{Hardware, Opened};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use datasets::{ImageSet, xor};

use crate::net::Targets;

/// Inputs `[n, inputs]` and as many targets, all on one device.
#[derive(Debug, Clone)]
pub struct Examples<T> {
    inputs: Inputs,
    targets: T,
}

/// How inputs are stored on the device.
#[derive(Debug, Clone)]
enum Inputs {
    /// In the net's own form, `[n, inputs]`: the fastest way to take batches.
    Floats(Tensor<2>),
    /// Pixels as bytes, four to an integer, `[n, ⌈inputs / 4⌉]`: a quarter of the memory. GPUs
    /// limit the size of a single tensor, some to 128 MiB, and MNIST in f32 is larger.
    Bytes {
        words: Tensor<2, Int>,
        columns: usize,
    },
}

impl Inputs {
    fn floats(pixels: &[u8], shape: [usize; 2], device: &Device) -> Self {
        let scaled = pixels.iter().map(|&p| f32::from(p) / 255.0).collect();
        Self::Floats(Tensor::from_data(
            TensorData::new::<f32, _>(scaled, shape),
            device,
        ))
    }

    fn bytes(pixels: &[u8], [rows, columns]: [usize; 2], device: &Device) -> Self {
        let word = |bytes: &[u8]| {
            let mut padded = [0; 4];
            padded[..bytes.len()].copy_from_slice(bytes);
            i32::from_le_bytes(padded)
        };
        let words = pixels
            .chunks(columns)
            .flat_map(|row| row.chunks(4).map(word))
            .collect();
        let shape = [rows, columns.div_ceil(4)];
        Self::Bytes {
            words: Tensor::from_data(TensorData::new::<i32, _>(words, shape), device),
            columns,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Floats(inputs) => inputs.dims()[0],
            Self::Bytes { words, .. } => words.dims()[0],
        }
    }

    fn size_in_bytes(&self) -> usize {
        match self {
            Self::Floats(inputs) => inputs.shape().num_elements() * inputs.dtype().size(),
            Self::Bytes { words, .. } => words.shape().num_elements() * words.dtype().size(),
        }
    }

    /// The rows at the given indices, `[indices, inputs]`.
    fn select(&self, indices: Tensor<1, Int>) -> Tensor<2> {
        match self {
            Self::Floats(inputs) => inputs.clone().select(0, indices),
            Self::Bytes { words, columns } => unpack(words.clone().select(0, indices), *columns),
        }
    }

    /// The first rows, in storage order.
    fn head(&self, rows: usize) -> Self {
        match self {
            Self::Floats(inputs) => Self::Floats(inputs.clone().narrow(0, 0, rows)),
            Self::Bytes { words, columns } => Self::Bytes {
                words: words.clone().narrow(0, 0, rows),
                columns: *columns,
            },
        }
    }

    /// `length` rows from `start`, `[length, inputs]`.
    fn narrow(&self, start: usize, length: usize) -> Tensor<2> {
        match self {
            Self::Floats(inputs) => inputs.clone().narrow(0, start, length),
            Self::Bytes { words, columns } => {
                unpack(words.clone().narrow(0, start, length), *columns)
            }
        }
    }
}

/// Bytes, four to an integer and the lowest first, as floats in the unit interval.
///
/// # Shapes
///
/// `words: [n, ⌈columns / 4⌉]` gives `[n, columns]`.
fn unpack(words: Tensor<2, Int>, columns: usize) -> Tensor<2> {
    let [rows, row_words] = words.dims();
    let shifts = Tensor::<1, Int>::from_data([0, 8, 16, 24], &words.device());
    let bytes = words
        .unsqueeze_dim::<3>(2)
        .expand([rows, row_words, 4])
        .bitwise_right_shift(shifts.reshape([1, 1, 4]).expand([rows, row_words, 4]))
        .bitwise_and_scalar(0xff)
        .reshape([rows, 4 * row_words]);
    bytes.narrow(1, 0, columns).float().div_scalar(255.0)
}

/// The rows' order in an epoch, drawn on the host: the same on every backend.
///
/// # Shapes
///
/// `[rows]`, every index from 0 once.
pub fn epoch_order(rows: usize, seed: u64, epoch: u64, device: &Device) -> Tensor<1, Int> {
    let order = datasets::shuffled_indices(rows, seed, epoch);
    let order = order.into_iter().map(|index| index as i32).collect();
    Tensor::from_data(TensorData::new::<i32, _>(order, [rows]), device)
}

/// The training, validation and test set.
#[derive(Debug, Clone)]
pub struct Splits<T> {
    /// The training set.
    pub training: Examples<T>,
    /// The validation set, evaluated after each epoch.
    pub validation: Option<Examples<T>>,
    /// The test set, evaluated once at the end.
    pub test: Examples<T>,
}

impl<T> Splits<T> {
    /// All three, with the same change.
    pub fn map<U>(self, change: impl Fn(Examples<T>) -> Examples<U>) -> Splits<U> {
        Splits {
            training: change(self.training),
            validation: self.validation.map(&change),
            test: change(self.test),
        }
    }
}

impl Splits<Tensor<2>> {
    /// The truth table of the exclusive or, which is all there is: to learn from and to evaluate on.
    pub fn truth_table(device: &Device) -> Self {
        let table = Examples::truth_table(device);
        Self {
            training: table.clone(),
            validation: None,
            test: table,
        }
    }
}

impl Examples<Tensor<1, Int>> {
    /// Uploads images, pixels scaled to the unit interval, and drops the host's copy.
    pub fn from_images(images: ImageSet, opened: &Opened) -> Self {
        let shape = [images.len(), images.image_size()];
        let (pixels, labels) = images.into_parts();
        let inputs = match opened.hardware {
            Hardware::Processor => Inputs::floats(&pixels, shape, &opened.device),
            Hardware::Graphics | Hardware::SoftwareGraphics => {
                Inputs::bytes(&pixels, shape, &opened.device)
            }
        };
        drop(pixels);
        let labels = labels.into_iter().map(i32::from).collect();
        let labels = TensorData::new::<i32, _>(labels, [shape[0]]);
        Self {
            inputs,
            targets: Tensor::from_data(labels, &opened.device),
        }
    }

    /// The same rows with real-valued targets, `[n, classes]`: 1 for a row's class, else 0.
    pub fn one_hot(self, classes: usize) -> Examples<Tensor<2>> {
        Examples {
            inputs: self.inputs,
            targets: manual_backprop::cross_entropy::one_hot(self.targets, classes, DType::F32),
        }
    }
}

impl Examples<Tensor<2>> {
    /// The truth table of the exclusive or.
    pub fn truth_table(device: &Device) -> Self {
        Self {
            inputs: Inputs::Floats(Tensor::from_data(xor::XOR_INPUTS, device)),
            targets: Tensor::from_data(xor::XOR_TARGETS, device),
        }
    }
}

impl<T: Targets> Examples<T> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that the rows take on the device.
    pub fn bytes(&self) -> usize {
        self.inputs.size_in_bytes() + self.targets.bytes()
    }

    /// The rows at the given indices.
    pub fn select(&self, indices: Tensor<1, Int>) -> (Tensor<2>, T) {
        (
            self.inputs.select(indices.clone()),
            self.targets.select(indices),
        )
    }

    /// `length` rows from `start`.
    pub fn narrow(&self, start: usize, length: usize) -> (Tensor<2>, T) {
        (
            self.inputs.narrow(start, length),
            self.targets.narrow(start, length),
        )
    }

    /// The first rows, as examples of their own.
    pub fn head(&self, rows: usize) -> Self {
        Self {
            inputs: self.inputs.head(rows),
            targets: self.targets.narrow(0, rows),
        }
    }

    /// The batch of the rows at the given indices, `[n]`. A full batch keeps storage order: the order
    /// changes only rounding, and this avoids a copy.
    pub fn batch(&self, indices: Tensor<1, Int>) -> Batch<T> {
        let rows = indices.dims()[0];
        Batch {
            examples: self.clone(),
            indices: (rows < self.len()).then_some(indices),
            rows,
        }
    }

    /// The batch of the first rows.
    pub fn first(&self, rows: usize) -> Batch<T> {
        Batch {
            examples: self.clone(),
            indices: None,
            rows: rows.min(self.len()),
        }
    }

    /// These rows in order, in parts of `length` rows; the last may have fewer.
    pub fn parts(&self, rows: Range<usize>, length: usize) -> impl Iterator<Item = (Tensor<2>, T)> {
        let end = rows.end;
        rows.step_by(length)
            .map(move |start| self.narrow(start, length.min(end - start)))
    }
}

/// The rows of one step, taken from the device in parts.
#[derive(Debug, Clone)]
pub struct Batch<T> {
    examples: Examples<T>,
    /// Their indices; `None` for the first rows, in storage order.
    indices: Option<Tensor<1, Int>>,
    rows: usize,
}

impl<T: Targets> Batch<T> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Inputs `[part, inputs]` and targets of a part of the rows.
    pub fn part(&self, part: Range<usize>) -> (Tensor<2>, T) {
        match &self.indices {
            Some(indices) => {
                let indices = indices.clone().narrow(0, part.start, part.len());
                self.examples.select(indices)
            }
            None => self.examples.narrow(part.start, part.len()),
        }
    }

    /// Inputs `[rows, inputs]` and targets of all rows.
    pub fn all(&self) -> (Tensor<2>, T) {
        self.part(0..self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    #[test]
    fn bytes_and_floats_give_the_same_batches() {
        // Five columns leave the last integer of a row half empty; 255 sets an integer's sign bit.
        let shape = [3, 5];
        let pixels = [0, 1, 2, 255, 128, 9, 8, 7, 200, 6, 255, 255, 255, 255, 255];
        for backend in Backend::ALL {
            let Ok(opened) = backend.open() else {
                continue;
            };
            let floats = Inputs::floats(&pixels, shape, &opened.device);
            let bytes = Inputs::bytes(&pixels, shape, &opened.device);
            assert_eq!((floats.len(), bytes.len()), (3, 3));
            let indices = Tensor::<1, Int>::from_data([2, 0], &opened.device);
            let selected = bytes.select(indices.clone()).into_data();
            selected.assert_approx_eq::<f32>(
                &floats.select(indices).into_data(),
                burn::tensor::Tolerance::absolute(1e-7),
            );
            let narrowed = bytes.narrow(1, 2).into_data();
            narrowed.assert_approx_eq::<f32>(
                &floats.narrow(1, 2).into_data(),
                burn::tensor::Tolerance::absolute(1e-7),
            );
        }
    }
}
