// One step of a recurrent net (beyond the lecture)
//
//   A = X·W + H·U    N = tanh(A)
//
//   X: [n, d]   H, N: [n, h], the state before and the next one   W: [d, h]   U: [h, h]
//
// Given are X, H, W, U and grad = ∂L/∂N. Return grad_w, grad_u, and grad_h, which the step before this one will need.
use exercises::*;

#[rustfmt::skip]
fn step_backward(x: &Matrix, h: &Matrix, w: &Matrix, u: &Matrix, grad: &Matrix) -> (Matrix, Matrix, Matrix) {
    let next = (x.matmul(w) + h.matmul(u)).map(f64::tanh);
    let grad_a: Matrix = blank!("grad_a, through tanh");
    let grad_w: Matrix = blank!("grad_w, of shape [d, h]");
    let grad_u: Matrix = blank!("grad_u, of shape [h, h]");
    let grad_h: Matrix = blank!("grad_h, of shape [n, h]");
    (grad_w, grad_u, grad_h)
}

fn main() {
    answer(step_backward);
}
