// The logarithm of 0 (numerical safety)
//
//   L = -Σ_rows Σ_k y_k ln yp_k    Yp = softmax(Z)    Z, Y: [n, classes], every row of Y adds up to 1
//
// For a class whose z is far below the largest of its row, yp is rounded to 0, and its logarithm is -∞. Return the loss
// for any finite Z, from Z and not from Yp.
//? ln yp_i = z_i - ln Σ_k e^z_k: the logarithm of a quotient. Now make the sum safe, as softmax was made.
//? With m the largest z of the row, ln Σ_k e^z_k = m + ln Σ_k e^(z_k - m), in which one term is 1.
//? Write `let shifted = z - z.max_columns();`, `let ln_yp = &shifted - shifted.exp().sum_columns().ln();` and `-(y * ln_yp).sum()`.
use exercises::*;

fn cross_entropy(z: &Matrix, y: &Matrix) -> f64 {
    //~ blank!("the loss, for any finite Z")
    let shifted = z - z.max_columns();
    let ln_yp = &shifted - shifted.exp().sum_columns().ln();
    -(y * ln_yp).sum()
    //~
}

fn main() {
    answer(cross_entropy);
}
