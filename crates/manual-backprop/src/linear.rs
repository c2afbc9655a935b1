//! Matrix product, addition of a bias, and both together.

use burn::tensor::Tensor;

/// Matrix product.
///
/// # Formula
///
/// ```text
/// z = x·w        grad_x = grad_z·wᵀ        grad_w = xᵀ·grad_z
/// ```
///
/// # Shapes
///
/// `x: [batch, d_in]`, `w: [d_in, d_out]`, `z: [batch, d_out]`; a gradient has the shape of its
/// variable.
///
/// # Derivation
///
/// ```text
/// z_kl = Σ_j x_kj w_jl,  so  ∂z_kl/∂x_ij = w_jl if i = k, else 0
///                            ∂z_kl/∂w_ij = x_ki if j = l, else 0
/// grad_x_ij = Σ_kl ∂z_kl/∂x_ij grad_z_kl = Σ_l grad_z_il w_jl = (grad_z·wᵀ)_ij
/// grad_w_ij = Σ_kl ∂z_kl/∂w_ij grad_z_kl = Σ_k x_ki grad_z_kj = (xᵀ·grad_z)_ij
/// ```
///
/// # Panics
///
/// If the inner sizes differ.
///
/// # Source
///
/// Lecture item L11 (examples 1 and 2).
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::linear::matmul;
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[1.0, 2.0]], &device);
/// let w = Tensor::<2>::from_data([[3.0], [4.0]], &device);
/// assert_eq!(matmul::forward(x.clone(), w.clone()).into_scalar::<f32>(), 11.0);
/// let grad_z = Tensor::<2>::from_data([[10.0]], &device);
/// let (grad_x, grad_w) = matmul::backward(x, w, grad_z);
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [30.0, 40.0]);
/// assert_eq!(grad_w.try_into_vec_as::<f32>().unwrap(), [10.0, 20.0]);
/// ```
pub mod matmul {
    use super::Tensor;

    /// `z = x·w`.
    pub fn forward(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
        x.matmul(w)
    }

    /// `(grad_x, grad_w)`.
    pub fn backward(x: Tensor<2>, w: Tensor<2>, grad_z: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let grad_x = grad_z.clone().matmul(w.transpose());
        let grad_w = x.transpose().matmul(grad_z);
        (grad_x, grad_w)
    }
}

/// Addition of a bias to every row: the form for batches, with one example per row.
///
/// # Formula
///
/// ```text
/// z_kl = x_kl + b_l        grad_x = grad_z        grad_b_l = Σ_k grad_z_kl
/// ```
///
/// # Shapes
///
/// `x: [batch, d]`, `b: [d]`, `z: [batch, d]`.
///
/// # Derivation
///
/// ```text
/// ∂z_kl/∂x_ij = 1 if (i, j) = (k, l), else 0,  so  grad_x_ij = grad_z_ij
/// ∂z_kl/∂b_j  = 1 if j = l, else 0,            so  grad_b_j  = Σ_k grad_z_kj
/// ```
///
/// # Panics
///
/// If `b` does not have as many elements as `x` has columns.
///
/// # Source
///
/// Lecture item L11 (row form), used by L4 and L9.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::linear::add_bias;
///
/// let grad_z = Tensor::<2>::from_data([[1.0, 2.0], [10.0, 20.0]], &Device::flex());
/// let (_, grad_b) = add_bias::backward(grad_z);
/// assert_eq!(grad_b.try_into_vec_as::<f32>().unwrap(), [11.0, 22.0]);
/// ```
pub mod add_bias {
    use super::Tensor;

    /// `z = x + b`, the same `b` for every row.
    pub fn forward(x: Tensor<2>, b: Tensor<1>) -> Tensor<2> {
        assert_eq!(x.dims()[1], b.dims()[0], "x and b differ in columns");
        x + b.unsqueeze_dim(0)
    }

    /// `(grad_x, grad_b)`.
    pub fn backward(grad_z: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let grad_b = grad_z.clone().sum_dim(0).squeeze_dim(0);
        (grad_z, grad_b)
    }
}

/// Addition of a bias to every column: the form on the slides, with one example per column.
///
/// # Formula
///
/// ```text
/// z_kl = x_kl + b_k        grad_x = grad_z        grad_b_k = Σ_l grad_z_kl
/// ```
///
/// # Shapes
///
/// `x: [d, batch]`, `b: [d]`, `z: [d, batch]`.
///
/// # Derivation
///
/// ```text
/// ∂z_kl/∂x_ij = 1 if (i, j) = (k, l), else 0,  so  grad_x_ij = grad_z_ij
/// ∂z_kl/∂b_i  = 1 if i = k, else 0,            so  grad_b_i  = Σ_l grad_z_il
/// ```
///
/// # Panics
///
/// If `b` does not have as many elements as `x` has rows.
///
/// # Source
///
/// Lecture item L11 (column form).
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::linear::add_bias_to_columns;
///
/// let grad_z = Tensor::<2>::from_data([[1.0, 2.0], [10.0, 20.0]], &Device::flex());
/// let (_, grad_b) = add_bias_to_columns::backward(grad_z);
/// assert_eq!(grad_b.try_into_vec_as::<f32>().unwrap(), [3.0, 30.0]);
/// ```
pub mod add_bias_to_columns {
    use super::Tensor;

    /// `z = x + b`, the same `b` for every column.
    pub fn forward(x: Tensor<2>, b: Tensor<1>) -> Tensor<2> {
        assert_eq!(x.dims()[0], b.dims()[0], "x and b differ in rows");
        x + b.unsqueeze_dim(1)
    }

    /// `(grad_x, grad_b)`.
    pub fn backward(grad_z: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let grad_b = grad_z.clone().sum_dim(1).squeeze_dim(1);
        (grad_z, grad_b)
    }
}

/// Affine layer: a matrix product and the addition of a bias to every row.
///
/// # Formula
///
/// ```text
/// z = x·w + b    grad_x = grad_z·wᵀ    grad_w = xᵀ·grad_z    grad_b = Σ_rows grad_z
/// ```
///
/// # Shapes
///
/// `x: [batch, d_in]`, `w: [d_in, d_out]`, `b: [d_out]`, `z: [batch, d_out]`.
///
/// # Derivation
///
/// The two rules above, one after the other: the addition passes `grad_z` unchanged to the product.
///
/// # Panics
///
/// If the sizes do not fit.
///
/// # Source
///
/// Lecture items L10 (with `f` left out) and L11.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::linear::affine;
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[1.0, 2.0]], &device);
/// let w = Tensor::<2>::from_data([[3.0], [4.0]], &device);
/// let b = Tensor::<1>::from_data([5.0], &device);
/// assert_eq!(affine::forward(x.clone(), w.clone(), b).into_scalar::<f32>(), 16.0);
/// let (grad_x, grad_w, grad_b) = affine::backward(x, w, Tensor::ones([1, 1], &device));
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [3.0, 4.0]);
/// assert_eq!(grad_w.try_into_vec_as::<f32>().unwrap(), [1.0, 2.0]);
/// assert_eq!(grad_b.try_into_vec_as::<f32>().unwrap(), [1.0]);
/// ```
pub mod affine {
    use super::{Tensor, add_bias, matmul};

    /// `z = x·w + b`.
    pub fn forward(x: Tensor<2>, w: Tensor<2>, b: Tensor<1>) -> Tensor<2> {
        add_bias::forward(matmul::forward(x, w), b)
    }

    /// `(grad_x, grad_w, grad_b)`.
    pub fn backward(
        x: Tensor<2>,
        w: Tensor<2>,
        grad_z: Tensor<2>,
    ) -> (Tensor<2>, Tensor<2>, Tensor<1>) {
        let (grad_z, grad_b) = add_bias::backward(grad_z);
        let (grad_x, grad_w) = matmul::backward(x, w, grad_z);
        (grad_x, grad_w, grad_b)
    }

    /// `(grad_w, grad_b)` alone, for the first layer of a net, whose input is data.
    pub fn backward_parameters(x: Tensor<2>, grad_z: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let (grad_z, grad_b) = add_bias::backward(grad_z);
        let grad_w = x.transpose().matmul(grad_z);
        (grad_w, grad_b)
    }
}
