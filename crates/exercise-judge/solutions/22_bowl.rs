// The gradient of the lecture's function (lecture L13)
//
//   f(x, y) = -(cos² x + cos² y)²
//
// Return the two components of its gradient, [∂f/∂x, ∂f/∂y].
//? f = -s², so ∂f/∂x = -2 s · ∂s/∂x.
//? ∂s/∂x = -2 cos x sin x. Both signs cancel.
//? ∂f/∂x = 4 s cos x sin x, and the same with y.
use exercises::*;

fn gradient([x, y]: [f64; 2]) -> [f64; 2] {
    let s = x.cos().powi(2) + y.cos().powi(2);
    //~ blank!("[∂f/∂x, ∂f/∂y] from x, y and s")
    [4.0 * s * x.cos() * x.sin(), 4.0 * s * y.cos() * y.sin()]
    //~
}

fn main() {
    answer(gradient);
}
