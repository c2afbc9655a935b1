// Gradient descent (lecture L13)
//
//   f(x, y) = -(cos² x + cos² y)²    step: (x, y) ← (x, y) - α ∇f
//
// Start at the given point, and step while the norm of the gradient, √(gx² + gy²), is at least the tolerance. Return
// the last point and the number of steps: [x, y, steps].
//? A loop that computes the gradient, ends if it is short enough, and otherwise makes a step and counts it.
//? Take both components of the gradient at the same point, before you change x or y. `gx.hypot(gy)` is the norm.
//? Write `loop { let [gx, gy] = gradient([x, y]); if gx.hypot(gy) < tolerance { return [x, y, steps]; } x -= alpha * gx; y -= alpha * gy; steps += 1.0; }`.
use exercises::*;

fn gradient([x, y]: [f64; 2]) -> [f64; 2] {
    let s = x.cos().powi(2) + y.cos().powi(2);
    [2.0 * s * (2.0 * x).sin(), 2.0 * s * (2.0 * y).sin()]
}

fn descend([mut x, mut y]: [f64; 2], alpha: f64, tolerance: f64) -> [f64; 3] {
    let mut steps = 0.0;
    //~ blank!("gradient descent until the gradient is shorter than the tolerance; [x, y, steps]")
    loop {
        let [gx, gy] = gradient([x, y]);
        if gx.hypot(gy) < tolerance {
            return [x, y, steps];
        }
        x -= alpha * gx;
        y -= alpha * gy;
        steps += 1.0;
    }
    //~
}

fn main() {
    answer(descend);
}
