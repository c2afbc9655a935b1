//! Why a page or a figure cannot be made.

/// An error while rendering a page or a figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The page's template and its content do not match.
    #[error("cannot render the page")]
    Template(#[from] minijinja::Error),

    /// The chart library refused: an axis without length, for example.
    #[error("cannot draw the figure: {0}")]
    Figure(String),

    /// A small image cannot be encoded.
    #[error("cannot encode an image of {width}x{height} pixels as PNG")]
    Image {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// The encoder's reason.
        source: png::EncodingError,
    },
}

impl PageError {
    /// An error of the chart library, whose types depend on its backend.
    pub(crate) fn figure(error: impl std::fmt::Display) -> Self {
        Self::Figure(error.to_string())
    }
}
