//! Functions of one number: at every rank, and in every order of elements in memory.

use burn::tensor::{Tensor, s};
use burn_gradcheck::{Case, Gradients, Sample, Tolerance};

use crate::host::{F32, host, tolerance_f32, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};
use crate::point::{Expected, Given, Point};

/// The function as Burn has it, at each rank.
#[derive(Clone, Copy)]
pub(crate) struct Ranks {
    pub(crate) one: fn(Tensor<1>) -> Tensor<1>,
    pub(crate) two: fn(Tensor<2>) -> Tensor<2>,
    pub(crate) three: fn(Tensor<3>) -> Tensor<3>,
    pub(crate) four: fn(Tensor<4>) -> Tensor<4>,
}

/// `ranks!(|x| x.exp())`: one expression at four ranks.
macro_rules! ranks {
    (|$x:ident| $body:expr) => {
        $crate::elementwise::unary::Ranks {
            one: |$x: burn::tensor::Tensor<1>| $body,
            two: |$x: burn::tensor::Tensor<2>| $body,
            three: |$x: burn::tensor::Tensor<3>| $body,
            four: |$x: burn::tensor::Tensor<4>| $body,
        }
    };
}
pub(crate) use ranks;

/// A function of one number, with its derivative evaluated on the host in f64.
pub(crate) struct Unary {
    operation: Operation,
    ranks: Ranks,
    /// The function by its definition, where Burn's own loses digits even in f64.
    definition: Option<Ranks>,
    derivative: fn(f64) -> f64,
    sample: Sample,
    tolerance: Tolerance,
}

impl Unary {
    /// Drawn from magnitudes of 1/8 to 3/2 of either sign.
    pub(crate) fn new(
        name: &'static str,
        family: Family,
        covers: &'static [&'static str],
        ranks: Ranks,
        derivative: fn(f64) -> f64,
    ) -> Self {
        Self {
            operation: Operation::new(name, family, covers),
            ranks,
            definition: None,
            derivative,
            sample: Sample::Signed,
            tolerance: tolerance_f32(),
        }
    }

    /// Draws from another range, where the function is smooth.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Self {
        self.sample = Sample::Within { low, high };
        self
    }

    /// Takes finite differences of the definition instead of Burn's function, which computes in
    /// f32 whatever the tensor's type, so that its differences are noise.
    pub(crate) fn defined_as(mut self, definition: Ranks) -> Self {
        self.definition = Some(definition);
        self
    }

    /// Allows more in f32, where the derivative's formula subtracts nearly equal numbers.
    pub(crate) fn magnified(mut self, by: f64, what: &str) -> Self {
        let Tolerance {
            pair,
            finite,
            reason,
        } = self.tolerance;
        let reason = format!("{reason}, magnified {by} times by {what}");
        self.tolerance = Tolerance::new(by * pair, by * finite, reason);
        self
    }

    /// Sets the note.
    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    /// Adds a special point.
    pub(crate) fn at(mut self, x: f64, expected: Expected) -> Self {
        let point = Point::of_one(x, expected, self.ranks.one);
        self.operation = self.operation.at(point);
        self
    }

    /// Adds a point that is special in f32 only: near the ends of its range.
    pub(crate) fn at_in_f32(mut self, x: f64, expected: Expected) -> Self {
        let point = Point::of_one(x, expected, self.ranks.one).only_in(F32);
        self.operation = self.operation.at(point);
        self
    }

    /// Makes the operation, with all its checks.
    pub(crate) fn build(mut self) -> Operation {
        let burn = self.ranks;
        let definition = self.definition.unwrap_or(burn);
        for length in [1, 7] {
            self.add_plain([length], burn.one, definition.one);
        }
        for shape in [[3, 5], [1, 4]] {
            self.add_plain(shape, burn.two, definition.two);
        }
        self.add_plain([2, 1, 3], burn.three, definition.three);
        self.add_plain([2, 3, 1, 2], burn.four, definition.four);
        for layout in LAYOUTS {
            let name = format!("[4, 3] {}", layout.name);
            let function = Function {
                shape: [layout.rows, 3],
                arrange: layout.arrange,
                sources: layout.sources,
                burn: burn.two,
                definition: definition.two,
            };
            self.add(name, layout.name == "transposed", function);
        }
        let with_nan = self.with_nan();
        self.operation.at(with_nan)
    }

    /// A NaN between two numbers: their gradients are as without it, and its own is NaN where the
    /// derivative depends on the number.
    fn with_nan(&self) -> Point {
        let between = match self.sample {
            Sample::Within { low, high } => [0.3125, 0.8125].map(|part| low + part * (high - low)),
            _ => [-0.3125, 0.6875],
        };
        let at_nan = match (self.derivative)(f64::NAN).is_nan() {
            true => Expected::Nan,
            false => Expected::Any,
        };
        let [left, right] = between.map(|x| Expected::Is((self.derivative)(x)));
        let x = Given::new([3], &[between[0], f64::NAN, between[1]]);
        let expected = vec![left, at_nan, right];
        Point::of_tensor(
            "a NaN between numbers",
            x,
            &[1.0; 3],
            expected,
            self.ranks.one,
        )
    }

    /// Makes the operation with fewer checks, of a layer that only calls a function of the table.
    pub(crate) fn build_layer(mut self) -> Operation {
        let burn = self.ranks;
        let definition = self.definition.unwrap_or(burn);
        self.add_plain([3, 5], burn.two, definition.two);
        self.add_plain([2, 1, 3], burn.three, definition.three);
        self.operation
    }

    fn add_plain<const D: usize>(
        &mut self,
        shape: [usize; D],
        burn: fn(Tensor<D>) -> Tensor<D>,
        definition: fn(Tensor<D>) -> Tensor<D>,
    ) {
        let function = Function {
            shape,
            arrange: |x| x,
            sources: |elements| (0..elements).collect(),
            burn,
            definition,
        };
        self.add(format!("{shape:?}"), D == 2, function);
    }

    fn add<const D: usize>(&mut self, name: String, in_short: bool, function: Function<D>) {
        let (sample, derivative) = (self.sample, self.derivative);
        let tolerance = match name.ends_with("expanded") {
            true => tolerance_f32_of_sums(),
            false => self.tolerance.clone(),
        };
        self.operation.drawn(name, in_short, |case| {
            function
                .complete(case.input_from("x", function.shape, sample), derivative)
                .tolerance(F32, tolerance)
        });
    }
}

/// An order of elements other than the one in memory.
struct Layout {
    name: &'static str,
    rows: usize,
    arrange: fn(Tensor<2>) -> Tensor<2>,
    /// For each element of the arranged tensor the one of the input, given the input's size.
    sources: fn(usize) -> Vec<usize>,
}

const LAYOUTS: [Layout; 3] = [
    Layout {
        name: "transposed",
        rows: 4,
        arrange: |x| x.transpose(),
        sources: |_| (0..12).map(|out| out % 4 * 3 + out / 4).collect(),
    },
    Layout {
        name: "sliced",
        rows: 4,
        arrange: |x| x.slice(s![1..4;2, 1..3]),
        sources: |_| vec![4, 5, 10, 11],
    },
    Layout {
        name: "expanded",
        rows: 1,
        arrange: |x| x.expand([5, 3]),
        sources: |_| (0..15).map(|out| out % 3).collect(),
    },
];

/// `burn(arrange(x))`, with what finite differences are taken of.
#[derive(Clone, Copy)]
struct Function<const D: usize> {
    shape: [usize; D],
    arrange: fn(Tensor<D>) -> Tensor<D>,
    sources: fn(usize) -> Vec<usize>,
    burn: fn(Tensor<D>) -> Tensor<D>,
    definition: fn(Tensor<D>) -> Tensor<D>,
}

impl<const D: usize> Function<D> {
    /// Adds the function, and its vector-Jacobian product without a tensor operation.
    fn complete(self, case: Case, derivative: fn(f64) -> f64) -> Case {
        let Self {
            shape,
            arrange,
            sources,
            burn,
            definition,
        } = self;
        case.function(move |v| definition(arrange(v.get::<D>("x"))))
            .autodiff_function(move |v| burn(arrange(v.get::<D>("x"))))
            .vjp(move |v, grad_out| {
                let x = host(v.get::<D>("x"));
                let grad_out = host(grad_out.get::<D>(0));
                let mut grad_x = vec![0.0; x.len()];
                for (grad, source) in grad_out.into_iter().zip(sources(x.len())) {
                    grad_x[source] += grad * derivative(x[source]);
                }
                Gradients::new().with("x", v.tensor(shape, &grad_x))
            })
    }
}
