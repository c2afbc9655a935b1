//! Arrays on the host.

use crate::number::Number;

/// An array in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array<T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<T>,
}

/// A value of a program.
#[derive(Clone, Debug)]
pub(crate) enum HostValue<N> {
    Float(Array<N>),
    Int(Array<i64>),
    Bool(Array<bool>),
}

/// What an instruction makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// Floating-point numbers, which may be tracked.
    Float,
    /// Whole numbers.
    Int,
    /// Truth values.
    Bool,
}

/// The number of elements of a shape.
pub(crate) fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The indices of an element by its number in row-major order.
pub(crate) fn place(mut number: usize, shape: &[usize]) -> Vec<usize> {
    let mut indices = vec![0; shape.len()];
    for d in (0..shape.len()).rev() {
        indices[d] = number % shape[d];
        number /= shape[d];
    }
    indices
}

/// The number of an element by its indices. Indices of dimensions of length 1 are ignored: such a
/// dimension is broadcast.
pub(crate) fn flat(indices: &[usize], shape: &[usize]) -> usize {
    indices.iter().zip(shape).fold(0, |flat, (&i, &size)| {
        flat * size + if size == 1 { 0 } else { i }
    })
}

impl<T: Clone> Array<T> {
    pub(crate) fn new(shape: impl Into<Vec<usize>>, data: Vec<T>) -> Self {
        let shape = shape.into();
        debug_assert_eq!(count(&shape), data.len(), "{shape:?}");
        Self { shape, data }
    }

    /// The array whose elements `element` gives by their indices.
    pub(crate) fn by_index(shape: &[usize], element: impl Fn(&[usize]) -> T) -> Self {
        let mut at = vec![0; shape.len()];
        let mut data = Vec::with_capacity(count(shape));
        for _ in 0..count(shape) {
            data.push(element(&at));
            // The next index: the last dimension counts fastest.
            for d in (0..shape.len()).rev() {
                at[d] += 1;
                if at[d] < shape[d] {
                    break;
                }
                at[d] = 0;
            }
        }
        Self::new(shape, data)
    }

    pub(crate) fn map<U: Clone>(&self, function: impl Fn(&T) -> U) -> Array<U> {
        Array::new(&self.shape[..], self.data.iter().map(function).collect())
    }

    /// The element at an index, where dimensions of length 1 are broadcast.
    pub(crate) fn at(&self, indices: &[usize]) -> &T {
        &self.data[flat(indices, &self.shape)]
    }

    /// Combines two arrays element by element, broadcasting dimensions of length 1.
    pub(crate) fn zip<U: Clone, V: Clone>(
        &self,
        other: &Array<U>,
        function: impl Fn(&T, &U) -> V,
    ) -> Array<V> {
        if self.shape == other.shape {
            let pairs = self.data.iter().zip(&other.data);
            let data = pairs.map(|(a, b)| function(a, b)).collect();
            return Array::new(&self.shape[..], data);
        }
        let shape = broadcast(&self.shape, &other.shape).expect("the generator checks shapes");
        Array::by_index(&shape, |at| function(self.at(at), other.at(at)))
    }

    /// Replaces each 1-D slice along `dim` by what `function` returns for it.
    pub(crate) fn along<U: Clone>(
        &self,
        dim: usize,
        function: impl Fn(&[T]) -> Vec<U>,
    ) -> Array<U> {
        let (length, stride) = (self.shape[dim], count(&self.shape[dim + 1..]));
        let mut elements = Vec::with_capacity(length);
        let slice = |number: usize| {
            let first = number / stride * length * stride + number % stride;
            elements.clear();
            elements.extend((0..length).map(|i| self.data[first + i * stride].clone()));
            function(&elements)
        };
        let slices: Vec<_> = (0..self.data.len() / length).map(slice).collect();
        let mut shape = self.shape.clone();
        shape[dim] = slices[0].len();
        let element = |place: usize| {
            let (block, offset) = (place / stride, place % stride);
            slices[block / shape[dim] * stride + offset][block % shape[dim]].clone()
        };
        let data = (0..count(&shape)).map(element).collect();
        Array::new(shape, data)
    }
}

/// The shape of two arrays of one rank after broadcasting; `None` if they do not fit.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let fits = a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| a == b || a == 1 || b == 1);
    fits.then(|| a.iter().zip(b).map(|(&a, &b)| a.max(b)).collect())
}

impl<N: Number> HostValue<N> {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Self::Float(array) => &array.shape,
            Self::Int(array) => &array.shape,
            Self::Bool(array) => &array.shape,
        }
    }

    pub(crate) fn kind(&self) -> ValueKind {
        match self {
            Self::Float(_) => ValueKind::Float,
            Self::Int(_) => ValueKind::Int,
            Self::Bool(_) => ValueKind::Bool,
        }
    }

    pub(crate) fn float(&self) -> &Array<N> {
        match self {
            Self::Float(array) => array,
            _ => panic!("the generator checks kinds: expected floats"),
        }
    }

    pub(crate) fn int(&self) -> &Array<i64> {
        match self {
            Self::Int(array) => array,
            _ => panic!("the generator checks kinds: expected whole numbers"),
        }
    }

    pub(crate) fn bool(&self) -> &Array<bool> {
        match self {
            Self::Bool(array) => array,
            _ => panic!("the generator checks kinds: expected truth values"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_in_row_major_order() {
        let shape = [2, 3, 2];
        let array = Array::by_index(&shape, |at| at.to_vec());
        let places = (0..12).map(|number| place(number, &shape));
        assert_eq!(array.data, places.collect::<Vec<_>>());
        for (number, at) in array.data.iter().enumerate() {
            assert_eq!(flat(at, &shape), number);
            assert_eq!(array.at(at), at);
        }
    }

    #[test]
    fn arrays_are_broadcast_and_changed_along_a_dimension() {
        let rows = Array::new([2, 1], vec![10, 20]);
        let columns = Array::new([1, 3], vec![1, 2, 3]);
        let sum = rows.zip(&columns, |a, b| a + b);
        assert_eq!(
            (&sum.shape[..], &sum.data[..]),
            (&[2, 3][..], &[11, 12, 13, 21, 22, 23][..])
        );
        assert_eq!(broadcast(&[2], &[3]), None);
        let first = sum.along(0, |x| vec![x[1] - x[0]]);
        assert_eq!(
            (&first.shape[..], &first.data[..]),
            (&[1, 3][..], &[10, 10, 10][..])
        );
        let twice = sum.along(1, |x| [x, x].concat());
        assert_eq!(twice.shape, [2, 6]);
        assert_eq!(twice.data[6..], [21, 22, 23, 21, 22, 23]);
    }
}
