//! The lecture's nets, composed of the rules: a name for every value, and a gradient for each of
//! them.
//!
//! `forward` returns every intermediate value, `backward` every gradient, as fields and as a list
//! with names. No net computes the gradient of its input, which is data.

pub mod dense;
pub mod general;
pub mod linear_regression;
pub mod mnist;
pub mod scalar;
pub mod xor;

use burn::tensor::Tensor;

/// Parameters of a net with one hidden layer ([`xor`] and [`general`]).
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Weights of the hidden layer, `[d_in, hidden]`.
    pub w1: Tensor<2>,
    /// Bias of the hidden layer, `[hidden]`.
    pub b1: Tensor<1>,
    /// Weights of the output layer, `[hidden, d_out]`.
    pub w2: Tensor<2>,
    /// Bias of the output layer, `[d_out]`.
    pub b2: Tensor<1>,
}

/// A tensor as a matrix; a vector becomes its only row.
fn matrix<const D: usize>(tensor: &Tensor<D>) -> Tensor<2> {
    match D {
        2 => tensor.clone().reshape([tensor.dims()[0], tensor.dims()[1]]),
        _ => tensor.clone().reshape([1, tensor.dims()[0]]),
    }
}

fn named<const N: usize>(tensors: [(&str, Tensor<2>); N]) -> Vec<(String, Tensor<2>)> {
    tensors
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .into()
}
