// Layer normalisation (beyond the lecture)
//
//   m = mean of a row    s² = mean of (x - m)² over the row    Z = (X - m) / √(s² + ε)
//
//   X, Z: [n, d]   m, s²: [n, 1]   ε = 1e-5, in `std` already; mean: 1/d times the sum over the columns
//
// Given are X and grad_z = ∂L/∂Z. Return grad_x, of shape [n, d]. Every x changes the mean and the variance of its row.
//? Three ways lead from x to z: directly, by m, and by s². The result is grad_z with two parts taken away, divided by std.
//? The parts taken away are the mean of grad_z over the row, and Z times the mean of grad_z ∘ Z over the row.
//? grad_x = (grad_z - mean(grad_z) - Z ∘ mean(grad_z ∘ Z)) / std. Write `mean(&(grad_z * &z))`.
use exercises::*;

fn layer_norm_backward(x: &Matrix, grad_z: &Matrix) -> Matrix {
    let mean = |x: &Matrix| x.sum_columns() / x.columns() as f64;
    let centred = x - mean(x);
    let std = (mean(&(&centred * &centred)) + 1e-5).sqrt();
    let z = &centred / &std;
    //~ blank!("grad_x from grad_z, z and std; mean(..) is there for you")
    (grad_z - mean(grad_z) - &z * mean(&(grad_z * &z))) / &std
    //~
}

fn main() {
    answer(layer_norm_backward);
}
