//! The functions in Burn tensors, for autodiff and finite differences.

use burn::tensor::Tensor;

use gradient_descent::Function;
use gradient_descent::functions::{
    Composition, CosineBowl, FourVariables, QuadraticValley, Rosenbrock,
};

/// A function whose formula is also written in Burn tensors, so that autodiff can differentiate it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use gradient_descent::{Function, functions::Rosenbrock};
/// use gradient_trials::TensorFunction;
///
/// let x = Tensor::<1>::from_data([-1.0, 2.0], &Device::flex().autodiff()).require_grad();
/// let tape = Rosenbrock.tensor_value(x.clone()).backward();
/// let gradient = x.grad(&tape).unwrap().try_into_vec_as::<f64>().unwrap();
/// assert_eq!(gradient, Rosenbrock.gradient(&[-1.0, 2.0]));
/// ```
pub trait TensorFunction: Function {
    /// `f(x)`.
    ///
    /// # Shapes
    ///
    /// `x: [dimension]`; the value has one element.
    fn tensor_value(&self, x: Tensor<1>) -> Tensor<1>;
}

impl TensorFunction for CosineBowl {
    fn tensor_value(&self, x: Tensor<1>) -> Tensor<1> {
        let s = square(x.cos()).sum();
        square(s).neg()
    }
}

impl TensorFunction for QuadraticValley {
    fn tensor_value(&self, x: Tensor<1>) -> Tensor<1> {
        let [x, y] = split(x);
        (square(x) + square(y).mul_scalar(self.condition())).mul_scalar(0.5)
    }
}

impl TensorFunction for Rosenbrock {
    fn tensor_value(&self, x: Tensor<1>) -> Tensor<1> {
        let [x, y] = split(x);
        square(x.clone().sub_scalar(1.0)) + square(y - square(x)).mul_scalar(100.0)
    }
}

impl TensorFunction for FourVariables {
    fn tensor_value(&self, x: Tensor<1>) -> Tensor<1> {
        let [x1, x2, x3, x4] = split(x);
        let a = square(x1.clone() + x2.clone().mul_scalar(10.0));
        let b = square(x3.clone() - x4.clone());
        let c = square(square(x2 + x3.mul_scalar(2.0)));
        let d = square(square(x1 - x4));
        a + b.mul_scalar(5.0) + c + d.mul_scalar(10.0)
    }
}

impl TensorFunction for Composition {
    fn tensor_value(&self, z: Tensor<1>) -> Tensor<1> {
        FourVariables.tensor_value(inner_map(z))
    }
}

/// `z: [2]` to `x: [4]`.
pub(super) fn inner_map(z: Tensor<1>) -> Tensor<1> {
    let [z1, z2] = split(z);
    let x1 = z1.clone() - z2.clone();
    let x2 = square(z1.clone());
    let x3 = square(z2.clone());
    let x4 = square(z1.clone()) + z1 * z2;
    Tensor::cat(vec![x1, x2, x3, x4], 0)
}

fn square(x: Tensor<1>) -> Tensor<1> {
    x.clone() * x
}

/// The elements, each as a tensor of one.
fn split<const N: usize>(x: Tensor<1>) -> [Tensor<1>; N] {
    std::array::from_fn(|i| x.clone().narrow(0, i, 1))
}
