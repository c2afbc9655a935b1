//! Arrays of dual numbers.

use std::collections::BTreeMap;

use super::dual::Dual;

/// An array in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct DualArray {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<Dual>,
}

/// The number of elements of a shape.
pub(crate) fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The indices of an element by its number in row-major order.
pub(crate) fn place<const N: usize>(mut number: usize, shape: [usize; N]) -> [usize; N] {
    let mut indices = [0; N];
    for d in (0..N).rev() {
        indices[d] = number % shape[d];
        number /= shape[d];
    }
    indices
}

/// The sum of all numbers.
pub(crate) fn sum(numbers: &[Dual]) -> Dual {
    numbers.iter().copied().sum()
}

impl DualArray {
    pub(crate) fn new(shape: impl Into<Vec<usize>>, values: Vec<Dual>) -> Self {
        let shape = shape.into();
        assert_eq!(count(&shape), values.len(), "{shape:?}");
        Self { shape, values }
    }

    /// The array whose elements `value` gives by their indices.
    pub(crate) fn by_index<const D: usize>(
        shape: [usize; D],
        value: impl Fn([usize; D]) -> Dual,
    ) -> Self {
        let values = (0..count(&shape)).map(|number| value(place(number, shape)));
        Self::new(shape, values.collect())
    }

    pub(crate) fn vector(values: Vec<Dual>) -> Self {
        Self::new([values.len()], values)
    }

    /// A single number, in the shape that Burn's reductions return.
    pub(crate) fn scalar(value: Dual) -> Self {
        Self::vector(vec![value])
    }

    /// The element at an index.
    pub(crate) fn at<const D: usize>(&self, index: [usize; D]) -> Dual {
        let places = index.iter().zip(&self.shape);
        self.values[places.fold(0, |flat, (i, size)| flat * size + i)]
    }

    /// The rows of the array seen as a matrix: all dimensions but the last count rows.
    pub(crate) fn rows(&self) -> std::slice::Chunks<'_, Dual> {
        self.values.chunks(self.shape[self.shape.len() - 1])
    }

    pub(crate) fn map(&self, function: impl Fn(Dual) -> Dual) -> Self {
        let values = self.values.iter().map(|&value| function(value)).collect();
        Self::new(self.shape.clone(), values)
    }

    /// Combines two arrays of one shape element by element.
    pub(crate) fn zip(&self, other: &Self, function: impl Fn(Dual, Dual) -> Dual) -> Self {
        assert_eq!(self.shape, other.shape);
        let pairs = self.values.iter().zip(&other.values);
        let values = pairs.map(|(&a, &b)| function(a, b)).collect();
        Self::new(self.shape.clone(), values)
    }

    /// Replaces each 1-D slice along `dim` by what `function` returns for it.
    pub(crate) fn along(&self, dim: usize, function: impl Fn(&[Dual]) -> Vec<Dual>) -> Self {
        let (length, stride) = (self.shape[dim], count(&self.shape[dim + 1..]));
        let slice = |number: usize| {
            let first = number / stride * length * stride + number % stride;
            let elements = (0..length).map(|i| self.values[first + i * stride]);
            function(&elements.collect::<Vec<_>>())
        };
        let slices: Vec<_> = (0..self.values.len() / length).map(slice).collect();
        let mut shape = self.shape.clone();
        shape[dim] = slices[0].len();
        let value = |place: usize| {
            let (block, offset) = (place / stride, place % stride);
            slices[block / shape[dim] * stride + offset][block % shape[dim]]
        };
        let values = (0..count(&shape)).map(value).collect();
        Self::new(shape, values)
    }

    /// `x W + b` for each row.
    pub(crate) fn linear(&self, weight: &Self, bias: Option<&Self>) -> Self {
        let columns = weight.shape[1];
        let entry = |row: &[Dual], column: usize| {
            let terms = row.iter().enumerate();
            let product: Dual = terms.map(|(i, &x)| x * weight.at([i, column])).sum();
            bias.map_or(product, |bias| product + bias.values[column])
        };
        let rows = self.rows();
        let values = rows.flat_map(|row| (0..columns).map(move |column| entry(row, column)));
        let values = values.collect();
        let mut shape = self.shape.clone();
        shape.pop();
        shape.push(columns);
        Self::new(shape, values)
    }
}

impl From<DualArray> for Vec<DualArray> {
    fn from(array: DualArray) -> Self {
        vec![array]
    }
}

/// The inputs' values by name.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    arrays: BTreeMap<String, DualArray>,
    /// The shape of Burn's result, for a formula that needs it.
    pub(super) result: Option<Vec<usize>>,
}

impl Arguments {
    pub(super) fn new(arrays: impl Iterator<Item = (String, DualArray)>) -> Self {
        Self {
            arrays: arrays.collect(),
            result: None,
        }
    }

    pub(crate) fn get(&self, name: &str) -> &DualArray {
        let found = self.find(name);
        found.unwrap_or_else(|| panic!("the formula has no argument {name}"))
    }

    pub(crate) fn find(&self, name: &str) -> Option<&DualArray> {
        self.arrays.get(name)
    }

    /// The shape of Burn's result, for a formula that needs it.
    pub(crate) fn result<const D: usize>(&self) -> [usize; D] {
        let shape = self.result.clone().and_then(|shape| shape.try_into().ok());
        shape.expect("the formula needs a result of this rank")
    }

    /// All values, bit by bit.
    pub(super) fn bits(&self) -> Vec<u64> {
        let values = self.arrays.values().flat_map(|array| &array.values);
        values.map(|number| number.value.to_bits()).collect()
    }

    pub(super) fn set_slope(&mut self, name: &str, element: usize, slope: f64) {
        if let Some(array) = self.arrays.get_mut(name) {
            array.values[element].slope = slope;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_run_along_their_dimension() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Dual::from);
        let array = DualArray::new([2, 3], numbers.to_vec());
        let totals = |dim| {
            let sums = array.along(dim, |slice| vec![sum(slice)]);
            let values = sums.values.iter().map(|number| number.value);
            (sums.shape.clone(), values.collect::<Vec<_>>())
        };
        assert_eq!(totals(0), (vec![1, 3], vec![5.0, 7.0, 9.0]));
        assert_eq!(totals(1), (vec![2, 1], vec![6.0, 15.0]));
        let twice = array.along(0, |slice| [slice, slice].concat());
        assert_eq!(twice.shape, [4, 3]);
        assert_eq!(twice.at([2, 1]).value, 2.0);
    }
}
