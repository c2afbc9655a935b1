//! Functions of two numbers: with every kind of broadcasting.

use burn::tensor::{DType, Tensor};
use burn_gradcheck::Sample;

use crate::operation::{Family, Operation};
use crate::point::{Expected, Point};
use crate::witness::{Dual, DualArray, Formula, FormulaPrecision, MemoryLayout, argument};

/// Burn's function at each rank.
#[derive(Clone, Copy)]
pub(super) struct PairsAtRanks {
    pub(super) one: fn(Tensor<1>, Tensor<1>) -> Tensor<1>,
    pub(super) two: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    pub(super) three: fn(Tensor<3>, Tensor<3>) -> Tensor<3>,
}

/// `pairs!(|a, b| a.add(b))`: one expression at three ranks.
macro_rules! pairs {
    (|$a:ident, $b:ident| $body:expr) => {
        $crate::elementwise::binary::PairsAtRanks {
            one: |$a: burn::tensor::Tensor<1>, $b: burn::tensor::Tensor<1>| $body,
            two: |$a: burn::tensor::Tensor<2>, $b: burn::tensor::Tensor<2>| $body,
            three: |$a: burn::tensor::Tensor<3>, $b: burn::tensor::Tensor<3>| $body,
        }
    };
}
pub(super) use pairs;

/// A function of two numbers, with its formula.
pub(super) struct BinaryOperation {
    operation: Operation,
    burn: PairsAtRanks,
    formula: fn(Dual, Dual) -> Dual,
    samples: (Sample, Sample),
    with_itself: bool,
}

impl BinaryOperation {
    /// Draws both arguments from magnitudes of 1/8 to 3/2 of either sign.
    pub(super) fn new(
        name: &'static str,
        family: Family,
        burn: PairsAtRanks,
        formula: fn(Dual, Dual) -> Dual,
    ) -> Self {
        Self {
            operation: Operation::new(name, family),
            burn,
            formula,
            samples: (Sample::Signed, Sample::Signed),
            with_itself: false,
        }
    }

    /// Sets the methods of burn-autodiff that it goes through.
    pub(super) fn covers(mut self, methods: &'static [&'static str]) -> Self {
        self.operation = self.operation.covers(methods);
        self
    }

    /// Draws from other ranges, where the function is smooth.
    pub(super) fn within(mut self, a: Sample, b: Sample) -> Self {
        self.samples = (a, b);
        self
    }

    /// Checks the function also with one tensor as both arguments, where it is smooth there.
    pub(super) fn with_itself(mut self) -> Self {
        self.with_itself = true;
        self
    }

    /// Sets the note.
    pub(super) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Adds a special point.
    pub(super) fn at(mut self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let point = Point::of_two((a, b), expected, self.burn.one);
        self.operation = self.operation.at(point);
        self
    }

    /// Adds a point that is special in f32 only.
    pub(super) fn at_in_f32(mut self, a: f64, b: f64, expected: [Expected; 2]) -> Self {
        let point = Point::of_two((a, b), expected, self.burn.one).only_in(DType::F32);
        self.operation = self.operation.at(point);
        self
    }

    /// Makes the operation, with all its checks.
    pub(super) fn build(mut self) -> Operation {
        let PairsAtRanks { one, two, three } = self.burn;
        for length in [1, 7] {
            self = self.add([length], [length], one);
        }
        for (a, b) in [
            ([3, 4], [3, 4]),
            ([3, 1], [1, 4]),
            ([3, 4], [1, 4]),
            ([1, 1], [3, 4]),
        ] {
            self = self.add(a, b, two);
        }
        self = self.add([2, 1, 3], [1, 4, 1], three);
        self = self.add([2, 3, 2], [2, 3, 2], three);
        let formula = self.of_two([3, 4], [3, 4]).stored(MemoryLayout::Transposed);
        let name = "[3, 4] [3, 4], transposed";
        let mut operation = self
            .operation
            .check(name, &formula, move |v| two(v.get("a"), v.get("b")));
        if self.with_itself {
            // The gradients of both arguments add up.
            let (x, function) = (argument("x", &[3, 4]).from(self.samples.0), self.formula);
            let formula = Formula::new([x], move |of| of.get("x").map(|x| function(x, x)));
            let formula = formula.with_precision(FormulaPrecision::Short(None));
            operation = operation.check("[3, 4] with itself", &formula, move |v| {
                two(v.get("x"), v.get("x"))
            });
        }
        operation
    }

    fn add<const D: usize>(
        mut self,
        a: [usize; D],
        b: [usize; D],
        burn: fn(Tensor<D>, Tensor<D>) -> Tensor<D>,
    ) -> Self {
        let formula = self.of_two(a, b);
        let name = format!("{a:?} {b:?}");
        let checked = self.operation;
        let checked = checked.check(name, &formula, move |v| burn(v.get("a"), v.get("b")));
        self.operation = checked.in_short_if(D == 2);
        self
    }

    /// The formula of two arrays, each with length 1 where it is broadcast.
    fn of_two<const D: usize>(&self, a: [usize; D], b: [usize; D]) -> Formula {
        let (function, (sample_a, sample_b)) = (self.formula, self.samples);
        let inputs = [
            argument("a", &a).from(sample_a),
            argument("b", &b).from(sample_b),
        ];
        let out: [usize; D] = std::array::from_fn(|d| a[d].max(b[d]));
        let of_input = |shape: [usize; D]| {
            move |index: [usize; D]| std::array::from_fn::<_, D, _>(|d| index[d].min(shape[d] - 1))
        };
        let formula = Formula::new(inputs, move |of| {
            let [x, y] = ["a", "b"].map(|name| of.get(name));
            let (in_a, in_b) = (of_input(a), of_input(b));
            DualArray::by_index(out, |at| function(x.at(in_a(at)), y.at(in_b(at))))
        });
        formula.with_precision(if a == b {
            FormulaPrecision::Short(None)
        } else {
            FormulaPrecision::Summed
        })
    }
}
