// ReLU (lecture L2)
//
//   Z = max(A, 0), every element by itself
//
// Given are A and grad_z = ∂L/∂Z, both of shape [n, d]. The derivative at 0 is taken to be 0.
// Return grad_a = ∂L/∂A, of shape [n, d].
use exercises::*;

fn relu_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {
    blank!("grad_a, the gradient with respect to A, from A and grad_z")
}

fn main() {
    answer(relu_backward);
}
