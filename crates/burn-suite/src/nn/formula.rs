//! A formula on the host as witness: written down once, in f64, without Burn, it gives the value
//! and, evaluated with [dual numbers](Dual), the gradient.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn_gradcheck::{Case, Gradients, Outputs, Sample, Upstream, Values};

use super::dual::Dual;
use crate::host::host;

/// An input.
#[derive(Clone, Debug)]
pub(super) struct Argument {
    name: String,
    shape: Vec<usize>,
    sample: Sample,
    /// Its values, if it is not differentiated.
    held: Option<Vec<f64>>,
}

/// An input drawn from magnitudes of 1/8 to 3/2 of either sign.
pub(super) fn argument(name: impl Into<String>, shape: &[usize]) -> Argument {
    Argument {
        name: name.into(),
        shape: shape.to_vec(),
        sample: Sample::Signed,
        held: None,
    }
}

impl Argument {
    /// Gives it values, and takes no gradient by it.
    pub(super) fn held(mut self, values: Vec<f64>) -> Self {
        self.held = Some(values);
        self
    }

    /// Draws from another range.
    pub(super) fn within(mut self, low: f64, high: f64) -> Self {
        self.sample = Sample::Within { low, high };
        self
    }

    /// Draws otherwise.
    pub(super) fn from(mut self, sample: Sample) -> Self {
        self.sample = sample;
        self
    }
}

/// An array in row-major order.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<Dual>,
}

impl Array {
    pub(super) fn new(shape: impl Into<Vec<usize>>, values: Vec<Dual>) -> Self {
        let shape = shape.into();
        assert_eq!(shape.iter().product::<usize>(), values.len(), "{shape:?}");
        Self { shape, values }
    }

    /// One element of each, as a vector.
    pub(super) fn vector(values: Vec<Dual>) -> Self {
        Self::new([values.len()], values)
    }

    /// One number, as Burn's reductions give it.
    pub(super) fn scalar(value: Dual) -> Self {
        Self::vector(vec![value])
    }

    /// The element at an index.
    pub(super) fn at<const D: usize>(&self, index: [usize; D]) -> Dual {
        let places = index.iter().zip(&self.shape);
        self.values[places.fold(0, |flat, (i, size)| flat * size + i)]
    }

    /// The rows of what is seen as a matrix: all but the last dimension make the rows.
    pub(super) fn rows(&self) -> std::slice::Chunks<'_, Dual> {
        self.values.chunks(self.shape[self.shape.len() - 1])
    }

    pub(super) fn map(&self, function: impl Fn(Dual) -> Dual) -> Self {
        let values = self.values.iter().map(|&value| function(value)).collect();
        Self::new(self.shape.clone(), values)
    }

    /// Two arrays of one shape, element by element.
    pub(super) fn zip(&self, other: &Self, function: impl Fn(Dual, Dual) -> Dual) -> Self {
        assert_eq!(self.shape, other.shape);
        let pairs = self.values.iter().zip(&other.values);
        let values = pairs.map(|(&a, &b)| function(a, b)).collect();
        Self::new(self.shape.clone(), values)
    }

    /// `x W + b` for each row.
    pub(super) fn linear(&self, weight: &Self, bias: Option<&Self>) -> Self {
        let columns = weight.shape[1];
        let entry = |row: &[Dual], column: usize| {
            let terms = row.iter().enumerate();
            let product: Dual = terms.map(|(i, &x)| x * weight.at([i, column])).sum();
            bias.map_or(product, |bias| product + bias.values[column])
        };
        let rows = self.rows();
        let values = rows.flat_map(|row| (0..columns).map(move |column| entry(row, column)));
        let values = values.collect();
        let mut shape = self.shape.clone();
        shape.pop();
        shape.push(columns);
        Self::new(shape, values)
    }
}

/// The inputs' values by name.
#[derive(Clone, Debug)]
pub(super) struct Arguments(BTreeMap<String, Array>);

impl Arguments {
    pub(super) fn get(&self, name: &str) -> &Array {
        let found = self.find(name);
        found.unwrap_or_else(|| panic!("the formula has no argument {name}"))
    }

    pub(super) fn find(&self, name: &str) -> Option<&Array> {
        self.0.get(name)
    }
}

type Evaluate = Arc<dyn Fn(&Arguments) -> Vec<Array> + Send + Sync>;

/// Inputs, and how the outputs come from them.
#[derive(Clone)]
pub(super) struct Formula {
    arguments: Arc<[Argument]>,
    evaluate: Evaluate,
}

/// `$body` with the constant `$D` as large as `$rank`.
macro_rules! of_rank {
    ($rank:expr, $D:ident => $body:expr) => {
        match $rank {
            1 => {
                const $D: usize = 1;
                $body
            }
            2 => {
                const $D: usize = 2;
                $body
            }
            3 => {
                const $D: usize = 3;
                $body
            }
            4 => {
                const $D: usize = 4;
                $body
            }
            rank => panic!("no formula has arrays of rank {rank}"),
        }
    };
}

impl Formula {
    pub(super) fn new(
        arguments: impl IntoIterator<Item = Argument>,
        evaluate: impl Fn(&Arguments) -> Vec<Array> + Send + Sync + 'static,
    ) -> Self {
        Self {
            arguments: arguments.into_iter().collect(),
            evaluate: Arc::new(evaluate),
        }
    }

    /// The case with the formula's inputs and its gradient as witness.
    pub(super) fn witness(&self, case: Case) -> Case {
        let add = |case: Case, argument: &Argument| {
            let Argument {
                name,
                shape,
                sample,
                held,
            } = argument;
            match held {
                None => case.input_from(name, shape.clone(), *sample),
                Some(values) => case.constant(name, shape.clone(), values.clone()),
            }
        };
        let case = self.arguments.iter().fold(case, add);
        let formula = self.clone();
        case.vjp(move |v, grad_out| formula.gradients(v, grad_out))
    }

    /// As [`Formula::witness`], and the finite differences are those of the formula, too: for a
    /// module that works in one float type only.
    pub(super) fn referee(&self, case: Case) -> Case {
        let formula = self.clone();
        self.witness(case).reference(move |v| formula.outputs(v))
    }

    /// The inputs on the host.
    fn read(&self, v: &Values) -> Arguments {
        let read = |argument: &Argument| {
            let Argument { name, shape, .. } = argument;
            let values = of_rank!(shape.len(), D => host(v.get::<D>(name)));
            let values = values.into_iter().map(Dual::from).collect();
            (name.clone(), Array::new(shape.clone(), values))
        };
        Arguments(self.arguments.iter().map(read).collect())
    }

    fn outputs(&self, v: &Values) -> Outputs {
        let outputs = (self.evaluate)(&self.read(v));
        let add = |all: Outputs, Array { shape, values }: Array| {
            let values: Vec<f64> = values.iter().map(|value| value.value).collect();
            of_rank!(shape.len(), D => all.with(v.tensor(sizes::<D>(&shape), &values)))
        };
        outputs.into_iter().fold(Outputs::new(), add)
    }

    /// Each element's derivative of the outputs, times the upstream gradients.
    fn gradients(&self, v: &Values, grad_out: &Upstream) -> Gradients {
        let mut arguments = self.read(v);
        let outputs = (self.evaluate)(&arguments);
        let upstream: Vec<Vec<f64>> = outputs
            .iter()
            .enumerate()
            .map(|(k, output)| of_rank!(output.shape.len(), D => host(grad_out.get::<D>(k))))
            .collect();
        let upstream = upstream.concat();
        let mut gradients = Gradients::new();
        let differentiated = |argument: &&Argument| argument.held.is_none();
        for Argument { name, shape, .. } in self.arguments.iter().filter(differentiated) {
            let mut gradient = vec![0.0; shape.iter().product()];
            for (element, sum) in gradient.iter_mut().enumerate() {
                arguments.seed(name, element, 1.0);
                let outputs = (self.evaluate)(&arguments);
                arguments.seed(name, element, 0.0);
                let outputs = outputs.iter().flat_map(|output| &output.values);
                let products = outputs.zip(&upstream).map(|(out, grad)| out.slope * grad);
                *sum = products.sum();
            }
            gradients = of_rank!(
                shape.len(),
                D => gradients.with(name, v.tensor(sizes::<D>(shape), &gradient))
            );
        }
        gradients
    }
}

impl Arguments {
    fn seed(&mut self, name: &str, element: usize, slope: f64) {
        if let Some(array) = self.0.get_mut(name) {
            array.values[element].slope = slope;
        }
    }
}

fn sizes<const D: usize>(shape: &[usize]) -> [usize; D] {
    std::array::from_fn(|d| shape[d])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};
    use burn_gradcheck::{Options, Target, Verdict, Witness};

    use super::*;

    fn product() -> Formula {
        let arguments = [
            argument("x", &[2, 3]),
            argument("w", &[3, 4]).within(0.5, 2.0),
            argument("b", &[4]),
        ];
        Formula::new(arguments, |of| {
            let y = of.get("x").linear(of.get("w"), Some(of.get("b")));
            vec![
                y.map(Dual::tanh),
                Array::scalar(y.values.iter().copied().sum()),
            ]
        })
    }

    fn case(formula: &Formula) -> Case {
        formula.referee(Case::new("product")).function(|v| {
            let y = v.get::<2>("x").matmul(v.get("w")) + v.get::<1>("b").unsqueeze();
            (y.clone().tanh(), y.sum())
        })
    }

    #[test]
    fn a_formula_is_a_witness_and_a_referee() {
        case(&product()).check(&Device::flex()).assert_pass();
        let f32 = Target::new(Device::flex(), DType::F32).with_reference(Device::flex());
        case(&product())
            .run(&f32, &Options::default())
            .assert_pass();
    }

    #[test]
    fn a_wrong_formula_is_found_out() {
        let right = product();
        let wrong = Formula::new(right.arguments.to_vec(), move |of| {
            let mut outputs = (right.evaluate)(of);
            outputs[1] = outputs[1].map(|sum| sum * 2.0);
            outputs
        });
        let report = case(&wrong).check(&Device::flex());
        let autodiff = Verdict::Mismatch {
            odd: Witness::Autodiff,
        };
        assert_eq!(report.verdict, autodiff, "formula and referee are one");
    }
}
