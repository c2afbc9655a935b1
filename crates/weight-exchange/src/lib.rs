//! Weights of dense nets to and from safetensors, PyTorch, ONNX and Burn's own files.
//!
//! A [`DenseStack`] is a net of dense layers as plain numbers, on no device. [`read`] reads one from a
//! file; [`to_safetensors`], [`to_burnpack`] and [`to_onnx`] turn it into one.
//!
//! | form | read | written |
//! |---|---|---|
//! | safetensors, weights `[d_in, d_out]` as Burn has them | yes | yes, f32 or f16 |
//! | safetensors, weights `[d_out, d_in]` as PyTorch has them | yes | yes, f32 or f16 |
//! | PyTorch's `.pt` state dict | yes | no: PyTorch reads safetensors |
//! | burnpack (`.bpk`, Burn's records) | yes | yes |
//! | ONNX | no | yes |
//!
//! **Which way a weight lies is never guessed.** Burn's `Linear` holds `[d_in, d_out]`, PyTorch's
//! `[d_out, d_in]`, and a square weight looks the same either way. The file's metadata, the names of
//! its layers and their sizes decide. Where none of these does, the file is refused unless
//! [`ImportOptions::layout`] says it.
//!
//! ```
//! use weight_exchange::{Dense, DenseStack, ImportOptions, Layout, Precision, read, to_safetensors};
//!
//! let stack = DenseStack::new(vec![
//!     Dense::new("layers.0", [2, 2], vec![1.0, 2.0, 3.0, 4.0], vec![0.0, 0.5])?,
//! ])?;
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("net.safetensors");
//! std::fs::write(&path, to_safetensors(&stack, Layout::Pytorch, Precision::F32)?)?;
//!
//! let imported = read(&path, &ImportOptions::default())?;
//! assert_eq!(imported.layout, Layout::Pytorch); // stated in the file's metadata
//! assert_eq!(imported.stack.layers()[0].weight(), [1.0, 2.0, 3.0, 4.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
