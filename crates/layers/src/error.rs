use thiserror::Error;

/// A configuration that describes no net.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A layer without a single unit.
    #[error("{layer} has size 0, expected at least 1; give every layer one unit or more")]
    EmptyLayer {
        /// Which size is zero, in words.
        layer: String,
    },
    /// A name that is not in the list.
    #[error("unknown {what} '{got}', expected one of {expected}; use one of these names")]
    UnknownName {
        /// What the name should name, in words.
        what: &'static str,
        /// The names that exist.
        expected: String,
        /// The name that was given.
        got: String,
    },
}

impl ConfigError {
    /// `Ok` for a size of at least one, else [`ConfigError::EmptyLayer`].
    ///
    /// # Errors
    ///
    /// If `size` is zero.
    pub fn check_size(layer: impl Into<String>, size: usize) -> Result<(), Self> {
        match size {
            0 => Err(Self::EmptyLayer {
                layer: layer.into(),
            }),
            _ => Ok(()),
        }
    }
}
