//! Special points: a gradient compared with the derivative that analysis gives.

mod expected;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::tensor::{DType, Device, Gradients as Grads, Tensor, TensorData};

pub use self::expected::Expected;
use self::expected::epsilon;
use crate::number::Short;
use crate::witness::host;

/// Copies of the point in one tensor: enough to fill vector registers and leave a remainder.
const COPIES: usize = 19;
/// How many roundings a gradient may be off by, in units of the float type's epsilon.
const ROUNDINGS: f64 = 64.0;

/// The gradient with respect to every element of the arguments, in one copy or several.
type Copies = Result<Vec<Vec<f64>>, PointVerdict>;
type Differentiate = Arc<dyn Fn(&Device, DType) -> Copies + Send + Sync>;

/// A special point, where finite differences do not apply: numbers for an elementwise operation, or
/// tensors whose values together make the point special, such as ties.
#[derive(Clone)]
pub struct Point {
    /// The point: `x = 0`, `a = 0, b = 2`, `a tie`.
    pub name: String,
    /// The only float type in which the point is special; `None` for all.
    pub dtype: Option<DType>,
    /// The expected gradient of every element of the arguments, one argument after another.
    expected: Vec<Expected>,
    /// Elements of the gradient with a factor each, and the sum that their products must have.
    totals: Vec<(Vec<(usize, f64)>, f64)>,
    /// Whether nothing is rounded.
    is_exact: bool,
    differentiate: Differentiate,
}

/// Autodiff's gradient at a point, and the verdict on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PointReport {
    /// The gradient with respect to each element of the arguments.
    pub(crate) gradient: Vec<f64>,
    pub(crate) verdict: PointVerdict,
    /// Largest relative error where a finite number is expected.
    pub(crate) error: f64,
}

/// The verdict on a gradient at a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PointVerdict {
    Pass,
    Mismatch,
    NonFinite,
    /// Autodiff returns no gradient for an argument that the function depends on.
    Unreached,
    /// A gradient has another shape than its tensor.
    Shape(String),
    Panicked(String),
}

/// A tensor's elements in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct GivenTensor<const D: usize> {
    pub(crate) shape: [usize; D],
    pub(crate) values: Vec<f64>,
}

/// One output of a function that picks an element: the output's upstream gradient, and the elements
/// that it may pick, each with its slope. With several, any mixture is a subgradient.
pub(crate) type Pick = (f64, &'static [(usize, f64)]);

impl Point {
    /// A point with one argument, `x`.
    pub(crate) fn of_one(
        x: f64,
        expected: Expected,
        function: impl Fn(Tensor<1>) -> Tensor<1> + Send + Sync + 'static,
    ) -> Self {
        Self::of_copies(format!("x = {}", Short(x)), vec![x], vec![expected], {
            move |arguments| function(arguments[0].clone())
        })
    }

    /// A point with two arguments, `a` and `b`.
    pub(crate) fn of_two(
        (a, b): (f64, f64),
        expected: [Expected; 2],
        function: impl Fn(Tensor<1>, Tensor<1>) -> Tensor<1> + Send + Sync + 'static,
    ) -> Self {
        let name = format!("a = {}, b = {}", Short(a), Short(b));
        Self::of_copies(name, vec![a, b], expected.to_vec(), move |arguments| {
            function(arguments[0].clone(), arguments[1].clone())
        })
    }

    /// Numbers, each in several copies, and the gradient of the sum of all outputs.
    fn of_copies(
        name: String,
        numbers: Vec<f64>,
        expected: Vec<Expected>,
        function: impl Fn(&[Tensor<1>]) -> Tensor<1> + Send + Sync + 'static,
    ) -> Self {
        let gradients = move |device: &Device, dtype| {
            let copies = |&number: &f64| GivenTensor::new([COPIES], &[number; COPIES]);
            let upload = |number| copies(number).leaf(device, dtype);
            let arguments: Vec<Tensor<1>> = numbers.iter().map(upload).collect();
            let grads = function(&arguments).sum().backward();
            let download = |x: &Tensor<1>| x.grad(&grads).map(host);
            let gradients = arguments.iter().map(download);
            gradients
                .collect::<Option<_>>()
                .ok_or(PointVerdict::Unreached)
        };
        Self::new(name, expected, gradients)
    }

    fn new(
        name: String,
        expected: Vec<Expected>,
        differentiate: impl Fn(&Device, DType) -> Copies + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            dtype: None,
            expected,
            totals: Vec::new(),
            is_exact: false,
            differentiate: Arc::new(differentiate),
        }
    }

    /// One tensor, and the upstream gradient of the function's result.
    pub(crate) fn of_tensor<const D: usize, const E: usize>(
        name: impl Into<String>,
        x: GivenTensor<D>,
        upstream: &[f64],
        expected: Vec<Expected>,
        function: impl Fn(Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let upstream = upstream.to_vec();
        Self::new(name.into(), expected, move |device, dtype| {
            let x = x.leaf(device, dtype);
            let grads = weighted(function(x.clone()), &upstream).backward();
            elements_of(&x, &grads)
        })
    }

    /// Two tensors, and the upstream gradient of the function's result.
    pub(crate) fn of_tensors<const C: usize, const D: usize, const E: usize>(
        name: impl Into<String>,
        (a, b): (GivenTensor<C>, GivenTensor<D>),
        upstream: &[f64],
        expected: Vec<Expected>,
        function: impl Fn(Tensor<C>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let upstream = upstream.to_vec();
        Self::new(name.into(), expected, move |device, dtype| {
            let (a, b) = (a.leaf(device, dtype), b.leaf(device, dtype));
            let out = function(a.clone(), b.clone());
            let grads = weighted(out, &upstream).backward();
            Ok([elements_of(&a, &grads)?, elements_of(&b, &grads)?].concat())
        })
    }

    /// One tensor with ties; each output picks one element.
    pub(crate) fn of_ties<const D: usize, const E: usize>(
        name: impl Into<String>,
        x: GivenTensor<D>,
        picks: &[Pick],
        function: impl Fn(Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let (upstream, expected) = (upstreams(picks), mixtures(picks, x.values.len()));
        let point = Self::of_tensor(name, x, &upstream, expected, function);
        point.exactly().adding_up(picks)
    }

    /// Two tensors with ties; each output picks one element, numbered across both.
    pub(crate) fn of_ties_between<const C: usize, const D: usize, const E: usize>(
        name: impl Into<String>,
        (a, b): (GivenTensor<C>, GivenTensor<D>),
        picks: &[Pick],
        function: impl Fn(Tensor<C>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let elements = a.values.len() + b.values.len();
        let (upstream, expected) = (upstreams(picks), mixtures(picks, elements));
        let point = Self::of_tensors(name, (a, b), &upstream, expected, function);
        point.exactly().adding_up(picks)
    }

    /// Requires that each upstream gradient arrives exactly once, however it is mixed: the shares of
    /// picks with common elements must add up.
    fn adding_up(mut self, picks: &[Pick]) -> Self {
        for (upstream, elements) in picks {
            let mut total = (elements.to_vec(), *upstream);
            let meets = |other: &(Vec<(usize, f64)>, f64)| {
                let has = |(element, _): &(usize, f64)| elements.iter().any(|(e, _)| e == element);
                other.0.iter().any(has)
            };
            for other in self.totals.extract_if(.., |other| meets(other)) {
                total.0.extend(other.0);
                total.1 += other.1;
            }
            total.0.sort_by_key(|(element, _)| *element);
            total.0.dedup();
            self.totals.push(total);
        }
        self
    }

    /// Restricts the point to one float type.
    #[must_use]
    pub(crate) fn only_in(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// Allows no rounding on any backend, since nothing has to be computed.
    #[must_use]
    pub(crate) fn exactly(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Whether part of the expected gradient is a convention.
    pub fn is_kink(&self) -> bool {
        let mut expected = self.expected.iter();
        expected.any(|expected| matches!(expected, Expected::Between(..) | Expected::Any))
    }

    /// The expected gradient as text.
    pub fn expected(&self) -> String {
        let each = self.expected.iter().map(Expected::to_string);
        each.collect::<Vec<_>>().join(", ")
    }

    /// Runs autodiff. `tolerance` is the relative error that passes; a few roundings if `None`.
    pub(crate) fn run(&self, device: &Device, dtype: DType, tolerance: Option<f64>) -> PointReport {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.differentiate)(device, dtype)));
        let tolerance = if self.is_exact {
            0.0
        } else {
            tolerance.unwrap_or(ROUNDINGS * epsilon(dtype))
        };
        let without_gradient = |verdict| PointReport {
            gradient: Vec::new(),
            verdict,
            error: 0.0,
        };
        match outcome {
            Ok(Ok(gradients)) => self.judge(&gradients, dtype, tolerance),
            Ok(Err(verdict)) => without_gradient(verdict),
            Err(payload) => without_gradient(PointVerdict::Panicked(message(payload.as_ref()))),
        }
    }

    fn judge(&self, gradients: &[Vec<f64>], dtype: DType, tolerance: f64) -> PointReport {
        let mut report = PointReport {
            gradient: Vec::new(),
            verdict: PointVerdict::Pass,
            error: 0.0,
        };
        for (copies, expected) in gradients.iter().zip(&self.expected) {
            let wrong = |got: &&f64| !expected.allows(**got, dtype, tolerance);
            let got = *copies.iter().find(wrong).unwrap_or(&copies[0]);
            report.gradient.push(got);
            let error = expected.error(got, dtype);
            if error.is_nan() || error > report.error {
                report.error = error;
            }
            if !expected.allows(got, dtype, tolerance) {
                let is_finite = got.is_finite() && report.verdict != PointVerdict::NonFinite;
                report.verdict = if is_finite {
                    PointVerdict::Mismatch
                } else {
                    PointVerdict::NonFinite
                };
            }
        }
        let got = |parts: &[(usize, f64)]| {
            let terms = parts.iter().map(|(i, factor)| report.gradient[*i] * factor);
            terms.sum::<f64>()
        };
        let is_off = |(parts, total): &(Vec<_>, f64)| !(got(parts) == *total);
        if report.verdict == PointVerdict::Pass && self.totals.iter().any(is_off) {
            report.verdict = PointVerdict::Mismatch;
        }
        report
    }
}

impl<const D: usize> GivenTensor<D> {
    pub(crate) fn new(shape: [usize; D], values: &[f64]) -> Self {
        let values = values.to_vec();
        Self { shape, values }
    }

    /// A leaf of a graph.
    fn leaf(&self, device: &Device, dtype: DType) -> Tensor<D> {
        let data = TensorData::new(self.values.clone(), self.shape);
        Tensor::from_data(data, (&device.clone().autodiff(), dtype)).require_grad()
    }
}

/// Multiplies by the upstream gradient, so that it is the gradient with respect to `out`.
fn weighted<const E: usize>(out: Tensor<E>, upstream: &[f64]) -> Tensor<E> {
    let data = TensorData::new(upstream.to_vec(), out.dims());
    let upstream = Tensor::from_data(data, (&out.device(), out.dtype()));
    out * upstream
}

/// The gradient of each element.
fn elements_of<const D: usize>(x: &Tensor<D>, grads: &Grads) -> Copies {
    let grad = x.grad(grads).ok_or(PointVerdict::Unreached)?;
    let (got, shape) = (grad.dims(), x.dims());
    if got != shape {
        let reason = format!("the gradient of a tensor {shape:?} is {got:?}");
        return Err(PointVerdict::Shape(reason));
    }
    Ok(host(grad)
        .into_iter()
        .map(|element| vec![element])
        .collect())
}

fn upstreams(picks: &[Pick]) -> Vec<f64> {
    picks.iter().map(|(upstream, _)| *upstream).collect()
}

/// The expected gradient of each element: all of the outputs that can pick only it, and between none
/// and all of those that can pick another.
fn mixtures(picks: &[Pick], elements: usize) -> Vec<Expected> {
    let of = |element: usize| {
        let (mut low, mut high) = (0.0, 0.0);
        for (upstream, among) in picks {
            for (_, slope) in among.iter().filter(|(other, _)| *other == element) {
                let share = upstream * slope;
                let none = if among.len() == 1 { share } else { 0.0 };
                low += share.min(none);
                high += share.max(none);
            }
        }
        if low == high {
            Expected::Is(low)
        } else {
            Expected::Between(low, high)
        }
    };
    (0..elements).map(of).collect()
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Point")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_gradient_is_found_and_a_right_one_passes() {
        let right = Point::of_one(0.5, Expected::Is(1.0), |x| x.clone() * x);
        let report = right.run(&Device::flex(), DType::F64, None);
        assert_eq!(report.verdict, PointVerdict::Pass);
        assert_eq!(report.gradient, [1.0]);
        let wrong = Point::of_one(0.5, Expected::Is(1.0 + 1e-12), |x| x.clone() * x);
        let report = wrong.run(&Device::flex(), DType::F64, None);
        assert_eq!(report.verdict, PointVerdict::Mismatch);
        let nan = Point::of_one(0.0, Expected::Is(0.0), |x| x.clone() / x);
        let report = nan.run(&Device::flex(), DType::F32, None);
        assert_eq!(report.verdict, PointVerdict::NonFinite);
    }

    #[test]
    fn a_tie_may_be_broken_any_way_but_nothing_is_lost_or_doubled() {
        const PICKS: &[Pick] = &[(2.0, &[(1, 1.0), (2, 1.0)]), (1.0, &[(0, 1.0)])];
        let x = || GivenTensor::new([3], &[1.0, 3.0, 3.0]);
        let report = |weights: [f64; 3]| {
            let point = Point::of_ties("a tie", x(), PICKS, move |x| {
                let data = TensorData::new(weights.to_vec(), [3]);
                let weights = Tensor::<1>::from_data(data, (&x.device(), x.dtype()));
                let product = x * weights;
                let first = product.clone().slice(0..1);
                Tensor::cat(vec![product.slice(1..3).sum(), first], 0)
            });
            point.run(&Device::flex(), DType::F64, None)
        };
        for right in [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0], [1.0, 0.25, 0.75]] {
            assert_eq!(report(right).verdict, PointVerdict::Pass, "{right:?}");
        }
        for wrong in [
            [1.0, 1.0, 1.0],
            [1.0, 0.0, 0.5],
            [0.5, 1.0, 0.0],
            [1.0, 2.0, -1.0],
        ] {
            assert_eq!(report(wrong).verdict, PointVerdict::Mismatch, "{wrong:?}");
        }
        assert_eq!(report([1.0, 1.0, 0.0]).gradient, [1.0, 2.0, 0.0]);
    }

    #[test]
    fn an_empty_tensor_has_an_empty_gradient() {
        let x = GivenTensor::new([0, 3], &[]);
        let point = Point::of_tensor("empty", x, &[], Vec::new(), |x: Tensor<2>| x.exp());
        let report = point.run(&Device::flex(), DType::F32, None);
        assert_eq!(report.verdict, PointVerdict::Pass);
        assert!(report.gradient.is_empty());
    }

    #[test]
    fn not_a_number_passes_only_where_it_is_expected() {
        let at = |expected| {
            let point = Point::of_one(f64::NAN, expected, |x| x.clone() * x);
            point.run(&Device::flex(), DType::F64, None).verdict
        };
        assert_eq!(at(Expected::Nan), PointVerdict::Pass);
        assert_eq!(at(Expected::Any), PointVerdict::Pass);
        assert_eq!(at(Expected::Is(1.0)), PointVerdict::NonFinite);
        assert!(!Expected::Nan.allows(0.0, DType::F64, 1.0));
    }

    #[test]
    fn a_panic_is_a_verdict() {
        let point = Point::of_one(0.0, Expected::Is(0.0), |_| panic!("on purpose"));
        let report = point.run(&Device::flex(), DType::F32, None);
        assert_eq!(
            report.verdict,
            PointVerdict::Panicked("on purpose".to_owned())
        );
    }
}
