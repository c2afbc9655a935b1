//! The scalar net: `yp = σ(x w1 + b1) w2 + b2`, every variable one number.

use burn::tensor::Tensor;

use super::{matrix, named};
use crate::Reduction;
use crate::activation::sigmoid;
use crate::error::half_squared_error;

/// Parameters, each of shape `[1]`.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Weight of the hidden unit.
    pub w1: Tensor<1>,
    /// Bias of the hidden unit.
    pub b1: Tensor<1>,
    /// Weight of the output.
    pub w2: Tensor<1>,
    /// Bias of the output.
    pub b2: Tensor<1>,
}

/// Every value of the forward pass, each of shape `[1]`.
#[derive(Debug, Clone)]
pub struct Forward {
    /// `x w1`.
    pub z1: Tensor<1>,
    /// `z1 + b1`.
    pub z2: Tensor<1>,
    /// `σ(z2)`.
    pub z3: Tensor<1>,
    /// `z3 w2`.
    pub z4: Tensor<1>,
    /// The output `z4 + b2`.
    pub yp: Tensor<1>,
    /// `½(yp - y)²`.
    pub loss: Tensor<1>,
}

/// Every gradient of the backward pass, each of shape `[1]`.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// With respect to the output `yp`.
    pub grad_yp: Tensor<1>,
    /// With respect to `z4`.
    pub grad_z4: Tensor<1>,
    /// With respect to `z3`.
    pub grad_z3: Tensor<1>,
    /// With respect to `z2`.
    pub grad_z2: Tensor<1>,
    /// With respect to `z1`.
    pub grad_z1: Tensor<1>,
    /// With respect to `w1`.
    pub grad_w1: Tensor<1>,
    /// With respect to `b1`.
    pub grad_b1: Tensor<1>,
    /// With respect to `w2`.
    pub grad_w2: Tensor<1>,
    /// With respect to `b2`.
    pub grad_b2: Tensor<1>,
}

impl Forward {
    /// Every value by its name, in the order of computation; a vector is a matrix of one row.
    pub fn named(&self) -> Vec<(String, Tensor<2>)> {
        named([
            ("z1", matrix(&self.z1)),
            ("z2", matrix(&self.z2)),
            ("z3", matrix(&self.z3)),
            ("z4", matrix(&self.z4)),
            ("yp", matrix(&self.yp)),
            ("loss", matrix(&self.loss)),
        ])
    }
}

impl Gradients {
    /// Every gradient by its name, in the order of computation; a vector is a matrix of one row.
    pub fn named(&self) -> Vec<(String, Tensor<2>)> {
        named([
            ("grad_yp", matrix(&self.grad_yp)),
            ("grad_z4", matrix(&self.grad_z4)),
            ("grad_b2", matrix(&self.grad_b2)),
            ("grad_z3", matrix(&self.grad_z3)),
            ("grad_w2", matrix(&self.grad_w2)),
            ("grad_z2", matrix(&self.grad_z2)),
            ("grad_z1", matrix(&self.grad_z1)),
            ("grad_b1", matrix(&self.grad_b1)),
            ("grad_w1", matrix(&self.grad_w1)),
        ])
    }
}

/// Output and loss of the net, with every value in between.
///
/// # Formula
///
/// ```text
/// z1 = x w1   z2 = z1 + b1   z3 = σ(z2)   z4 = z3 w2   yp = z4 + b2   L = ½(yp - y)²
/// ```
///
/// # Shapes
///
/// `x`, `y` and all other values: `[1]`.
///
/// # Panics
///
/// If `x` and `y` differ in shape.
///
/// # Source
///
/// Lecture item L5.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::nets::scalar::{self, Parameters};
///
/// let number = |value: f32| Tensor::<1>::from_data([value], &Device::flex());
/// let p = Parameters { w1: number(0.0), b1: number(0.0), w2: number(4.0), b2: number(1.0) };
/// let forward = scalar::forward(&p, number(5.0), number(1.0));
/// assert_eq!(forward.yp.clone().into_scalar::<f32>(), 3.0); // σ(0)·4 + 1
/// assert_eq!(forward.loss.clone().into_scalar::<f32>(), 2.0); // ½(3 - 1)²
/// let grads = scalar::backward(&p, number(5.0), number(1.0), &forward);
/// assert_eq!(grads.grad_w1.into_scalar::<f32>(), 10.0); // 2 · 4 · σ'(0) · 5
/// ```
pub fn forward(p: &Parameters, x: Tensor<1>, y: Tensor<1>) -> Forward {
    let z1 = x * p.w1.clone();
    let z2 = z1.clone() + p.b1.clone();
    let z3 = sigmoid::forward(z2.clone());
    let z4 = z3.clone() * p.w2.clone();
    let yp = z4.clone() + p.b2.clone();
    let loss = half_squared_error::forward(yp.clone(), y, Reduction::Sum);
    Forward {
        z1,
        z2,
        z3,
        z4,
        yp,
        loss,
    }
}

/// The gradients, in the reverse order of [`forward`].
///
/// # Formula
///
/// ```text
/// δyp = yp - y    δz4 = δyp       δb2 = δyp
/// δz3 = w2 δz4                    δw2 = z3 δz4
/// δz2 = σ'(z2) δz3   δz1 = δz2    δb1 = δz2     δw1 = x δz1
/// ```
///
/// # Derivation
///
/// The chain rule, one step at a time: `∂yp/∂z4 = 1`, `∂z4/∂z3 = w2`, `∂z4/∂w2 = z3`,
/// `∂z3/∂z2 = σ'(z2)`, `∂z2/∂z1 = 1`, `∂z1/∂w1 = x`.
pub fn backward(p: &Parameters, x: Tensor<1>, y: Tensor<1>, forward: &Forward) -> Gradients {
    let grad_yp = half_squared_error::backward(forward.yp.clone(), y, Reduction::Sum);
    let grad_z4 = grad_yp.clone();
    let grad_b2 = grad_yp.clone();
    let grad_z3 = p.w2.clone() * grad_z4.clone();
    let grad_w2 = forward.z3.clone() * grad_z4.clone();
    let grad_z2 = sigmoid::backward(forward.z3.clone(), grad_z3.clone());
    let grad_z1 = grad_z2.clone();
    let grad_b1 = grad_z2.clone();
    let grad_w1 = x * grad_z1.clone();
    Gradients {
        grad_yp,
        grad_z4,
        grad_z3,
        grad_z2,
        grad_z1,
        grad_w1,
        grad_b1,
        grad_w2,
        grad_b2,
    }
}
