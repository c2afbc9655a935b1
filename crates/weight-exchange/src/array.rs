//! The numbers of a tensor, in f32.

use layers::{ConfigError, MAX_WEIGHTS};

use crate::error::ExchangeError;

/// Numbers and their shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// Checks that a tensor is not larger than a layer may be: a file can name any shape.
pub(crate) fn check_size(name: &str, shape: &[usize]) -> Result<(), ExchangeError> {
    let elements = shape
        .iter()
        .try_fold(1, |product: usize, &size| product.checked_mul(size));
    match elements {
        Some(elements) if elements <= MAX_WEIGHTS => Ok(()),
        _ => match *shape {
            [d_in, d_out] => Err(ConfigError::TooManyWeights { d_in, d_out }.into()),
            _ => Err(ExchangeError::WrongShape {
                name: name.to_owned(),
                expected: format!("at most {MAX_WEIGHTS} elements"),
                got: shape.to_vec(),
            }),
        },
    }
}
