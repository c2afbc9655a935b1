// Softmax alone (lecture L8)
//
//   yp_i = e^z_i / Σ_k e^z_k    in every row of Z: [n, classes]
//
// Given are Z and grad_yp = ∂L/∂Yp, both of shape [n, classes]. The slides have ∂yp_k/∂z_i = yp_k (δ_ki - yp_i), where
// δ_ki is 1 for k = i and 0 otherwise.
// Return grad_z = ∂L/∂Z, of shape [n, classes].
use exercises::*;

fn softmax_backward(z: &Matrix, grad_yp: &Matrix) -> Matrix {
    // The largest z of a row is taken away, which does not change yp: see the exercise safe_softmax.
    let e = (z - z.max_columns()).exp();
    let yp = &e / e.sum_columns();
    blank!("grad_z, the gradient with respect to Z, from yp and grad_yp")
}

fn main() {
    answer(softmax_backward);
}
