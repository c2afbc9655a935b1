//! The crate's tests, in one program.

mod bits;
mod common;
mod exchange;
mod gradients;
mod random;
mod refused;
mod steps;
