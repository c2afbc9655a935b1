//! Sums, products, quotients and remainders.

use std::f64::consts::PI;

use burn_gradcheck::Sample;

use super::binary::{Binary, pairs};
use super::unary::{Unary, ranks};
use crate::operation::{Family::Arithmetic, Operation};
use crate::point::Expected::{Between, Is};

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = by_tensor();
    all.extend(by_number());
    all
}

fn by_tensor() -> Vec<Operation> {
    vec![
        Binary::new(
            "Tensor::add",
            Arithmetic,
            &["float_add"],
            pairs!(|a, b| a.add(b)),
            |_, _| (1.0, 1.0),
        )
        .with_itself()
        .build(),
        Binary::new(
            "Tensor::sub",
            Arithmetic,
            &["float_sub"],
            pairs!(|a, b| a.sub(b)),
            |_, _| (1.0, -1.0),
        )
        .build(),
        Binary::new(
            "Tensor::mul",
            Arithmetic,
            &["float_mul"],
            pairs!(|a, b| a.mul(b)),
            |a, b| (b, a),
        )
        .with_itself()
        .at(0.0, 3.0, [Is(3.0), Is(0.0)])
        .at(INFINITY, 2.0, [Is(2.0), Is(INFINITY)])
        .build(),
        Binary::new(
            "Tensor::div",
            Arithmetic,
            &["float_div"],
            pairs!(|a, b| a.div(b)),
            |a, b| (1.0 / b, -a / (b * b)),
        )
        .at(0.0, 2.0, [Is(0.5), Is(0.0)])
        .at_in_f32(
            2.0_f64.powi(-80),
            2.0_f64.powi(-80),
            [Is(2.0_f64.powi(80)), Is(-(2.0_f64.powi(80)))],
        )
        .at_in_f32(
            2.0_f64.powi(80),
            2.0_f64.powi(80),
            [Is(2.0_f64.powi(-80)), Is(-(2.0_f64.powi(-80)))],
        )
        .note("the gradient of the divisor squares it")
        .at(INFINITY, 2.0, [Is(0.5), Is(-INFINITY)])
        .at(3.0, INFINITY, [Is(0.0), Is(0.0)])
        .build(),
        Binary::new(
            "Tensor::remainder",
            Arithmetic,
            &["float_remainder"],
            pairs!(|a, b| a.remainder(b)),
            |a, b| (1.0, -(a / b).floor()),
        )
        .within(
            Sample::Within {
                low: 2.4,
                high: 2.75,
            },
            Sample::Within {
                low: 1.0,
                high: 1.0625,
            },
        )
        .at(7.5, 2.0, [Is(1.0), Is(-3.0)])
        .at(-7.5, 2.0, [Is(1.0), Is(4.0)])
        .at(7.5, -2.0, [Is(1.0), Is(4.0)])
        .note("a - floor(a / b) * b; jumps where a is a multiple of b")
        .build(),
        Binary::new(
            "Tensor::fmod",
            Arithmetic,
            &["float_div", "float_trunc", "float_mul", "float_mask_where"],
            pairs!(|a, b| a.fmod(b)),
            |a, b| (1.0, -(a / b).trunc()),
        )
        .within(
            Sample::Within {
                low: 2.4,
                high: 2.75,
            },
            Sample::Within {
                low: 1.0,
                high: 1.0625,
            },
        )
        .at(7.5, 2.0, [Is(1.0), Is(-3.0)])
        .at(-7.5, 2.0, [Is(1.0), Is(3.0)])
        .at(7.5, -2.0, [Is(1.0), Is(3.0)])
        .at(7.5, INFINITY, [Is(1.0), Is(0.0)])
        .note("a - trunc(a / b) * b; jumps where a is a multiple of b")
        .build(),
        Binary::new(
            "Tensor::hypot",
            Arithmetic,
            &["float_hypot"],
            pairs!(|a, b| a.hypot(b)),
            |a, b| (a / a.hypot(b), b / a.hypot(b)),
        )
        .with_itself()
        .at(3.0, 0.0, [Is(1.0), Is(0.0)])
        .at(0.0, -2.0, [Is(0.0), Is(-1.0)])
        .at(0.0, 0.0, [Between(-1.0, 1.0), Between(-1.0, 1.0)])
        .at_in_f32(
            3.0 * 2.0_f64.powi(80),
            4.0 * 2.0_f64.powi(80),
            [Is(0.6), Is(0.8)],
        )
        .note("a cone: at the origin any vector of length at most 1 is a subgradient")
        .at(INFINITY, 3.0, [Is(1.0), Is(0.0)])
        .build(),
    ]
}

fn by_number() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::add_scalar",
            Arithmetic,
            &["float_add_scalar"],
            ranks!(|x| x.add_scalar(0.3)),
            |_| 1.0,
        )
        .at(INFINITY, Is(1.0))
        .build(),
        Unary::new(
            "Tensor::sub_scalar",
            Arithmetic,
            &["float_sub_scalar"],
            ranks!(|x| x.sub_scalar(0.3)),
            |_| 1.0,
        )
        .build(),
        Unary::new(
            "Tensor::mul_scalar",
            Arithmetic,
            &["float_mul_scalar"],
            ranks!(|x| x.mul_scalar(-0.3)),
            |_| -0.3,
        )
        .at(INFINITY, Is(-0.3))
        .build(),
        Unary::new(
            "Tensor::div_scalar",
            Arithmetic,
            &["float_div_scalar"],
            ranks!(|x| x.div_scalar(3.0)),
            |_| 1.0 / 3.0,
        )
        .build(),
        Unary::new(
            "Tensor::remainder_scalar",
            Arithmetic,
            &["float_remainder_scalar"],
            ranks!(|x| x.remainder_scalar(0.75)),
            |_| 1.0,
        )
        .note("jumps at the multiples of the divisor")
        .build(),
        Unary::new(
            "Tensor::fmod_scalar",
            Arithmetic,
            &["float_div_scalar", "float_trunc", "float_mul_scalar"],
            ranks!(|x| x.fmod_scalar(0.75)),
            |_| 1.0,
        )
        .note("jumps at the multiples of the divisor but 0")
        .build(),
        Unary::new(
            "Tensor::neg",
            Arithmetic,
            &["float_neg"],
            ranks!(|x| x.neg()),
            |_| -1.0,
        )
        .build(),
        Unary::new(
            "Tensor::deg2rad",
            Arithmetic,
            &["float_mul_scalar"],
            ranks!(|x| x.deg2rad()),
            |_| PI / 180.0,
        )
        .build(),
        Unary::new(
            "Tensor::rad2deg",
            Arithmetic,
            &["float_mul_scalar"],
            ranks!(|x| x.rad2deg()),
            |_| 180.0 / PI,
        )
        .build(),
    ]
}
