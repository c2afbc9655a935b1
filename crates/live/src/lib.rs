#![doc = include_str!("../README.md")]

mod assets;
mod demos;
mod digits;
mod error;
mod graph;
mod numbers;
mod place;
mod playground;
mod query;
mod server;
mod site;

pub use error::LiveError;
pub use server::{Address, Server};
