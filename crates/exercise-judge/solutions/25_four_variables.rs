// The chain rule with four variables (lecture L14)
//
//   f = (x1 + 10 x2)² + 5 (x3 - x4)² + (x2 + 2 x3)⁴ + 10 (x1 - x4)⁴
//
// Return its gradient [∂f/∂x1, ∂f/∂x2, ∂f/∂x3, ∂f/∂x4]. At (3, -1, 0, 1) it is (306, -144, -18, -310).
//? Each variable is in two of the four brackets: add up both ways.
//? By the brackets, f has the derivatives 2a, 10b, 4c³ and 40d³. Multiply each by how its bracket depends on the variable.
//? [2a + 40d³, 20a + 4c³, 10b + 8c³, -10b - 40d³].
use exercises::*;

fn gradient([x1, x2, x3, x4]: [f64; 4]) -> [f64; 4] {
    let (a, b, c, d) = (x1 + 10.0 * x2, x3 - x4, x2 + 2.0 * x3, x1 - x4);
    //~ blank!("the four partial derivatives from the brackets a, b, c and d")
    let (c, d) = (c.powi(3), d.powi(3));
    [
        2.0 * a + 40.0 * d,
        20.0 * a + 4.0 * c,
        10.0 * b + 8.0 * c,
        -10.0 * b - 40.0 * d,
    ]
    //~
}

fn main() {
    answer(gradient);
}
