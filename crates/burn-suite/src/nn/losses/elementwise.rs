//! Losses that compare element with element.

use burn::nn::loss::Reduction;
use burn::tensor::Tensor;
use burn_gradcheck::Sample;

use super::super::dual::Dual;
use super::super::formula::{Argument, Array, Formula, argument};
use super::reduced;
use crate::host::{F32, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};
use crate::point::{Expected, Point};

/// Rows that a batch mean is taken over: a power of two, which division in f32 leaves exact.
const BATCH: usize = 4;
const SHAPE: [usize; 2] = [BATCH, 3];

/// The module at rank 1 and 2, and reduced.
pub(super) struct Module<const N: usize> {
    pub(super) row: fn([Tensor<1>; N]) -> Tensor<1>,
    pub(super) matrix: fn([Tensor<2>; N]) -> Tensor<2>,
    pub(super) reduced: fn([Tensor<2>; N], Reduction) -> Tensor<1>,
}

/// `module!(MseLoss::new(), prediction, target)`: the module's methods, of these arguments.
macro_rules! module {
    ($loss:expr, $($x:ident),+) => {
        $crate::nn::losses::elementwise::Module {
            row: |[$($x),+]| $loss.forward_no_reduction($($x),+),
            matrix: |[$($x),+]| $loss.forward_no_reduction($($x),+),
            reduced: |[$($x),+], reduction| $loss.forward($($x),+, reduction),
        }
    };
}
pub(super) use module;

/// A loss of `N` numbers with its formula.
pub(super) struct Elementwise<const N: usize> {
    operation: Operation,
    arguments: [(&'static str, Sample); N],
    module: Module<N>,
    formula: fn([Dual; N]) -> Dual,
}

impl<const N: usize> Elementwise<N> {
    pub(super) fn new(
        name: &'static str,
        arguments: [(&'static str, Sample); N],
        module: Module<N>,
        formula: fn([Dual; N]) -> Dual,
    ) -> Self {
        Self {
            operation: Operation::new(name, Family::Losses, &[]),
            arguments,
            module,
            formula,
        }
    }

    /// Sets the note.
    pub(super) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Adds a special point with all numbers but two held.
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
        let mut made = self.reduced_by("sum", Reduction::Sum);
        made.add_reduced("by default", Reduction::Auto, default);
        let (row, matrix) = (made.module.row, made.module.matrix);
        let (names, formula) = (made.names(), made.formula);
        let of_row = Formula::new(made.inputs(&[7]), move |of| {
            vec![each(names, formula, |name| of.get(name))]
        });
        let of_matrix = Formula::new(made.inputs(&SHAPE), move |of| {
            vec![each(names, formula, |name| of.get(name))]
        });
        made.operation.drawn("[7]".to_owned(), false, |case| {
            of_row
                .witness(case)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| row(names.map(|name| v.get(name))))
        });
        made.operation.drawn("[4, 3]".to_owned(), true, |case| {
            of_matrix
                .witness(case)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| matrix(names.map(|name| v.get(name))))
        });
        made.operation
    }

    fn reduced_by(mut self, name: &str, reduction: Reduction) -> Self {
        self.add_reduced(name, reduction.clone(), reduction);
        self
    }

    /// A reduction that is to be the same as `meaning`.
    fn add_reduced(&mut self, name: &str, reduction: Reduction, meaning: Reduction) {
        let (names, formula, module) = (self.names(), self.formula, self.module.reduced);
        let formula = Formula::new(self.inputs(&SHAPE), move |of| {
            let losses = each(names, formula, |name| of.get(name));
            vec![reduced(&losses.values, BATCH, &meaning)]
        });
        self.operation
            .drawn(format!("[4, 3] {name}"), true, |case| {
                formula
                    .witness(case)
                    .tolerance(F32, tolerance_f32_of_sums())
                    .function(move |v| module(names.map(|name| v.get(name)), reduction.clone()))
            });
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
        let row = self.module.row;
        self.at_point(Point::of_two((a, b), expected, move |a, b| row([a, b])))
    }

    /// Adds a point that is special in f32 only.
    pub(super) fn at_in_f32(self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let row = self.module.row;
        let point = Point::of_two((a, b), expected, move |a, b| row([a, b]));
        self.at_point(point.only_in(F32))
    }
}

/// The formula for each element.
fn each<'a, const N: usize>(
    names: [&'static str; N],
    formula: fn([Dual; N]) -> Dual,
    get: impl Fn(&str) -> &'a Array,
) -> Array {
    let arrays = names.map(get);
    let values = (0..arrays[0].values.len()).map(|i| formula(arrays.map(|array| array.values[i])));
    Array::new(arrays[0].shape.clone(), values.collect())
}
