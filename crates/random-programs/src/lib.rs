#![doc = include_str!("../README.md")]

mod array;
mod code;
mod companion;
mod execute;
mod faults;
mod generate;
mod judge;
mod number;
mod operations;
mod program;
mod random;
mod shrink;
mod tensors;
mod witness;

pub use execute::Setting;
pub use faults::Fault;
pub use judge::{Complaint, ComplaintKind, DEADLOCK, Judge, ONE_NODE, STALE_GRAPH, Verdict};
pub use program::Program;
