//! Layouts: the same elements in other orders in memory.

use std::fmt;

use burn::tensor::{Slice, Tensor};

use super::array::DualArray;

/// The memory layout of a function's input. An input is drawn and differentiated as it is stored,
/// and rearranged before the function gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemoryLayout {
    /// In row-major order.
    Contiguous,
    /// The last two dimensions swapped.
    Transposed,
    /// Every second row, without the first column.
    Sliced,
    /// One row, repeated along the first dimension.
    Expanded,
}

impl MemoryLayout {
    /// All layouts but the contiguous one.
    pub(crate) const STRIDED: [Self; 3] = [Self::Transposed, Self::Sliced, Self::Expanded];

    /// The shape to store, so that the function gets `shape`. A vector is always contiguous.
    pub(super) fn stored(self, shape: &[usize]) -> Vec<usize> {
        let mut stored = shape.to_vec();
        let rank = shape.len();
        if rank >= 2 {
            match self {
                Self::Contiguous => {}
                Self::Transposed => stored.swap(rank - 2, rank - 1),
                Self::Sliced => {
                    stored[rank - 2] *= 2;
                    stored[rank - 1] += 1;
                }
                Self::Expanded => stored[0] = 1,
            }
        }
        stored
    }

    /// Rearranges a stored tensor into one of `shape`.
    pub(super) fn arrange<const D: usize>(self, x: Tensor<D>, shape: &[usize]) -> Tensor<D> {
        if D < 2 {
            return x;
        }
        match self {
            Self::Contiguous => x,
            Self::Transposed => x.transpose(),
            Self::Sliced => x.slice(std::array::from_fn::<_, D, _>(|d| match D - d {
                1 => Slice::new(1, None, 1),
                2 => Slice::new(1, None, 2),
                _ => Slice::full(),
            })),
            Self::Expanded => x.expand(std::array::from_fn::<_, D, _>(|d| shape[d])),
        }
    }

    /// Rearranges a stored array into one of `shape`.
    pub(super) fn arrange_on_host(self, stored: &DualArray, shape: &[usize]) -> DualArray {
        let rank = shape.len();
        if rank < 2 || self == Self::Contiguous {
            return stored.clone();
        }
        let value = |number: usize| {
            let mut index = vec![0; rank];
            let mut rest = number;
            for d in (0..rank).rev() {
                index[d] = rest % shape[d];
                rest /= shape[d];
            }
            match self {
                Self::Contiguous => {}
                Self::Transposed => index.swap(rank - 2, rank - 1),
                Self::Sliced => {
                    index[rank - 2] = 2 * index[rank - 2] + 1;
                    index[rank - 1] += 1;
                }
                Self::Expanded => index[0] = 0,
            }
            let flat = index.iter().zip(&stored.shape);
            stored.values[flat.fold(0, |flat, (i, size)| flat * size + i)]
        };
        let values = (0..shape.iter().product()).map(value).collect();
        DualArray::new(shape, values)
    }
}

impl fmt::Display for MemoryLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Contiguous => "contiguous",
            Self::Transposed => "transposed",
            Self::Sliced => "sliced",
            Self::Expanded => "expanded",
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::witness::host;

    #[test]
    fn a_tensor_and_an_array_are_rearranged_alike() {
        for layout in [MemoryLayout::Contiguous]
            .into_iter()
            .chain(MemoryLayout::STRIDED)
        {
            let shape = [3, 2, 4];
            let stored = layout.stored(&shape);
            let count: usize = stored.iter().product();
            let values: Vec<f64> = (0..count).map(|i| i as f64).collect();
            let data = TensorData::new(values.clone(), stored.clone());
            let tensor = layout.arrange(Tensor::<3>::from_data(data, &Device::flex()), &shape);
            let array = DualArray::new(stored, values.into_iter().map(Into::into).collect());
            let array = layout.arrange_on_host(&array, &shape);
            assert_eq!(tensor.dims(), shape, "{layout}");
            assert_eq!(array.shape, shape, "{layout}");
            let on_host: Vec<f64> = array.values.iter().map(|number| number.value).collect();
            assert_eq!(host(tensor), on_host, "{layout}");
        }
    }
}
