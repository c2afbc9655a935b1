//! The table of operations that programs are made of. Each has Burn's expression, the same as text,
//! and a formula without Burn.

mod along;
mod elementwise;
mod layers;
mod masks;
mod moves;

use burn::tensor::DType;

pub(crate) use along::{Along, Whole};
pub(crate) use elementwise::{Binary, Scalar, Unary};
pub(crate) use layers::Layer;
pub(crate) use masks::{Discrete, type_name};
pub(crate) use moves::{Move, same_count};

use crate::array::{Array, HostValue};
use crate::number::{Choices, Number};
use crate::tensors::{Value, by_rank, by_rank_of_two};

/// An operation with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    Unary(Unary),
    Scalar(Scalar, f64),
    Binary(Binary),
    Along(Along, usize),
    Whole(Whole),
    Move(Move),
    Discrete(Discrete),
    Layer(Layer),
}

impl Call {
    /// Its name in burn-suite; `None` for an operation that has no gradient.
    pub(crate) fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unary(function) => function.name(),
            Self::Scalar(function, _) => function.name(),
            Self::Binary(function) => function.name(),
            Self::Along(function, _) => function.name(),
            Self::Whole(function) => function.name(),
            Self::Move(operation) => operation.name(),
            Self::Discrete(operation) => return operation.name(),
            Self::Layer(operation) => operation.name(),
        })
    }

    /// Burn's expression, with its operands written in.
    pub(crate) fn code(&self, operands: &[String]) -> String {
        let (code, parameters) = match self {
            Self::Unary(function) => (function.code().to_owned(), vec![]),
            Self::Scalar(function, a) => {
                (function.code().to_owned(), vec![("a", format!("{a:?}"))])
            }
            Self::Binary(function) => (function.code().to_owned(), vec![]),
            Self::Along(function, dim) => {
                (function.code().to_owned(), vec![("dim", dim.to_string())])
            }
            Self::Whole(function) => (function.code().to_owned(), vec![]),
            Self::Move(operation) => (operation.code(), vec![]),
            Self::Discrete(operation) => (operation.code(), vec![]),
            Self::Layer(operation) => (operation.code(), vec![]),
        };
        let operands = ["x", "y", "z"].into_iter().zip(operands.iter().cloned());
        let words: Vec<_> = operands.chain(parameters).collect();
        with_words(&code, &words)
    }

    /// Its result by Burn.
    pub(crate) fn burn(&self, operands: Vec<Value>, dtype: DType) -> Value {
        let of_one = |mut operands: Vec<Value>| operands.remove(0).float();
        match self {
            Self::Unary(function) => by_rank!(of_one(operands), x => function.burn(x).into()),
            Self::Scalar(function, a) => {
                by_rank!(of_one(operands), x => function.burn(x, *a).into())
            }
            Self::Binary(function) => {
                let mut operands = operands.into_iter().map(Value::float);
                let mut next = || operands.next().expect("the generator counts operands");
                by_rank_of_two!(next(), next(), x, y => function.burn(x, y).into())
            }
            Self::Along(function, dim) => {
                by_rank!(of_one(operands), x => function.burn(x, *dim).into())
            }
            Self::Whole(function) => by_rank!(of_one(operands), x => function.burn(x).into()),
            Self::Move(operation) => operation.burn(operands),
            Self::Discrete(operation) => operation.burn(operands, dtype),
            Self::Layer(operation) => operation.burn(operands),
        }
    }

    /// Its result by the formula.
    pub(crate) fn formula<N: Number>(
        &self,
        operands: &[&HostValue<N>],
        choices: &Choices,
    ) -> HostValue<N> {
        HostValue::Float(match self {
            Self::Unary(function) => operands[0].float().map(|&x| function.formula(x, choices)),
            Self::Scalar(function, a) => operands[0]
                .float()
                .map(|&x| function.formula(x, *a, choices)),
            Self::Binary(function) => {
                let (x, y) = (operands[0].float(), operands[1].float());
                x.zip(y, |&x, &y| function.formula(x, y, choices))
            }
            Self::Along(function, dim) => operands[0]
                .float()
                .along(*dim, |x| function.formula(x, choices)),
            Self::Whole(function) => Array::new(
                [1],
                vec![function.formula(&operands[0].float().data, choices)],
            ),
            Self::Move(operation) => operation.formula(operands),
            Self::Discrete(operation) => return operation.formula(operands, choices),
            Self::Layer(operation) => operation.formula(operands, choices),
        })
    }

    /// Whether it may be evaluated at these operands: inside its domain, away from poles.
    pub(crate) fn has(&self, operands: &[&HostValue<f64>]) -> bool {
        let all =
            |function: &dyn Fn(f64) -> bool| operands[0].float().data.iter().all(|&x| function(x));
        match self {
            Self::Unary(function) => all(&|x| function.has(x)),
            Self::Scalar(function, a) => all(&|x| function.has(x, *a)),
            Self::Binary(function) => {
                let (x, y) = (operands[0].float(), operands[1].float());
                x.zip(y, |&x, &y| function.has(x, y))
                    .data
                    .iter()
                    .all(|&has| has)
            }
            Self::Along(function, dim) => {
                let has = operands[0].float().along(*dim, |x| vec![function.has(x)]);
                has.data.iter().all(|&has| has)
            }
            Self::Whole(function) => function.has(&operands[0].float().data),
            Self::Move(operation) => operation.has(operands[0].shape()),
            Self::Discrete(_) | Self::Layer(_) => true,
        }
    }
}

/// The text with some of its words replaced.
fn with_words(text: &str, words: &[(&str, String)]) -> String {
    let mut result = String::new();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c| is_part(c) != is_part(first))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let found = words.iter().find(|(name, _)| *name == word);
        result.push_str(found.map_or(word, |(_, replacement)| replacement));
        rest = after;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_are_written_into_the_code() {
        let code = Call::Scalar(Scalar::Clamp, 0.5).code(&["v3.clone()".to_owned()]);
        assert_eq!(code, "v3.clone().clamp(-0.5, 0.5)");
        let operands = ["v1".to_owned(), "v2".to_owned()];
        assert_eq!(
            Call::Move(Move::Cat(1)).code(&operands),
            "Tensor::cat(vec![v1, v2], 1)"
        );
    }
}
