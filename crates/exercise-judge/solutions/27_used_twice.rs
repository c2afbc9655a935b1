// A node that is used twice (lecture L1)
//
//   S = σ(X)    Z = X ∘ S    all of shape [n, d]
//
// X is an input of two operations. Given are X and grad_z = ∂L/∂Z. Return grad_x = ∂L/∂X.
//? Each use of X gives it a gradient. The two are added up.
//? By the product directly: S ∘ grad_z. By way of S: first grad_s = X ∘ grad_z, then σ'.
//? grad_x = S ∘ grad_z + S ∘ (1 - S) ∘ X ∘ grad_z.
use exercises::*;

fn backward(x: &Matrix, grad_z: &Matrix) -> Matrix {
    let s = x.map(|x| 1.0 / (1.0 + (-x).exp()));
    //~ let by_product: Matrix = blank!("the gradient of X by its direct use in the product");
    let by_product = &s * grad_z;
    //~
    //~ let by_sigmoid: Matrix = blank!("the gradient of X by its use in the sigmoid");
    let by_sigmoid = &s * (1.0 - &s) * x * grad_z;
    //~
    //~ blank!("grad_x from both")
    by_product + by_sigmoid
    //~
}

fn main() {
    answer(backward);
}
