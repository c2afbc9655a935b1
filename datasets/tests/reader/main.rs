//! The reader of IDX files and of folders with four of them.

mod arbitrary_bytes;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod folder;
mod layouts;
