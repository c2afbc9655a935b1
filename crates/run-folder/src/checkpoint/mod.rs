//! Checkpoints: everything that a run needs to continue as if it had never stopped, in one file
//! each.

mod container;
mod store;

pub use container::Checkpoint;
pub use store::has_checkpoint;
pub(crate) use store::{Checkpoints, Found};
