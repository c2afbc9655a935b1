// Hyperbolic tangent (lecture L2)
//
//   Z = tanh(A), every element by itself
//
// Given are A and grad_z = ∂L/∂Z, both of shape [n, d].
// Return grad_a = ∂L/∂A, of shape [n, d].
//? As for the sigmoid, the derivative can be written with the value z alone.
//? tanh = sinh / cosh, so tanh' = (cosh² - sinh²) / cosh². Divide.
//? grad_a = (1 - z²) ∘ grad_z. Write `(1.0 - &z * &z) * grad_z`.
use exercises::*;

fn tanh_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {
    let z = a.map(f64::tanh);
    //~ blank!("grad_a, the gradient with respect to A, from z and grad_z")
    (1.0 - &z * &z) * grad_z
    //~
}

fn main() {
    answer(tanh_backward);
}
