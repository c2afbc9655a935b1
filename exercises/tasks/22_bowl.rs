// The gradient of the lecture's function (lecture L13)
//
//   f(x, y) = -(cos² x + cos² y)²
//
// Return the two components of its gradient, [∂f/∂x, ∂f/∂y].
use exercises::*;

fn gradient([x, y]: [f64; 2]) -> [f64; 2] {
    let s = x.cos().powi(2) + y.cos().powi(2);
    blank!("[∂f/∂x, ∂f/∂y] from x, y and s")
}

fn main() {
    answer(gradient);
}
