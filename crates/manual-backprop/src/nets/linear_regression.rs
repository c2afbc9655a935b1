//! Multiple linear regression with a ridge term: one affine layer, half squared error over all
//! rows, and a penalty on the weights.

use burn::tensor::Tensor;

use super::{matrix, named};
use crate::error::half_squared_error;
use crate::linear::{add_bias, affine, matmul};
use crate::{Reduction, ridge};

/// The parameters, and the ridge term.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Weights, `[d_in, d_out]`.
    pub w: Tensor<2>,
    /// Bias, `[d_out]`.
    pub b: Tensor<1>,
    /// The ridge term γ, not learned.
    pub gamma: f64,
}

/// Every value of the forward pass.
#[derive(Debug, Clone)]
pub struct Forward {
    /// `x·w`, `[batch, d_out]`.
    pub z: Tensor<2>,
    /// The output `z + b`, `[batch, d_out]`.
    pub yp: Tensor<2>,
    /// `½‖yp - y‖²`, one element.
    pub error: Tensor<1>,
    /// `γ/2 ‖w‖²`, one element.
    pub penalty: Tensor<1>,
    /// `error + penalty`, one element.
    pub loss: Tensor<1>,
}

/// Every gradient of the backward pass; each has the shape of its variable.
#[derive(Debug, Clone)]
pub struct Gradients {
    /// With respect to the output `yp`.
    pub grad_yp: Tensor<2>,
    /// With respect to `w`.
    pub grad_w: Tensor<2>,
    /// With respect to `b`.
    pub grad_b: Tensor<1>,
}

impl Forward {
    /// Every value by its name, in the order of computation; a vector is a matrix of one row.
    pub fn named(&self) -> Vec<(String, Tensor<2>)> {
        named([
            ("z", matrix(&self.z)),
            ("yp", matrix(&self.yp)),
            ("error", matrix(&self.error)),
            ("penalty", matrix(&self.penalty)),
            ("loss", matrix(&self.loss)),
        ])
    }
}

impl Gradients {
    /// Every gradient by its name, in the order of computation; a vector is a matrix of one row.
    pub fn named(&self) -> Vec<(String, Tensor<2>)> {
        named([
            ("grad_yp", matrix(&self.grad_yp)),
            ("grad_b", matrix(&self.grad_b)),
            ("grad_w", matrix(&self.grad_w)),
        ])
    }
}

/// Output and loss, with every value in between.
///
/// # Formula
///
/// ```text
/// z = x·w   yp = z + b   L = ½‖yp - y‖² + γ/2 ‖w‖²
/// ```
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
/// Lecture item L12.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::nets::linear_regression::{self, Parameters};
///
/// let device = Device::flex();
/// let p = Parameters {
///     w: Tensor::from_data([[2.0]], &device),
///     b: Tensor::zeros([1], &device),
///     gamma: 0.5,
/// };
/// let x = Tensor::from_data([[1.0], [3.0]], &device);
/// let y = Tensor::from_data([[1.0], [4.0]], &device);
/// let forward = linear_regression::forward(&p, x.clone(), y.clone());
/// assert_eq!(forward.loss.clone().into_scalar::<f32>(), 0.5 * (1.0 + 4.0) + 0.25 * 4.0);
/// let grads = linear_regression::backward(&p, x, y, &forward);
/// assert_eq!(grads.grad_w.into_scalar::<f32>(), 1.0 * 1.0 + 3.0 * 2.0 + 0.5 * 2.0);
/// assert_eq!(grads.grad_b.into_scalar::<f32>(), 1.0 + 2.0);
/// ```
pub fn forward(p: &Parameters, x: Tensor<2>, y: Tensor<2>) -> Forward {
    let z = matmul::forward(x, p.w.clone());
    let yp = add_bias::forward(z.clone(), p.b.clone());
    let error = half_squared_error::forward(yp.clone(), y, Reduction::Sum);
    let penalty = ridge::forward(p.w.clone(), p.gamma);
    Forward {
        z,
        yp,
        loss: error.clone() + penalty.clone(),
        error,
        penalty,
    }
}

/// Every gradient, from the values of the forward pass.
///
/// # Formula
///
/// ```text
/// δyp = yp - y    δw = xᵀ·δyp + γ w    δb = Σ_rows δyp
/// ```
///
/// # Derivation
///
/// ```text
/// w is used twice, so two gradients add up: xᵀ·δyp by the rules of the affine layer, as in L6,
/// and γ w by the rule of the ridge term. Written out, with X and Y for all rows:
///   ∇W = Xᵀ(X·W + 1bᵀ - Y) + γW = (XᵀX + γI)·W - XᵀY + Xᵀ1bᵀ
/// The slides give (XᵀX + γI)·W - XᵀY, which is this at b = 0, and is exact only there.
/// ```
///
/// # Panics
///
/// If the sizes do not fit.
///
/// # Source
///
/// Lecture item L12.
pub fn backward(p: &Parameters, x: Tensor<2>, y: Tensor<2>, forward: &Forward) -> Gradients {
    let grad_yp = half_squared_error::backward(forward.yp.clone(), y, Reduction::Sum);
    let (grad_w, grad_b) = affine::backward_parameters(x, grad_yp.clone());
    Gradients {
        grad_yp,
        grad_w: grad_w + ridge::backward(p.w.clone(), p.gamma),
        grad_b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};

    fn data() -> (Tensor<2>, Tensor<2>) {
        let x = tensor(
            [4, 3],
            &[
                1.0, -2.0, 0.5, 0.25, 3.0, -1.0, 2.0, 0.0, 1.5, -0.5, 1.0, 4.0,
            ],
        );
        let y = tensor([4, 2], &[1.0, 0.0, 0.5, -1.0, 0.0, 2.0, -0.25, 1.0]);
        (x, y)
    }

    fn parameters(b: [f64; 2], gamma: f64) -> Parameters {
        Parameters {
            w: tensor([3, 2], &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5]),
            b: tensor([2], &b),
            gamma,
        }
    }

    /// `(XᵀX + γI)·W - XᵀY`.
    fn slides_form(p: &Parameters, x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
        let [_, d_in] = x.dims();
        let gram = x.clone().transpose().matmul(x.clone());
        let ridge = Tensor::<2>::eye(d_in, &x.device()).cast(x.dtype()) * p.gamma;
        (gram + ridge).matmul(p.w.clone()) - x.transpose().matmul(y)
    }

    fn grad_w(p: &Parameters, x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
        let forward = forward(p, x.clone(), y.clone());
        backward(p, x, y, &forward).grad_w
    }

    /// All numbers are sums of a few powers of two: both forms are computed without rounding.
    #[test]
    fn without_a_bias_it_is_the_form_of_the_slides() {
        let (x, y) = data();
        for gamma in [0.0, 0.5, 1000.0] {
            let p = parameters([0.0, 0.0], gamma);
            let exact = values(grad_w(&p, x.clone(), y.clone()));
            assert_eq!(exact, values(slides_form(&p, x.clone(), y.clone())));
            assert!(exact.iter().any(|&element| element != 0.0));
        }
    }

    #[test]
    fn with_a_bias_the_form_of_the_slides_lacks_a_term() {
        let (x, y) = data();
        let p = parameters([0.5, -2.0], 0.5);
        let exact = values(grad_w(&p, x.clone(), y.clone()));
        let slides = slides_form(&p, x.clone(), y);
        let ones = Tensor::<2>::ones([4, 1], (&x.device(), x.dtype()));
        let missing = x.transpose().matmul(ones).matmul(p.b.unsqueeze_dim(0));
        assert_ne!(exact, values(slides.clone()));
        assert_eq!(exact, values(slides + missing));
    }

    #[test]
    fn names_come_in_the_order_of_computation() {
        let (x, y) = data();
        let p = parameters([0.5, -2.0], 0.5);
        let forward = forward(&p, x.clone(), y.clone());
        let grads = backward(&p, x, y, &forward);
        let names = |named: Vec<(String, Tensor<2>)>| {
            let parts = named.into_iter().map(|(name, _)| name);
            parts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(forward.named()), "z yp error penalty loss");
        assert_eq!(names(grads.named()), "grad_yp grad_b grad_w");
    }
}
