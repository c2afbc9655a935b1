// A pointwise function (lecture L11)
//
//   Z = f(X), every element by itself; here f(x) = x⁴
//
// Given are X and grad_z = ∂L/∂Z, both of shape [n, d].
// Return grad_x = ∂L/∂X, of shape [n, d].
use exercises::*;

fn fourth_power_backward(x: &Matrix, grad_z: &Matrix) -> Matrix {
    blank!("grad_x, the gradient with respect to X, from X and grad_z")
}

fn main() {
    answer(fourth_power_backward);
}
