//! Rounding, signs and bounds: functions in pieces, with a kink or a jump between them.

use super::binary::{Binary, pairs};
use super::unary::{Unary, ranks};
use crate::operation::{Family::Pieces, Operation};
use crate::point::Expected::{Any, Between, Is};

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = steps();
    all.extend(bounds());
    all.extend(of_two());
    all
}

fn steps() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::floor",
            Pieces,
            &["float_floor"],
            ranks!(|x| x.floor()),
            |_| 0.0,
        )
        .at(1.0, Is(0.0))
        .note("a jump at every whole number, where the gradient stays 0")
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::ceil",
            Pieces,
            &["float_ceil"],
            ranks!(|x| x.ceil()),
            |_| 0.0,
        )
        .at(1.0, Is(0.0))
        .note("a jump at every whole number, where the gradient stays 0")
        .build(),
        Unary::new(
            "Tensor::round",
            Pieces,
            &["float_round"],
            ranks!(|x| x.round()),
            |_| 0.0,
        )
        .at(0.5, Is(0.0))
        .note("a jump half way between whole numbers, where the gradient stays 0")
        .build(),
        Unary::new(
            "Tensor::trunc",
            Pieces,
            &["float_trunc"],
            ranks!(|x| x.trunc()),
            |_| 0.0,
        )
        .at(1.0, Is(0.0))
        .note("a jump at every whole number but 0, where the gradient stays 0")
        .build(),
        Unary::new(
            "Tensor::sign",
            Pieces,
            &["float_sign"],
            ranks!(|x| x.sign()),
            |_| 0.0,
        )
        .at(0.0, Is(0.0))
        .note("a jump at 0, where the gradient stays 0")
        .at(INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::abs",
            Pieces,
            &["float_abs"],
            ranks!(|x| x.abs()),
            |x| if x < 0.0 { -1.0 } else { 1.0 },
        )
        .at(0.0, Between(-1.0, 1.0))
        .at(-0.0, Between(-1.0, 1.0))
        .at(INFINITY, Is(1.0))
        .at(-INFINITY, Is(-1.0))
        .build(),
    ]
}

fn bounds() -> Vec<Operation> {
    vec![
        Unary::new(
            "Tensor::clamp",
            Pieces,
            &["float_mask_fill"],
            ranks!(|x| x.clamp(-0.5, 0.75)),
            |x| f64::from(-0.5 < x && x < 0.75),
        )
        .at(-0.5, Between(0.0, 1.0))
        .at(0.75, Between(0.0, 1.0))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::clamp_min",
            Pieces,
            &["float_mask_fill"],
            ranks!(|x| x.clamp_min(0.25)),
            |x| f64::from(x > 0.25),
        )
        .at(0.25, Between(0.0, 1.0))
        .at(INFINITY, Is(1.0))
        .at(-INFINITY, Is(0.0))
        .build(),
        Unary::new(
            "Tensor::clamp_max",
            Pieces,
            &["float_mask_fill"],
            ranks!(|x| x.clamp_max(0.25)),
            |x| f64::from(x < 0.25),
        )
        .at(0.25, Between(0.0, 1.0))
        .at(INFINITY, Is(0.0))
        .at(-INFINITY, Is(1.0))
        .build(),
    ]
}

fn of_two() -> Vec<Operation> {
    vec![
        Binary::new(
            "Tensor::max_pair",
            Pieces,
            &["float_mask_where"],
            pairs!(|a, b| a.max_pair(b)),
            |a, b| (f64::from(a > b), f64::from(a < b)),
        )
        .at(1.0, 1.0, [Between(0.0, 1.0), Between(0.0, 1.0)])
        .note("at a tie, which of the two has the gradient is a convention")
        .at(INFINITY, 3.0, [Is(1.0), Is(0.0)])
        .at(-INFINITY, 3.0, [Is(0.0), Is(1.0)])
        .at(NAN, 3.0, [Any, Any])
        .at(3.0, NAN, [Any, Any])
        .build(),
        Binary::new(
            "Tensor::min_pair",
            Pieces,
            &["float_mask_where"],
            pairs!(|a, b| a.min_pair(b)),
            |a, b| (f64::from(a < b), f64::from(a > b)),
        )
        .at(1.0, 1.0, [Between(0.0, 1.0), Between(0.0, 1.0)])
        .note("at a tie, which of the two has the gradient is a convention")
        .at(INFINITY, 3.0, [Is(0.0), Is(1.0)])
        .at(NAN, 3.0, [Any, Any])
        .at(3.0, NAN, [Any, Any])
        .build(),
    ]
}
