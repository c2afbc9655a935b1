//! The parts of the lecture's nets: pointwise [`Activation`]s, dense layers with seeded weights, and
//! the squared error. Weights are drawn on the host, so that every backend starts from the same ones.
//!
//! ```
//! use burn::tensor::Device;
//! use layers::{Activation, Initializer, dense};
//!
//! let device = Device::flex();
//! let layer = dense(3, 2, Initializer::GlorotUniform, 7, "hidden", &device);
//! let same = dense(3, 2, Initializer::GlorotUniform, 7, "hidden", &device);
//! assert_eq!(layer.weight.val().dims(), [3, 2]);
//! layer.weight.val().to_data().assert_eq(&same.weight.val().to_data(), true);
//! assert_eq!("relu".parse(), Ok(Activation::Relu));
//! ```

mod activation;
mod error;
mod init;
mod loss;

pub use activation::{Activation, sigmoid};
pub use error::{ConfigError, MAX_WEIGHTS};
pub use init::{Initializer, dense};
pub use loss::half_squared_error;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
