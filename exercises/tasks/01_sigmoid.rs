// Sigmoid (lecture L2)
//
//   Z = σ(A), every element by itself:  σ(a) = 1 / (1 + e^-a)
//
// A loss L depends on Z. Given are A and grad_z = ∂L/∂Z, both of shape [n, d].
// Return grad_a = ∂L/∂A, of shape [n, d].
use exercises::*;

fn sigmoid_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {
    let z = a.map(|a| 1.0 / (1.0 + (-a).exp()));
    blank!("grad_a, the gradient with respect to A, from z and grad_z")
}

fn main() {
    answer(sigmoid_backward);
}
