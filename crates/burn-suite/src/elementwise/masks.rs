//! Masks, comparisons and casts.

use burn::tensor::{Bool, DType, Tensor};

use super::binary::{BinaryOperation, PairsAtRanks, pairs};
use super::unary::{AtRanks, UnaryOperation, ranks};
use crate::operation::{Family::Masks, Operation};
use crate::point::Expected::Is;
use crate::witness::Dual;

/// The number to compare with. It is never drawn, since drawn numbers are multiples of 1/256.
const THRESHOLD: f64 = 257.0 / 1024.0;
/// Added to one of two drawn numbers, so that they are never equal.
const OFF_GRID: f64 = 1.0 / 1024.0;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = fills();
    all.extend(comparisons());
    all
}

fn unary(name: &'static str, burn: AtRanks, formula: fn(Dual) -> Dual) -> UnaryOperation {
    UnaryOperation::new(name, Masks, burn, formula)
}

fn binary(
    name: &'static str,
    burn: PairsAtRanks,
    formula: fn(Dual, Dual) -> Dual,
) -> BinaryOperation {
    BinaryOperation::new(name, Masks, burn, formula)
}

#[rustfmt::skip]
fn fills() -> Vec<Operation> {
    vec![
        binary(
            "Tensor::mask_where",
            pairs!(|a, b| {
                let mask = (a.clone() * b.clone()).lower_scalar(0.0);
                (a.clone() + b.clone()).mask_where(mask, a * b)
            }),
            |a, b| if a * b < 0.0.into() { a * b } else { a + b },
        )
        .covers(&["float_mask_where"])
        .at(2.0, 0.0, [Is(1.0), Is(1.0)])
        .note("a + b, and a b where that is negative")
        .build(),
        unary(
            "Tensor::mask_where, the other branch infinite",
            ranks!(|x| {
                let mask = x.clone().equal_scalar(0.0);
                x.clone().recip().mask_where(mask, x)
            }),
            Dual::recip,
        )
        .covers(&["float_mask_where"])
        .at(0.0, Is(1.0))
        .note("1 / x, and x where x is 0: the usual way to avoid a division by zero")
        .build(),
        unary(
            "Tensor::mask_fill",
            ranks!(|x| {
                let mask = x.clone().greater_scalar(THRESHOLD);
                (x.clone() * x).mask_fill(mask, 7.0)
            }),
            |x| {
                if x > THRESHOLD.into() {
                    7.0.into()
                } else {
                    x * x
                }
            },
        )
        .covers(&["float_mask_fill"])
        .build(),
        unary("Tensor::cast", ranks!(|x| there_and_back(x)), |x| x * x).covers(&["float_cast"])
            .at(3.0, Is(6.0)).note("to the other of f32 and f64, squared there, and back").build(),
    ]
}

/// Squares in the other float type, or in its own on a device without f64.
fn there_and_back<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let own = x.dtype();
    let other = match own {
        DType::F64 => DType::F32,
        _ if x.device().supports_dtype(DType::F64) => DType::F64,
        _ => own,
    };
    let x = x.cast(other);
    (x.clone() * x).cast(own)
}

/// The product of two numbers where a comparison of them holds, else 0. The comparison makes a mask,
/// which multiplies and has no gradient of its own.
macro_rules! comparison {
    ($name:literal, $method:literal, $compare:ident, $holds:tt) => {
        binary(
            $name,
            pairs!(|a, b| {
                let other = b.clone().add_scalar(OFF_GRID);
                let mask = a.clone().$compare(other).float().cast(a.dtype());
                a * b * mask
            }),
            |a, b| masked(a * b, a.value $holds b.value + OFF_GRID),
        )
        .covers(&[$method, "float_mul"])
        .note(
            "a b where it holds of a and b + 1/1024, else 0: the comparison itself has no gradient",
        )
        .build()
    };
    ($name:literal, $method:literal, scalar $compare:ident, $holds:tt) => {
        unary(
            $name,
            ranks!(|x| {
                let mask = x.clone().$compare(THRESHOLD).float().cast(x.dtype());
                x.clone() * x * mask
            }),
            |x| masked(x * x, x.value $holds THRESHOLD),
        )
        .covers(&[$method, "float_mul"])
        .note("x² where it holds of the threshold, else 0: the comparison itself has no gradient")
        .build()
    };
}

fn masked(x: Dual, holds: bool) -> Dual {
    if holds { x } else { 0.0.into() }
}

#[rustfmt::skip]
fn comparisons() -> Vec<Operation> {
    vec![
        comparison!("Tensor::greater", "float_greater", greater, >),
        comparison!("Tensor::greater_equal", "float_greater_equal", greater_equal, >=),
        comparison!("Tensor::lower", "float_lower", lower, <),
        comparison!("Tensor::lower_equal", "float_lower_equal", lower_equal, <=),
        comparison!("Tensor::equal", "float_equal", equal, ==),
        comparison!("Tensor::greater_scalar", "float_greater_elem", scalar greater_scalar, >),
        comparison!("Tensor::greater_equal_scalar", "float_greater_equal_elem",
                scalar greater_equal_scalar, >=),
        comparison!("Tensor::lower_scalar", "float_lower_elem", scalar lower_scalar, <),
        comparison!("Tensor::lower_equal_scalar", "float_lower_equal_elem",
                scalar lower_equal_scalar, <=),
        comparison!("Tensor::equal_scalar", "float_equal_elem", scalar equal_scalar, ==),
        square_unless("Tensor::is_nan", ranks!(|x| unless(x.clone(), x.is_nan())))
            .covers(&["float_is_nan"]).build(),
        square_unless("Tensor::is_inf", ranks!(|x| unless(x.clone(), x.is_inf())))
            .covers(&["float_is_inf"]).build(),
    ]
}

fn square_unless(name: &'static str, burn: AtRanks) -> UnaryOperation {
    let unary = unary(name, burn, |x| x * x);
    unary.note("x² where it does not hold: the mask has no gradient")
}

fn unless<const D: usize>(x: Tensor<D>, mask: Tensor<D, Bool>) -> Tensor<D> {
    let dtype = x.dtype();
    x.clone() * x * mask.bool_not().float().cast(dtype)
}
