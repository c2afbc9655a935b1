//! Operations that move elements: each element of the result is a copy of one of an operand, or a
//! sum of several.

use std::ops::Range;

use burn::tensor::{IndexingUpdateOp, Int, Shape, Tensor, TensorData};

use crate::array::{Array, HostValue, count, flat, place};
use crate::number::Number;
use crate::tensors::{Ranked, Value, by_rank, by_rank_of_two, with_rank};

/// An operation that moves elements, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Move {
    Reshape(Vec<usize>),
    SwapDims(usize, usize),
    Permute(Vec<usize>),
    Expand(Vec<usize>),
    Slice(Vec<Range<usize>>),
    UnsqueezeDim(usize),
    SqueezeDim(usize),
    Tril(i64),
    Triu(i64),
    /// Two operands.
    Cat(usize),
    /// Two operands of one shape.
    Stack(usize),
    /// The second operand is put in place of a part of the first.
    SliceAssign(Vec<Range<usize>>),
    /// By constant indices, which may repeat.
    Select(usize, Vec<usize>),
    /// The second operand holds the indices.
    Gather(usize),
    /// The second operand is added to rows of the first, by constant indices.
    SelectAdd(usize, Vec<usize>),
}

impl Move {
    /// Its name in burn-suite.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reshape(_) => "Tensor::reshape",
            Self::SwapDims(..) => "Tensor::swap_dims",
            Self::Permute(_) => "Tensor::permute",
            Self::Expand(_) => "Tensor::expand",
            Self::Slice(_) => "Tensor::slice",
            Self::UnsqueezeDim(_) => "Tensor::unsqueeze_dim",
            Self::SqueezeDim(_) => "Tensor::squeeze_dim",
            Self::Tril(_) => "Tensor::tril",
            Self::Triu(_) => "Tensor::triu",
            Self::Cat(_) => "Tensor::cat",
            Self::Stack(_) => "Tensor::stack",
            Self::SliceAssign(_) => "Tensor::slice_assign",
            Self::Select(..) => "Tensor::select",
            Self::Gather(_) => "Tensor::gather",
            Self::SelectAdd(..) => "Tensor::select_assign",
        }
    }

    /// Burn's expression in `x` and `y`, with the parameters written out.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Reshape(shape) => format!("x.reshape({shape:?})"),
            Self::SwapDims(a, b) => format!("x.swap_dims({a}, {b})"),
            Self::Permute(axes) => format!("x.permute({axes:?})"),
            Self::Expand(shape) => format!("x.expand({shape:?})"),
            Self::Slice(ranges) => format!("x.slice({ranges:?})"),
            Self::UnsqueezeDim(dim) => format!("x.unsqueeze_dim({dim})"),
            Self::SqueezeDim(dim) => format!("x.squeeze_dim({dim})"),
            Self::Tril(diagonal) => format!("x.tril({diagonal})"),
            Self::Triu(diagonal) => format!("x.triu({diagonal})"),
            Self::Cat(dim) => format!("Tensor::cat(vec![x, y], {dim})"),
            Self::Stack(dim) => format!("Tensor::stack(vec![x, y], {dim})"),
            Self::SliceAssign(ranges) => format!("x.slice_assign({ranges:?}, y)"),
            Self::Select(dim, at) => {
                format!("x.select({dim}, Tensor::from_data({at:?}, &device))")
            }
            Self::Gather(dim) => format!("x.gather({dim}, y)"),
            Self::SelectAdd(dim, at) => format!(
                "x.select_assign({dim}, Tensor::from_data({at:?}, &device), y, IndexingUpdateOp::Add)"
            ),
        }
    }

    /// Whether its result is one that Burn computes with correctly. In f32, flex sums other elements of a
    /// permuted view with dimensions of length 1: `sum-dim-permuted-view` in the ledger.
    pub(crate) fn has(&self, shape: &[usize]) -> bool {
        let permutes = matches!(self, Self::Permute(_) | Self::SwapDims(..));
        !permutes || shape.len() < 3 || !shape.contains(&1)
    }

    /// Its result by Burn.
    pub(crate) fn burn(&self, mut operands: Vec<Value>) -> Value {
        let second = (operands.len() > 1).then(|| operands.remove(1));
        let x = operands.remove(0).float();
        let other = || second.clone().expect("it has two operands");
        match self {
            Self::Reshape(shape) => with_rank!(shape.len(), E => {
                by_rank!(x, x => x.reshape::<E, _>(Shape::from(shape.clone())).into())
            }),
            Self::Expand(shape) => with_rank!(shape.len(), E => {
                by_rank!(x, x => x.expand::<E, _>(Shape::from(shape.clone())).into())
            }),
            Self::SwapDims(a, b) => by_rank!(x, x => x.swap_dims(*a, *b).into()),
            Self::Permute(axes) => by_rank!(x, x => permute(x, axes).into()),
            Self::Slice(ranges) => by_rank!(x, x => x.clone().slice(ranges_of(&x, ranges)).into()),
            Self::UnsqueezeDim(dim) => match x {
                Ranked::One(x) => x.unsqueeze_dim::<2>(*dim).into(),
                Ranked::Two(x) => x.unsqueeze_dim::<3>(*dim).into(),
                Ranked::Three(x) => x.unsqueeze_dim::<4>(*dim).into(),
                Ranked::Four(_) => panic!("the generator checks ranks"),
            },
            Self::SqueezeDim(dim) => match x {
                Ranked::One(_) => panic!("the generator checks ranks"),
                Ranked::Two(x) => x.squeeze_dim::<1>(*dim).into(),
                Ranked::Three(x) => x.squeeze_dim::<2>(*dim).into(),
                Ranked::Four(x) => x.squeeze_dim::<3>(*dim).into(),
            },
            Self::Tril(diagonal) => by_rank!(x, x => x.tril(*diagonal).into()),
            Self::Triu(diagonal) => by_rank!(x, x => x.triu(*diagonal).into()),
            Self::Cat(dim) => {
                by_rank_of_two!(x, other().float(), x, y => Tensor::cat(vec![x, y], *dim).into())
            }
            Self::Stack(dim) => match (x, other().float()) {
                (Ranked::One(x), Ranked::One(y)) => Tensor::stack::<2>(vec![x, y], *dim).into(),
                (Ranked::Two(x), Ranked::Two(y)) => Tensor::stack::<3>(vec![x, y], *dim).into(),
                (Ranked::Three(x), Ranked::Three(y)) => Tensor::stack::<4>(vec![x, y], *dim).into(),
                _ => panic!("the generator checks ranks"),
            },
            Self::SliceAssign(ranges) => by_rank_of_two!(x, other().float(), x, y => {
                let ranges = ranges_of(&x, ranges);
                x.slice_assign(ranges, y).into()
            }),
            Self::Select(dim, at) => by_rank!(x, x => {
                let at = indices(&x, at);
                x.select(*dim, at).into()
            }),
            Self::Gather(dim) => {
                by_rank_of_two!(x, other().int(), x, y => x.gather(*dim, y).into())
            }
            Self::SelectAdd(dim, at) => by_rank_of_two!(x, other().float(), x, y => {
                let at = indices(&x, at);
                x.select_assign(*dim, at, y, IndexingUpdateOp::Add).into()
            }),
        }
    }

    /// Its result by the formula.
    pub(crate) fn formula<N: Number>(&self, operands: &[&HostValue<N>]) -> Array<N> {
        let x = operands[0].float();
        let other = || operands[1].float();
        let zero = N::constant(0.0);
        let from = |shape: &[usize], source: &dyn Fn(&[usize]) -> Vec<usize>| {
            Array::by_index(shape, |at| x.data[flat(&source(at), &x.shape)])
        };
        match self {
            Self::Reshape(shape) => Array::new(&shape[..], x.data.clone()),
            Self::UnsqueezeDim(dim) => {
                let mut shape = x.shape.clone();
                shape.insert(*dim, 1);
                Array::new(shape, x.data.clone())
            }
            Self::SqueezeDim(dim) => {
                let mut shape = x.shape.clone();
                shape.remove(*dim);
                Array::new(shape, x.data.clone())
            }
            Self::Expand(shape) => Array::by_index(shape, |at| *x.at(at)),
            Self::SwapDims(a, b) => {
                let mut shape = x.shape.clone();
                shape.swap(*a, *b);
                from(&shape, &|at| {
                    let mut at = at.to_vec();
                    at.swap(*a, *b);
                    at
                })
            }
            Self::Permute(axes) => {
                let shape: Vec<_> = axes.iter().map(|&axis| x.shape[axis]).collect();
                from(&shape, &|at| {
                    let mut source = vec![0; at.len()];
                    for (&axis, &i) in axes.iter().zip(at) {
                        source[axis] = i;
                    }
                    source
                })
            }
            Self::Slice(ranges) => {
                let shape: Vec<_> = ranges.iter().map(ExactSizeIterator::len).collect();
                from(&shape, &|at| {
                    at.iter()
                        .zip(ranges)
                        .map(|(i, range)| range.start + i)
                        .collect()
                })
            }
            Self::Tril(diagonal) | Self::Triu(diagonal) => {
                let is_lower = matches!(self, Self::Tril(_));
                Array::by_index(&x.shape, |at| {
                    let [.., row, column] = at else {
                        panic!("the generator checks ranks");
                    };
                    let above = *column as i64 - *row as i64;
                    let stays = if is_lower {
                        above <= *diagonal
                    } else {
                        above >= *diagonal
                    };
                    if stays { *x.at(at) } else { zero }
                })
            }
            Self::Cat(dim) => joined(x, other(), *dim),
            Self::Stack(dim) => {
                let unsqueeze = |array: &Array<N>| {
                    let mut shape = array.shape.clone();
                    shape.insert(*dim, 1);
                    Array::new(shape, array.data.clone())
                };
                joined(&unsqueeze(x), &unsqueeze(other()), *dim)
            }
            Self::SliceAssign(ranges) => Array::by_index(&x.shape, |at| {
                if at.iter().zip(ranges).all(|(i, range)| range.contains(i)) {
                    let inside = at.iter().zip(ranges).map(|(i, range)| i - range.start);
                    *other().at(&inside.collect::<Vec<_>>())
                } else {
                    *x.at(at)
                }
            }),
            Self::Select(dim, rows) => {
                let mut shape = x.shape.clone();
                shape[*dim] = rows.len();
                from(&shape, &|at| replaced(at, *dim, rows[at[*dim]]))
            }
            Self::Gather(dim) => {
                let rows = operands[1].int();
                from(&rows.shape.clone(), &|at| {
                    replaced(at, *dim, *rows.at(at) as usize)
                })
            }
            Self::SelectAdd(dim, rows) => {
                let mut sum = x.clone();
                for (number, &term) in other().data.iter().enumerate() {
                    let at = place(number, &other().shape);
                    let target = flat(&replaced(&at, *dim, rows[at[*dim]]), &sum.shape);
                    sum.data[target] = sum.data[target] + term;
                }
                sum
            }
        }
    }
}

/// An index with another number in one dimension.
fn replaced(at: &[usize], dim: usize, row: usize) -> Vec<usize> {
    let mut at = at.to_vec();
    at[dim] = row;
    at
}

fn joined<N: Number>(x: &Array<N>, y: &Array<N>, dim: usize) -> Array<N> {
    let mut shape = x.shape.clone();
    shape[dim] += y.shape[dim];
    let border = x.shape[dim];
    Array::by_index(&shape, |at| {
        if at[dim] < border {
            x.data[flat(at, &x.shape)]
        } else {
            y.data[flat(&replaced(at, dim, at[dim] - border), &y.shape)]
        }
    })
}

fn permute<const D: usize>(x: Tensor<D>, axes: &[usize]) -> Tensor<D> {
    x.permute::<usize>(std::array::from_fn(|d| axes[d]))
}

/// The ranges as an array of the tensor's rank.
fn ranges_of<const D: usize>(_: &Tensor<D>, ranges: &[Range<usize>]) -> [Range<usize>; D] {
    std::array::from_fn(|d| ranges[d].clone())
}

fn indices<const D: usize>(x: &Tensor<D>, at: &[usize]) -> Tensor<1, Int> {
    let numbers: Vec<i64> = at.iter().map(|&i| i as i64).collect();
    Tensor::from_data(TensorData::new(numbers, [at.len()]), &x.device())
}

/// Whether a shape has as many elements as another.
pub(crate) fn same_count(a: &[usize], b: &[usize]) -> bool {
    count(a) == count(b)
}
