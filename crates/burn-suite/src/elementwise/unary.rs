//! Functions of one number: at every rank, and in every layout in memory.

use burn::tensor::{DType, Tensor};
use burn_gradcheck::Sample;

use crate::operation::{Family, Operation};
use crate::point::{Expected, GivenTensor, Point};
use crate::witness::{Dual, Formula, FormulaPrecision, MemoryLayout, argument};

/// Burn's function at each rank.
#[derive(Clone, Copy)]
pub(crate) struct AtRanks {
    pub(crate) one: fn(Tensor<1>) -> Tensor<1>,
    pub(crate) two: fn(Tensor<2>) -> Tensor<2>,
    pub(crate) three: fn(Tensor<3>) -> Tensor<3>,
    pub(crate) four: fn(Tensor<4>) -> Tensor<4>,
}

/// `ranks!(|x| x.exp())`: one expression at four ranks.
macro_rules! ranks {
    (|$x:ident| $body:expr) => {
        $crate::elementwise::unary::AtRanks {
            one: |$x: burn::tensor::Tensor<1>| $body,
            two: |$x: burn::tensor::Tensor<2>| $body,
            three: |$x: burn::tensor::Tensor<3>| $body,
            four: |$x: burn::tensor::Tensor<4>| $body,
        }
    };
}
pub(crate) use ranks;

/// A function of one number, with its formula.
pub(crate) struct UnaryOperation {
    operation: Operation,
    burn: AtRanks,
    formula: fn(Dual) -> Dual,
    sample: Sample,
    precision: FormulaPrecision,
    computes_in_f32: bool,
}

impl UnaryOperation {
    /// Draws from magnitudes of 1/8 to 3/2 of either sign.
    pub(crate) fn new(
        name: &'static str,
        family: Family,
        burn: AtRanks,
        formula: fn(Dual) -> Dual,
    ) -> Self {
        Self {
            operation: Operation::new(name, family),
            burn,
            formula,
            sample: Sample::Signed,
            precision: FormulaPrecision::Short(None),
            computes_in_f32: false,
        }
    }

    /// Sets the methods of burn-autodiff that it goes through.
    pub(crate) fn covers(mut self, methods: &'static [&'static str]) -> Self {
        self.operation = self.operation.covers(methods);
        self
    }

    /// Draws from another range, where the function is smooth.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Self {
        self.sample = Sample::Within { low, high };
        self
    }

    /// Takes finite differences of the formula. Burn's function computes in f32 whatever the
    /// tensor's type, so that its own differences are noise.
    pub(crate) fn computes_in_f32(mut self) -> Self {
        self.computes_in_f32 = true;
        self
    }

    /// Allows more in f32, where the derivative subtracts nearly equal numbers.
    pub(crate) fn magnified(mut self, by: f64, what: &'static str) -> Self {
        self.precision = FormulaPrecision::Short(Some((by, what)));
        self
    }

    /// Sets the note.
    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Adds a special point.
    pub(crate) fn at(mut self, x: f64, expected: Expected) -> Self {
        let point = Point::of_one(x, expected, self.burn.one);
        self.operation = self.operation.at(point);
        self
    }

    /// Adds a point where the derivative is the formula's.
    pub(crate) fn at_formula(self, x: f64) -> Self {
        let derivative = Dual::derivative(self.formula, x);
        self.at(x, Expected::Is(derivative))
    }

    /// Adds a point that is special in f32 only: near the ends of its range.
    pub(crate) fn at_in_f32(mut self, x: f64, expected: Expected) -> Self {
        let point = Point::of_one(x, expected, self.burn.one).only_in(DType::F32);
        self.operation = self.operation.at(point);
        self
    }

    /// Makes the operation, with all its checks.
    pub(crate) fn build(mut self) -> Operation {
        let AtRanks {
            one,
            two,
            three,
            four,
        } = self.burn;
        for length in [1, 7] {
            self = self.add([length], one);
        }
        for shape in [[3, 5], [1, 4]] {
            self = self.add(shape, two);
        }
        self = self.add([2, 1, 3], three).add([2, 3, 1, 2], four);
        for (shape, layout) in [
            ([3, 4], MemoryLayout::Transposed),
            ([2, 2], MemoryLayout::Sliced),
            ([5, 3], MemoryLayout::Expanded),
        ] {
            let in_short = layout == MemoryLayout::Transposed;
            self = self.add_stored(format!("[4, 3] {layout}"), shape, layout, in_short, two);
        }
        let with_nan = self.with_nan();
        self.operation.at(with_nan)
    }

    /// Makes the operation with one check at drawn points: for a layer that calls a function of the
    /// table, to see that its configuration reaches the function.
    pub(crate) fn build_layer(self) -> Operation {
        let two = self.burn.two;
        self.add([3, 5], two).operation
    }

    fn add<const D: usize>(self, shape: [usize; D], burn: fn(Tensor<D>) -> Tensor<D>) -> Self {
        let name = format!("{shape:?}");
        self.add_stored(name, shape, MemoryLayout::Contiguous, D == 2, burn)
    }

    fn add_stored<const D: usize>(
        mut self,
        name: String,
        shape: [usize; D],
        layout: MemoryLayout,
        in_short: bool,
        burn: fn(Tensor<D>) -> Tensor<D>,
    ) -> Self {
        let function = self.formula;
        let x = argument("x", &shape).from(self.sample);
        let mut formula = Formula::new([x], move |of| of.get("x").map(function));
        if self.computes_in_f32 {
            formula = formula.with_differences();
        }
        let precision = if layout == MemoryLayout::Expanded {
            FormulaPrecision::Summed
        } else {
            self.precision.clone()
        };
        let formula = formula.with_precision(precision).stored(layout);
        let checked = self.operation;
        let checked = checked.check(name, &formula, move |v| burn(v.get("x")));
        self.operation = checked.in_short_if(in_short);
        self
    }

    /// A NaN between two numbers. It does not change their gradients, and its own is NaN if the
    /// derivative depends on the number.
    fn with_nan(&self) -> Point {
        let [left, right] = match self.sample {
            Sample::Within { low, high } => [0.3125, 0.8125].map(|part| low + part * (high - low)),
            _ => [-0.3125, 0.6875],
        };
        let derivative = |x| Dual::derivative(self.formula, x);
        let at_nan = if derivative(f64::NAN).is_nan() {
            Expected::Nan
        } else {
            Expected::Any
        };
        let x = GivenTensor::new([3], &[left, f64::NAN, right]);
        let [left, right] = [left, right].map(|x| Expected::Is(derivative(x)));
        let expected = vec![left, at_nan, right];
        Point::of_tensor(
            "a NaN between numbers",
            x,
            &[1.0; 3],
            expected,
            self.burn.one,
        )
    }
}
