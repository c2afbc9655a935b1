#![doc = include_str!("../README.md")]

mod activation;
mod architecture;
mod batch;
mod blocks;
mod dropout;
mod engine;
mod error;
mod exchange;
mod norm;
mod number;
mod output;
mod parameters;
mod phases;
mod product;
mod rule;
mod support;
mod team;
mod tiny;
mod trainer;
mod update;

pub use architecture::{Architecture, Output, OutputUnit, Ridge};
pub use batch::{Inputs, Targets};
pub use error::FusedError;
pub use number::Number;
pub use parameters::{LayerValues, Parts, State};
pub use rule::{Rule, Step};
pub use trainer::{Float, Trainer};
