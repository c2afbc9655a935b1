// Batch normalisation, in training (beyond the lecture)
//
//   H = (X - m) / √(s² + ε)    Z = γ ∘ H + β
//
//   X, H, Z: [n, d]   m, s²: [1, d], mean and variance of each column over the batch   γ, β: [1, d]   ε = 1e-5
//
// Given are X, γ and grad_z = ∂L/∂Z. Return grad_x [n, d], grad_gamma [1, d] and grad_beta [1, d].
//? γ and β are used once in every row. H gets grad_h = γ ∘ grad_z.
//? For grad_x, take layer normalisation's rule, with means over the rows and grad_h in the place of grad_z.
//? grad_x = (grad_h - mean(grad_h) - H ∘ mean(grad_h ∘ H)) / std; grad_gamma = Σ_rows H ∘ grad_z; grad_beta = Σ_rows grad_z.
use exercises::*;

fn batch_norm_backward(x: &Matrix, gamma: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix, Matrix) {
    let mean = |x: &Matrix| x.sum_rows() / x.rows() as f64;
    let centred = x - mean(x);
    let std = (mean(&(&centred * &centred)) + 1e-5).sqrt();
    let h = &centred / &std;
    //~ let grad_h: Matrix = blank!("grad_h from gamma and grad_z");
    let grad_h = gamma * grad_z;
    //~
    //~ let grad_x: Matrix = blank!("grad_x from grad_h, h and std; mean(..) is there for you");
    let grad_x = (&grad_h - mean(&grad_h) - &h * mean(&(&grad_h * &h))) / &std;
    //~
    //~ let grad_gamma: Matrix = blank!("grad_gamma, of shape [1, d]");
    let grad_gamma = (&h * grad_z).sum_rows();
    //~
    //~ let grad_beta: Matrix = blank!("grad_beta, of shape [1, d]");
    let grad_beta = grad_z.sum_rows();
    //~
    (grad_x, grad_gamma, grad_beta)
}

fn main() {
    answer(batch_norm_backward);
}
