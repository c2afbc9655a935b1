//! The net 2-3-2. It needs the packages `burn`, with the feature "flex", and `layers`.

use burn::tensor::{Tensor, TensorData, activation};
use layers::Activation;

/// Points `x: [n, 2]` give probabilities `[n, 2]`.
pub fn forward(x: Tensor<2>) -> Tensor<2> {
    let z = x;
    let a = affine(z, [2, 3], &[0.5, -1.25, 2.0, 1.0, 0.125, -0.75], &[0.1, -0.2, 0.3]);
    let z = Activation::Tanh.forward(a);
    let a = affine(z, [3, 2], &[1.5, -1.0, 0.25, 2.0, -0.5, 0.75], &[0.0, -0.4]);
    activation::softmax(a, 1)
}

/// `z·w + b`, where the weights `[d_in, d_out]` are listed row by row.
fn affine(z: Tensor<2>, [d_in, d_out]: [usize; 2], weights: &[f64], biases: &[f64]) -> Tensor<2> {
    let device = z.device();
    let options = (&device, z.dtype());
    let w = Tensor::from_data(TensorData::new(weights.to_vec(), [d_in, d_out]), options);
    let b = Tensor::from_data(TensorData::new(biases.to_vec(), [1, d_out]), options);
    z.matmul(w) + b
}
