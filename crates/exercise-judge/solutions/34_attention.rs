// Attention with one head (beyond the lecture)
//
//   S = c Q·Kᵀ    P = softmax(S), row by row    Z = P·V    c = 1/√d
//
//   Q: [n, d]   K: [m, d]   V: [m, e]   S, P: [n, m]   Z: [n, e]
//
// Given are Q, K, V and grad_z = ∂L/∂Z. Return grad_q, grad_k and grad_v.
//? Backward: Z = P·V by the rule of the product, then softmax's rule, then S = c Q·Kᵀ by the rule of the product.
//? grad_v = Pᵀ·grad_z, grad_p = grad_z·Vᵀ, grad_s = P ∘ (grad_p - Σ_columns P ∘ grad_p).
//? grad_q = c grad_s·K and grad_k = c grad_sᵀ·Q.
use exercises::*;

#[rustfmt::skip]
fn attention_backward(q: &Matrix, k: &Matrix, v: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix, Matrix) {
    let c = 1.0 / (q.columns() as f64).sqrt();
    let s = c * q.matmul(&k.t());
    let e = (&s - s.max_columns()).exp();
    let p = &e / e.sum_columns();
    //~ let grad_v: Matrix = blank!("grad_v, of shape [m, e]");
    let grad_v = p.t().matmul(grad_z);
    //~
    //~ let grad_p: Matrix = blank!("grad_p, of shape [n, m]");
    let grad_p = grad_z.matmul(&v.t());
    //~
    //~ let grad_s: Matrix = blank!("grad_s, by softmax's rule");
    let grad_s = &p * (&grad_p - (&p * &grad_p).sum_columns());
    //~
    //~ let grad_q: Matrix = blank!("grad_q, of shape [n, d]");
    let grad_q = c * grad_s.matmul(k);
    //~
    //~ let grad_k: Matrix = blank!("grad_k, of shape [m, d]");
    let grad_k = c * grad_s.t().matmul(q);
    //~
    (grad_q, grad_k, grad_v)
}

fn main() {
    answer(attention_backward);
}
