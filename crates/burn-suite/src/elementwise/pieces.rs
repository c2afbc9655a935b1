//! Rounding, signs and bounds: functions in pieces, with a kink or a jump between them.

use super::binary::{BinaryOperation, PairsAtRanks, pairs};
use super::unary::{AtRanks, UnaryOperation, ranks};
use crate::operation::{Family::Pieces, Operation};
use crate::point::Expected::{Any, Between, Is};
use crate::witness::Dual;

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = steps();
    all.extend(bounds());
    all.extend(of_two());
    all
}

fn unary(name: &'static str, burn: AtRanks, formula: fn(Dual) -> Dual) -> UnaryOperation {
    UnaryOperation::new(name, Pieces, burn, formula)
}

fn binary(
    name: &'static str,
    burn: PairsAtRanks,
    formula: fn(Dual, Dual) -> Dual,
) -> BinaryOperation {
    BinaryOperation::new(name, Pieces, burn, formula)
}

#[rustfmt::skip]
fn steps() -> Vec<Operation> {
    vec![
        unary("Tensor::floor", ranks!(|x| x.floor()), |x| x.step(f64::floor))
            .covers(&["float_floor"]).at(1.0, Is(0.0))
            .note("a jump at every whole number, where the gradient stays 0").at(INFINITY, Is(0.0))
            .build(),
        unary("Tensor::ceil", ranks!(|x| x.ceil()), |x| x.step(f64::ceil)).covers(&["float_ceil"])
            .at(1.0, Is(0.0)).note("a jump at every whole number, where the gradient stays 0")
            .build(),
        unary("Tensor::round", ranks!(|x| x.round()), |x| x.step(f64::round))
            .covers(&["float_round"]).at(0.5, Is(0.0))
            .note("a jump half way between whole numbers, where the gradient stays 0").build(),
        unary("Tensor::trunc", ranks!(|x| x.trunc()), |x| x.step(f64::trunc))
            .covers(&["float_trunc"]).at(1.0, Is(0.0))
            .note("a jump at every whole number but 0, where the gradient stays 0").build(),
        unary("Tensor::sign", ranks!(|x| x.sign()), |x| x.step(f64::signum)).covers(&["float_sign"])
            .at(0.0, Is(0.0)).note("a jump at 0, where the gradient stays 0").at(INFINITY, Is(0.0))
            .build(),
        unary("Tensor::abs", ranks!(|x| x.abs()), Dual::abs).covers(&["float_abs"])
            .at(0.0, Between(-1.0, 1.0)).at(-0.0, Between(-1.0, 1.0)).at(INFINITY, Is(1.0))
            .at(-INFINITY, Is(-1.0)).build(),
    ]
}

#[rustfmt::skip]
fn bounds() -> Vec<Operation> {
    vec![
        unary("Tensor::clamp", ranks!(|x| x.clamp(-0.5, 0.75)), |x| x.at_least(-0.5).at_most(0.75))
            .covers(&["float_mask_fill"]).at(-0.5, Between(0.0, 1.0)).at(0.75, Between(0.0, 1.0))
            .at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0)).build(),
        unary("Tensor::clamp_min", ranks!(|x| x.clamp_min(0.25)), |x| x.at_least(0.25))
            .covers(&["float_mask_fill"]).at(0.25, Between(0.0, 1.0)).at(INFINITY, Is(1.0))
            .at(-INFINITY, Is(0.0)).build(),
        unary("Tensor::clamp_max", ranks!(|x| x.clamp_max(0.25)), |x| x.at_most(0.25))
            .covers(&["float_mask_fill"]).at(0.25, Between(0.0, 1.0)).at(INFINITY, Is(0.0))
            .at(-INFINITY, Is(1.0)).build(),
    ]
}

#[rustfmt::skip]
fn of_two() -> Vec<Operation> {
    vec![
        binary("Tensor::max_pair", pairs!(|a, b| a.max_pair(b)),
                |a, b| { if a > b { a } else { b } }).covers(&["float_mask_where"])
            .at(1.0, 1.0, [Between(0.0, 1.0), Between(0.0, 1.0)])
            .note("at a tie, which of the two has the gradient is a convention")
            .at(INFINITY, 3.0, [Is(1.0), Is(0.0)]).at(-INFINITY, 3.0, [Is(0.0), Is(1.0)])
            .at(NAN, 3.0, [Any, Any]).at(3.0, NAN, [Any, Any]).build(),
        binary("Tensor::min_pair", pairs!(|a, b| a.min_pair(b)),
                |a, b| { if a < b { a } else { b } }).covers(&["float_mask_where"])
            .at(1.0, 1.0, [Between(0.0, 1.0), Between(0.0, 1.0)])
            .note("at a tie, which of the two has the gradient is a convention")
            .at(INFINITY, 3.0, [Is(0.0), Is(1.0)]).at(NAN, 3.0, [Any, Any]).at(3.0, NAN, [Any, Any])
            .build(),
    ]
}
