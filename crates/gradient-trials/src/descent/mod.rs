//! The functions of `gradient-descent` as cases.
//!
//! Their gradients are plain `f64`. The vector-Jacobian product of a case reads the point from the
//! device, computes on the host, and uploads the result. Autodiff and finite differences use the
//! same formula in tensors ([`TensorFunction`]).
//!
//! A case is named after its function, with its point in brackets: `rosenbrock [-1.2, 1]`.

mod alternatives;
mod functions;
mod mutants;
mod tensor_function;

pub(crate) use alternatives::alternatives;
pub(crate) use functions::cases;
pub(crate) use mutants::mutants;
pub use tensor_function::TensorFunction;
