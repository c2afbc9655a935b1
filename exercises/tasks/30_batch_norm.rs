// Batch normalisation, in training (beyond the lecture)
//
//   H = (X - m) / √(s² + ε)    Z = γ ∘ H + β
//
//   X, H, Z: [n, d]   m, s²: [1, d], mean and variance of each column over the batch   γ, β: [1, d]   ε = 1e-5
//
// Given are X, γ and grad_z = ∂L/∂Z. Return grad_x [n, d], grad_gamma [1, d] and grad_beta [1, d].
use exercises::*;

fn batch_norm_backward(x: &Matrix, gamma: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix, Matrix) {
    let mean = |x: &Matrix| x.sum_rows() / x.rows() as f64;
    let centred = x - mean(x);
    let std = (mean(&(&centred * &centred)) + 1e-5).sqrt();
    let h = &centred / &std;
    let grad_h: Matrix = blank!("grad_h from gamma and grad_z");
    let grad_x: Matrix = blank!("grad_x from grad_h, h and std; mean(..) is there for you");
    let grad_gamma: Matrix = blank!("grad_gamma, of shape [1, d]");
    let grad_beta: Matrix = blank!("grad_beta, of shape [1, d]");
    (grad_x, grad_gamma, grad_beta)
}

fn main() {
    answer(batch_norm_backward);
}
