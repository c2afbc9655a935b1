// A convolution along one axis (beyond the lecture)
//
//   z_ij = Σ_t x_i(j+t) k_t    X: [n, l]    k: [1, w]    Z: [n, l - w + 1]
//
// The kernel k slides along every row; as everywhere in deep learning, it is not reversed. Given are X, k and
// grad_z = ∂L/∂Z. Return grad_x, of shape [n, l], and grad_k, of shape [1, w].
use exercises::*;

fn convolution_backward(x: &Matrix, k: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix) {
    let mut grad_x = Matrix::zeros(x.rows(), x.columns());
    let mut grad_k = Matrix::zeros(1, k.columns());
    for i in 0..grad_z.rows() {
        for j in 0..grad_z.columns() {
            for t in 0..k.columns() {
                blank!("what grad_z[(i, j)] adds to an element of grad_x and to one of grad_k")
            }
        }
    }
    (grad_x, grad_k)
}

fn main() {
    answer(convolution_backward);
}
