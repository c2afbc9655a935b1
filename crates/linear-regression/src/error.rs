//! What can go wrong, and reading a tensor back.

use burn::tensor::Tensor;
use layers::ConfigError;
use thiserror::Error;

/// Why a model cannot be made, or data has no solution.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// A size that a model cannot have.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A ridge term that is negative or not finite.
    #[error("the ridge term is {got}, expected a finite number, 0 or more; use 0 for none")]
    Ridge {
        /// The term that was given.
        got: f64,
    },
    /// Inputs and targets with different numbers of rows.
    #[error(
        "x has {x} rows and y has {y}, expected the same number; give each row of x one target"
    )]
    Rows {
        /// Rows of the inputs.
        x: usize,
        /// Rows of the targets.
        y: usize,
    },
    /// Data with another number of columns than expected.
    #[error("{what} has {got} columns, expected {expected}; give every block the same columns")]
    Columns {
        /// `x` or `y`.
        what: &'static str,
        /// Columns expected.
        expected: usize,
        /// Columns given.
        got: usize,
    },
    /// No data.
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
    /// Finite data whose squares are not finite.
    #[error("the squares of the data exceed the range of f64; scale the data down")]
    Overflow,
    /// A tensor that could not be read back.
    #[error("the device did not return its data ({reason}); try another device")]
    Device {
        /// Burn's message.
        reason: String,
    },
}

impl Error {
    /// `Ok` for a finite ridge term of 0 or more, else [`Error::Ridge`].
    pub(crate) fn check_ridge(ridge: f64) -> Result<(), Self> {
        if ridge.is_finite() && ridge >= 0.0 {
            Ok(())
        } else {
            Err(Self::Ridge { got: ridge })
        }
    }
}

/// The elements of a tensor in f64, row by row.
pub(crate) fn read_back<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, Error> {
    tensor.try_into_vec_as().map_err(|error| Error::Device {
        reason: error.to_string(),
    })
}
