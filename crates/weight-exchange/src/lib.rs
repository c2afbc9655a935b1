#![doc = include_str!("../README.md")]
//!
//! A [`DenseStack`] is a net of dense layers as plain numbers, on no device. [`read`] reads one from a
//! file; [`to_safetensors`], [`to_burnpack`] and [`to_onnx`] turn it into one.

mod error;
mod export;
mod form;
mod import;
mod layout;
pub mod onnx;
mod order;
mod stack;
mod tensors;

pub use error::ExchangeError;
pub use export::{Precision, to_burnpack, to_safetensors};
pub use form::Form;
pub use import::{ImportOptions, Imported, parse_safetensors, read};
pub use layout::Layout;
pub use onnx::to_onnx;
pub use stack::{Dense, DenseStack};
