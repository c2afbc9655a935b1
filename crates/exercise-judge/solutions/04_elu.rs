// ELU (lecture L2)
//
//   Z = ELU(A), every element by itself:  ELU(a) = a where a > 0,  e^a - 1 elsewhere
//
// Given are A and grad_z = ∂L/∂Z, both of shape [n, d].
// Return grad_a = ∂L/∂A, of shape [n, d].
//? Differentiate both branches by themselves, and choose by the sign of a.
//? The derivative of e^a - 1 is e^a; that of a is 1.
//? Write `a.map(|a| if a > 0.0 { 1.0 } else { a.exp() }) * grad_z`.
use exercises::*;

fn elu_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {
    //~ blank!("grad_a, the gradient with respect to A, from A and grad_z")
    a.map(|a| if a > 0.0 { 1.0 } else { a.exp() }) * grad_z
    //~
}

fn main() {
    answer(elu_backward);
}
