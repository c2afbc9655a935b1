//! Trigonometric and hyperbolic functions and their inverses.

use super::binary::{BinaryOperation, PairsAtRanks, pairs};
use super::unary::{AtRanks, UnaryOperation, ranks};
use crate::operation::{Family::Trigonometry, Operation};
use crate::point::Expected::{Is, Nan};
use crate::witness::Dual;

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = circular();
    all.extend(inverse_circular());
    all.extend(hyperbolic());
    all.extend(inverse_hyperbolic());
    all
}

fn unary(name: &'static str, burn: AtRanks, formula: fn(Dual) -> Dual) -> UnaryOperation {
    UnaryOperation::new(name, Trigonometry, burn, formula)
}

fn binary(
    name: &'static str,
    burn: PairsAtRanks,
    formula: fn(Dual, Dual) -> Dual,
) -> BinaryOperation {
    BinaryOperation::new(name, Trigonometry, burn, formula)
}

#[rustfmt::skip]
fn circular() -> Vec<Operation> {
    vec![
        unary("Tensor::sin", ranks!(|x| x.sin()), Dual::sin).covers(&["float_sin"])
            .within(-3.0, 3.0).at(0.0, Is(1.0)).at(1000.0, Is(1000.0_f64.cos())).at(INFINITY, Nan)
            .build(),
        unary("Tensor::cos", ranks!(|x| x.cos()), Dual::cos).covers(&["float_cos"])
            .within(-3.0, 3.0).at(0.0, Is(0.0)).at(1000.0, Is(-(1000.0_f64.sin())))
            .at(INFINITY, Nan).build(),
        unary("Tensor::tan", ranks!(|x| x.tan()), Dual::tan).covers(&["float_tan"])
            .within(-1.25, 1.25).at(0.0, Is(1.0)).at(3.0, Is(1.0 / (3.0_f64.cos() * 3.0_f64.cos())))
            .at(INFINITY, Nan).build(),
    ]
}

#[rustfmt::skip]
fn inverse_circular() -> Vec<Operation> {
    vec![
        unary("Tensor::asin", ranks!(|x| x.asin()), Dual::asin).covers(&["float_asin"])
            .within(-0.75, 0.75).at(0.0, Is(1.0)).at(1.0, Is(INFINITY)).at(-1.0, Is(INFINITY))
            .build(),
        unary("Tensor::acos", ranks!(|x| x.acos()), Dual::acos).covers(&["float_acos"])
            .within(-0.75, 0.75).at(0.0, Is(-1.0)).at(1.0, Is(-INFINITY)).at(-1.0, Is(-INFINITY))
            .build(),
        unary("Tensor::atan", ranks!(|x| x.atan()), Dual::atan).covers(&["float_atan"])
            .within(-3.0, 3.0).at(0.0, Is(1.0)).at_in_f32(2.0_f64.powi(70), Is(0.0))
            .at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0)).build(),
        binary("Tensor::atan2", pairs!(|a, b| a.atan2(b)), Dual::atan2).covers(&["float_atan2"])
            .at(0.0, 2.0, [Is(0.5), Is(0.0)]).at(2.0, 0.0, [Is(0.0), Is(-0.5)])
            .at_in_f32(2.0_f64.powi(-80), 2.0_f64.powi(-80),
                [Is(2.0_f64.powi(79)), Is(-(2.0_f64.powi(79)))])
            .note("jumps by 2π across the negative half axis, where the derivative is as elsewhere")
            .at(0.0, -2.0, [Is(-0.5), Is(0.0)]).at(3.0, INFINITY, [Is(0.0), Is(0.0)])
            .at(INFINITY, 3.0, [Is(0.0), Is(0.0)]).build(),
    ]
}

#[rustfmt::skip]
fn hyperbolic() -> Vec<Operation> {
    vec![
        unary("Tensor::sinh", ranks!(|x| x.sinh()), Dual::sinh).covers(&["float_sinh"])
            .within(-3.0, 3.0).at(0.0, Is(1.0)).at(INFINITY, Is(INFINITY))
            .at(-INFINITY, Is(INFINITY)).build(),
        unary("Tensor::cosh", ranks!(|x| x.cosh()), Dual::cosh).covers(&["float_cosh"])
            .within(-3.0, 3.0).at(0.0, Is(0.0)).at(INFINITY, Is(INFINITY))
            .at(-INFINITY, Is(-INFINITY)).build(),
        unary("Tensor::tanh", ranks!(|x| x.tanh()), Dual::tanh).covers(&["float_tanh"])
            .at(0.0, Is(1.0)).at_in_f32(9.0, Is(1.0 / (9.0_f64.cosh() * 9.0_f64.cosh())))
            .at(100.0, Is(0.0)).at(-100.0, Is(0.0)).at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0))
            .build(),
    ]
}

#[rustfmt::skip]
fn inverse_hyperbolic() -> Vec<Operation> {
    vec![
        unary("Tensor::asinh", ranks!(|x| x.asinh()), Dual::asinh).covers(&["float_asinh"])
            .within(-3.0, 3.0).at(0.0, Is(1.0)).at_in_f32(2.0_f64.powi(80), Is(2.0_f64.powi(-80)))
            .at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0)).build(),
        unary("Tensor::acosh", ranks!(|x| x.acosh()), Dual::acosh).covers(&["float_acosh"])
            .within(1.25, 4.0).at(1.0, Is(INFINITY))
            .at_in_f32(2.0_f64.powi(80), Is(2.0_f64.powi(-80))).at(INFINITY, Is(0.0)).build(),
        unary("Tensor::atanh", ranks!(|x| x.atanh()), Dual::atanh).covers(&["float_atanh"])
            .within(-0.75, 0.75).at(0.0, Is(1.0)).at(1.0, Is(INFINITY)).build(),
    ]
}
