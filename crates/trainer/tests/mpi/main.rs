//! Runs on several ranks, by the MPI library that is installed: started by `mpirun`, stopped, killed, cut off.
//!
//! The environment variable `KILLS` sets the number of killed ranks.
#![cfg(target_os = "linux")]

#[path = "../common/background.rs"]
mod background;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod common;
mod faults;
mod in_file;
#[path = "../common/namespaces.rs"]
#[expect(dead_code, reason = "the test of a worker uses the rest")]
mod namespaces;
mod network;
mod program;
mod results;
