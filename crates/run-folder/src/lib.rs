#![doc = include_str!("../README.md")]

mod checkpoint;
mod checksum;
mod config;
mod digest;
mod entry;
mod error;
pub mod files;
mod folder;
mod history;
mod image_inputs;
mod imported;
mod initial;
mod net_data;
mod recorder;
mod remedies;
mod resume;
mod saved;
mod scales;
pub mod shell;
mod test_rows;
pub mod weights;

pub use checkpoint::{Checkpoint, has_checkpoint};
pub use config::{Config, Invocation};
pub use digest::data_digest;
pub use entry::{Entry, Imported, InFolder, METRICS, SWEEP, ScaleSource};
pub use error::RunFolderError;
pub use folder::{RunFolder, lock};
pub use history::{History, Status};
pub use imported::Weights;
pub use initial::InitialWeights;
pub use net_data::NetData;
pub use recorder::{FolderRecorder, Listener};
pub use resume::{Restored, Resumed};
pub use saved::{SavedRun, backend_of};
pub use scales::{ScaleAccuracy, ScaleCheck};
pub use test_rows::{Member, TestRows, answered_together};
