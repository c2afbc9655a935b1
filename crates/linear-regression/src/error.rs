use burn::tensor::Tensor;
use layers::ConfigError;
use thiserror::Error;

/// A model that cannot be made, or data without a solution.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A size that no model has.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A ridge term that is negative or not finite.
    #[error("the ridge term is {got}, expected a finite number from 0; give 0 for none")]
    Ridge {
        /// The term that was given.
        got: f64,
    },
    /// Inputs and targets with different numbers of rows.
    #[error("x has {x} rows, but y has {y}, expected equally many; give each row of x its target")]
    Rows {
        /// Rows of the inputs.
        x: usize,
        /// Rows of the targets.
        y: usize,
    },
    /// Data with another number of columns than the data before.
    #[error(
        "{what} has {got} columns, expected {expected}; give rows of the size of the rows before"
    )]
    Columns {
        /// `x` or `y`.
        what: &'static str,
        /// Columns of the rows before.
        expected: usize,
        /// Columns of these rows.
        got: usize,
    },
    /// No data at all.
    #[error("there are 0 rows, expected at least 1; add rows first")]
    NoRows,
    /// NaN or an infinity in the data.
    #[error(
        "{what} is {value} in row {row}, column {column}, expected a finite number; clean the data"
    )]
    NotFinite {
        /// `x` or `y`.
        what: &'static str,
        /// Row of the value, from 0.
        row: usize,
        /// Column of the value, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Finite data whose squares are not.
    #[error("the squares of the data exceed the range of f64; scale the data down")]
    Overflow,
    /// A tensor that could not be read back.
    #[error("the device did not give its data back ({reason}); try another device")]
    Device {
        /// What Burn said.
        reason: String,
    },
}

impl Error {
    /// `Ok` for a finite ridge term from 0, else [`Error::Ridge`].
    pub(crate) fn check_ridge(ridge: f64) -> Result<(), Self> {
        match ridge.is_finite() && ridge >= 0.0 {
            true => Ok(()),
            false => Err(Self::Ridge { got: ridge }),
        }
    }
}

/// The elements of a tensor in f64, row by row.
pub(crate) fn read_back<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, Error> {
    tensor.try_into_vec_as().map_err(|error| Error::Device {
        reason: error.to_string(),
    })
}
