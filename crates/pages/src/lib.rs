#![doc = include_str!("../README.md")]

pub mod colours;
mod error;
pub mod images;
pub mod numbers;
pub mod page;
pub mod plot;
pub mod terminal;
pub mod terms;

pub use error::PageError;
