//! The exact minimum of the loss, from all rows at once.

use burn::tensor::Tensor;

use crate::error::Error;
use crate::normal_equations::{NormalEquations, same_rows};
use crate::solution::Solution;

/// Rows that [`closed_form`] reads back at once: 50 MB of numbers for MNIST's images.
const BLOCK_ROWS: usize = 4096;

/// The exact minimum of the loss over all rows: [`NormalEquations`] of `x` and `y`, solved.
///
/// # Shapes
///
/// `x: [n, inputs]`, `y: [n, outputs]`, of any float dtype on any device.
///
/// # Errors
///
/// [`Error`] if the numbers of rows differ, if there are none, if a number is not finite, or if
/// `ridge` is negative or not finite.
///
/// # Source
///
/// Lecture item L12.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use linear_regression::closed_form;
///
/// // y = x, shrunk by the ridge term: the squared distances of the inputs from their mean add up to 2.
/// let x = Tensor::<2>::from_data([[-1.0], [0.0], [1.0]], &Device::flex());
/// let solution = closed_form(x.clone(), x, 2.0)?;
/// assert_eq!((solution.weight[0], solution.bias[0]), (2.0 / (2.0 + 2.0), 0.0));
/// # Ok::<(), linear_regression::Error>(())
/// ```
pub fn closed_form(x: Tensor<2>, y: Tensor<2>, ridge: f64) -> Result<Solution, Error> {
    Error::check_ridge(ridge)?;
    let rows = same_rows(&x, &y)?;
    let mut equations = NormalEquations::new(x.dims()[1], y.dims()[1])?;
    for start in (0..rows).step_by(BLOCK_ROWS) {
        let block = |tensor: &Tensor<2>| {
            let length = BLOCK_ROWS.min(rows - start);
            tensor.clone().narrow(0, start, length)
        };
        equations.add(block(&x), block(&y))?;
    }
    equations.solve(ridge)
}
