//! Runs on a worker of this machine: the same numbers, and what happens when the worker is lost.
#![cfg(unix)]

#[path = "../common/background.rs"]
#[expect(dead_code, reason = "the test of ranks uses the rest")]
mod background;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod common;
mod faults;
#[cfg(target_os = "linux")]
#[path = "../common/namespaces.rs"]
#[expect(dead_code, reason = "the test of ranks uses the rest")]
mod namespaces;
#[cfg(target_os = "linux")]
mod network;
mod program;
mod refusals;
mod results;
mod strangers;
