// Half the squared error, mean over the batch (lecture L11)
//
//   L = 1/n · ½ ‖Yp - Y‖²    Yp, Y: [n, d], a row for each example
//
// ‖·‖² is the sum of the squares of all elements; n is the number of rows, not of elements.
// Return grad_yp = ∂L/∂Yp, of shape [n, d].
//? Differentiate ½ (yp - y)² for one element; then the factor of the mean.
//? ½ and the exponent 2 cancel, and 1/n stays.
//? grad_yp = (Yp - Y)/n. Write `(yp - y) / n`.
use exercises::*;

fn half_squared_error_backward(yp: &Matrix, y: &Matrix) -> Matrix {
    let n = yp.rows() as f64;
    //~ blank!("grad_yp, the gradient with respect to Yp, of shape [n, d]")
    (yp - y) / n
    //~
}

fn main() {
    answer(half_squared_error_backward);
}
