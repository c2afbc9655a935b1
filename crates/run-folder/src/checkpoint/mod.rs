//! Checkpoints: all that a run needs to continue as if it had never stopped, one file each.

mod container;
mod store;

pub use container::Checkpoint;
pub(crate) use store::{Checkpoints, Found};
