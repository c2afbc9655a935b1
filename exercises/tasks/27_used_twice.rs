// A node that is used twice (lecture L1)
//
//   S = σ(X)    Z = X ∘ S    all of shape [n, d]
//
// X is an input of two operations. Given are X and grad_z = ∂L/∂Z. Return grad_x = ∂L/∂X.
use exercises::*;

fn backward(x: &Matrix, grad_z: &Matrix) -> Matrix {
    let s = x.map(|x| 1.0 / (1.0 + (-x).exp()));
    let by_product: Matrix = blank!("the gradient of X by its direct use in the product");
    let by_sigmoid: Matrix = blank!("the gradient of X by its use in the sigmoid");
    blank!("grad_x from both")
}

fn main() {
    answer(backward);
}
