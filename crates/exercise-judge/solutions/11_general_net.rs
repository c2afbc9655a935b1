// A net with one hidden layer and a linear output (lecture L6)
//
//   Z1 = X·W1    Z2 = Z1 + b1    Z3 = σ(Z2)    Z4 = Z3·W2    Yp = Z4 + b2    L = ½ ‖Yp - Y‖²
//
//   X: [n, d_in]   W1: [d_in, h]   b1: [1, h]   W2: [h, d_out]   b2: [1, d_out]   Y: [n, d_out]
//
// The loss is the sum over the batch, not the mean. Go backward: grad_z3 is ∂L/∂Z3, and so on. Return the gradients of
// the four parameters, each of its parameter's shape.
//? Use the rules of the exercises before: the product, the bias, the pointwise function. grad_yp = Yp - Y.
//? Nothing is between Z4 and Yp but the bias, so grad_z4 = grad_yp. Then grad_z3 = grad_z4·W2ᵀ, and σ' = Z3 ∘ (1 - Z3).
//? grad_z2 = Z3 ∘ (1 - Z3) ∘ grad_z3; grad_w1 = Xᵀ·grad_z2, grad_b1 = Σ_rows grad_z2, grad_w2 = Z3ᵀ·grad_z4, grad_b2 = Σ_rows grad_yp.
use exercises::*;

type Gradients = (Matrix, Matrix, Matrix, Matrix);

#[rustfmt::skip]
fn gradients(x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix) -> Gradients {
    let z1 = x.matmul(w1);
    let z2 = &z1 + b1;
    let z3 = z2.map(|a| 1.0 / (1.0 + (-a).exp()));
    let z4 = z3.matmul(w2);
    let yp = &z4 + b2;

    //~ let grad_yp: Matrix = blank!("grad_yp, of shape [n, d_out]");
    let grad_yp = &yp - y;
    //~
    //~ let grad_z4: Matrix = blank!("grad_z4 from grad_yp");
    let grad_z4 = grad_yp.clone();
    //~
    //~ let grad_z3: Matrix = blank!("grad_z3 from grad_z4, of shape [n, h]");
    let grad_z3 = grad_z4.matmul(&w2.t());
    //~
    //~ let grad_z2: Matrix = blank!("grad_z2 from grad_z3, through the sigmoid");
    let grad_z2 = &z3 * (1.0 - &z3) * &grad_z3;
    //~

    //~ let grad_w1: Matrix = blank!("grad_w1, of shape [d_in, h]");
    let grad_w1 = x.t().matmul(&grad_z2);
    //~
    //~ let grad_b1: Matrix = blank!("grad_b1, of shape [1, h]");
    let grad_b1 = grad_z2.sum_rows();
    //~
    //~ let grad_w2: Matrix = blank!("grad_w2, of shape [h, d_out]");
    let grad_w2 = z3.t().matmul(&grad_z4);
    //~
    //~ let grad_b2: Matrix = blank!("grad_b2, of shape [1, d_out]");
    let grad_b2 = grad_yp.sum_rows();
    //~
    (grad_w1, grad_b1, grad_w2, grad_b2)
}

fn main() {
    answer(gradients);
}
