//! Descents on the lecture's functions.

mod bad_input;
mod convergence;
