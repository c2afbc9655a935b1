//! More wrong gradients, beyond the formulas of the lecture: graphs that are cut, weights counted once,
//! checks that are set up wrongly, rare random changes, saturation, short float types, layouts.

mod cut;
mod layout;
mod precision;
mod repeat;
mod setups;
mod shared;

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Options, Report, Sample, Target, Verdict, Witness};

/// A wrong function, gradient or setup, and what the checker must say about it.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target};
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let wrong = &gradient_trials::wrong::cases()[0];
/// assert_eq!((wrong.name(), wrong.mistake), ("cut: input", "x.detach() before the sine"));
/// let report = wrong.check(&target, &Options::default());
/// assert!(wrong.is_caught(&report), "{report}");
/// ```
#[derive(Debug, Clone)]
pub struct WrongCase {
    /// The mistake in words.
    pub mistake: &'static str,
    case: Case,
    /// The verdicts that name the fault.
    expected: Vec<Expected>,
    types: &'static [DType],
}

/// A verdict, and the witness at fault where it names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Mismatch(Witness),
    Severed,
    Nondeterministic(Witness),
    Value(Witness),
    Shape(Witness),
    Invalid,
}

impl Expected {
    const AUTODIFF: Self = Self::Mismatch(Witness::Autodiff);
    const MANUAL: Self = Self::Mismatch(Witness::Manual);

    fn is(self, verdict: &Verdict) -> bool {
        match (self, verdict) {
            (Self::Mismatch(expected), Verdict::Mismatch { odd })
            | (Self::Nondeterministic(expected), Verdict::Nondeterministic { odd, .. })
            | (Self::Value(expected), Verdict::Value { odd, .. })
            | (Self::Shape(expected), Verdict::Shape { odd, .. }) => expected == *odd,
            (Self::Severed, Verdict::Severed { .. }) | (Self::Invalid, Verdict::Invalid { .. }) => {
                true
            }
            _ => false,
        }
    }
}

impl WrongCase {
    fn new(mistake: &'static str, expected: Expected, case: Case) -> Self {
        Self {
            mistake,
            case,
            expected: vec![expected],
            types: &[DType::F64, DType::F32],
        }
    }

    /// Accepts another verdict too.
    fn or(mut self, expected: Expected) -> Self {
        self.expected.push(expected);
        self
    }

    /// For a mistake in other float types than f64 and f32.
    fn in_types(mut self, types: &'static [DType]) -> Self {
        self.types = types;
        self
    }

    /// Kind and mistake, short; no other has this name.
    pub fn name(&self) -> &str {
        self.case.name()
    }

    /// The case.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// The float types in which the mistake must be caught.
    pub fn float_types(&self) -> &'static [DType] {
        self.types
    }

    /// Checks it.
    pub fn check(&self, target: &Target, options: &Options) -> Report {
        self.case.run(target, options)
    }

    /// Whether the report names the fault: the kind of verdict, and the witness at fault.
    pub fn is_caught(&self, report: &Report) -> bool {
        let mut expected = self.expected.iter();
        expected.any(|expected| expected.is(&report.verdict))
    }
}

/// Every wrong case.
pub fn cases() -> Vec<WrongCase> {
    let all = [
        cut::all(),
        shared::all(),
        setups::all(),
        repeat::all(),
        precision::all(),
        layout::all(),
    ];
    all.into_iter().flatten().collect()
}

/// A case of one matrix `x` with a wrong gradient by hand.
fn by_hand<const D: usize>(
    name: &'static str,
    mistake: &'static str,
    shape: [usize; 2],
    f: fn(Tensor<2>) -> Tensor<D>,
    gradient: fn(Tensor<2>, Tensor<D>) -> Tensor<2>,
) -> WrongCase {
    let case = Case::new(name)
        .input("x", shape)
        .function(move |v| f(v.get("x")))
        .vjp(move |v, g| Gradients::new().with("x", gradient(v.get("x"), g.get(0))));
    WrongCase::new(mistake, Expected::MANUAL, case)
}

/// A case of one matrix `x`, for which autodiff differentiates another function.
fn by_autodiff(
    name: &'static str,
    mistake: &'static str,
    (shape, sample): ([usize; 2], Sample),
    value: fn(Tensor<2>) -> Tensor<2>,
    slope: fn(Tensor<2>) -> Tensor<2>,
) -> WrongCase {
    let case = Case::new(name)
        .input_from("x", shape, sample)
        .function(move |v| with_gradient_of(value(v.get("x")), slope(v.get("x"))));
    WrongCase::new(mistake, Expected::AUTODIFF, case)
}

/// The value of `value`, for which autodiff gets the gradient of `slope`.
fn with_gradient_of<const D: usize>(value: Tensor<D>, slope: Tensor<D>) -> Tensor<D> {
    value.detach() + (slope.clone() - slope.detach())
}

/// The value, for which autodiff gets a gradient that is zero but not absent.
fn zero_gradient_of<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    with_gradient_of(value.clone(), value * 0.0)
}
