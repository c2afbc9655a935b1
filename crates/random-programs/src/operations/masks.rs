//! Truth values and whole numbers: made from floats, combined, and used.

use burn::tensor::DType;

use crate::array::{Array, HostValue};
use crate::number::{Choices, Number};
use crate::tensors::{Ranked, Value, by_rank, by_rank_of_two};

/// An operation with truth values or whole numbers, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Discrete {
    Greater,
    LowerEqual,
    GreaterScalar(f64),
    LowerScalar(f64),
    BoolNot,
    BoolAnd,
    BoolOr,
    /// Truth values to floats, 1 and 0.
    BoolFloat,
    /// Truth values to whole numbers.
    BoolInt,
    /// Whole numbers to floats.
    IntFloat,
    Argmax(usize),
    Argsort(usize),
    /// Operands: floats, truth values, floats.
    MaskWhere,
    /// Operands: floats, truth values.
    MaskFill(f64),
}

impl Discrete {
    /// Its name in burn-suite; `None` for an operation that has no gradient.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Greater => Some("Tensor::greater"),
            Self::LowerEqual => Some("Tensor::lower_equal"),
            Self::GreaterScalar(_) => Some("Tensor::greater_scalar"),
            Self::LowerScalar(_) => Some("Tensor::lower_scalar"),
            Self::MaskWhere => Some("Tensor::mask_where"),
            Self::MaskFill(_) => Some("Tensor::mask_fill"),
            _ => None,
        }
    }

    /// Burn's expression in `x`, `y` and `z`, with the parameters written out.
    pub(crate) fn code(self) -> String {
        match self {
            Self::Greater => "x.greater(y)".to_owned(),
            Self::LowerEqual => "x.lower_equal(y)".to_owned(),
            Self::GreaterScalar(a) => format!("x.greater_scalar({a:?})"),
            Self::LowerScalar(a) => format!("x.lower_scalar({a:?})"),
            Self::BoolNot => "x.bool_not()".to_owned(),
            Self::BoolAnd => "x.bool_and(y)".to_owned(),
            Self::BoolOr => "x.bool_or(y)".to_owned(),
            Self::BoolFloat | Self::IntFloat => "x.float().cast(dtype)".to_owned(),
            Self::BoolInt => "x.int()".to_owned(),
            Self::Argmax(dim) => format!("x.argmax({dim})"),
            Self::Argsort(dim) => format!("x.argsort({dim})"),
            Self::MaskWhere => "x.mask_where(y, z)".to_owned(),
            Self::MaskFill(a) => format!("x.mask_fill(y, {a:?})"),
        }
    }

    /// Its result by Burn.
    pub(crate) fn burn(self, operands: Vec<Value>, dtype: DType) -> Value {
        let mut operands = operands.into_iter();
        let mut next = || operands.next().expect("the generator counts operands");
        match self {
            Self::Greater => {
                by_rank_of_two!(next().float(), next().float(), x, y => x.greater(y).into())
            }
            Self::LowerEqual => {
                by_rank_of_two!(next().float(), next().float(), x, y => x.lower_equal(y).into())
            }
            Self::GreaterScalar(a) => by_rank!(next().float(), x => x.greater_scalar(a).into()),
            Self::LowerScalar(a) => by_rank!(next().float(), x => x.lower_scalar(a).into()),
            Self::BoolNot => by_rank!(next().bool(), x => x.bool_not().into()),
            Self::BoolAnd => {
                by_rank_of_two!(next().bool(), next().bool(), x, y => x.bool_and(y).into())
            }
            Self::BoolOr => {
                by_rank_of_two!(next().bool(), next().bool(), x, y => x.bool_or(y).into())
            }
            Self::BoolFloat => by_rank!(next().bool(), x => x.float().cast(dtype).into()),
            Self::BoolInt => by_rank!(next().bool(), x => x.int().into()),
            Self::IntFloat => by_rank!(next().int(), x => x.float().cast(dtype).into()),
            Self::Argmax(dim) => by_rank!(next().float(), x => x.argmax(dim).into()),
            Self::Argsort(dim) => by_rank!(next().float(), x => x.argsort(dim).into()),
            Self::MaskWhere => {
                let (x, mask, y) = (next().float(), next().bool(), next().float());
                match (x, mask, y) {
                    (Ranked::One(x), Ranked::One(m), Ranked::One(y)) => x.mask_where(m, y).into(),
                    (Ranked::Two(x), Ranked::Two(m), Ranked::Two(y)) => x.mask_where(m, y).into(),
                    (Ranked::Three(x), Ranked::Three(m), Ranked::Three(y)) => {
                        x.mask_where(m, y).into()
                    }
                    (Ranked::Four(x), Ranked::Four(m), Ranked::Four(y)) => {
                        x.mask_where(m, y).into()
                    }
                    _ => panic!("the generator checks ranks"),
                }
            }
            Self::MaskFill(a) => {
                by_rank_of_two!(next().float(), next().bool(), x, mask => x.mask_fill(mask, a).into())
            }
        }
    }

    /// Its result by the formula.
    pub(crate) fn formula<N: Number>(
        self,
        operands: &[&HostValue<N>],
        choices: &Choices,
    ) -> HostValue<N> {
        let float = |number: usize| operands[number].float();
        let bool = |number: usize| operands[number].bool();
        let larger = |a: &N, b: &N| choices.is_larger(a.value(), b.value());
        let number = |number: f64| N::constant(number);
        match self {
            Self::Greater => HostValue::Bool(float(0).zip(float(1), larger)),
            Self::LowerEqual => HostValue::Bool(float(0).zip(float(1), |a, b| !larger(a, b))),
            Self::GreaterScalar(a) => HostValue::Bool(float(0).map(|x| larger(x, &number(a)))),
            Self::LowerScalar(a) => HostValue::Bool(float(0).map(|x| larger(&number(a), x))),
            Self::BoolNot => HostValue::Bool(bool(0).map(|x| !x)),
            Self::BoolAnd => HostValue::Bool(bool(0).zip(bool(1), |a, b| *a && *b)),
            Self::BoolOr => HostValue::Bool(bool(0).zip(bool(1), |a, b| *a || *b)),
            Self::BoolFloat => HostValue::Float(bool(0).map(|&x| number(f64::from(u8::from(x))))),
            Self::BoolInt => HostValue::Int(bool(0).map(|&x| i64::from(x))),
            Self::IntFloat => HostValue::Float(operands[0].int().map(|&x| number(x as f64))),
            Self::Argmax(dim) => HostValue::Int(float(0).along(dim, |x| {
                let order = order(x, choices);
                order.last().map(|&i| i as i64).into_iter().collect()
            })),
            Self::Argsort(dim) => HostValue::Int(float(0).along(dim, |x| {
                order(x, choices).into_iter().map(|i| i as i64).collect()
            })),
            Self::MaskWhere => {
                let masked = bool(1).zip(float(2), |&mask, &y| (mask, y));
                HostValue::Float(Array::zip(
                    float(0),
                    &masked,
                    |&x, &(mask, y)| {
                        if mask { y } else { x }
                    },
                ))
            }
            Self::MaskFill(a) => HostValue::Float(
                float(0).zip(bool(1), |&x, &mask| if mask { number(a) } else { x }),
            ),
        }
    }
}

/// The numbers' places, from that of the smallest to that of the largest.
fn order<N: Number>(x: &[N], choices: &Choices) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(x.len());
    for (i, number) in x.iter().enumerate() {
        let larger = |&j: &usize| choices.is_larger(x[j].value(), number.value());
        let place = order.iter().position(larger).unwrap_or(order.len());
        order.insert(place, i);
    }
    order
}

/// The type of `Tensor` that a value of a kind has in a printed program.
pub(crate) fn type_name(kind: crate::array::ValueKind, rank: usize) -> String {
    match kind {
        crate::array::ValueKind::Float => format!("Tensor<{rank}>"),
        crate::array::ValueKind::Int => format!("Tensor<{rank}, Int>"),
        crate::array::ValueKind::Bool => format!("Tensor<{rank}, Bool>"),
    }
}
