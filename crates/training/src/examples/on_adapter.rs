//! Examples in the memory of a graphics adapter: uploaded once; batches are taken there by index.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::targets::Targets;

/// Examples on the device.
#[derive(Debug, Clone)]
pub(crate) struct OnAdapter<T> {
    pub(crate) inputs: Inputs,
    pub(crate) targets: T,
}

/// How inputs are stored there.
#[derive(Debug, Clone)]
pub(crate) enum Inputs {
    /// In the net's own form, `[n, inputs]`.
    Floats(Tensor<2>),
    /// Pixels as bytes, four to an integer, `[n, ⌈inputs / 4⌉]`: a quarter of the memory. GPUs
    /// limit the size of a single tensor, some to 128 MiB, and MNIST in f32 is larger.
    Bytes {
        words: Tensor<2, Int>,
        columns: usize,
    },
}

/// Words that are sent to a device at once, 64 MiB: Burn's server accepts no message of more than 1 GiB.
const WORDS_AT_ONCE: usize = 1 << 24;

impl Inputs {
    pub(crate) fn bytes(pixels: &[u8], [rows, columns]: [usize; 2], device: &Device) -> Self {
        let word = |bytes: &[u8]| {
            let mut padded = [0; 4];
            padded[..bytes.len()].copy_from_slice(bytes);
            i32::from_le_bytes(padded)
        };
        let words_of_row = columns.div_ceil(4);
        let rows_at_once = (WORDS_AT_ONCE / words_of_row).max(1);
        let pieces = pixels.chunks(rows_at_once * columns).map(|rows| {
            let words = rows.chunks(columns);
            let words = words.flat_map(|row| row.chunks(4).map(word));
            let shape = [rows.len() / columns, words_of_row];
            Tensor::from_data(TensorData::new::<i32, _>(words.collect(), shape), device)
        });
        let mut pieces = pieces.collect::<Vec<Tensor<2, Int>>>();
        let words = match pieces.len() {
            1 => pieces.remove(0),
            _ => Tensor::cat(pieces, 0),
        };
        debug_assert_eq!(words.dims()[0], rows);
        Self::Bytes { words, columns }
    }

    fn len(&self) -> usize {
        match self {
            Self::Floats(inputs) => inputs.dims()[0],
            Self::Bytes { words, .. } => words.dims()[0],
        }
    }

    fn device(&self) -> Device {
        match self {
            Self::Floats(inputs) => inputs.device(),
            Self::Bytes { words, .. } => words.device(),
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

impl<T: Targets> OnAdapter<T> {
    pub(crate) fn len(&self) -> usize {
        self.inputs.len()
    }

    pub(crate) fn device(&self) -> Device {
        self.inputs.device()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.inputs.size_in_bytes() + self.targets.bytes()
    }

    /// The rows at the given indices.
    pub(crate) fn select(&self, indices: Tensor<1, Int>) -> (Tensor<2>, T) {
        (
            self.inputs.select(indices.clone()),
            self.targets.select(indices),
        )
    }

    /// `length` rows from `start`.
    pub(crate) fn narrow(&self, start: usize, length: usize) -> (Tensor<2>, T) {
        (
            self.inputs.narrow(start, length),
            self.targets.narrow(start, length),
        )
    }

    /// The first rows, as examples of their own.
    pub(crate) fn head(&self, rows: usize) -> Self {
        Self {
            inputs: self.inputs.head(rows),
            targets: self.targets.narrow(0, rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;
    use datasets::append_scaled;

    #[test]
    fn bytes_and_floats_give_the_same_batches() {
        // Five columns leave the last integer of a row half empty; 255 sets an integer's sign bit.
        let shape = [3, 5];
        let pixels = [0, 1, 2, 255, 128, 9, 8, 7, 200, 6, 255, 255, 255, 255, 255];
        let mut numbers = vec![];
        append_scaled(&pixels, &mut numbers);
        for backend in Backend::ALL {
            let Ok(opened) = backend.open() else {
                continue;
            };
            let data = TensorData::new::<f32, _>(numbers.clone(), shape);
            let floats = Inputs::Floats(Tensor::from_data(data, &opened.device));
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
