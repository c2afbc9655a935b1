#![doc = include_str!("../README.md")]

mod sum;
mod workers;

pub use workers::{Workers, processor_cores, shards};
