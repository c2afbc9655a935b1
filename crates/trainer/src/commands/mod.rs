//! The commands, one per file, each with its options.

pub(crate) mod about;
pub(crate) mod backends;
mod class_folders;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod lesson;
pub(crate) mod live;
pub(crate) mod predict;
mod prediction;
pub(crate) mod reference;
pub(crate) mod report;
pub(crate) mod runs;
mod sheet;
pub(crate) mod sweep;
pub(crate) mod train;
mod trained_net;
pub(crate) mod worker;
