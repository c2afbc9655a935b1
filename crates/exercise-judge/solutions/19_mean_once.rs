// The mean over the batch, once (lecture L8)
//
//   Z = X·W + b    Yp = softmax(Z)    L = -1/n Σ_rows Σ_k y_k ln yp_k
//
//   X: [n, d]   W: [d, classes]   b: [1, classes]   Y: [n, classes]
//
// Each blank quotes the gradient of the *summed* loss, which has no 1/n. Write the three so that the loss is the mean:
// grad_w and grad_b must be divided by n exactly once, wherever you do it.
//? Both gradients are linear in grad_z. So a factor in grad_z is a factor in both of them.
//? Divide grad_z by n, and leave the other two lines without n. Sums over the rows stay sums.
//? Write `let grad_z = (&yp - y) / n;`, then `x.t().matmul(&grad_z)` and `grad_z.sum_rows()`.
use exercises::*;

fn gradients(x: &Matrix, y: &Matrix, w: &Matrix, b: &Matrix) -> (Matrix, Matrix) {
    let n = x.rows() as f64;
    let z = x.matmul(w) + b;
    let e = (&z - z.max_columns()).exp();
    let yp = &e / e.sum_columns();

    //~ let grad_z: Matrix = blank!("grad_z; of the summed loss it is &yp - y");
    let grad_z = (&yp - y) / n;
    //~
    //~ let grad_w: Matrix = blank!("grad_w; of the summed loss it is x.t().matmul(&grad_z)");
    let grad_w = x.t().matmul(&grad_z);
    //~
    //~ let grad_b: Matrix = blank!("grad_b; of the summed loss it is grad_z.sum_rows()");
    let grad_b = grad_z.sum_rows();
    //~
    (grad_w, grad_b)
}

fn main() {
    answer(gradients);
}
