// The MNIST net (lecture L7, L9)
//
//   A1 = X·W1 + b1   Z1 = ReLU(A1)   A2 = Z1·W2 + b2   Z2 = ReLU(A2)   Z3 = Z2·W3 + b3   Yp = softmax(Z3)
//   L = -1/n Σ_rows Σ_k y_k ln yp_k
//
//   X: [n, d]   W1: [d, h1]   W2: [h1, h2]   W3: [h2, classes]   a bias: [1, width of its layer]
//
// The loss is the mean over the batch. Go backward, and return the gradients of the six parameters.
use exercises::*;

type Gradients = (Matrix, Matrix, Matrix, Matrix, Matrix, Matrix);

#[rustfmt::skip]
fn gradients(
    x: &Matrix, y: &Matrix, w1: &Matrix, b1: &Matrix, w2: &Matrix, b2: &Matrix, w3: &Matrix, b3: &Matrix,
) -> Gradients {
    let relu = |a: &Matrix| a.map(|a| a.max(0.0));
    let n = x.rows() as f64;
    let a1 = x.matmul(w1) + b1;
    let z1 = relu(&a1);
    let a2 = z1.matmul(w2) + b2;
    let z2 = relu(&a2);
    let z3 = z2.matmul(w3) + b3;
    let e = (&z3 - z3.max_columns()).exp();
    let yp = &e / e.sum_columns();

    let grad_z3: Matrix = blank!("grad_z3, by the fused rule");
    let grad_w3: Matrix = blank!("grad_w3, of shape [h2, classes]");
    let grad_b3: Matrix = blank!("grad_b3, of shape [1, classes]");

    let slope = |a: &Matrix| a.map(|a| if a > 0.0 { 1.0 } else { 0.0 });
    let grad_a2: Matrix = blank!("grad_a2 from grad_z3, through W3 and the second ReLU");
    let grad_w2: Matrix = blank!("grad_w2, of shape [h1, h2]");
    let grad_b2: Matrix = blank!("grad_b2, of shape [1, h2]");

    let grad_a1: Matrix = blank!("grad_a1 from grad_a2, through W2 and the first ReLU");
    let grad_w1: Matrix = blank!("grad_w1, of shape [d, h1]");
    let grad_b1: Matrix = blank!("grad_b1, of shape [1, h1]");
    (grad_w1, grad_b1, grad_w2, grad_b2, grad_w3, grad_b3)
}

fn main() {
    answer(gradients);
}
