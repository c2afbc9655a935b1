// One step of a recurrent net (beyond the lecture)
//
//   A = X·W + H·U    N = tanh(A)
//
//   X: [n, d]   H, N: [n, h], the state before and the next one   W: [d, h]   U: [h, h]
//
// Given are X, H, W, U and grad = ∂L/∂N. Return grad_w, grad_u, and grad_h, which the step before this one will need.
//? First the gradient with respect to A, through tanh; then twice the rule of the product.
//? tanh' = 1 - N ∘ N, and N is `next`. U is square: look twice at its transpose.
//? grad_a = (1 - N²) ∘ grad; grad_w = Xᵀ·grad_a, grad_u = Hᵀ·grad_a, grad_h = grad_a·Uᵀ.
use exercises::*;

#[rustfmt::skip]
fn step_backward(x: &Matrix, h: &Matrix, w: &Matrix, u: &Matrix, grad: &Matrix) -> (Matrix, Matrix, Matrix) {
    let next = (x.matmul(w) + h.matmul(u)).map(f64::tanh);
    //~ let grad_a: Matrix = blank!("grad_a, through tanh");
    let grad_a = (1.0 - &next * &next) * grad;
    //~
    //~ let grad_w: Matrix = blank!("grad_w, of shape [d, h]");
    let grad_w = x.t().matmul(&grad_a);
    //~
    //~ let grad_u: Matrix = blank!("grad_u, of shape [h, h]");
    let grad_u = h.t().matmul(&grad_a);
    //~
    //~ let grad_h: Matrix = blank!("grad_h, of shape [n, h]");
    let grad_h = grad_a.matmul(&u.t());
    //~
    (grad_w, grad_u, grad_h)
}

fn main() {
    answer(step_backward);
}
