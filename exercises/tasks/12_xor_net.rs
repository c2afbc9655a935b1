// The XOR net: the four blanks of the slides (lecture L3, L4)
//
//   Z1 = X·W1   Z2 = Z1 + b1   Z3 = σ(Z2)   Z4 = Z3·W2   Z5 = Z4 + b2   Yp = σ(Z5)   L = ½ ‖Yp - Y‖²
//
//   X: [n, d_in]   W1: [d_in, h]   b1: [1, h]   W2: [h, d_out]   b2: [1, d_out]   Y: [n, d_out]
//
// The loss is the sum over the batch. δS, in code grad_s, is ∂L/∂S. Write the two steps through a sigmoid, δZ5 and δZ2,
// with σ'(Z5) = Yp ∘ (1 - Yp), and then the four blanks of the slides: δW2, δb2, δW1 and δb1.
use exercises::*;

type Gradients = (Matrix, Matrix, Matrix, Matrix);

#[rustfmt::skip]
fn gradients(x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix) -> Gradients {
    let sigmoid = |z: &Matrix| z.map(|a| 1.0 / (1.0 + (-a).exp()));
    let z1 = x.matmul(w1);
    let z2 = &z1 + b1;
    let z3 = sigmoid(&z2);
    let z4 = z3.matmul(w2);
    let z5 = &z4 + b2;
    let yp = sigmoid(&z5);

    let grad_yp = &yp - y;
    let grad_z5: Matrix = blank!("grad_z5 from grad_yp, through the output's sigmoid");
    let grad_z4 = grad_z5.clone();
    let grad_z3 = grad_z4.matmul(&w2.t());
    let grad_z2: Matrix = blank!("grad_z2 from grad_z3, through the hidden sigmoid");
    let grad_z1 = grad_z2.clone();

    let grad_w2: Matrix = blank!("grad_w2, of shape [h, d_out]");
    let grad_b2: Matrix = blank!("grad_b2, of shape [1, d_out]");
    let grad_w1: Matrix = blank!("grad_w1, of shape [d_in, h]");
    let grad_b1: Matrix = blank!("grad_b1, of shape [1, h]");
    (grad_w1, grad_b1, grad_w2, grad_b2)
}

fn main() {
    answer(gradients);
}
