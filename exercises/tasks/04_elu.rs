// ELU (lecture L2)
//
//   Z = ELU(A), every element by itself:  ELU(a) = a where a > 0,  e^a - 1 elsewhere
//
// Given are A and grad_z = ∂L/∂Z, both of shape [n, d].
// Return grad_a = ∂L/∂A, of shape [n, d].
use exercises::*;

fn elu_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {
    blank!("grad_a, the gradient with respect to A, from A and grad_z")
}

fn main() {
    answer(elu_backward);
}
