// A convolution along one axis (beyond the lecture)
//
//   z_ij = Σ_t x_i(j+t) k_t    X: [n, l]    k: [1, w]    Z: [n, l - w + 1]
//
// The kernel k slides along every row; as everywhere in deep learning, it is not reversed. Given are X, k and
// grad_z = ∂L/∂Z. Return grad_x, of shape [n, l], and grad_k, of shape [1, w].
//? Every i, j, t of the forward sum adds a term to one element of grad_x and to one of grad_k.
//? In z_ij, x_i(j+t) has the factor k_t, and k_t has the factor x_i(j+t). Multiply each by grad_z_ij.
//? `grad_x[(i, j + t)] += grad_z[(i, j)] * k[(0, t)];` and `grad_k[(0, t)] += grad_z[(i, j)] * x[(i, j + t)];`.
use exercises::*;

fn convolution_backward(x: &Matrix, k: &Matrix, grad_z: &Matrix) -> (Matrix, Matrix) {
    let mut grad_x = Matrix::zeros(x.rows(), x.columns());
    let mut grad_k = Matrix::zeros(1, k.columns());
    for i in 0..grad_z.rows() {
        for j in 0..grad_z.columns() {
            for t in 0..k.columns() {
                //~ blank!("what grad_z[(i, j)] adds to an element of grad_x and to one of grad_k")
                grad_x[(i, j + t)] += grad_z[(i, j)] * k[(0, t)];
                grad_k[(0, t)] += grad_z[(i, j)] * x[(i, j + t)];
                //~
            }
        }
    }
    (grad_x, grad_k)
}

fn main() {
    answer(convolution_backward);
}
