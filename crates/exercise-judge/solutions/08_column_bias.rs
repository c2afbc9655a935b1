// Adding a bias to every column: the slides' form (lecture L11)
//
//   Z_kl = X_kl + b_k    X: [d, n]    b: [d, 1], added to each of the n columns
//
// Given is grad_z = ∂L/∂Z, of shape [d, n].
// Return grad_x, of shape [d, n], and grad_b, of shape [d, 1].
//? Now an element of b is used in all elements of its row.
//? ∂L/∂b_k = Σ_l grad_z_kl: the sum over the columns.
//? Write `grad_z.clone()` and `grad_z.sum_columns()`.
use exercises::*;

fn add_column_bias_backward(grad_z: &Matrix) -> (Matrix, Matrix) {
    //~ let grad_x: Matrix = blank!("grad_x, of shape [d, n]");
    let grad_x = grad_z.clone();
    //~
    //~ let grad_b: Matrix = blank!("grad_b, of shape [d, 1]");
    let grad_b = grad_z.sum_columns();
    //~
    (grad_x, grad_b)
}

fn main() {
    answer(add_column_bias_backward);
}
