//! Gradients of the descent's functions by autodiff.

use gradient_trials::TensorFunction;
use pages::numbers::Array;

use crate::setup::Setup;
use crate::tensors::{read, tracked};

/// The gradient at a point by Burn's autodiff.
pub(crate) fn autodiff(function: &dyn TensorFunction, point: &[f64], setup: &Setup) -> Array {
    let x = tracked(&setup.vector(point.to_vec()));
    let tape = function.tensor_value(x.clone()).backward();
    read(&x.grad(&tape).expect("x is tracked"))
}
