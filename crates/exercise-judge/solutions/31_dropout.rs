// Dropout, in training (beyond the lecture)
//
//   Z = M ∘ X / (1 - p)    M: [n, d], drawn ones and zeros; p: the share of zeros
//
// The division keeps the mean of Z that of X ("inverted dropout"). Given are M, p and grad_z = ∂L/∂Z, of shape [n, d].
// Return grad_x = ∂L/∂X.
//? For the backward pass M is a constant: dropout multiplies every element by a number.
//? The number is m / (1 - p), with the same M as forward.
//? grad_x = M ∘ grad_z / (1 - p).
use exercises::*;

fn dropout_backward(mask: &Matrix, p: f64, grad_z: &Matrix) -> Matrix {
    //~ blank!("grad_x from the mask, p and grad_z")
    mask * grad_z / (1.0 - p)
    //~
}

fn main() {
    answer(dropout_backward);
}
