//! The witness: a function written down once, on the host in f64 and without Burn.
//!
//! A [`Formula`] computes a function forward from [arrays](Array) of [dual numbers](Dual), which carry
//! a derivative along. So the formula also gives the gradient, and no gradient is derived by hand.
//! Elements may lie in memory in another [layout](Layout); the formula stays the same.

mod array;
mod dual;
mod formula;
mod layout;
mod precision;
mod window;

pub(crate) use array::{Arguments, Array, count, place, sum};
pub(crate) use dual::{Dual, logistic};
pub(crate) use formula::{Argument, Formula, Inputs, argument, arguments, parameter};
pub(crate) use layout::Layout;
pub(crate) use precision::Precision;
pub(crate) use window::{Product, Tap, Term, Window, sum_of_products, sum_of_terms};

use burn::tensor::Tensor;

/// A tensor's elements on the host, in row-major order.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
