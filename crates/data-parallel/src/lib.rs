#![doc = include_str!("../README.md")]

mod lists;
mod sum;
mod workers;

pub use lists::add_to;
pub use workers::{Workers, processor_cores, shards};
