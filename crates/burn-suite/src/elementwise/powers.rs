//! Exponentials, logarithms, roots and powers.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};

use burn::tensor::Tensor;
use burn_gradcheck::Sample;

use super::binary::{BinaryOperation, PairsAtRanks, pairs};
use super::unary::{AtRanks, UnaryOperation, ranks};
use crate::operation::{Family::Powers, Operation};
use crate::point::Expected::Is;
use crate::witness::{Dual, Formula, FormulaPrecision, argument};

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = exponentials();
    all.extend(roots());
    all.extend(powers_by_number());
    all.extend(powers_by_tensor());
    all
}

fn unary(name: &'static str, burn: AtRanks, formula: fn(Dual) -> Dual) -> UnaryOperation {
    UnaryOperation::new(name, Powers, burn, formula)
}

fn binary(
    name: &'static str,
    burn: PairsAtRanks,
    formula: fn(Dual, Dual) -> Dual,
) -> BinaryOperation {
    BinaryOperation::new(name, Powers, burn, formula)
}

#[rustfmt::skip]
fn exponentials() -> Vec<Operation> {
    vec![
        unary("Tensor::exp", ranks!(|x| x.exp()), Dual::exp).covers(&["float_exp"]).at(0.0, Is(1.0))
            .at(-1000.0, Is(0.0)).at_in_f32(88.5, Is(88.5_f64.exp())).at(INFINITY, Is(INFINITY))
            .at(-INFINITY, Is(0.0)).build(),
        unary("Tensor::log", ranks!(|x| x.log()), Dual::ln).covers(&["float_log"])
            .within(0.125, 3.0).at(1.0, Is(1.0)).at(0.0, Is(INFINITY))
            .at(2.0_f64.powi(-100), Is(2.0_f64.powi(100))).at(INFINITY, Is(0.0)).build(),
        unary("Tensor::log1p", ranks!(|x| x.log1p()), Dual::ln_1p).covers(&["float_log1p"])
            .within(-0.75, 2.0).at(0.0, Is(1.0)).at(-0.0, Is(1.0)).at(2.0_f64.powi(-100), Is(1.0))
            .at(-1.0, Is(INFINITY)).at(INFINITY, Is(0.0)).build(),
        unary("Tensor::erf", ranks!(|x| x.erf()), Dual::erf).covers(&["float_erf"])
            .within(-3.0, 3.0).at(0.0, Is(FRAC_2_SQRT_PI)).at(100.0, Is(0.0)).at(INFINITY, Is(0.0))
            .at(-INFINITY, Is(0.0)).build(),
    ]
}

#[rustfmt::skip]
fn roots() -> Vec<Operation> {
    vec![
        unary("Tensor::sqrt", ranks!(|x| x.sqrt()), Dual::sqrt).covers(&["float_sqrt"])
            .within(0.125, 3.0).at(4.0, Is(0.25)).at(0.0, Is(INFINITY))
            .at(2.0_f64.powi(-100), Is(2.0_f64.powi(49))).at(INFINITY, Is(0.0)).build(),
        unary("Tensor::recip", ranks!(|x| x.recip()), Dual::recip).covers(&["float_recip"])
            .at(0.0, Is(-INFINITY)).at(-0.0, Is(-INFINITY)).at_in_f32(2.0_f64.powi(70), Is(0.0))
            .at(INFINITY, Is(0.0)).at(-INFINITY, Is(0.0)).build(),
        unary("Tensor::square", ranks!(|x| x.square()), |x| x * x).covers(&["float_mul"])
            .at(0.0, Is(0.0)).at(INFINITY, Is(INFINITY)).build(),
    ]
}

#[rustfmt::skip]
fn powers_by_number() -> Vec<Operation> {
    vec![
        unary("Tensor::powi_scalar(3)", ranks!(|x| x.powi_scalar(3)), |x| x.powf(3.0))
            .covers(&["float_powf_scalar_impl"]).at(0.0, Is(0.0)).at(-2.0, Is(12.0))
            .at(-INFINITY, Is(INFINITY)).build(),
        unary("Tensor::powi_scalar(-3)", ranks!(|x| x.powi_scalar(-3)), |x| x.powf(-3.0))
            .covers(&["float_powf_scalar_impl"]).at(-2.0, Is(-3.0 / 16.0)).at(INFINITY, Is(0.0))
            .build(),
        unary("Tensor::powi_scalar(-2)", ranks!(|x| x.powi_scalar(-2)), |x| x.powf(-2.0))
            .covers(&["float_recip"]).at(-2.0, Is(0.25)).at(-INFINITY, Is(0.0)).build(),
        unary("Tensor::powi_scalar(1)", ranks!(|x| x.powi_scalar(1)), |x| x).at(0.0, Is(1.0))
            .at(INFINITY, Is(1.0)).build(),
        unary("Tensor::powi_scalar(0)", ranks!(|x| x.powi_scalar(0)), |x| x.step(|_| 1.0))
            .at(0.0, Is(0.0)).build(),
        unary("Tensor::powf_scalar(2.5)", ranks!(|x| x.powf_scalar(2.5)), |x| x.powf(2.5))
            .covers(&["float_powf_scalar_impl"]).within(0.125, 3.0).at(0.0, Is(0.0))
            .at(4.0, Is(20.0)).at(INFINITY, Is(INFINITY)).build(),
        unary("Tensor::powf_scalar(0.5)", ranks!(|x| x.powf_scalar(0.5)), |x| x.powf(0.5))
            .covers(&["float_powf_scalar_impl"]).within(0.125, 3.0).at(0.0, Is(INFINITY))
            .at(INFINITY, Is(0.0)).build(),
        unary("Tensor::powf_scalar(1/3)", ranks!(|x| x.powf_scalar(1.0 / 3.0)),
                |x| x.powf(1.0 / 3.0)).covers(&["float_powf_scalar_impl"]).within(0.125, 3.0)
            .build(),
        unary("Tensor::powf_scalar(-1.5)", ranks!(|x| x.powf_scalar(-1.5)), |x| x.powf(-1.5))
            .covers(&["float_powf_scalar_impl"]).within(0.125, 3.0).at(4.0, Is(-1.5 / 32.0))
            .at(INFINITY, Is(0.0)).build(),
        unary("Tensor::powf_scalar(3.0)", ranks!(|x| x.powf_scalar(3.0)), |x| x.powf(3.0))
            .covers(&["float_powf_scalar_impl"]).at(-2.0, Is(12.0)).at(0.0, Is(0.0))
            .at(-INFINITY, Is(INFINITY)).build(),
        unary("Tensor::powf_scalar(1.0)", ranks!(|x| x.powf_scalar(1.0)), |x| x).at(0.0, Is(1.0))
            .build(),
        unary("Tensor::powf_scalar(0.0)", ranks!(|x| x.powf_scalar(0.0)), |x| x.step(|_| 1.0))
            .covers(&["float_powi_scalar"]).at(2.0, Is(0.0)).at(0.0, Is(0.0)).build(),
    ]
}

#[rustfmt::skip]
fn powers_by_tensor() -> Vec<Operation> {
    vec![
        binary("Tensor::powf", pairs!(|a, b| a.powf(b)), Dual::pow).covers(&["float_powf"])
            .within(Sample::Within { low: 0.125, high: 2.0 }, Sample::Signed).with_itself()
            .at(2.0, 0.0, [Is(0.0), Is(LN_2)]).at(1.0, 3.0, [Is(3.0), Is(0.0)])
            .at(0.0, 2.0, [Is(0.0), Is(0.0)]).at(0.0, 1.0, [Is(1.0), Is(0.0)])
            .note("at base 0 and a positive exponent the power is 0 for all exponents near by")
            .at(INFINITY, 2.0, [Is(INFINITY), Is(INFINITY)]).at(2.0, -INFINITY, [Is(0.0), Is(0.0)])
            .at(1.0, 0.0, [Is(0.0), Is(0.0)]).build(),
        base_of("Tensor::powf, base", |a, b| a.powf(b)),
        base_of("Tensor::powi, base", |a, b| a.powi(b)),
    ]
}

/// A negative base to the power of a constant tensor of threes.
fn base_of(name: &'static str, power: fn(Tensor<2>, Tensor<2>) -> Tensor<2>) -> Operation {
    let formula = Formula::new([argument("x", &[3, 5])], |of| {
        of.get("x").map(|x| x * x * x)
    });
    let formula = formula.with_precision(FormulaPrecision::Short(None));
    Operation::new(name, Powers)
        .covers(&["float_powf"])
        .note("a negative base, to a constant tensor of whole exponents")
        .check("[3, 5]", &formula, move |v| {
            let x = v.get::<2>("x");
            let threes = x.full_like(3.0);
            power(x, threes)
        })
}
