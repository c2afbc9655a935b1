//! Losses that work element by element.

use burn::nn::loss::Reduction;
use burn::tensor::{DType, Tensor};
use burn_gradcheck::Sample;

use super::{loss, reduced, summed};
use crate::operation::Operation;
use crate::point::{Expected, Point};
use crate::witness::{Argument, Dual, DualArray, argument};

/// The rows of a batch mean: a power of two, by which division in f32 is exact.
const BATCH: usize = 4;
const SHAPE: [usize; 2] = [BATCH, 3];

/// The loss's methods, at rank 1 and 2, and reduced.
pub(super) struct LossCalls<const N: usize> {
    pub(super) row: fn([Tensor<1>; N]) -> Tensor<1>,
    pub(super) matrix: fn([Tensor<2>; N]) -> Tensor<2>,
    pub(super) reduced: fn([Tensor<2>; N], Reduction) -> Tensor<1>,
}

/// `calls!(MseLoss::new(), prediction, target)`: the loss's methods with these arguments.
macro_rules! calls {
    ($loss:expr, $($x:ident),+) => {
        $crate::nn::losses::elementwise::LossCalls {
            row: |[$($x),+]| $loss.forward_no_reduction($($x),+),
            matrix: |[$($x),+]| $loss.forward_no_reduction($($x),+),
            reduced: |[$($x),+], reduction| $loss.forward($($x),+, reduction),
        }
    };
}
pub(super) use calls;

/// A loss of `N` numbers with its formula.
pub(super) struct Elementwise<const N: usize> {
    operation: Operation,
    arguments: [(&'static str, Sample); N],
    calls: LossCalls<N>,
    formula: fn([Dual; N]) -> Dual,
}

impl<const N: usize> Elementwise<N> {
    pub(super) fn new(
        name: &'static str,
        arguments: [(&'static str, Sample); N],
        calls: LossCalls<N>,
        formula: fn([Dual; N]) -> Dual,
    ) -> Self {
        Self {
            operation: loss(name),
            arguments,
            calls,
            formula,
        }
    }

    /// Sets the note.
    pub(super) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Adds a special point.
    pub(super) fn at_point(mut self, point: Point) -> Self {
        self.operation = self.operation.at(point);
        self
    }

    /// Makes the operation, with the mean and the sum for reductions.
    pub(super) fn build(self) -> Operation {
        self.reduced_by("mean", Reduction::Mean).finish()
    }

    /// As [`Elementwise::build`], where the default is the mean of the batch.
    pub(super) fn build_with_batch_mean(self) -> Operation {
        self.reduced_by("mean", Reduction::Mean)
            .reduced_by("batch mean", Reduction::BatchMean)
            .finish_with(Reduction::BatchMean)
    }

    fn finish(self) -> Operation {
        self.finish_with(Reduction::Mean)
    }

    fn finish_with(self, default: Reduction) -> Operation {
        let made = self.reduced_by("sum", Reduction::Sum);
        let made = made.reduced_as("by default", Reduction::Auto, default);
        let LossCalls { row, matrix, .. } = made.calls;
        let (names, formula) = (made.names(), made.formula);
        let of_shape = |shape: &[usize]| {
            summed(made.inputs(shape), move |of| {
                each(names, formula, |name| of.get(name))
            })
        };
        let (of_row, of_matrix) = (of_shape(&[7]), of_shape(&SHAPE));
        made.operation
            .check("[7]", &of_row, move |v| row(names.map(|name| v.get(name))))
            .in_full_only()
            .check("[4, 3]", &of_matrix, move |v| {
                matrix(names.map(|name| v.get(name)))
            })
    }

    fn reduced_by(self, name: &str, reduction: Reduction) -> Self {
        self.reduced_as(name, reduction.clone(), reduction)
    }

    /// A reduction that must be the same as `meaning`.
    fn reduced_as(mut self, name: &str, reduction: Reduction, meaning: Reduction) -> Self {
        let (names, formula, reduce) = (self.names(), self.formula, self.calls.reduced);
        let formula = summed(self.inputs(&SHAPE), move |of| {
            let losses = each(names, formula, |name| of.get(name));
            reduced(&losses.values, BATCH, &meaning)
        });
        self.operation = self
            .operation
            .check(format!("[4, 3] {name}"), &formula, move |v| {
                reduce(names.map(|name| v.get(name)), reduction.clone())
            });
        self
    }

    fn names(&self) -> [&'static str; N] {
        self.arguments.map(|(name, _)| name)
    }

    fn inputs(&self, shape: &[usize]) -> [Argument; N] {
        self.arguments
            .map(|(name, sample)| argument(name, shape).from(sample))
    }
}

impl Elementwise<2> {
    /// Adds a special point: prediction `a`, target `b`.
    pub(super) fn at(self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let row = self.calls.row;
        self.at_point(Point::of_two((a, b), expected, move |a, b| row([a, b])))
    }

    /// Adds a point that is special in f32 only.
    pub(super) fn at_in_f32(self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let row = self.calls.row;
        let point = Point::of_two((a, b), expected, move |a, b| row([a, b]));
        self.at_point(point.only_in(DType::F32))
    }
}

/// The formula for each element.
fn each<'a, const N: usize>(
    names: [&'static str; N],
    formula: fn([Dual; N]) -> Dual,
    get: impl Fn(&str) -> &'a DualArray,
) -> DualArray {
    let arrays = names.map(get);
    let values = (0..arrays[0].values.len()).map(|i| formula(arrays.map(|array| array.values[i])));
    DualArray::new(arrays[0].shape.clone(), values.collect())
}
