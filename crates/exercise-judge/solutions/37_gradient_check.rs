// A gradient checker of your own (lecture L18)
//
// `f.value(&x)` is a number; x is a matrix. Somebody claims that `claimed`, of the shape of x, is the gradient of f at
// x. Return whether that is true, by central differences:
//
//   ∂f/∂x_ij ≈ (f(x + h e_ij) - f(x - h e_ij)) / 2h    e_ij: 1 at (i, j), 0 elsewhere
//
// Your checker is then tried on gradients that are right, and on wrong ones. The smallest mistake is one element that is
// off by a thousandth of its value; the largest value of f is about 100. A difference and a right claim are never equal to
// the last digit, because f is rounded: choose a tolerance between the error of the difference and the smallest mistake.
//? Take two copies of x with one element changed, one by + h and one by - h. h = 1e-5 is small enough and not too small.
//? Compare each difference with the claimed element: |a - b| ≤ 1e-5 + 1e-5 |b| is a fitting tolerance here.
//? `let mut up = x.clone(); up[(i, j)] += h;`, the same downward with `-= h`, then `let d = (f.value(&up) - f.value(&down)) / (2.0 * h);`, and `if (d - claimed[(i, j)]).abs() > 1e-5 + 1e-5 * d.abs() { return false; }`.
use exercises::*;

fn is_gradient(f: Objective, x: &Matrix, claimed: &Matrix) -> bool {
    let h = 1e-5;
    for i in 0..x.rows() {
        for j in 0..x.columns() {
            //~ blank!("return false if the difference at (i, j) is too far from claimed[(i, j)]")
            let (mut up, mut down) = (x.clone(), x.clone());
            up[(i, j)] += h;
            down[(i, j)] -= h;
            let difference = (f.value(&up) - f.value(&down)) / (2.0 * h);
            if (difference - claimed[(i, j)]).abs() > 1e-5 + 1e-5 * difference.abs() {
                return false;
            }
            //~
        }
    }
    true
}

fn main() {
    answer(is_gradient);
}
