// Softmax, then cross-entropy: two rules in a row (lecture L8)
//
//   Yp = softmax(Z), row by row    L = -1/n Σ_rows Σ_k y_k ln yp_k    Z, Y: [n, classes]
//
// Return grad_z = ∂L/∂Z in two steps: grad_yp by the rule of cross-entropy, then grad_z by the rule of softmax. Do not
// simplify: that is the next exercise.
use exercises::*;

fn gradient(z: &Matrix, y: &Matrix) -> Matrix {
    let n = z.rows() as f64;
    let e = (z - z.max_columns()).exp();
    let yp = &e / e.sum_columns();
    let grad_yp: Matrix = blank!("grad_yp, by the rule of cross-entropy");
    blank!("grad_z, by the rule of softmax from grad_yp")
}

fn main() {
    answer(gradient);
}
