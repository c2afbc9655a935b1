//! Why a configuration describes no net.

use thiserror::Error;

/// The most weights that one layer may have, 2²⁸: 1 GiB in f32.
pub const MAX_WEIGHTS: usize = 1 << 28;

/// An invalid configuration of a net.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A layer without units.
    #[error("{layer} has size 0, expected at least 1; give every layer one unit or more")]
    EmptyLayer {
        /// Which size is zero, in words.
        layer: String,
    },
    /// A layer with more weights than [`MAX_WEIGHTS`].
    #[error(
        "a layer from {d_in} to {d_out} units has more than {MAX_WEIGHTS} weights; use fewer units"
    )]
    TooManyWeights {
        /// Units before the layer.
        d_in: usize,
        /// Units after the layer.
        d_out: usize,
    },
    /// A share that is not from 0 to below 1.
    #[error("{what} is {got}, expected at least 0 and below 1; use a share like 0.1")]
    ShareOutOfRange {
        /// What the share is of, in words.
        what: &'static str,
        /// The share that was given.
        got: f64,
    },
    /// A name that is not in the list.
    #[error("unknown {what} '{got}', expected one of {expected}; use one of these names")]
    UnknownName {
        /// The kind of thing that has the name, in words.
        what: &'static str,
        /// The names that exist.
        expected: String,
        /// The name that was given.
        got: String,
    },
}

impl ConfigError {
    /// Checks that no layer between the given numbers of units has more than [`MAX_WEIGHTS`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::TooManyWeights`] for the first layer that has.
    pub fn check_weights(units: &[usize]) -> Result<(), Self> {
        for (&d_in, &d_out) in units.iter().zip(units.iter().skip(1)) {
            let weights = d_in.checked_mul(d_out);
            if weights.is_none_or(|weights| weights > MAX_WEIGHTS) {
                return Err(Self::TooManyWeights { d_in, d_out });
            }
        }
        Ok(())
    }

    /// Checks that a share is at least 0 and below 1.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ShareOutOfRange`] if it is negative, at least 1, or NaN.
    pub fn check_share(what: &'static str, share: f64) -> Result<(), Self> {
        if (0.0..1.0).contains(&share) {
            Ok(())
        } else {
            Err(Self::ShareOutOfRange { what, got: share })
        }
    }

    /// Checks that a layer has at least one unit.
    ///
    /// # Errors
    ///
    /// [`ConfigError::EmptyLayer`] if `size` is 0.
    pub fn check_size(layer: impl Into<String>, size: usize) -> Result<(), Self> {
        if size > 0 {
            return Ok(());
        }
        Err(Self::EmptyLayer {
            layer: layer.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_too_large_for_memory_are_refused() {
        assert_eq!(ConfigError::check_weights(&[784, 256, 10]), Ok(()));
        for units in [[784, usize::MAX], [1 << 14, 1 << 15]] {
            let [d_in, d_out] = units;
            let error = ConfigError::check_weights(&units);
            assert_eq!(error, Err(ConfigError::TooManyWeights { d_in, d_out }));
        }
    }
}
