// Layer normalisation (beyond the lecture)
//
//   m = mean of a row    s² = mean of (x - m)² over the row    Z = (X - m) / √(s² + ε)
//
//   X, Z: [n, d]   m, s²: [n, 1]   ε = 1e-5, in `std` already; mean: 1/d times the sum over the columns
//
// Given are X and grad_z = ∂L/∂Z. Return grad_x, of shape [n, d]. Every x changes the mean and the variance of its row.
use exercises::*;

fn layer_norm_backward(x: &Matrix, grad_z: &Matrix) -> Matrix {
    let mean = |x: &Matrix| x.sum_columns() / x.columns() as f64;
    let centred = x - mean(x);
    let std = (mean(&(&centred * &centred)) + 1e-5).sqrt();
    let z = &centred / &std;
    blank!("grad_x from grad_z, z and std; mean(..) is there for you")
}

fn main() {
    answer(layer_norm_backward);
}
