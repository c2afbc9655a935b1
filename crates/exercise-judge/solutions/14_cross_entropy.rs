// Cross-entropy alone, mean over the batch (lecture L8)
//
//   L = -1/n Σ_rows Σ_k y_k ln yp_k    Yp, Y: [n, classes], every row of Y adds up to 1
//
// Return grad_yp = ∂L/∂Yp, of shape [n, classes].
//? The derivative of ln yp is 1/yp.
//? The factor of the mean, 1/n, belongs to the gradient as well: once.
//? grad_yp = -y / yp / n. Write `-y / yp / n`.
use exercises::*;

fn cross_entropy_backward(yp: &Matrix, y: &Matrix) -> Matrix {
    let n = yp.rows() as f64;
    //~ blank!("grad_yp, the gradient with respect to Yp, of shape [n, classes]")
    -y / yp / n
    //~
}

fn main() {
    answer(cross_entropy_backward);
}
