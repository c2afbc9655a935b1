//! Sums, products, quotients and remainders.

use std::f64::consts::PI;

use burn_gradcheck::Sample;

use super::binary::{BinaryOperation, PairsAtRanks, pairs};
use super::unary::{AtRanks, UnaryOperation, ranks};
use crate::operation::{Family::Arithmetic, Operation};
use crate::point::Expected::{Between, Is};
use crate::witness::Dual;

const INFINITY: f64 = f64::INFINITY;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = by_tensor();
    all.extend(by_number());
    all
}

fn unary(name: &'static str, burn: AtRanks, formula: fn(Dual) -> Dual) -> UnaryOperation {
    UnaryOperation::new(name, Arithmetic, burn, formula)
}

fn binary(
    name: &'static str,
    burn: PairsAtRanks,
    formula: fn(Dual, Dual) -> Dual,
) -> BinaryOperation {
    BinaryOperation::new(name, Arithmetic, burn, formula)
}

#[rustfmt::skip]
fn by_tensor() -> Vec<Operation> {
    vec![
        binary("Tensor::add", pairs!(|a, b| a.add(b)), |a, b| a + b).covers(&["float_add"])
            .with_itself().build(),
        binary("Tensor::sub", pairs!(|a, b| a.sub(b)), |a, b| a - b).covers(&["float_sub"]).build(),
        binary("Tensor::mul", pairs!(|a, b| a.mul(b)), |a, b| a * b).covers(&["float_mul"])
            .with_itself().at(0.0, 3.0, [Is(3.0), Is(0.0)])
            .at(INFINITY, 2.0, [Is(2.0), Is(INFINITY)]).build(),
        binary("Tensor::div", pairs!(|a, b| a.div(b)), |a, b| a / b).covers(&["float_div"])
            .at(0.0, 2.0, [Is(0.5), Is(0.0)])
            .at_in_f32(2.0_f64.powi(-80), 2.0_f64.powi(-80),
                [Is(2.0_f64.powi(80)), Is(-(2.0_f64.powi(80)))])
            .at_in_f32(2.0_f64.powi(80), 2.0_f64.powi(80),
                [Is(2.0_f64.powi(-80)), Is(-(2.0_f64.powi(-80)))])
            .note("the gradient of the divisor squares it")
            .at(INFINITY, 2.0, [Is(0.5), Is(-INFINITY)]).at(3.0, INFINITY, [Is(0.0), Is(0.0)])
            .build(),
        binary("Tensor::remainder", pairs!(|a, b| a.remainder(b)),
                |a, b| a - (a / b).step(f64::floor) * b).covers(&["float_remainder"])
            .within(Sample::Within { low: 2.4, high: 2.75 },
                Sample::Within { low: 1.0, high: 1.0625 }).at(7.5, 2.0, [Is(1.0), Is(-3.0)])
            .at(-7.5, 2.0, [Is(1.0), Is(4.0)]).at(7.5, -2.0, [Is(1.0), Is(4.0)])
            .note("a - floor(a / b) * b; jumps where a is a multiple of b").build(),
        binary("Tensor::fmod", pairs!(|a, b| a.fmod(b)), |a, b| a - (a / b).step(f64::trunc) * b)
            .covers(&["float_div", "float_trunc", "float_mul", "float_mask_where"])
            .within(Sample::Within { low: 2.4, high: 2.75 },
                Sample::Within { low: 1.0, high: 1.0625 }).at(7.5, 2.0, [Is(1.0), Is(-3.0)])
            .at(-7.5, 2.0, [Is(1.0), Is(3.0)]).at(7.5, -2.0, [Is(1.0), Is(3.0)])
            .at(7.5, INFINITY, [Is(1.0), Is(0.0)])
            .note("a - trunc(a / b) * b; jumps where a is a multiple of b").build(),
        binary("Tensor::hypot", pairs!(|a, b| a.hypot(b)), |a, b| (a * a + b * b).sqrt())
            .covers(&["float_hypot"]).with_itself().at(3.0, 0.0, [Is(1.0), Is(0.0)])
            .at(0.0, -2.0, [Is(0.0), Is(-1.0)])
            .at(0.0, 0.0, [Between(-1.0, 1.0), Between(-1.0, 1.0)])
            .at_in_f32(3.0 * 2.0_f64.powi(80), 4.0 * 2.0_f64.powi(80), [Is(0.6), Is(0.8)])
            .note("a cone: at the origin any vector of length at most 1 is a subgradient")
            .at(INFINITY, 3.0, [Is(1.0), Is(0.0)]).build(),
    ]
}

#[rustfmt::skip]
fn by_number() -> Vec<Operation> {
    vec![
        unary("Tensor::add_scalar", ranks!(|x| x.add_scalar(0.3)), |x| x + 0.3)
            .covers(&["float_add_scalar"]).at(INFINITY, Is(1.0)).build(),
        unary("Tensor::sub_scalar", ranks!(|x| x.sub_scalar(0.3)), |x| x - 0.3)
            .covers(&["float_sub_scalar"]).build(),
        unary("Tensor::mul_scalar", ranks!(|x| x.mul_scalar(-0.3)), |x| x * -0.3)
            .covers(&["float_mul_scalar"]).at(INFINITY, Is(-0.3)).build(),
        unary("Tensor::div_scalar", ranks!(|x| x.div_scalar(3.0)), |x| x / 3.0)
            .covers(&["float_div_scalar"]).build(),
        unary("Tensor::remainder_scalar", ranks!(|x| x.remainder_scalar(0.75)),
                |x| x - (x / 0.75).step(f64::floor) * 0.75).covers(&["float_remainder_scalar"])
            .note("jumps at the multiples of the divisor").build(),
        unary("Tensor::fmod_scalar", ranks!(|x| x.fmod_scalar(0.75)),
                |x| x - (x / 0.75).step(f64::trunc) * 0.75)
            .covers(&["float_div_scalar", "float_trunc", "float_mul_scalar"])
            .note("jumps at the multiples of the divisor but 0").build(),
        unary("Tensor::neg", ranks!(|x| x.neg()), |x| -x).covers(&["float_neg"]).build(),
        unary("Tensor::deg2rad", ranks!(|x| x.deg2rad()), |x| x * (PI / 180.0))
            .covers(&["float_mul_scalar"]).build(),
        unary("Tensor::rad2deg", ranks!(|x| x.rad2deg()), |x| x * (180.0 / PI))
            .covers(&["float_mul_scalar"]).build(),
    ]
}
