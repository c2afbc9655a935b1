// The scalar net, step by step (lecture L5)
//
//   z1 = x w1    z2 = z1 + b1    z3 = σ(z2)    z4 = z3 w2    yp = z4 + b2    L = ½ (yp - y)²
//
// Everything is a number. For each name above, grad_ and the name is the derivative of L by it: grad_z3 is ∂L/∂z3. Go
// backward from yp, one step of the forward pass at a time, and return the gradients of the four parameters.
//? Every step has a derivative of its own; a gradient is the next one times it. In a product, the derivative by one factor is the other factor.
//? z4 = z3 w2: grad_z3 = w2 grad_z4 and grad_w2 = z3 grad_z4. A sum passes its gradient on unchanged. σ' = z3 (1 - z3).
//? grad_z4 = grad_yp, grad_z3 = w2 grad_z4, grad_z2 = z3 (1 - z3) grad_z3, grad_z1 = grad_z2; grad_w1 = x grad_z1, grad_b1 = grad_z2, grad_w2 = z3 grad_z4, grad_b2 = grad_yp.
use exercises::*;

fn gradients(x: f64, y: f64, w1: f64, b1: f64, w2: f64, b2: f64) -> (f64, f64, f64, f64) {
    let z1 = x * w1;
    let z2 = z1 + b1;
    let z3 = 1.0 / (1.0 + (-z2).exp());
    let z4 = z3 * w2;
    let yp = z4 + b2;

    //~ let grad_yp: f64 = blank!("grad_yp, the gradient of the loss ½ (yp - y)²");
    let grad_yp = yp - y;
    //~
    //~ let grad_z4: f64 = blank!("grad_z4 from grad_yp");
    let grad_z4 = grad_yp;
    //~
    //~ let grad_z3: f64 = blank!("grad_z3 from grad_z4");
    let grad_z3 = w2 * grad_z4;
    //~
    //~ let grad_z2: f64 = blank!("grad_z2 from grad_z3, through the sigmoid");
    let grad_z2 = z3 * (1.0 - z3) * grad_z3;
    //~
    //~ let grad_z1: f64 = blank!("grad_z1 from grad_z2");
    let grad_z1 = grad_z2;
    //~

    //~ let grad_w1: f64 = blank!("grad_w1 from grad_z1");
    let grad_w1 = x * grad_z1;
    //~
    //~ let grad_b1: f64 = blank!("grad_b1 from grad_z2");
    let grad_b1 = grad_z2;
    //~
    //~ let grad_w2: f64 = blank!("grad_w2 from grad_z4");
    let grad_w2 = z3 * grad_z4;
    //~
    //~ let grad_b2: f64 = blank!("grad_b2 from grad_yp");
    let grad_b2 = grad_yp;
    //~
    (grad_w1, grad_b1, grad_w2, grad_b2)
}

fn main() {
    answer(gradients);
}
