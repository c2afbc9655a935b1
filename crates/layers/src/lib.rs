#![doc = include_str!("../README.md")]

mod activation;
mod dropout;
mod error;
mod init;
mod loss;
mod philox;

pub use activation::{Activation, sigmoid};
pub use dropout::Dropout;
pub use error::{ConfigError, MAX_WEIGHTS};
pub use init::{Initializer, dense};
pub use loss::half_squared_error;
