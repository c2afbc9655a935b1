#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! - Rules: [`linear`], [`activation`], [`layer`] (affine map and activation), [`softmax`],
//!   [`cross_entropy`], [`error`], [`ridge`], [`dropout`](mod@dropout), [`arithmetic`].
//! - [`nets`]: the lecture's nets, with a name for every step.
//! - [`xor_net::gradients`], [`mnist_mlp::gradients`], [`linear_regression::gradients`]: loss and
//!   gradients of the models.
//! - [`gradient_norm`]: the norm of a net's gradient, and clipping to a maximum norm.
//!
//! `grad_x` is the gradient of the loss with respect to `x` and has the shape of `x`.
//!
//! # A training step
//!
//! A Burn optimizer updates a module on an autodiff device (`Module::train`), wherever its gradients
//! come from. The formulas take the plain module (`Module::valid`), which has the same parameter
//! ids:
//!
//! ```
//! use burn::module::Module;
//! use burn::optim::SgdConfig;
//! use burn::tensor::{Device, Tensor};
//! use xor_net::XorNetConfig;
//!
//! let device = Device::flex();
//! let x = Tensor::<2>::from_data([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device);
//! let y = Tensor::<2>::from_data([[0.0], [1.0], [1.0], [0.0]], &device);
//!
//! let mut net = XorNetConfig::new().init(1, &device)?.train();
//! let mut optimizer = SgdConfig::new().init();
//! let before = net.valid().loss(x.clone(), y.clone()).into_scalar::<f32>();
//! for _ in 0..20 {
//!     let (x, y) = (x.clone(), y.clone());
//!     let (_loss, grads) = manual_backprop::xor_net::gradients(&net.valid(), x, y);
//!     net = optimizer.step(0.5, net, grads);
//! }
//! assert!(net.valid().loss(x, y).into_scalar::<f32>() < before);
//! # Ok::<(), xor_net::ConfigError>(())
//! ```

pub mod activation;
pub mod arithmetic;
pub mod cross_entropy;
pub mod dropout;
pub mod error;
pub mod gradient_norm;
pub mod layer;
pub mod linear;
pub mod linear_regression;
pub mod mnist_mlp;
pub mod nets;
mod packed;
mod reduction;
pub mod ridge;
pub mod softmax;
#[cfg(test)]
mod testing;
pub mod xor_net;

pub use reduction::Reduction;
