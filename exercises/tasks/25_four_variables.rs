// The chain rule with four variables (lecture L14)
//
//   f = (x1 + 10 x2)² + 5 (x3 - x4)² + (x2 + 2 x3)⁴ + 10 (x1 - x4)⁴
//
// Return its gradient [∂f/∂x1, ∂f/∂x2, ∂f/∂x3, ∂f/∂x4]. At (3, -1, 0, 1) it is (306, -144, -18, -310).
use exercises::*;

fn gradient([x1, x2, x3, x4]: [f64; 4]) -> [f64; 4] {
    let (a, b, c, d) = (x1 + 10.0 * x2, x3 - x4, x2 + 2.0 * x3, x1 - x4);
    blank!("the four partial derivatives from the brackets a, b, c and d")
}

fn main() {
    answer(gradient);
}
