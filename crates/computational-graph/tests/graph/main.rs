//! The lecture's graphs: gradients, drawings and errors.

mod common;
mod drawing;
mod errors;
mod gradients;
