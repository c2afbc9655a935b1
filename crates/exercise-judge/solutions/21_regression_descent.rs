// Linear regression by gradient descent, on MNIST (lecture L12, L17)
//
//   Yp = X·W + b    L = ½ ‖Yp - Y‖²    grad_w = Xᵀ·(Yp - Y)    grad_b = Σ_rows (Yp - Y)
//
//   X: [n, 784], pixels from 0 to 1   W: [784, 10]   b: [1, 10]   Y: [n, 10], one-hot
//
// Make the given number of steps of gradient descent, each over all n images: W ← W - α grad_w, b ← b - α grad_b, with
// both gradients taken before either is changed. Return W and b.
//? A step: Yp from the present W and b, the two gradients, the two updates. Assign to `w` and `b`, without `let`.
//? Yp depends on W and b: compute it anew in every step, and the gradients from it before you change W or b.
//? Write `let grad_yp = x.matmul(&w) + &b - y; w = &w - alpha * x.t().matmul(&grad_yp); b = &b - alpha * grad_yp.sum_rows();`.
use exercises::*;

fn descend(
    x: &Matrix,
    y: &Matrix,
    w: &Matrix,
    b: &Matrix,
    alpha: f64,
    steps: f64,
) -> (Matrix, Matrix) {
    let (mut w, mut b) = (w.clone(), b.clone());
    for _ in 0..steps as usize {
        //~ blank!("one step of gradient descent, which changes w and b")
        let grad_yp = x.matmul(&w) + &b - y;
        w = &w - alpha * x.t().matmul(&grad_yp);
        b = &b - alpha * grad_yp.sum_rows();
        //~
    }
    (w, b)
}

fn main() {
    answer(descend);
}
