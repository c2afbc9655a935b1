// A bump of two sigmoids (lecture L16)
//
// A hidden sigmoid unit with a large weight w and the bias -w s is almost a step: near 0 left of s, near 1 right of it.
// Two of them, with output weights of equal size and opposite sign, make a bump of height h between `left` and `right`:
//
//   bump(x) = h σ(w (x - left)) - h σ(w (x - right))
//
// Return the four parameters of such a net with two hidden units: [b1, b2, v1, v2], the biases of the units and their
// output weights, so that v1 σ(w x + b1) + v2 σ(w x + b2) is the bump.
use exercises::*;

fn bump(left: f64, right: f64, h: f64, w: f64) -> [f64; 4] {
    blank!("[b1, b2, v1, v2] from left, right, h and w")
}

fn main() {
    answer(bump);
}
