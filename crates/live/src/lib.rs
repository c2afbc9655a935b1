#![doc = include_str!("../README.md")]

mod assets;
mod cache;
mod changes;
mod demos;
mod digits;
mod error;
mod export;
mod graph;
mod numbers;
mod place;
mod playground;
mod query;
mod server;
mod site;
mod watch;

pub use digits::{Accuracy, DigitNet, Run, Runs};
pub use error::LiveError;
pub use server::{Address, Server};
pub use site::Content;
