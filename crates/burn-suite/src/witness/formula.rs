//! A formula with its inputs: what a check at drawn points compares Burn with.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Outputs, Sample, Upstream, Values};

use super::array::{Arguments, DualArray};
use super::dual::Dual;
use super::host;
use super::layout::MemoryLayout;
use super::precision::FormulaPrecision;

/// An input.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    name: String,
    /// As the function gets it.
    shape: Vec<usize>,
    layout: MemoryLayout,
    source: ArgumentValues,
}

#[derive(Clone, Debug)]
enum ArgumentValues {
    Drawn(Sample),
    GivenTensor(Vec<f64>),
    /// Given, and not differentiated.
    Constant(Vec<f64>),
}

/// An input drawn from magnitudes of 1/8 to 3/2 of either sign.
pub(crate) fn argument(name: impl Into<String>, shape: &[usize]) -> Argument {
    Argument {
        name: name.into(),
        shape: shape.to_vec(),
        layout: MemoryLayout::Contiguous,
        source: ArgumentValues::Drawn(Sample::Signed),
    }
}

/// Several such inputs, by name and shape.
pub(crate) fn arguments(all: &[(&str, &[usize])]) -> Vec<Argument> {
    let all = all.iter();
    all.map(|(name, shape)| argument(*name, shape)).collect()
}

/// A layer's parameter, drawn as burn-gradcheck draws the parameters of a module: matrices so small
/// that outputs are about as large as inputs.
pub(crate) fn parameter(name: &str, shape: &[usize]) -> Argument {
    let parameter = argument(name, shape);
    match shape {
        [rows @ .., _] if !rows.is_empty() => {
            let fan_in: usize = rows.iter().product();
            parameter.from(Sample::Scaled(1.0 / (fan_in.max(1) as f64).sqrt()))
        }
        _ => parameter,
    }
}

impl Argument {
    /// Gives it values.
    pub(crate) fn given(mut self, values: Vec<f64>) -> Self {
        self.source = ArgumentValues::GivenTensor(values);
        self
    }

    /// Gives it values, and takes no gradient with respect to it.
    pub(crate) fn constant(mut self, values: Vec<f64>) -> Self {
        self.source = ArgumentValues::Constant(values);
        self
    }

    /// Draws from another range.
    pub(crate) fn within(self, low: f64, high: f64) -> Self {
        self.from(Sample::Within { low, high })
    }

    /// Draws from another distribution.
    pub(crate) fn from(mut self, sample: Sample) -> Self {
        self.source = ArgumentValues::Drawn(sample);
        self
    }

    fn stored_shape(&self) -> Vec<usize> {
        self.layout.stored(&self.shape)
    }

    fn add_to(&self, case: Case) -> Case {
        let (name, shape) = (&self.name, self.stored_shape());
        match &self.source {
            ArgumentValues::Drawn(sample) => case.input_from(name, shape, *sample),
            ArgumentValues::GivenTensor(values) => case.input_values(name, shape, values.clone()),
            ArgumentValues::Constant(values) => case.constant(name, shape, values.clone()),
        }
    }
}

/// The inputs on a device, each in its layout.
pub(crate) struct FormulaInputs<'a> {
    values: &'a Values,
    arguments: &'a [Argument],
}

impl FormulaInputs<'_> {
    /// The input of this name and rank.
    pub(crate) fn get<const D: usize>(&self, name: &str) -> Tensor<D> {
        let stored = self.values.get(name);
        let mut arguments = self.arguments.iter();
        let found = arguments.find(|argument| argument.name == name);
        match found {
            Some(argument) => argument.layout.arrange(stored, &argument.shape),
            None => stored,
        }
    }
}

impl Deref for FormulaInputs<'_> {
    type Target = Values;

    fn deref(&self) -> &Values {
        self.values
    }
}

type Evaluate = Arc<dyn Fn(&Arguments) -> Vec<DualArray> + Send + Sync>;

/// Inputs, and how the outputs follow from them.
#[derive(Clone)]
pub(crate) struct Formula {
    arguments: Arc<[Argument]>,
    /// None where only finite differences are known.
    evaluate: Option<Evaluate>,
    precision: FormulaPrecision,
    is_reference: bool,
    /// The shape of Burn's result, where the formula needs it.
    result_shape: Option<fn(&Upstream) -> Vec<usize>>,
}

/// `$body` with the constant `$D` equal to `$rank`.
macro_rules! of_rank {
    ($rank:expr, $D:ident => $body:expr) => {
        of_rank!(@ $rank, $D => $body; 1 2 3 4 5)
    };
    (@ $rank:expr, $D:ident => $body:expr; $($each:literal)*) => {
        match $rank {
            $($each => {
                const $D: usize = $each;
                $body
            })*
            rank => panic!("no formula has arrays of rank {rank}"),
        }
    };
}

impl Formula {
    pub(crate) fn new<O: Into<Vec<DualArray>>>(
        arguments: impl IntoIterator<Item = Argument>,
        evaluate: impl Fn(&Arguments) -> O + Send + Sync + 'static,
    ) -> Self {
        Self {
            evaluate: Some(Arc::new(move |of| evaluate(of).into())),
            ..Self::unknown(arguments)
        }
    }

    /// Inputs without a formula: autodiff is compared with finite differences alone.
    pub(crate) fn unknown(arguments: impl IntoIterator<Item = Argument>) -> Self {
        Self {
            arguments: arguments.into_iter().collect(),
            evaluate: None,
            precision: FormulaPrecision::General,
            is_reference: false,
            result_shape: None,
        }
    }

    pub(crate) fn with_precision(mut self, precision: FormulaPrecision) -> Self {
        self.precision = precision;
        self
    }

    /// Takes the finite differences of the formula instead of Burn's function: for one that computes
    /// in f32, or works in one float type only.
    pub(crate) fn with_differences(mut self) -> Self {
        self.is_reference = true;
        self
    }

    /// Passes the shape of Burn's result, of rank `D`, to the formula: see [`Arguments::result`].
    pub(crate) fn knowing_result<const D: usize>(mut self) -> Self {
        self.result_shape = Some(|grad_out| grad_out.get::<D>(0).dims().to_vec());
        self
    }

    /// Stores every matrix among the inputs in another layout.
    pub(crate) fn stored(mut self, layout: MemoryLayout) -> Self {
        let relaid = self.arguments.iter().map(|argument| Argument {
            layout,
            ..argument.clone()
        });
        self.arguments = relaid.collect();
        self
    }

    /// Adds the inputs to a case, with the formula as a witness of the gradient.
    pub(crate) fn witness(&self, case: Case) -> Case {
        let case = self.precision.apply(case);
        let arguments = self.arguments.iter();
        let case = arguments.fold(case, |case, argument| argument.add_to(case));
        let Some(evaluate) = &self.evaluate else {
            return case;
        };
        let (formula, function) = (self.clone(), Arc::clone(evaluate));
        let last = LastJacobian::default();
        let case = case.vjp(move |v, grad_out| formula.gradients(&function, &last, v, grad_out));
        if self.is_reference {
            let (formula, function) = (self.clone(), Arc::clone(evaluate));
            return case.reference(move |v| outputs(function(&formula.seen(&formula.read(v))), v));
        }
        case
    }

    /// The case of a function of Burn with this formula as a witness.
    pub(crate) fn case<O: Into<Outputs>>(
        &self,
        case: Case,
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Case {
        let arguments = Arc::clone(&self.arguments);
        self.witness(case).function(move |values| {
            let arguments = &arguments;
            function(&FormulaInputs { values, arguments })
        })
    }

    /// The inputs on the host, as they are stored.
    fn read(&self, v: &Values) -> Arguments {
        let read = |argument: &Argument| {
            let (name, shape) = (&argument.name, argument.stored_shape());
            let values = of_rank!(shape.len(), D => host(v.get::<D>(name)));
            let values = values.into_iter().map(Dual::from).collect();
            (name.clone(), DualArray::new(shape, values))
        };
        Arguments::new(self.arguments.iter().map(read))
    }

    /// The inputs as the function gets them.
    fn seen(&self, stored: &Arguments) -> Arguments {
        let see = |argument: &Argument| {
            let Argument {
                name,
                shape,
                layout,
                ..
            } = argument;
            (
                name.clone(),
                layout.arrange_on_host(stored.get(name), shape),
            )
        };
        let mut seen = Arguments::new(self.arguments.iter().map(see));
        seen.result.clone_from(&stored.result);
        seen
    }

    /// Each element's derivative of the outputs, times the upstream gradients.
    fn gradients(
        &self,
        evaluate: &Evaluate,
        last: &LastJacobian,
        v: &Values,
        grad_out: &Upstream,
    ) -> Gradients {
        let mut stored = self.read(v);
        stored.result = self.result_shape.map(|shape| shape(grad_out));
        let jacobian = last.at(&stored, |stored| self.jacobian(evaluate, stored));
        let ranks = jacobian.output_ranks.iter().enumerate();
        let upstream: Vec<f64> = ranks
            .flat_map(|(k, rank)| of_rank!(rank, D => host(grad_out.get::<D>(k))))
            .collect();
        let mut gradients = Gradients::new();
        for (argument, columns) in self.differentiated().zip(&jacobian.columns) {
            let (name, shape) = (&argument.name, argument.stored_shape());
            let times_upstream = |slopes: &Vec<f64>| {
                let products = slopes
                    .iter()
                    .zip(&upstream)
                    .map(|(slope, grad)| slope * grad);
                products.sum()
            };
            let gradient: Vec<f64> = columns.iter().map(times_upstream).collect();
            gradients = of_rank!(
                shape.len(),
                D => gradients.with(name, v.tensor(sizes::<D>(&shape), &gradient))
            );
        }
        gradients
    }

    fn jacobian(&self, evaluate: &Evaluate, stored: &mut Arguments) -> Jacobian {
        let outputs = evaluate(&self.seen(stored));
        let output_ranks = outputs.iter().map(|output| output.shape.len()).collect();
        let mut columns = Vec::new();
        for argument in self.differentiated() {
            let (name, count) = (&argument.name, argument.stored_shape().iter().product());
            let column = |element| {
                stored.set_slope(name, element, 1.0);
                let outputs = evaluate(&self.seen(stored));
                stored.set_slope(name, element, 0.0);
                let outputs = outputs.iter().flat_map(|output| &output.values);
                outputs.map(|out| out.slope).collect()
            };
            columns.push((0..count).map(column).collect());
        }
        Jacobian {
            output_ranks,
            columns,
        }
    }

    fn differentiated(&self) -> impl Iterator<Item = &Argument> {
        self.arguments
            .iter()
            .filter(|argument| match argument.source {
                ArgumentValues::Drawn(_) | ArgumentValues::GivenTensor(_) => true,
                ArgumentValues::Constant(_) => false,
            })
    }
}

/// The derivative of every output element with respect to every differentiated element.
struct Jacobian {
    output_ranks: Vec<usize>,
    /// For each argument and each of its elements, the slopes of all output elements.
    columns: Vec<Vec<Vec<f64>>>,
}

/// The Jacobian at the last point: a check asks for it with several upstream gradients.
#[derive(Default)]
struct LastJacobian(Mutex<Option<(Vec<u64>, Arc<Jacobian>)>>);

impl LastJacobian {
    fn at(
        &self,
        stored: &Arguments,
        jacobian: impl FnOnce(&mut Arguments) -> Jacobian,
    ) -> Arc<Jacobian> {
        let point = stored.bits();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((other, known)) if *other == point => Arc::clone(known),
            _ => {
                let new = Arc::new(jacobian(&mut stored.clone()));
                *last = Some((point, Arc::clone(&new)));
                new
            }
        }
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Formula");
        debug.field("arguments", &self.arguments);
        debug.finish_non_exhaustive()
    }
}

fn outputs(arrays: Vec<DualArray>, v: &Values) -> Outputs {
    let add = |all: Outputs, DualArray { shape, values }: DualArray| {
        let values: Vec<f64> = values.iter().map(|value| value.value).collect();
        of_rank!(shape.len(), D => all.with(v.tensor(sizes::<D>(&shape), &values)))
    };
    arrays.into_iter().fold(Outputs::new(), add)
}

fn sizes<const D: usize>(shape: &[usize]) -> [usize; D] {
    std::array::from_fn(|d| shape[d])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};
    use burn_gradcheck::{Options, Target, Verdict, Witness};

    use super::*;

    fn product(factor: f64) -> Formula {
        let arguments = [
            argument("x", &[2, 3]),
            argument("w", &[3, 4]).within(0.5, 2.0),
            argument("b", &[4]),
        ];
        let formula = Formula::new(arguments, move |of| {
            let y = of.get("x").linear(of.get("w"), Some(of.get("b")));
            let sum: Dual = y.values.iter().copied().sum();
            vec![y.map(Dual::tanh), DualArray::scalar(sum * factor)]
        });
        formula.with_differences()
    }

    fn case(formula: &Formula) -> Case {
        formula.case(Case::new("product"), |v| {
            let y = v.get::<2>("x").matmul(v.get("w")) + v.get::<1>("b").unsqueeze();
            (y.clone().tanh(), y.sum())
        })
    }

    #[test]
    fn a_formula_is_a_witness_and_a_reference_in_every_layout() {
        let f32 = Target::new(Device::flex(), DType::F32).with_reference(Device::flex());
        for layout in [MemoryLayout::Contiguous]
            .into_iter()
            .chain(MemoryLayout::STRIDED)
        {
            let case = case(&product(1.0).stored(layout));
            case.check(&Device::flex()).assert_pass();
            case.run(&f32, &Options::default()).assert_pass();
        }
    }

    #[test]
    fn a_wrong_formula_is_found_out() {
        let report = case(&product(2.0)).check(&Device::flex());
        let is_other_value = matches!(
            report.verdict,
            Verdict::Value {
                odd: Witness::Finite,
                ..
            }
        );
        assert!(is_other_value, "the formula is the reference: {report}");
    }
}
