#![doc = include_str!("../README.md")]

mod closed_form;
mod eigen;
mod error;
mod model;
mod normal_equations;
mod solution;

pub use closed_form::closed_form;
pub use error::Error;
pub use layers::{ConfigError, Dropout, Initializer, half_squared_error};
pub use model::{LinearRegression, LinearRegressionConfig};
pub use normal_equations::{Curvature, NormalEquations};
pub use solution::Solution;
