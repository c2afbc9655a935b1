#![doc = include_str!("../README.md")]

mod error;
mod interval;
mod measure;
mod net;
mod one_dimension;
mod series;
pub mod targets;
mod two_dimensions;

pub use error::ApproximationError;
pub use interval::Interval;
pub use measure::{Errors, GRID_1D, GRID_2D, errors_1d, errors_2d};
pub use net::{OneHiddenLayer, sigmoid};
pub use one_dimension::{Approximation1d, Bump, approximate_1d};
pub use two_dimensions::{Approximation2d, Ridge, Wave, approximate_2d};
