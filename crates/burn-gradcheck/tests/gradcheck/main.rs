//! The checker on right and on wrong gradients.

mod faults;
mod mistakes;
mod readme;
mod right;
mod verdicts;

use burn::tensor::Device;
use burn_gradcheck::{Case, Gradients};

fn device() -> Device {
    Device::flex()
}

/// `tanh(x·w + b)` with its gradient.
fn layer() -> Case {
    let activation = |v: &burn_gradcheck::Values| {
        (v.get::<2>("x").matmul(v.get("w")) + v.get::<1>("b").unsqueeze()).tanh()
    };
    Case::new("layer")
        .input("x", [4, 3])
        .input("w", [3, 5])
        .input("b", [5])
        .function(activation)
        .vjp(move |v, grad_out| {
            let y = activation(v);
            let grad_z = grad_out.get::<2>(0) * (-y.powi_scalar(2) + 1.0);
            Gradients::new()
                .with("x", grad_z.clone().matmul(v.get::<2>("w").transpose()))
                .with("w", v.get::<2>("x").transpose().matmul(grad_z.clone()))
                .with("b", grad_z.sum_dim(0).squeeze_dim::<1>(0))
        })
}
