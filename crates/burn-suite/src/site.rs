//! Where a disagreement is found, and how large it is.

/// The error of a mismatch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FoundError {
    /// The largest relative error.
    pub(crate) relative: Option<f64>,
    /// The absolute difference of the element that has it.
    pub(crate) absolute: Option<f64>,
    /// The root mean square of the tensor that the element is of.
    pub(crate) size: Option<f64>,
}

/// One check of an operation on one platform.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) operation: &'a str,
    pub(crate) backend: &'a str,
    pub(crate) dtype: &'a str,
    pub(crate) check: &'a str,
    pub(crate) is_drawn: bool,
    pub(crate) is_software: bool,
}
