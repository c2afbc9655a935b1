//! A softmax whose gradient forgets that the outputs of a row depend on each other: the report.

use burn::tensor::Device;
use burn::tensor::activation::softmax;
use burn_gradcheck::{Case, Gradients};

fn main() {
    let case = Case::new("softmax")
        .input("x", [3, 4])
        .function(|v| softmax(v.get::<2>("x"), 1))
        .vjp(|v, grad_out| {
            let y = softmax(v.get::<2>("x"), 1);
            let own_term_only = y.clone() * (-y + 1.0);
            Gradients::new().with("x", grad_out.get::<2>(0) * own_term_only)
        });
    println!("{}", case.check(&Device::flex()));
}
