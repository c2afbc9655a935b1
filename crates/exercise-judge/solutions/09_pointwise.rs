// A pointwise function (lecture L11)
//
//   Z = f(X), every element by itself; here f(x) = x⁴
//
// Given are X and grad_z = ∂L/∂Z, both of shape [n, d].
// Return grad_x = ∂L/∂X, of shape [n, d].
//? For any pointwise f: grad_x = f'(X) ∘ grad_z, where ∘ multiplies element by element.
//? f'(x) = 4 x³. Apply it with `x.map(|x| ...)`.
//? Write `x.map(|x| 4.0 * x.powi(3)) * grad_z`.
use exercises::*;

fn fourth_power_backward(x: &Matrix, grad_z: &Matrix) -> Matrix {
    //~ blank!("grad_x, the gradient with respect to X, from X and grad_z")
    x.map(|x| 4.0 * x.powi(3)) * grad_z
    //~
}

fn main() {
    answer(fourth_power_backward);
}
