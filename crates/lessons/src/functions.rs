//! Gradients of the descent's functions by autodiff.

use burn::tensor::{Tensor, TensorData};
use gradient_descent::verify::TensorFunction;

use super::Room;
use crate::pages::numbers::Host;

/// A point on the device, `[dimension]`.
pub(crate) fn tensor(point: &[f64], room: &Room) -> Tensor<1> {
    let data = TensorData::new::<f64, _>(point.to_vec(), [point.len()]);
    Tensor::from_data(data, room.float())
}

/// The gradient at a point by Burn's autodiff.
pub(crate) fn autodiff(function: &dyn TensorFunction, point: &[f64], room: &Room) -> Host {
    let x = tensor(point, room).autodiff().require_grad();
    let tape = function.tensor_value(x.clone()).backward();
    Host::of(&x.grad(&tape).expect("x is tracked"))
}
