#![doc = include_str!("../README.md")]
//!
//! A [`DenseStack`] is a net of dense layers as plain numbers, on no device. [`read`] reads one from a
//! file; [`to_safetensors`], [`to_burnpack`] and [`to_onnx`] turn it into one.

mod array;
mod error;
mod export;
mod form;
mod import;
mod layout;
mod metadata;
mod model;
mod norm;
pub mod onnx;
mod order;
mod pickle;
mod scale;
mod stack;
mod tensors;
mod text;

pub use error::ExchangeError;
pub use export::{Precision, to_burnpack, to_safetensors};
pub use form::Form;
pub use import::{ImportOptions, Imported, parse, read};
pub use layout::Layout;
pub use norm::NormPlace;
pub use onnx::to_onnx;
pub use scale::InputScale;
pub use stack::{Dense, DenseStack, ImageInputs};
