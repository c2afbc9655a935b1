//! The XOR net: a hidden layer and a sigmoid output, half squared error over all rows.

use burn::tensor::Tensor;

use super::{Parameters, matrix, named};
use crate::Reduction;
use crate::activation::{self, Activation, sigmoid};
use crate::error::half_squared_error;
use crate::linear::{add_bias, matmul};

/// Every value of the forward pass.
#[derive(Debug, Clone)]
pub struct Forward {
    /// `x·w1`, `[batch, hidden]`.
    pub z1: Tensor<2>,
    /// `z1 + b1`, `[batch, hidden]`.
    pub z2: Tensor<2>,
    /// `f(z2)`, `[batch, hidden]`.
    pub z3: Tensor<2>,
    /// `z3·w2`, `[batch, d_out]`.
    pub z4: Tensor<2>,
    /// `z4 + b2`, `[batch, d_out]`.
    pub z5: Tensor<2>,
    /// The output `σ(z5)`, `[batch, d_out]`.
    pub yp: Tensor<2>,
    /// `½‖yp - y‖²`, one element.
    pub loss: Tensor<1>,
}

/// Every gradient of the backward pass; each has the shape of its variable.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// With respect to the output `yp`.
    pub grad_yp: Tensor<2>,
    /// With respect to `z5`.
    pub grad_z5: Tensor<2>,
    /// With respect to `z4`.
    pub grad_z4: Tensor<2>,
    /// With respect to `z3`.
    pub grad_z3: Tensor<2>,
    /// With respect to `z2`.
    pub grad_z2: Tensor<2>,
    /// With respect to `z1`.
    pub grad_z1: Tensor<2>,
    /// With respect to `w1`.
    pub grad_w1: Tensor<2>,
    /// With respect to `b1`.
    pub grad_b1: Tensor<1>,
    /// With respect to `w2`.
    pub grad_w2: Tensor<2>,
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
            ("z5", matrix(&self.z5)),
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
            ("grad_z5", matrix(&self.grad_z5)),
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
/// z1 = x·w1   z2 = z1 + b1   z3 = f(z2)   z4 = z3·w2   z5 = z4 + b2   yp = σ(z5)
/// L = ½‖yp - y‖²
/// ```
///
/// On the slides `f = σ`.
///
/// # Shapes
///
/// `x: [batch, d_in]`, `y: [batch, d_out]`.
///
/// # Panics
///
/// If the sizes do not fit.
///
/// # Source
///
/// Lecture item L3.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::{activation::Activation, nets::{Parameters, xor}};
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device);
/// let y = Tensor::<2>::from_data([[0.0], [1.0], [1.0], [0.0]], &device);
/// let p = Parameters {
///     w1: Tensor::zeros([2, 3], &device),
///     b1: Tensor::zeros([3], &device),
///     w2: Tensor::zeros([3, 1], &device),
///     b2: Tensor::zeros([1], &device),
/// };
/// let forward = xor::forward(Activation::Sigmoid, &p, x.clone(), y.clone());
/// assert_eq!(forward.loss.clone().into_scalar::<f32>(), 0.5); // every output is 0.5
/// let grads = xor::backward(Activation::Sigmoid, &p, x, y, &forward);
/// assert_eq!(
///     grads.grad_z5.try_into_vec_as::<f32>().unwrap(),
///     [0.125, -0.125, -0.125, 0.125] // σ'(0) (0.5 - y)
/// );
/// ```
pub fn forward(f: Activation, p: &Parameters, x: Tensor<2>, y: Tensor<2>) -> Forward {
    let z1 = matmul::forward(x, p.w1.clone());
    let z2 = add_bias::forward(z1.clone(), p.b1.clone());
    let z3 = activation::forward(f, z2.clone());
    let z4 = matmul::forward(z3.clone(), p.w2.clone());
    let z5 = add_bias::forward(z4.clone(), p.b2.clone());
    let yp = sigmoid::forward(z5.clone());
    let loss = half_squared_error::forward(yp.clone(), y, Reduction::Sum);
    Forward {
        z1,
        z2,
        z3,
        z4,
        z5,
        yp,
        loss,
    }
}

/// The gradients, in the reverse order of [`forward`].
///
/// # Formula
///
/// ```text
/// δyp = yp - y
/// δz5 = σ(z5)(1 - σ(z5))∘δyp    δz4 = δz5    δb2 = Σ_rows δz5
/// δz3 = δz4·w2ᵀ                              δw2 = z3ᵀ·δz4
/// δz2 = f'(z2)∘δz3              δz1 = δz2    δb1 = Σ_rows δz2    δw1 = xᵀ·δz1
/// ```
///
/// # Derivation
///
/// One rule per step: half squared error, sigmoid, bias, product, activation, bias, product.
///
/// # Source
///
/// Lecture item L4.
pub fn backward(
    f: Activation,
    p: &Parameters,
    x: Tensor<2>,
    y: Tensor<2>,
    forward: &Forward,
) -> Gradients {
    let grad_yp = half_squared_error::backward(forward.yp.clone(), y, Reduction::Sum);
    let grad_z5 = sigmoid::backward(forward.yp.clone(), grad_yp.clone());
    let (grad_z4, grad_b2) = add_bias::backward(grad_z5.clone());
    let (grad_z3, grad_w2) = matmul::backward(forward.z3.clone(), p.w2.clone(), grad_z4.clone());
    let grad_z2 = activation::backward(f, forward.z2.clone(), forward.z3.clone(), grad_z3.clone());
    let (grad_z1, grad_b1) = add_bias::backward(grad_z2.clone());
    let grad_w1 = x.transpose().matmul(grad_z1.clone());
    Gradients {
        grad_yp,
        grad_z5,
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
