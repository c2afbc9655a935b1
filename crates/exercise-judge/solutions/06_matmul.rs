// The matrix product (lecture L11)
//
//   Z = X·W    X: [n, d_in]    W: [d_in, d_out]    Z: [n, d_out]
//
// Given are X, W and grad_z = ∂L/∂Z, of shape [n, d_out].
// Return grad_x, of the shape of X, and grad_w, of the shape of W.
//? A gradient has the shape of what it belongs to. Which product of W and grad_z has the shape of X?
//? z_kl = Σ_i x_ki w_il. So ∂L/∂x_ki = Σ_l grad_z_kl w_il, and ∂L/∂w_il = Σ_k x_ki grad_z_kl. Read them as products.
//? grad_x = grad_z·Wᵀ and grad_w = Xᵀ·grad_z. The transpose is `w.t()`, the product `a.matmul(&b)`.
use exercises::*;

fn matmul_backward(x: &Matrix, w: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix) {
    //~ let grad_x: Matrix = blank!("grad_x, of shape [n, d_in]");
    let grad_x = grad_z.matmul(&w.t());
    //~
    //~ let grad_w: Matrix = blank!("grad_w, of shape [d_in, d_out]");
    let grad_w = x.t().matmul(grad_z);
    //~
    (grad_x, grad_w)
}

fn main() {
    answer(matmul_backward);
}
