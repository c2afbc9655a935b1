//! What the exercises are written in: [`Matrix`], [`blank!`], and [`answer`], which hands a function to the
//! judge. It depends on nothing, so that an exercise is built in half a second.
//!
//! ```
//! use exercises::Matrix;
//!
//! let x = Matrix::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
//! let w = Matrix::from([[1.0, 0.0], [0.0, -1.0]]);
//! let b = Matrix::from([[0.5, 0.5]]);
//! let z = x.matmul(&w) + &b;
//! assert_eq!(z.shape(), [3, 2]);
//! assert_eq!(x.t().matmul(&z).shape(), [2, 2]);
//! assert_eq!(z.sum_rows(), Matrix::from([[10.5, -10.5]]));
//! ```

mod answer;
mod matrix;
mod objective;
mod operators;
mod value;

pub use answer::{Answer, Argument, Exercise, MARK, answer, respond};
pub use matrix::Matrix;
pub use objective::Objective;
pub use value::{Value, parse_line, to_line};

/// Stands where your formula belongs: replace the whole `blank!(...)`.
#[macro_export]
macro_rules! blank {
    ($what:expr) => {
        panic!("blank: {}", $what)
    };
}
