//! Trigonometric and hyperbolic functions and their inverses.

use super::binary::{Binary, pairs};
use super::unary::{Unary, ranks};
use crate::operation::{Family::Trigonometry, Operation};
use crate::point::Expected::{Is, Nan};

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = circular();
    all.extend(inverse_circular());
    all.extend(hyperbolic());
    all.extend(inverse_hyperbolic());
    all
}

fn circular() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::sin",
            Trigonometry,
            &["float_sin"],
            ranks!(|x| x.sin()),
            f64::cos,
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(1.0))
        .at(1000.0, Is(1000.0_f64.cos()))
        .at(INFINITY, Nan)
        .build(),
        Unary::new(
            "Tensor::cos",
            Trigonometry,
            &["float_cos"],
            ranks!(|x| x.cos()),
            |x| -x.sin(),
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(0.0))
        .at(1000.0, Is(-(1000.0_f64.sin())))
        .at(INFINITY, Nan)
        .build(),
        Unary::new(
            "Tensor::tan",
            Trigonometry,
            &["float_tan"],
            ranks!(|x| x.tan()),
            |x| 1.0 / (x.cos() * x.cos()),
        )
        .within(-1.25, 1.25)
        .at(0.0, Is(1.0))
        .at(3.0, Is(1.0 / (3.0_f64.cos() * 3.0_f64.cos())))
        .at(INFINITY, Nan)
        .build(),
    ]
}

fn inverse_circular() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::asin",
            Trigonometry,
            &["float_asin"],
            ranks!(|x| x.asin()),
            |x| 1.0 / (1.0 - x * x).sqrt(),
        )
        .within(-0.75, 0.75)
        .at(0.0, Is(1.0))
        .at(1.0, Is(INFINITY))
        .at(-1.0, Is(INFINITY))
        .build(),
        Unary::new(
            "Tensor::acos",
            Trigonometry,
            &["float_acos"],
            ranks!(|x| x.acos()),
            |x| -1.0 / (1.0 - x * x).sqrt(),
        )
        .within(-0.75, 0.75)
        .at(0.0, Is(-1.0))
        .at(1.0, Is(-INFINITY))
        .at(-1.0, Is(-INFINITY))
        .build(),
        Unary::new(
            "Tensor::atan",
            Trigonometry,
            &["float_atan"],
            ranks!(|x| x.atan()),
            |x| 1.0 / (1.0 + x * x),
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(1.0))
        .at_in_f32(2.0_f64.powi(70), Is(0.0))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(0.0))
        .build(),
        Binary::new(
            "Tensor::atan2",
            Trigonometry,
            &["float_atan2"],
            pairs!(|a, b| a.atan2(b)),
            |y, x| (x / (x * x + y * y), -y / (x * x + y * y)),
        )
        .at(0.0, 2.0, [Is(0.5), Is(0.0)])
        .at(2.0, 0.0, [Is(0.0), Is(-0.5)])
        .at_in_f32(
            2.0_f64.powi(-80),
            2.0_f64.powi(-80),
            [Is(2.0_f64.powi(79)), Is(-(2.0_f64.powi(79)))],
        )
        .note("jumps by 2π across the negative half axis, where the derivative is as elsewhere")
        .at(0.0, -2.0, [Is(-0.5), Is(0.0)])
        .at(3.0, INFINITY, [Is(0.0), Is(0.0)])
        .at(INFINITY, 3.0, [Is(0.0), Is(0.0)])
        .build(),
    ]
}

fn hyperbolic() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::sinh",
            Trigonometry,
            &["float_sinh"],
            ranks!(|x| x.sinh()),
            f64::cosh,
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(1.0))
        .at(INFINITY, Is(INFINITY))
        .at(-INFINITY, Is(INFINITY))
        .build(),
        Unary::new(
            "Tensor::cosh",
            Trigonometry,
            &["float_cosh"],
            ranks!(|x| x.cosh()),
            f64::sinh,
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(0.0))
        .at(INFINITY, Is(INFINITY))
        .at(-INFINITY, Is(-INFINITY))
        .build(),
        Unary::new(
            "Tensor::tanh",
            Trigonometry,
            &["float_tanh"],
            ranks!(|x| x.tanh()),
            |x| 1.0 / (x.cosh() * x.cosh()),
        )
        .at(0.0, Is(1.0))
        .at_in_f32(9.0, Is(1.0 / (9.0_f64.cosh() * 9.0_f64.cosh())))
        .at(100.0, Is(0.0))
        .at(-100.0, Is(0.0))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(0.0))
        .build(),
    ]
}

fn inverse_hyperbolic() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::asinh",
            Trigonometry,
            &["float_asinh"],
            ranks!(|x| x.asinh()),
            |x| 1.0 / (1.0 + x * x).sqrt(),
        )
        .within(-3.0, 3.0)
        .at(0.0, Is(1.0))
        .at_in_f32(2.0_f64.powi(80), Is(2.0_f64.powi(-80)))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::acosh",
            Trigonometry,
            &["float_acosh"],
            ranks!(|x| x.acosh()),
            |x| 1.0 / (x * x - 1.0).sqrt(),
        )
        .within(1.25, 4.0)
        .at(1.0, Is(INFINITY))
        .at_in_f32(2.0_f64.powi(80), Is(2.0_f64.powi(-80)))
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::atanh",
            Trigonometry,
            &["float_atanh"],
            ranks!(|x| x.atanh()),
            |x| 1.0 / (1.0 - x * x),
        )
        .within(-0.75, 0.75)
        .at(0.0, Is(1.0))
        .at(1.0, Is(INFINITY))
        .build(),
    ]
}
