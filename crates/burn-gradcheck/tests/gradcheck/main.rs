//! The checker on right and on wrong gradients.

mod faults;
mod mistakes;
mod modules;
mod one_line;
mod readme;
mod right;
mod verdicts;

use burn::tensor::{DType, Device};
use burn_gradcheck::{Case, Gradients, Options, Report, Target, Verdict, Witness};

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

/// f32, with finite differences in f64.
fn f32_target() -> Target {
    Target::new(device(), DType::F32).with_reference(device())
}

/// Ten seeds.
fn seeds() -> impl Iterator<Item = Options> {
    (0..10).map(|seed| Options::default().seed(seed))
}

#[track_caller]
fn assert_severed(report: &Report, name: &str) {
    let severed = Verdict::Severed {
        input: name.to_owned(),
    };
    assert_eq!(report.verdict, severed, "{report}");
    assert!(report.verdict.is_failure());
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff));
}
