//! The lecture's gradients, derived by hand, on Burn tensors of any float dtype on any device.
//!
//! - Rules: [`linear`] (matrix product, bias, affine layer), [`activation`], [`layer`] (affine and
//!   activation), [`softmax`], [`cross_entropy`], [`error`], [`ridge`], [`arithmetic`] (sum,
//!   product, power). A rule is a `forward` and a `backward` that stand side by side, with formula,
//!   shapes and derivation above them.
//! - [`nets`]: the scalar, general, XOR and MNIST nets and linear regression, composed of the rules,
//!   one name a step.
//! - [`gradient_norm`]: the norm of a net's gradient, and gradients clipped to a largest norm.
//! - [`xor_net::gradients`], [`mnist_mlp::gradients`] and [`linear_regression::gradients`]: loss and
//!   gradients of the models, packed so that any Burn optimizer steps on them.
//!
//! `grad_x` is the gradient of the loss with respect to `x` and has its shape. Rules and nets work
//! on plain tensors and know nothing of automatic differentiation. The feature `verify` adds
//! the module `verify`, which holds every rule and net against Burn's autodiff and against
//! finite differences.
//!
//! A Burn optimizer steps only on a module that is on an autodiff device (`Module::train`),
//! wherever its gradients come from; the formulas want the plain one (`Module::valid`, same
//! parameter ids):
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
pub mod error;
pub mod gradient_norm;
pub mod layer;
pub mod linear;
pub mod linear_regression;
pub mod mnist_mlp;
pub mod nets;
mod reduction;
pub mod ridge;
pub mod softmax;
#[cfg(test)]
mod testing;
#[cfg(feature = "verify")]
pub mod verify;
pub mod xor_net;

pub use reduction::Reduction;
