// Adding a bias to every row (lecture L11)
//
//   Z = X + b    X: [n, d]    b: [1, d], added to each of the n rows
//
// Given is grad_z = ∂L/∂Z, of shape [n, d].
// Return grad_x, of shape [n, d], and grad_b, of shape [1, d].
use exercises::*;

fn add_bias_backward(grad_z: &Matrix) -> (Matrix, Matrix) {
    let grad_x: Matrix = blank!("grad_x, of shape [n, d]");
    let grad_b: Matrix = blank!("grad_b, of shape [1, d]");
    (grad_x, grad_b)
}

fn main() {
    answer(add_bias_backward);
}
