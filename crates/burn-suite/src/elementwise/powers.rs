//! Exponentials, logarithms, roots and powers.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};

use burn_gradcheck::Sample;

use super::binary::{Binary, pairs};
use super::unary::{Unary, ranks};
use crate::operation::{Family::Powers, Operation};
use crate::point::Expected::Is;

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = exponentials();
    all.extend(roots());
    all.extend(powers_by_number());
    all.extend(powers_by_tensor());
    all
}

fn exponentials() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::exp",
            Powers,
            &["float_exp"],
            ranks!(|x| x.exp()),
            f64::exp,
        )
        .at(0.0, Is(1.0))
        .at(-1000.0, Is(0.0))
        .at_in_f32(88.5, Is(88.5_f64.exp()))
        .at(INFINITY, Is(INFINITY))
        .at(-INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::log",
            Powers,
            &["float_log"],
            ranks!(|x| x.log()),
            f64::recip,
        )
        .within(0.125, 3.0)
        .at(1.0, Is(1.0))
        .at(0.0, Is(INFINITY))
        .at(2.0_f64.powi(-100), Is(2.0_f64.powi(100)))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::log1p",
            Powers,
            &["float_log1p"],
            ranks!(|x| x.log1p()),
            |x| 1.0 / (1.0 + x),
        )
        .within(-0.75, 2.0)
        .at(0.0, Is(1.0))
        .at(-0.0, Is(1.0))
        .at(2.0_f64.powi(-100), Is(1.0))
        .at(-1.0, Is(INFINITY))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::erf",
            Powers,
            &["float_erf"],
            ranks!(|x| x.erf()),
            |x| FRAC_2_SQRT_PI * (-x * x).exp(),
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(FRAC_2_SQRT_PI))
        .at(100.0, Is(0.0))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(0.0))
        .build(),
    ]
}

fn roots() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::sqrt",
            Powers,
            &["float_sqrt"],
            ranks!(|x| x.sqrt()),
            |x| 0.5 / x.sqrt(),
        )
        .within(0.125, 3.0)
        .at(4.0, Is(0.25))
        .at(0.0, Is(INFINITY))
        .at(2.0_f64.powi(-100), Is(2.0_f64.powi(49)))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::recip",
            Powers,
            &["float_recip"],
            ranks!(|x| x.recip()),
            |x| -1.0 / (x * x),
        )
        .at(0.0, Is(-INFINITY))
        .at(-0.0, Is(-INFINITY))
        .at_in_f32(2.0_f64.powi(70), Is(0.0))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::square",
            Powers,
            &["float_mul"],
            ranks!(|x| x.square()),
            |x| 2.0 * x,
        )
        .at(0.0, Is(0.0))
        .at(INFINITY, Is(INFINITY))
        .build(),
    ]
}

fn powers_by_number() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::powi_scalar(3)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powi_scalar(3)),
            |x| 3.0 * x * x,
        )
        .at(0.0, Is(0.0))
        .at(-2.0, Is(12.0))
        .at(-INFINITY, Is(INFINITY))
        .build(),
        Unary::new(
            "Tensor::powi_scalar(-3)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powi_scalar(-3)),
            |x| -3.0 / (x * x * x * x),
        )
        .at(-2.0, Is(-3.0 / 16.0))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::powi_scalar(-2)",
            Powers,
            &["float_recip"],
            ranks!(|x| x.powi_scalar(-2)),
            |x| -2.0 / (x * x * x),
        )
        .at(-2.0, Is(0.25))
        .at(-INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::powi_scalar(1)",
            Powers,
            &[],
            ranks!(|x| x.powi_scalar(1)),
            |_| 1.0,
        )
        .at(0.0, Is(1.0))
        .at(INFINITY, Is(1.0))
        .build(),
        Unary::new(
            "Tensor::powi_scalar(0)",
            Powers,
            &[],
            ranks!(|x| x.powi_scalar(0)),
            |_| 0.0,
        )
        .at(0.0, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::powf_scalar(2.5)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powf_scalar(2.5)),
            |x| 2.5 * x.powf(1.5),
        )
        .within(0.125, 3.0)
        .at(0.0, Is(0.0))
        .at(4.0, Is(20.0))
        .at(INFINITY, Is(INFINITY))
        .build(),
        Unary::new(
            "Tensor::powf_scalar(0.5)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powf_scalar(0.5)),
            |x| 0.5 / x.sqrt(),
        )
        .within(0.125, 3.0)
        .at(0.0, Is(INFINITY))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::powf_scalar(1/3)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powf_scalar(1.0 / 3.0)),
            |x| x.powf(-2.0 / 3.0) / 3.0,
        )
        .within(0.125, 3.0)
        .build(),
        Unary::new(
            "Tensor::powf_scalar(-1.5)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powf_scalar(-1.5)),
            |x| -1.5 * x.powf(-2.5),
        )
        .within(0.125, 3.0)
        .at(4.0, Is(-1.5 / 32.0))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::powf_scalar(3.0)",
            Powers,
            &["float_powf_scalar_impl"],
            ranks!(|x| x.powf_scalar(3.0)),
            |x| 3.0 * x * x,
        )
        .at(-2.0, Is(12.0))
        .at(0.0, Is(0.0))
        .at(-INFINITY, Is(INFINITY))
        .build(),
        Unary::new(
            "Tensor::powf_scalar(1.0)",
            Powers,
            &[],
            ranks!(|x| x.powf_scalar(1.0)),
            |_| 1.0,
        )
        .at(0.0, Is(1.0))
        .build(),
        Unary::new(
            "Tensor::powf_scalar(0.0)",
            Powers,
            &["float_powi_scalar"],
            ranks!(|x| x.powf_scalar(0.0)),
            |_| 0.0,
        )
        .at(2.0, Is(0.0))
        .at(0.0, Is(0.0))
        .build(),
    ]
}

fn powers_by_tensor() -> Vec<Operation> {
    vec![
        Binary::new(
            "Tensor::powf",
            Powers,
            &["float_powf"],
            pairs!(|a, b| a.powf(b)),
            |a, b| (b * a.powf(b - 1.0), a.powf(b) * a.ln()),
        )
        .within(
            Sample::Within {
                low: 0.125,
                high: 2.0,
            },
            Sample::Signed,
        )
        .with_itself()
        .at(2.0, 0.0, [Is(0.0), Is(LN_2)])
        .at(1.0, 3.0, [Is(3.0), Is(0.0)])
        .at(0.0, 2.0, [Is(0.0), Is(0.0)])
        .at(0.0, 1.0, [Is(1.0), Is(0.0)])
        .note("at base 0 and a positive exponent the power is 0 for all exponents near by")
        .at(INFINITY, 2.0, [Is(INFINITY), Is(INFINITY)])
        .at(2.0, -INFINITY, [Is(0.0), Is(0.0)])
        .at(1.0, 0.0, [Is(0.0), Is(0.0)])
        .build(),
        base_of("Tensor::powf, base", |a, b| a.powf(b)),
        base_of("Tensor::powi, base", |a, b| a.powi(b)),
    ]
}

/// A negative base to the power of a constant tensor of threes.
fn base_of(
    name: &'static str,
    power: fn(burn::Tensor<2>, burn::Tensor<2>) -> burn::Tensor<2>,
) -> Operation {
    let mut operation = Operation::new(name, Powers, &["float_powf"])
        .note("a negative base, to a constant tensor of whole exponents");
    operation.drawn("[3, 5]".to_owned(), true, |case| {
        case.input("x", [3, 5])
            .tolerance(crate::host::F32, crate::host::tolerance_f32())
            .function(move |v| {
                let x = v.get::<2>("x");
                let threes = x.full_like(3.0);
                power(x, threes)
            })
            .vjp(|v, grad_out| {
                let x = crate::host::host(v.get::<2>("x"));
                let grad_out = crate::host::host(grad_out.get::<2>(0));
                let grad = |(x, grad): (f64, f64)| grad * 3.0 * x * x;
                let grad_x: Vec<f64> = x.into_iter().zip(grad_out).map(grad).collect();
                burn_gradcheck::Gradients::new().with("x", v.tensor([3, 5], &grad_x))
            })
    });
    operation
}
