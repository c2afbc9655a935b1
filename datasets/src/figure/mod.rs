//! Finds the figure in a picture of any kind.

pub(crate) mod contrast;
pub(crate) mod find;
pub(crate) mod form;
pub(crate) mod parts;
pub(crate) mod plane;
pub(crate) mod ruled;
