// Adding a bias to every column: the slides' form (lecture L11)
//
//   Z_kl = X_kl + b_k    X: [d, n]    b: [d, 1], added to each of the n columns
//
// Given is grad_z = ∂L/∂Z, of shape [d, n].
// Return grad_x, of shape [d, n], and grad_b, of shape [d, 1].
use exercises::*;

fn add_column_bias_backward(grad_z: &Matrix) -> (Matrix, Matrix) {
    let grad_x: Matrix = blank!("grad_x, of shape [d, n]");
    let grad_b: Matrix = blank!("grad_b, of shape [d, 1]");
    (grad_x, grad_b)
}

fn main() {
    answer(add_column_bias_backward);
}
