// ReLU (lecture L2)
//
//   Z = max(A, 0), every element by itself
//
// Given are A and grad_z = ∂L/∂Z, both of shape [n, d]. The derivative at 0 is taken to be 0.
// Return grad_a = ∂L/∂A, of shape [n, d].
//? Where a is positive, z = a. Where it is not, z does not change when a does.
//? Make a matrix of ones and zeros from A with `a.map(|a| ...)`, and multiply.
//? grad_a = grad_z where a > 0, else 0. Write `a.map(|a| if a > 0.0 { 1.0 } else { 0.0 }) * grad_z`.
use exercises::*;

fn relu_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {
    //~ blank!("grad_a, the gradient with respect to A, from A and grad_z")
    a.map(|a| if a > 0.0 { 1.0 } else { 0.0 }) * grad_z
    //~
}

fn main() {
    answer(relu_backward);
}
