#![doc = include_str!("../README.md")]

mod gradients;
mod nets;
mod values;

pub use fused_mlp::FusedError;
pub use gradients::{BatchTargets, LayerGradients, Way, gradients};
pub use nets::FusedNet;
pub use values::{Number, load, store, tensors};
