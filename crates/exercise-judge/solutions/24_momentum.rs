// A step with momentum (lecture L17)
//
//   v ← μ v + g    θ ← θ - α v
//
// θ, v and the gradient g are matrices of the same shape, [n, d]; α and μ are numbers. This is the textbook's form: g
// is not multiplied by 1 - μ. Return the new θ and the new v, in this order.
//? First the new velocity. The step is then made with the new one.
//? The names are `theta`, `v`, `grad`, `alpha`, `mu`; a number times a matrix is written `mu * v`.
//? Write `let v = mu * v + grad;` and `(theta - alpha * &v, v)`.
use exercises::*;

fn step(theta: &Matrix, v: &Matrix, grad: &Matrix, alpha: f64, mu: f64) -> (Matrix, Matrix) {
    //~ blank!("the new theta and the new v")
    let v = mu * v + grad;
    (theta - alpha * &v, v)
    //~
}

fn main() {
    answer(step);
}
