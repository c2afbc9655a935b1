//! The matrix.

use std::fmt;
use std::ops::{Index, IndexMut};

/// A matrix of `f64`, row by row.
///
/// `&x + &y`, `-`, `*` and `/` work element by element; a matrix with one row or one column is repeated to fit the
/// other one, and so is a number: `1.0 - &z`. The product of matrices is [`Matrix::matmul`].
#[derive(Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

/// Columns that are printed.
const SHOWN: usize = 12;

/// A line for each row, to be read.
impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shape())?;
        for row in self.values.chunks(self.columns.max(1)) {
            f.write_str("\n ")?;
            for value in row.iter().take(SHOWN) {
                let size = value.abs();
                if size == 0.0 || (1e-3..1e5).contains(&size) {
                    write!(f, " {value:12.6}")?;
                } else {
                    write!(f, " {value:12.4e}")?;
                }
            }
            if row.len() > SHOWN {
                f.write_str(" ...")?;
            }
        }
        Ok(())
    }
}

impl Matrix {
    /// A matrix of the given values, row by row.
    ///
    /// # Panics
    ///
    /// If their number is not `rows * columns`.
    #[track_caller]
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Self {
        let count = values.len();
        assert!(
            count == rows * columns,
            "new: {count} values for shape [{rows}, {columns}]"
        );
        Self {
            rows,
            columns,
            values,
        }
    }

    /// A matrix of the values `value(i, j)`.
    pub fn from_fn(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let row = |i| (0..columns).map(move |j| (i, j));
        let values = (0..rows).flat_map(row).map(|(i, j)| value(i, j)).collect();
        Self {
            rows,
            columns,
            values,
        }
    }

    /// Zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self::from_fn(rows, columns, |_, _| 0.0)
    }

    /// Ones.
    pub fn ones(rows: usize, columns: usize) -> Self {
        Self::from_fn(rows, columns, |_, _| 1.0)
    }

    /// Number of rows: `n` of a batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The values, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The transpose: `[n, d]` to `[d, n]`.
    pub fn t(&self) -> Self {
        Self::from_fn(self.columns, self.rows, |i, j| self[(j, i)])
    }

    /// The matrix product: `[n, k]` times `[k, d]` to `[n, d]`.
    ///
    /// # Panics
    ///
    /// If the inner sizes differ.
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        assert!(
            self.columns == other.rows,
            "matmul: {:?} times {:?}, whose inner sizes differ",
            self.shape(),
            other.shape()
        );
        let mut product = Self::zeros(self.rows, other.columns);
        let width = other.columns.max(1);
        let rows = product.values.chunks_mut(width);
        for (sums, row) in rows.zip(self.values.chunks(self.columns.max(1))) {
            for (x, others) in row.iter().zip(other.values.chunks(width)) {
                for (sum, y) in sums.iter_mut().zip(others) {
                    *sum += x * y;
                }
            }
        }
        product
    }

    /// `f` of every element: `x.map(f64::exp)`, `x.map(|x| x * x)`.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        let values = self.values.iter().map(|x| f(*x)).collect();
        Self { values, ..*self }
    }

    /// `e^x` of every element.
    pub fn exp(&self) -> Self {
        self.map(f64::exp)
    }

    /// The natural logarithm of every element.
    pub fn ln(&self) -> Self {
        self.map(f64::ln)
    }

    /// The square root of every element.
    pub fn sqrt(&self) -> Self {
        self.map(f64::sqrt)
    }

    /// The sum of all elements.
    pub fn sum(&self) -> f64 {
        self.values.iter().sum()
    }

    /// Σ over the rows: `[n, d]` to `[1, d]`.
    pub fn sum_rows(&self) -> Self {
        self.fold_rows(0.0, |sum, x| sum + x)
    }

    /// Σ over the columns: `[n, d]` to `[n, 1]`.
    pub fn sum_columns(&self) -> Self {
        self.t().sum_rows().t()
    }

    /// The largest element of every row: `[n, d]` to `[n, 1]`.
    pub fn max_columns(&self) -> Self {
        self.t().fold_rows(f64::NEG_INFINITY, f64::max).t()
    }

    /// Row `i`: `[n, d]` to `[1, d]`.
    ///
    /// # Panics
    ///
    /// If there is no row `i`.
    #[track_caller]
    pub fn row(&self, i: usize) -> Self {
        assert!(i < self.rows, "row {i} of shape {:?}", self.shape());
        Self::from_fn(1, self.columns, |_, j| self[(i, j)])
    }

    fn fold_rows(&self, start: f64, f: impl Fn(f64, f64) -> f64) -> Self {
        Self::from_fn(1, self.columns, |_, j| {
            (0..self.rows).fold(start, |all, i| f(all, self[(i, j)]))
        })
    }

    /// `f` of both elements, with a single row, column or element repeated.
    #[track_caller]
    pub(crate) fn with(&self, other: &Self, name: &str, f: impl Fn(f64, f64) -> f64) -> Self {
        let (one, two) = (self.shape(), other.shape());
        let size = |axis: usize| match (one[axis], two[axis]) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        };
        let (Some(rows), Some(columns)) = (size(0), size(1)) else {
            panic!("{name}: {one:?} and {two:?} do not fit each other");
        };
        let at = |matrix: &Self, i: usize, j: usize| {
            matrix[(i.min(matrix.rows - 1), j.min(matrix.columns - 1))]
        };
        Self::from_fn(rows, columns, |i, j| f(at(self, i, j), at(other, i, j)))
    }
}

impl<const R: usize, const C: usize> From<[[f64; C]; R]> for Matrix {
    fn from(rows: [[f64; C]; R]) -> Self {
        Self::from_fn(R, C, |i, j| rows[i][j])
    }
}

/// Element `x[(i, j)]` of row `i` and column `j`.
impl Index<(usize, usize)> for Matrix {
    type Output = f64;

    #[track_caller]
    fn index(&self, (i, j): (usize, usize)) -> &f64 {
        assert!(
            i < self.rows && j < self.columns,
            "element ({i}, {j}) of shape [{}, {}]",
            self.rows,
            self.columns
        );
        &self.values[i * self.columns + j]
    }
}

impl IndexMut<(usize, usize)> for Matrix {
    #[track_caller]
    fn index_mut(&mut self, (i, j): (usize, usize)) -> &mut f64 {
        assert!(
            i < self.rows && j < self.columns,
            "element ({i}, {j}) of shape [{}, {}]",
            self.rows,
            self.columns
        );
        &mut self.values[i * self.columns + j]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn x() -> Matrix {
        Matrix::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    }

    #[test]
    fn a_matrix_is_printed_as_rows() {
        let matrix = Matrix::from([[0.0, -1.0 / 3.0], [1e-9, f64::NAN]]);
        let text = "[2, 2]\n      0.000000    -0.333333\n     1.0000e-9          NaN";
        assert_eq!(format!("{matrix:?}"), text);
        let wide = format!("{:?}", Matrix::zeros(1, 784));
        assert!(
            wide.ends_with(" 0.000000 ...") && wide.len() < 200,
            "{wide}"
        );
    }

    #[test]
    fn products_and_transposes() {
        assert_eq!(x().t().shape(), [3, 2]);
        assert_eq!(
            x().matmul(&x().t()),
            Matrix::from([[14.0, 32.0], [32.0, 77.0]])
        );
    }

    #[test]
    fn sums_and_maxima_run_along_the_axis_that_their_name_says() {
        assert_eq!(x().sum_rows(), Matrix::from([[5.0, 7.0, 9.0]]));
        assert_eq!(x().sum_columns(), Matrix::from([[6.0], [15.0]]));
        assert_eq!(x().max_columns(), Matrix::from([[3.0], [6.0]]));
        assert_eq!(x().row(1), Matrix::from([[4.0, 5.0, 6.0]]));
        assert_eq!(x().sum(), 21.0);
    }

    #[test]
    #[should_panic(expected = "matmul: [2, 3] times [2, 3]")]
    fn shapes_that_do_not_fit_are_named() {
        x().matmul(&x());
    }
}
