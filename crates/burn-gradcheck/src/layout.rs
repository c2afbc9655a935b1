//! The order in which a tensor's elements lie in memory.

use burn::tensor::Tensor;

/// How the elements of an input lie in memory. The function sees the same values in any of them: an
/// operation that reads memory in the wrong order, or a gradient that comes back in another one, shows.
///
/// ```
/// use burn::tensor::Device;
/// use burn_gradcheck::{Case, Layout};
///
/// let matmul = Case::new("matmul")
///     .input("x", [3, 5])
///     .input("w", [5, 2])
///     .function(|v| v.get::<2>("x").matmul(v.get("w")));
/// for layout in [Layout::Contiguous, Layout::ColumnMajor, Layout::Window] {
///     matmul.clone().layout("x", layout).check(&Device::flex()).assert_pass();
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Row after row, without gaps.
    #[default]
    Contiguous,
    /// The first dimension runs fastest: the view of a transposed tensor.
    ColumnMajor,
    /// The inner part of a tensor that is larger by one on every side: a view with an offset and gaps.
    Window,
}

impl Layout {
    /// The shape of the tensor that holds the elements.
    fn held(self, shape: &[usize]) -> Vec<usize> {
        match self {
            Self::Contiguous => shape.to_vec(),
            Self::ColumnMajor => shape.iter().rev().copied().collect(),
            Self::Window => shape.iter().map(|size| size + 2).collect(),
        }
    }

    /// The number of elements in memory.
    pub(crate) fn held_elements(self, shape: &[usize]) -> usize {
        self.held(shape).iter().product()
    }

    /// The place in memory of each element in row-major order, `None` if that is the order in memory.
    pub(crate) fn places(self, shape: &[usize]) -> Option<Vec<usize>> {
        if self == Self::Contiguous {
            return None;
        }
        let mut strides: Vec<usize> = vec![1; shape.len()];
        let held = self.held(shape);
        let offset = usize::from(self == Self::Window);
        for dimension in (1..shape.len()).rev() {
            strides[dimension - 1] = strides[dimension] * held[dimension];
        }
        if self == Self::ColumnMajor {
            strides.reverse();
        }
        let place = |element| {
            let indices = indices(shape, element);
            indices
                .iter()
                .zip(&strides)
                .map(|(index, stride)| (index + offset) * stride)
                .sum()
        };
        Some((0..shape.iter().product()).map(place).collect())
    }

    /// The view of this shape on the elements in memory.
    pub(crate) fn view<const D: usize>(self, memory: Tensor<1>, shape: [usize; D]) -> Tensor<D> {
        let held: [usize; D] = std::array::from_fn(|i| self.held(&shape)[i]);
        let whole = memory.reshape(held);
        match self {
            Self::Contiguous => whole,
            Self::ColumnMajor => {
                whole.permute(std::array::from_fn::<isize, D, _>(|i| (D - 1 - i) as isize))
            }
            Self::Window => whole.slice(shape.map(|size| 1..size + 1)),
        }
    }
}

/// The indices of an element given by its number in row-major order.
pub(crate) fn indices(shape: &[usize], mut element: usize) -> Vec<usize> {
    let mut found: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let index = element % size;
            element /= size;
            index
        })
        .collect();
    found.reverse();
    found
}

/// The number of an element in row-major order.
pub(crate) fn row_major(shape: &[usize], index: &[usize]) -> usize {
    shape
        .iter()
        .zip(index)
        .fold(0, |number, (size, index)| number * size + index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_a_transposed_and_of_a_larger_tensor() {
        let columns = Layout::ColumnMajor.places(&[2, 3]).unwrap();
        assert_eq!(columns, [0, 2, 4, 1, 3, 5]);
        let window = Layout::Window.places(&[2, 3]).unwrap();
        assert_eq!(window, [6, 7, 8, 11, 12, 13]);
        assert_eq!(Layout::Window.held_elements(&[2, 3]), 20);
    }

    #[test]
    fn element_numbers_and_indices_are_inverse() {
        let shape = [2, 3, 4];
        for element in 0..24 {
            assert_eq!(row_major(&shape, &indices(&shape, element)), element);
        }
        assert_eq!(indices(&shape, 23), [1, 2, 3]);
    }
}
