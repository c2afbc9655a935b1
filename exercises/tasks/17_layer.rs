// One layer (lecture L10)
//
//   A = X·W + b    Z = σ(A)    X: [n, d_in]    W: [d_in, d_out]    b: [1, d_out]
//
// Given are X, W, b and grad_z = ∂L/∂Z, of shape [n, d_out]. The slides write G = f'(X·W + b) ∘ δZ.
// Return grad_x, grad_w and grad_b.
use exercises::*;

fn layer_backward(x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix, Matrix) {
    let a = x.matmul(w) + b;
    let z = a.map(|a| 1.0 / (1.0 + (-a).exp()));
    let g: Matrix = blank!("G, the gradient with respect to A, of shape [n, d_out]");
    let grad_x: Matrix = blank!("grad_x from G");
    let grad_w: Matrix = blank!("grad_w from G");
    let grad_b: Matrix = blank!("grad_b from G");
    (grad_x, grad_w, grad_b)
}

fn main() {
    answer(layer_backward);
}
