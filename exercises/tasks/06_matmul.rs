// The matrix product (lecture L11)
//
//   Z = X·W    X: [n, d_in]    W: [d_in, d_out]    Z: [n, d_out]
//
// Given are X, W and grad_z = ∂L/∂Z, of shape [n, d_out].
// Return grad_x, of the shape of X, and grad_w, of the shape of W.
use exercises::*;

fn matmul_backward(x: &Matrix, w: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix) {
    let grad_x: Matrix = blank!("grad_x, of shape [n, d_in]");
    let grad_w: Matrix = blank!("grad_w, of shape [d_in, d_out]");
    (grad_x, grad_w)
}

fn main() {
    answer(matmul_backward);
}
