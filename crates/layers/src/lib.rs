#![doc = include_str!("../README.md")]

mod activation;
mod error;
mod init;
mod loss;

pub use activation::{Activation, sigmoid};
pub use error::{ConfigError, MAX_WEIGHTS};
pub use init::{Initializer, dense};
pub use loss::half_squared_error;
