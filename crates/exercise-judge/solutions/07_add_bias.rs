// Adding a bias to every row (lecture L11)
//
//   Z = X + b    X: [n, d]    b: [1, d], added to each of the n rows
//
// Given is grad_z = ∂L/∂Z, of shape [n, d].
// Return grad_x, of shape [n, d], and grad_b, of shape [1, d].
//? Each element of b is used n times, once in every row. What happens to the gradients of its uses?
//? z_kl = x_kl + b_l, so ∂L/∂b_l = Σ_k grad_z_kl: the sum over the rows.
//? grad_x = grad_z and grad_b = Σ_rows grad_z. Write `grad_z.clone()` and `grad_z.sum_rows()`.
use exercises::*;

fn add_bias_backward(grad_z: &Matrix) -> (Matrix, Matrix) {
    //~ let grad_x: Matrix = blank!("grad_x, of shape [n, d]");
    let grad_x = grad_z.clone();
    //~
    //~ let grad_b: Matrix = blank!("grad_b, of shape [1, d]");
    let grad_b = grad_z.sum_rows();
    //~
    (grad_x, grad_b)
}

fn main() {
    answer(add_bias_backward);
}
