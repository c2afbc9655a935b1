//! Operations along a dimension: each 1-D slice of the input becomes a 1-D slice of the output.

use burn::tensor::Tensor;

use crate::operation::{Family, Operation};
use crate::witness::{Dual, Formula, FormulaPrecision, MemoryLayout, argument};

/// Burn's operation at each rank, along a dimension.
#[derive(Clone, Copy)]
pub(crate) struct AlongAtRanks {
    pub(crate) one: fn(Tensor<1>, usize) -> Tensor<1>,
    pub(crate) two: fn(Tensor<2>, usize) -> Tensor<2>,
    pub(crate) three: fn(Tensor<3>, usize) -> Tensor<3>,
    pub(crate) four: fn(Tensor<4>, usize) -> Tensor<4>,
}

/// `along!(|x, dim| x.sum_dim(dim))`: one expression at four ranks.
macro_rules! along {
    (|$x:ident, $dim:ident| $body:expr) => {
        $crate::along::AlongAtRanks {
            one: |$x: burn::tensor::Tensor<1>, $dim: usize| $body,
            two: |$x: burn::tensor::Tensor<2>, $dim: usize| $body,
            three: |$x: burn::tensor::Tensor<3>, $dim: usize| $body,
            four: |$x: burn::tensor::Tensor<4>, $dim: usize| $body,
        }
    };
}
pub(crate) use along;

/// The formula of one 1-D slice: from its elements to the output's, as many or fewer.
pub(crate) type SliceFormula = fn(&[Dual]) -> Vec<Dual>;

/// An operation along a dimension: at every rank, along every dimension.
pub(crate) struct Along {
    operation: Operation,
    burn: AlongAtRanks,
    formula: SliceFormula,
    /// Whether a slice of one element is in the domain.
    takes_one: bool,
}

impl Along {
    pub(crate) fn new(
        name: &'static str,
        family: Family,
        burn: AlongAtRanks,
        formula: SliceFormula,
    ) -> Self {
        Self {
            operation: Operation::new(name, family),
            burn,
            formula,
            takes_one: true,
        }
    }

    /// Sets the methods of burn-autodiff that it goes through.
    pub(crate) fn covers(mut self, methods: &'static [&'static str]) -> Self {
        self.operation = self.operation.covers(methods);
        self
    }

    /// Sets the note.
    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Leaves out slices of one element.
    pub(crate) fn two_or_more(mut self) -> Self {
        self.takes_one = false;
        self
    }

    /// Makes the operation, with all its checks.
    pub(crate) fn build(mut self) -> Operation {
        let AlongAtRanks {
            one,
            two,
            three,
            four,
        } = self.burn;
        self = self.add([7], 0, one);
        for dim in [0, 1] {
            self = self.add([3, 5], dim, two);
        }
        for dim in [0, 1, 2] {
            self = self.add([2, 4, 3], dim, three);
        }
        self = self.add([2, 3, 4, 2], 2, four);
        if self.takes_one {
            self = self.add([1], 0, one);
            self = self.add([1, 4], 0, two);
            self = self.add([2, 1, 3], 1, three);
        }
        let formula = self.formula_of([3, 4], 1).stored(MemoryLayout::Transposed);
        let name = "[3, 4] along 1, transposed";
        self.operation
            .check(name, &formula, move |v| two(v.get("x"), 1))
    }

    fn add<const D: usize>(
        mut self,
        shape: [usize; D],
        dim: usize,
        burn: fn(Tensor<D>, usize) -> Tensor<D>,
    ) -> Self {
        let formula = self.formula_of(shape, dim);
        let name = format!("{shape:?} along {dim}");
        let checked = self.operation;
        let checked = checked.check(name, &formula, move |v| burn(v.get("x"), dim));
        self.operation = checked.in_short_if(D == 2);
        self
    }

    fn formula_of<const D: usize>(&self, shape: [usize; D], dim: usize) -> Formula {
        let function = self.formula;
        let formula = Formula::new([argument("x", &shape)], move |of| {
            of.get("x").along(dim, function)
        });
        formula.with_precision(FormulaPrecision::Summed)
    }
}
