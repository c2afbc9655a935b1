// One layer (lecture L10)
//
//   A = X·W + b    Z = σ(A)    X: [n, d_in]    W: [d_in, d_out]    b: [1, d_out]
//
// Given are X, W, b and grad_z = ∂L/∂Z, of shape [n, d_out]. The slides write G = f'(X·W + b) ∘ δZ.
// Return grad_x, grad_w and grad_b.
//? First G, the gradient with respect to A. Then the rules of product and bias, with G as the gradient from above.
//? σ'(A) = Z ∘ (1 - Z), so G = Z ∘ (1 - Z) ∘ grad_z.
//? grad_x = G·Wᵀ, grad_w = Xᵀ·G, grad_b = Σ_rows G.
use exercises::*;

fn layer_backward(x: &Matrix, w: &Matrix, b: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix, Matrix) {
    let a = x.matmul(w) + b;
    let z = a.map(|a| 1.0 / (1.0 + (-a).exp()));
    //~ let g: Matrix = blank!("G, the gradient with respect to A, of shape [n, d_out]");
    let g = &z * (1.0 - &z) * grad_z;
    //~
    //~ let grad_x: Matrix = blank!("grad_x from G");
    let grad_x = g.matmul(&w.t());
    //~
    //~ let grad_w: Matrix = blank!("grad_w from G");
    let grad_w = x.t().matmul(&g);
    //~
    //~ let grad_b: Matrix = blank!("grad_b from G");
    let grad_b = g.sum_rows();
    //~
    (grad_x, grad_w, grad_b)
}

fn main() {
    answer(layer_backward);
}
