// A vector-Jacobian product (lecture L15)
//
//   x1 = z1 - z2    x2 = z1²    x3 = z2²    x4 = z1² + z1 z2
//
// Given are z and grad_x = ∇x f, four numbers. Return ∇z f = Jᵀ ∇x f, two numbers, where J has the four rows
// [∂xi/∂z1, ∂xi/∂z2].
//? z1 is in x1, x2 and x4: ∂f/∂z1 is a sum of three terms, each ∂f/∂xi times ∂xi/∂z1.
//? The rows of J are [1, -1], [2 z1, 0], [0, 2 z2], [2 z1 + z2, z1].
//? [g1 + 2 z1 g2 + (2 z1 + z2) g4, -g1 + 2 z2 g3 + z1 g4].
use exercises::*;

fn pull_back([z1, z2]: [f64; 2], grad_x: [f64; 4]) -> [f64; 2] {
    let [g1, g2, g3, g4] = grad_x;
    //~ blank!("[∂f/∂z1, ∂f/∂z2] from z1, z2 and g1 to g4")
    [
        g1 + 2.0 * z1 * g2 + (2.0 * z1 + z2) * g4,
        -g1 + 2.0 * z2 * g3 + z1 * g4,
    ]
    //~
}

fn main() {
    answer(pull_back);
}
