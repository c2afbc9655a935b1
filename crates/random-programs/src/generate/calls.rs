//! Draws operations whose operands fit.

use super::{Drawing, MOST_ELEMENTS};
use crate::array::{ValueKind, count};
use crate::operations::{
    Along, Binary, Call, Discrete, Layer, Move, Scalar, Unary, Whole, same_count,
};
use crate::program::Step;

impl Drawing {
    /// Draws an operation and adds it, if it has no flaw.
    pub(super) fn call(&mut self) -> bool {
        let drawn = match self.random.below(100) {
            0..22 => self.unary(),
            22..36 => self.scalar(),
            36..56 => self.binary(),
            56..68 => self.along(),
            68..70 => self.whole(),
            70..84 => self.moved(),
            84..93 => self.discrete(),
            _ => self.layer(),
        };
        let call = drawn.and_then(|(call, operands)| {
            let is_wide = |&it: &usize| count(self.trace.shape(it)) > MOST_ELEMENTS;
            let is_too_wide = operands.iter().any(is_wide);
            if is_too_wide {
                None
            } else {
                self.push_call(call, operands)
            }
        });
        call.is_some()
    }

    fn unary(&mut self) -> Option<(Call, Vec<usize>)> {
        let function = self.random.one_of(Unary::ALL)?;
        Some((Call::Unary(function), vec![self.float(|_| true)?]))
    }

    fn scalar(&mut self) -> Option<(Call, Vec<usize>)> {
        let function = self.random.one_of(Scalar::ALL)?;
        let constant = self.random.one_of(function.constants())?;
        Some((
            Call::Scalar(function, constant),
            vec![self.float(|_| true)?],
        ))
    }

    fn binary(&mut self) -> Option<(Call, Vec<usize>)> {
        // The four rules of arithmetic are most of what programs do.
        let common = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div];
        let is_common = self.random.percent(60);
        let function = self
            .random
            .one_of(if is_common { &common } else { Binary::ALL })?;
        let x = self.float(|_| true)?;
        let shape = self.trace.shape(x).to_vec();
        let y = match self.random.below(10) {
            0 => x,
            // Some dimensions are broadcast.
            1..4 => {
                let narrow = |&size: &usize| if self.random.percent(50) { 1 } else { size };
                let shape: Vec<_> = shape.iter().map(narrow).collect();
                self.float_of(&shape)
            }
            _ => self.float_of(&shape),
        };
        let operands = if self.random.percent(50) {
            vec![x, y]
        } else {
            vec![y, x]
        };
        Some((Call::Binary(function), operands))
    }

    fn along(&mut self) -> Option<(Call, Vec<usize>)> {
        let function = self.random.one_of(Along::ALL)?;
        let x = self.float(|_| true)?;
        let dim = self.random.below(self.trace.shape(x).len());
        Some((Call::Along(function, dim), vec![x]))
    }

    fn whole(&mut self) -> Option<(Call, Vec<usize>)> {
        let function = self.random.one_of(Whole::ALL)?;
        Some((Call::Whole(function), vec![self.float(|_| true)?]))
    }

    fn moved(&mut self) -> Option<(Call, Vec<usize>)> {
        let x = self.float(|_| true)?;
        let shape = self.trace.shape(x).to_vec();
        let rank = shape.len();
        let dim = self.random.below(rank);
        let mut operands = vec![x];
        let moved = match self.random.below(16) {
            0 => Move::Reshape(self.reshaped(&shape)?),
            1 => Move::SwapDims(dim, self.random.below(rank)),
            2 => Move::Permute(self.random.order(rank)),
            3 | 4 => {
                let widened = |&size: &usize| {
                    if size == 1 {
                        self.random.between(1, 3)
                    } else {
                        size
                    }
                };
                Move::Expand(shape.iter().map(widened).collect())
            }
            5 => Move::Slice(self.ranges(&shape)),
            6 if rank < 4 => Move::UnsqueezeDim(self.random.below(rank + 1)),
            7 => {
                let single: Vec<_> = (0..rank).filter(|&d| shape[d] == 1).collect();
                let dim = self.random.one_of(&single)?;
                (rank > 1).then_some(Move::SqueezeDim(dim))?
            }
            8 if rank > 1 => Move::Tril(self.random.between(0, 2) as i64 - 1),
            9 if rank > 1 => Move::Triu(self.random.between(0, 2) as i64 - 1),
            10 => {
                let mut other = shape;
                other[dim] = self.random.between(1, 2);
                operands.push(self.float_of(&other));
                Move::Cat(dim)
            }
            11 if rank < 4 => {
                operands.push(self.float_of(&shape));
                Move::Stack(self.random.below(rank + 1))
            }
            12 => {
                let ranges = self.ranges(&shape);
                let part: Vec<_> = ranges.iter().map(ExactSizeIterator::len).collect();
                operands.push(self.float_of(&part));
                Move::SliceAssign(ranges)
            }
            13 => Move::Select(dim, self.rows(shape[dim])),
            14 => {
                let rows = self.gather_rows(&shape, dim)?;
                operands.push(rows);
                Move::Gather(dim)
            }
            15 => {
                let rows = self.rows(shape[dim]);
                let mut part = shape;
                part[dim] = rows.len();
                operands.push(self.float_of(&part));
                Move::SelectAdd(dim, rows)
            }
            _ => return None,
        };
        Some((Call::Move(moved), operands))
    }

    /// Another shape with as many elements.
    fn reshaped(&mut self, shape: &[usize]) -> Option<Vec<usize>> {
        let total = count(shape);
        let divisors: Vec<_> = (1..=total).filter(|&it| total.is_multiple_of(it)).collect();
        let mut other = Vec::new();
        let mut left = total;
        for _ in 0..self.random.below(3) {
            let fitting: Vec<_> = divisors
                .iter()
                .copied()
                .filter(|&it| left.is_multiple_of(it))
                .collect();
            let size = self.random.one_of(&fitting)?;
            other.push(size);
            left /= size;
        }
        other.push(left);
        same_count(&other, shape).then_some(other)
    }

    fn ranges(&mut self, shape: &[usize]) -> Vec<std::ops::Range<usize>> {
        let range = |&size: &usize| {
            let start = self.random.below(size);
            start..self.random.between(start + 1, size)
        };
        shape.iter().map(range).collect()
    }

    /// Up to three rows, which may repeat.
    fn rows(&mut self, count: usize) -> Vec<usize> {
        (0..self.random.between(1, 3))
            .map(|_| self.random.below(count))
            .collect()
    }

    /// Indices for a gather: computed ones if there are any that fit, else constants.
    fn gather_rows(&mut self, shape: &[usize], dim: usize) -> Option<usize> {
        let fits = |of: &[usize]| {
            let mut sizes = of.iter().zip(shape).enumerate();
            of.len() == shape.len() && sizes.all(|(d, (a, b))| a == b || d == dim)
        };
        if let Some(computed) = self.other(ValueKind::Int, fits) {
            // Computed indices are places along another tensor's dimension: they may be too large here.
            let array = self.trace.values[computed].as_ref()?.int();
            if array.data.iter().all(|&row| (row as usize) < shape[dim]) {
                return Some(computed);
            }
        }
        let mut shape_of_rows = shape.to_vec();
        shape_of_rows[dim] = self.random.between(1, 3);
        self.whole_numbers(&shape_of_rows, shape[dim])
    }

    fn whole_numbers(&mut self, shape: &[usize], below: usize) -> Option<usize> {
        let numbers = (0..count(shape))
            .map(|_| self.random.below(below) as i64)
            .collect();
        self.push(Step::Whole {
            shape: shape.to_vec(),
            numbers,
        })
    }

    fn discrete(&mut self) -> Option<(Call, Vec<usize>)> {
        let number = self.random.one_of(&[-0.5, 0.25, 1.0])?;
        let is_new = self.random.percent(35);
        let mask = if is_new {
            None
        } else {
            self.other(ValueKind::Bool, |_| true)
        };
        let Some(mask) = mask else {
            let x = self.float(|_| true)?;
            let shape = self.trace.shape(x).to_vec();
            let dim = self.random.below(shape.len());
            let of_one = [
                Discrete::GreaterScalar(number),
                Discrete::LowerScalar(number),
                Discrete::Argmax(dim),
                Discrete::Argsort(dim),
            ];
            let of_two = [Discrete::Greater, Discrete::LowerEqual];
            return Some(if self.random.percent(60) {
                (Call::Discrete(self.random.one_of(&of_one)?), vec![x])
            } else {
                let y = self.float_of(&shape);
                (Call::Discrete(self.random.one_of(&of_two)?), vec![x, y])
            });
        };
        let shape = self.trace.shape(mask).to_vec();
        let (call, operands) = match self.random.below(12) {
            0 => (Discrete::BoolNot, vec![mask]),
            1 => {
                let other = self.other(ValueKind::Bool, |it| it == shape)?;
                (
                    self.random.one_of(&[Discrete::BoolAnd, Discrete::BoolOr])?,
                    vec![mask, other],
                )
            }
            2 => (Discrete::BoolFloat, vec![mask]),
            3 => (Discrete::BoolInt, vec![mask]),
            4 => (
                Discrete::IntFloat,
                vec![self.other(ValueKind::Int, |_| true)?],
            ),
            5..9 => {
                let x = self.float_of(&shape);
                (Discrete::MaskWhere, vec![x, mask, self.float_of(&shape)])
            }
            _ => (
                Discrete::MaskFill(number),
                vec![self.float_of(&shape), mask],
            ),
        };
        Some((Call::Discrete(call), operands))
    }

    fn layer(&mut self) -> Option<(Call, Vec<usize>)> {
        let size = self.random.between(1, 3);
        let (layer, operands) = match self.random.below(10) {
            0..4 => {
                let x = self.float(|shape| shape.len() > 1)?;
                let mut shape = self.trace.shape(x).to_vec();
                let rank = shape.len();
                shape[rank - 2] = shape[rank - 1];
                shape[rank - 1] = size;
                (Layer::Matmul, vec![x, self.float_of(&shape)])
            }
            4 | 5 => {
                let x = self.float(|shape| [2, 3].contains(&shape.len()))?;
                let inner = *self.trace.shape(x).last()?;
                (
                    Layer::Linear,
                    vec![x, self.float_of(&[inner, size]), self.float_of(&[size])],
                )
            }
            6 => {
                let x = self.float(|shape| shape.len() == 3)?;
                let (channels, length) = (self.trace.shape(x)[1], self.trace.shape(x)[2]);
                let kernel = self.random.between(1, length.min(2));
                let weights = self.float_of(&[size, channels, kernel]);
                let (stride, padding) = (self.random.between(1, 2), self.random.below(2));
                (Layer::Conv1d { stride, padding }, vec![x, weights])
            }
            7 => {
                let x = self.float(|shape| shape.len() == 4)?;
                let shape = self.trace.shape(x).to_vec();
                let kernel = self.random.between(1, shape[2].min(shape[3]).min(2));
                let weights = self.float_of(&[size, shape[1], kernel, kernel]);
                (
                    Layer::Conv2d {
                        stride: self.random.between(1, 2),
                    },
                    vec![x, weights],
                )
            }
            8 => {
                let x = self.float(|shape| shape.len() == 3 && shape[2] > 1)?;
                let stride = self.random.between(1, 2);
                let pools = [Layer::AvgPool1d { stride }, Layer::MaxPool1d { stride }];
                (self.random.one_of(&pools)?, vec![x])
            }
            _ => {
                let weights = self.float(|shape| shape.len() == 2)?;
                let rows = self.trace.shape(weights)[0];
                let shape = [self.random.between(1, 2), self.random.between(1, 3)];
                (
                    Layer::Embedding,
                    vec![weights, self.whole_numbers(&shape, rows)?],
                )
            }
        };
        Some((Call::Layer(layer), operands))
    }
}
