//! Masks, comparisons and casts.

use burn::tensor::{DType, Tensor};

use super::binary::{Binary, pairs};
use super::unary::{Unary, ranks};
use crate::operation::{Family::Masks, Operation};
use crate::point::Expected::Is;

/// What numbers are compared with: none that is drawn, since those are multiples of 1/256.
const THRESHOLD: f64 = 257.0 / 1024.0;
/// What takes a number that is drawn off the grid of the others, so that no two are equal.
const OFF_GRID: f64 = 1.0 / 1024.0;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = fills();
    all.extend(comparisons());
    all
}

fn fills() -> Vec<Operation> {
    vec![
        Binary::new(
            "Tensor::mask_where",
            Masks,
            &["float_mask_where"],
            pairs!(|a, b| {
                let mask = (a.clone() * b.clone()).lower_scalar(0.0);
                (a.clone() + b.clone()).mask_where(mask, a * b)
            }),
            |a, b| if a * b < 0.0 { (b, a) } else { (1.0, 1.0) },
        )
        .at(2.0, 0.0, [Is(1.0), Is(1.0)])
        .note("a + b, and a b where that is negative")
        .build(),
        Unary::new(
            "Tensor::mask_where, the other branch infinite",
            Masks,
            &["float_mask_where"],
            ranks!(|x| {
                let mask = x.clone().equal_scalar(0.0);
                x.clone().recip().mask_where(mask, x)
            }),
            |x| -1.0 / (x * x),
        )
        .at(0.0, Is(1.0))
        .note("1 / x, and x where x is 0: how a division by zero is usually avoided")
        .build(),
        Unary::new(
            "Tensor::mask_fill",
            Masks,
            &["float_mask_fill"],
            ranks!(|x| {
                let mask = x.clone().greater_scalar(THRESHOLD);
                (x.clone() * x).mask_fill(mask, 7.0)
            }),
            |x| if x > THRESHOLD { 0.0 } else { 2.0 * x },
        )
        .build(),
        Unary::new(
            "Tensor::cast",
            Masks,
            &["float_cast"],
            ranks!(|x| there_and_back(x)),
            |x| 2.0 * x,
        )
        .at(3.0, Is(6.0))
        .note("to the other of f32 and f64, squared there, and back")
        .build(),
    ]
}

/// Squares in the other float type; on a device without f64 in its own.
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

/// A mask by comparison lets the gradient of what it multiplies through and has none itself.
macro_rules! comparison {
    ($name:literal, $method:literal, $compare:ident, $holds:expr) => {
        Binary::new(
            $name,
            Masks,
            &[$method, "float_mul"],
            pairs!(|a, b| {
                let dtype = a.dtype();
                let other = b.clone().add_scalar(OFF_GRID);
                let mask = a.clone().$compare(other).float().cast(dtype);
                a * b * mask
            }),
            |a, b| {
                let holds: fn(f64, f64) -> bool = $holds;
                if holds(a, b + OFF_GRID) {
                    (b, a)
                } else {
                    (0.0, 0.0)
                }
            },
        )
        .note(
            "a b where it holds of a and b + 1/1024, else 0: the comparison itself has no gradient",
        )
        .build()
    };
    ($name:literal, $method:literal, scalar $compare:ident, $holds:expr) => {
        Unary::new(
            $name,
            Masks,
            &[$method, "float_mul"],
            ranks!(|x| {
                let dtype = x.dtype();
                let mask = x.clone().$compare(THRESHOLD).float().cast(dtype);
                x.clone() * x * mask
            }),
            |x| {
                let holds: fn(f64) -> bool = $holds;
                if holds(x) { 2.0 * x } else { 0.0 }
            },
        )
        .note("x² where it holds of the threshold, else 0: the comparison itself has no gradient")
        .build()
    };
}

fn comparisons() -> Vec<Operation> {
    vec![
        comparison!("Tensor::greater", "float_greater", greater, |a, b| a > b),
        comparison!(
            "Tensor::greater_equal",
            "float_greater_equal",
            greater_equal,
            |a, b| a >= b
        ),
        comparison!("Tensor::lower", "float_lower", lower, |a, b| a < b),
        comparison!(
            "Tensor::lower_equal",
            "float_lower_equal",
            lower_equal,
            |a, b| a <= b
        ),
        comparison!("Tensor::equal", "float_equal", equal, |a, b| a == b),
        comparison!(
            "Tensor::greater_scalar",
            "float_greater_elem",
            scalar greater_scalar,
            |x| x > THRESHOLD
        ),
        comparison!(
            "Tensor::greater_equal_scalar",
            "float_greater_equal_elem",
            scalar greater_equal_scalar,
            |x| x >= THRESHOLD
        ),
        comparison!(
            "Tensor::lower_scalar",
            "float_lower_elem",
            scalar lower_scalar,
            |x| x < THRESHOLD
        ),
        comparison!(
            "Tensor::lower_equal_scalar",
            "float_lower_equal_elem",
            scalar lower_equal_scalar,
            |x| x <= THRESHOLD
        ),
        comparison!(
            "Tensor::equal_scalar",
            "float_equal_elem",
            scalar equal_scalar,
            |x| x == THRESHOLD
        ),
        is_what(
            "Tensor::is_nan",
            &["float_is_nan"],
            ranks!(|x| {
                let dtype = x.dtype();
                x.clone() * x.clone() * x.is_nan().bool_not().float().cast(dtype)
            }),
        ),
        is_what(
            "Tensor::is_inf",
            &["float_is_inf"],
            ranks!(|x| {
                let dtype = x.dtype();
                x.clone() * x.clone() * x.is_inf().bool_not().float().cast(dtype)
            }),
        ),
    ]
}

/// The square of what is a number.
fn is_what(
    name: &'static str,
    covers: &'static [&'static str],
    ranks: super::unary::Ranks,
) -> Operation {
    Unary::new(name, Masks, covers, ranks, |x| 2.0 * x)
        .note("x² where it does not hold: the mask has no gradient")
        .build()
}
