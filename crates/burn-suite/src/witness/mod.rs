//! The witness: a function written down once, on the host in f64 and without Burn.
//!
//! A [`Formula`] computes a function forward from [arrays](DualArray) of [dual numbers](Dual), which carry
//! a derivative along. So the formula also gives the gradient, and no gradient is derived by hand.
//! Elements may have another [layout](MemoryLayout) in memory; the formula stays the same.

mod array;
mod dual;
mod formula;
mod layout;
mod precision;
mod window;

pub(crate) use array::{Arguments, DualArray, count, place, sum};
pub(crate) use dual::{Dual, logistic};
pub(crate) use formula::{Argument, Formula, FormulaInputs, argument, arguments, parameter};
pub(crate) use layout::MemoryLayout;
pub(crate) use precision::FormulaPrecision;
pub(crate) use window::{Product, SlidingWindow, Tap, Term, sum_of_products, sum_of_terms};

use burn::tensor::Tensor;

/// A tensor's elements on the host, in row-major order.
pub(crate) fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
