//! Runs on a worker of this machine: the same numbers, and what happens when the worker is lost.
#![cfg(unix)]

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "the other tests use the rest")]
mod common;
mod faults;
mod program;
mod refusals;
mod results;
