//! Functions whose gradients are to be checked.

use crate::Matrix;

/// A function of a matrix, with one number as its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    number: usize,
}

impl Objective {
    const FUNCTIONS: [fn(&Matrix) -> f64; 4] = [
        |x| 0.5 * (x * x).sum(),
        |x| x.map(|x| 1.0 / (1.0 + (-x).exp())).sum(),
        |x| x.map(f64::sin).sum() * x.sum(),
        |x| x.matmul(&x.t()).sum().exp(),
    ];

    /// The function of this number, if there is one.
    pub fn numbered(number: f64) -> Option<Self> {
        let found = (0..Self::FUNCTIONS.len()).find(|known| *known as f64 == number);
        found.map(|number| Self { number })
    }

    /// `f(x)`.
    pub fn value(self, x: &Matrix) -> f64 {
        Self::FUNCTIONS[self.number](x)
    }
}
