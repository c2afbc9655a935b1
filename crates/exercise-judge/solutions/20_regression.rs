// Multiple linear regression with a ridge term (lecture L12)
//
//   Yp = X·W + b    L = ½ ‖Yp - Y‖² + ½ γ ‖W‖²
//
//   X: [n, d]   W: [d, classes]   b: [1, classes]   Y: [n, classes]   γ: a number; the bias is not penalised
//
// The loss is the sum over the rows. Return grad_w and grad_b.
//? The gradient of a sum of two terms is the sum of two gradients. That of ½ γ ‖W‖² is γ W.
//? grad_yp = Yp - Y, with the bias in Yp; then the rules of product and bias.
//? grad_w = Xᵀ·(Yp - Y) + γ W and grad_b = Σ_rows (Yp - Y). Write `x.t().matmul(&(&yp - y)) + w * gamma` and `(&yp - y).sum_rows()`.
use exercises::*;

fn gradients(x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix, gamma: f64) -> (Matrix, Matrix) {
    let yp = x.matmul(w) + b;
    //~ let grad_w: Matrix = blank!("grad_w, of shape [d, classes]");
    let grad_w = x.t().matmul(&(&yp - y)) + w * gamma;
    //~
    //~ let grad_b: Matrix = blank!("grad_b, of shape [1, classes]");
    let grad_b = (&yp - y).sum_rows();
    //~
    (grad_w, grad_b)
}

fn main() {
    answer(gradients);
}
