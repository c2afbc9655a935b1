//! The commands, one a file: its options, and what it does.

pub(crate) mod about;
pub(crate) mod backends;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod lesson;
pub(crate) mod predict;
pub(crate) mod reference;
pub(crate) mod report;
pub(crate) mod runs;
pub(crate) mod train;
mod trained_net;
