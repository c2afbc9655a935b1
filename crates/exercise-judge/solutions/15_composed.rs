// Softmax, then cross-entropy: two rules in a row (lecture L8)
//
//   Yp = softmax(Z), row by row    L = -1/n Σ_rows Σ_k y_k ln yp_k    Z, Y: [n, classes]
//
// Return grad_z = ∂L/∂Z in two steps: grad_yp by the rule of cross-entropy, then grad_z by the rule of softmax. Do not
// simplify: that is the next exercise.
//? You have both rules: exercises softmax and cross_entropy.
//? grad_yp = -y / yp / n. Then softmax's rule takes this grad_yp: yp ∘ (grad_yp - Σ_k yp_k grad_yp_k).
//? Write `let grad_yp = -y / &yp / n;` and `&yp * (&grad_yp - (&yp * &grad_yp).sum_columns())`.
use exercises::*;

fn gradient(z: &Matrix, y: &Matrix) -> Matrix {
    let n = z.rows() as f64;
    let e = (z - z.max_columns()).exp();
    let yp = &e / e.sum_columns();
    //~ let grad_yp: Matrix = blank!("grad_yp, by the rule of cross-entropy");
    let grad_yp = -y / &yp / n;
    //~
    //~ blank!("grad_z, by the rule of softmax from grad_yp")
    &yp * (&grad_yp - (&yp * &grad_yp).sum_columns())
    //~
}

fn main() {
    answer(gradient);
}
