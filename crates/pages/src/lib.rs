#![doc = include_str!("../README.md")]

pub mod colours;
mod error;
pub mod formula;
pub mod images;
mod markup;
pub mod numbers;
pub mod page;
pub mod plot;
pub mod terminal;
pub mod terms;

pub use error::PageError;
