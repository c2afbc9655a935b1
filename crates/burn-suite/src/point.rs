//! Special points: a gradient against the derivative as analysis has it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::tensor::{DType, Device, Gradients as Grads, Tensor, TensorData};

use crate::host::host;

/// Copies of the point in one tensor: more than a vector register holds, and a remainder.
const COPIES: usize = 19;
/// Roundings that a gradient may be off by, in units of the float type's epsilon.
const ROUNDINGS: f64 = 64.0;

/// For every element of the arguments the gradient, in one copy or several.
type Copies = Result<Vec<Vec<f64>>, PointVerdict>;
type Gradients = Arc<dyn Fn(&Device, DType) -> Copies + Send + Sync>;

/// What a gradient has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This number, up to rounding; an infinity exactly.
    Is(f64),
    /// At a kink: any number from the one slope to the other. Which one is a convention.
    Between(f64, f64),
    /// Not a number: what it is computed from is none.
    Nan,
    /// Anything: the function has no derivative there, and what is given instead is a convention.
    Any,
}

/// A special point, where finite differences do not apply: of an operation that works element by
/// element, or tensors with values chosen for what they do together, such as ties.
#[derive(Clone)]
pub struct Point {
    /// The point: `x = 0`, `a = 0, b = 2`, `a tie`.
    pub name: String,
    /// The only float type in which it is special; `None` for all.
    pub dtype: Option<DType>,
    /// For every element of the arguments, one after another.
    expected: Vec<Expected>,
    /// What elements of the gradient have to add up to, each with its factor.
    totals: Vec<(Vec<(usize, f64)>, f64)>,
    /// Whether there is nothing to round.
    is_exact: bool,
    gradients: Gradients,
}

/// What autodiff says at a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PointReport {
    /// The gradient with respect to each element of the arguments.
    pub(crate) gradient: Vec<f64>,
    pub(crate) verdict: PointVerdict,
    /// Largest relative error where a finite number is expected.
    pub(crate) error: f64,
}

/// The conclusion at a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PointVerdict {
    Pass,
    Mismatch,
    NonFinite,
    /// Autodiff gives no gradient for an argument that the function depends on.
    Unreached,
    /// A gradient has another shape than its tensor.
    Shape(String),
    Panicked(String),
}

/// A tensor given by its elements, in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Given<const D: usize> {
    pub(crate) shape: [usize; D],
    pub(crate) values: Vec<f64>,
}

/// One output of a function that picks: its upstream gradient, and the elements that it may be,
/// each with its slope. With several, the gradient is any mixture of them.
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

    /// Numbers, each in several copies; the gradient of the sum of all.
    fn of_copies(
        name: String,
        numbers: Vec<f64>,
        expected: Vec<Expected>,
        function: impl Fn(&[Tensor<1>]) -> Tensor<1> + Send + Sync + 'static,
    ) -> Self {
        let gradients = move |device: &Device, dtype| {
            let copies = |&number: &f64| Given::new([COPIES], &[number; COPIES]);
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
        gradients: impl Fn(&Device, DType) -> Copies + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            dtype: None,
            expected,
            totals: Vec::new(),
            is_exact: false,
            gradients: Arc::new(gradients),
        }
    }

    /// One tensor, with the upstream gradient of the function's result.
    pub(crate) fn of_tensor<const D: usize, const E: usize>(
        name: impl Into<String>,
        x: Given<D>,
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

    /// Two tensors, with the upstream gradient of the function's result.
    pub(crate) fn of_tensors<const C: usize, const D: usize, const E: usize>(
        name: impl Into<String>,
        (a, b): (Given<C>, Given<D>),
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

    /// A tensor of which each output picks one element, with ties.
    pub(crate) fn of_ties<const D: usize, const E: usize>(
        name: impl Into<String>,
        x: Given<D>,
        picks: &[Pick],
        function: impl Fn(Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let (upstream, expected) = (upstreams(picks), mixtures(picks, x.values.len()));
        let point = Self::of_tensor(name, x, &upstream, expected, function);
        point.exactly().adding_up(picks)
    }

    /// Two tensors, one after another, of which each output picks one element, with ties.
    pub(crate) fn of_ties_between<const C: usize, const D: usize, const E: usize>(
        name: impl Into<String>,
        (a, b): (Given<C>, Given<D>),
        picks: &[Pick],
        function: impl Fn(Tensor<C>, Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
    ) -> Self {
        let elements = a.values.len() + b.values.len();
        let (upstream, expected) = (upstreams(picks), mixtures(picks, elements));
        let point = Self::of_tensors(name, (a, b), &upstream, expected, function);
        point.exactly().adding_up(picks)
    }

    /// Whatever is mixed, each upstream gradient goes somewhere and none twice: picks with common
    /// elements have to add up together.
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

    /// The same point for one float type only.
    #[must_use]
    pub(crate) fn only_in(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// The same point, with no room for roundings, on no backend: nothing has to be computed.
    #[must_use]
    pub(crate) fn exactly(mut self) -> Self {
        self.is_exact = true;
        self
    }

    /// Whether part of what is expected is a convention.
    pub fn is_kink(&self) -> bool {
        let mut expected = self.expected.iter();
        expected.any(|expected| matches!(expected, Expected::Between(..) | Expected::Any))
    }

    /// What is expected, for people.
    pub fn expected(&self) -> String {
        let each = self.expected.iter().map(Expected::to_string);
        each.collect::<Vec<_>>().join(", ")
    }

    /// Asks autodiff; `tolerance` is the relative error that passes, if not a few roundings.
    pub(crate) fn run(&self, device: &Device, dtype: DType, tolerance: Option<f64>) -> PointReport {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.gradients)(device, dtype)));
        let tolerance = match self.is_exact {
            true => 0.0,
            false => tolerance.unwrap_or(ROUNDINGS * epsilon(dtype)),
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
                report.verdict = match got.is_finite() && report.verdict != PointVerdict::NonFinite
                {
                    true => PointVerdict::Mismatch,
                    false => PointVerdict::NonFinite,
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

impl<const D: usize> Given<D> {
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

/// With the upstream gradient as factors, which is then what comes back.
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

/// What each element has: all of what it alone may be, and between none and all of the rest.
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
        match low == high {
            true => Expected::Is(low),
            false => Expected::Between(low, high),
        }
    };
    (0..elements).map(of).collect()
}

impl Expected {
    /// Whether `got` will do. NaN does only where it is expected or anything is.
    fn allows(self, got: f64, dtype: DType, tolerance: f64) -> bool {
        match self {
            Self::Between(low, high) => {
                let slack = tolerance * low.abs().max(high.abs());
                (low - slack..=high + slack).contains(&got)
            }
            Self::Is(_) => self.error(got, dtype) <= tolerance,
            Self::Nan => got.is_nan(),
            Self::Any => true,
        }
    }

    /// The relative error; below the smallest normal number a result may be flushed to zero.
    fn error(self, got: f64, dtype: DType) -> f64 {
        let Self::Is(expected) = self else {
            return 0.0;
        };
        let expected = rounded(expected, dtype);
        if got == expected {
            return 0.0;
        }
        let difference = (got - expected).abs();
        if difference <= smallest_normal(dtype) {
            0.0
        } else if expected.is_finite() {
            difference / expected.abs().max(smallest_normal(dtype))
        } else {
            f64::INFINITY
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => write!(f, "{}", Short(*value)),
            Self::Between(low, high) => write!(f, "{} to {}", Short(*low), Short(*high)),
            Self::Nan => write!(f, "NaN"),
            Self::Any => write!(f, "any"),
        }
    }
}

/// A number in seven digits.
pub(crate) struct Short(pub(crate) f64);

/// A number in all its digits, but without a row of zeros.
pub(crate) struct Full(pub(crate) f64);

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = *self;
        match value.abs() {
            0.0 | f64::INFINITY | 1e-4..1e7 => write!(f, "{value}"),
            _ => write!(f, "{value:e}"),
        }
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = *self;
        let digits = format!("{value:.6e}").parse().unwrap_or(value);
        write!(f, "{}", Full(digits))
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Point")
            .field("name", &self.name)
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

fn rounded(value: f64, dtype: DType) -> f64 {
    match dtype {
        DType::F64 => value,
        _ => f64::from(value as f32),
    }
}

fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::EPSILON,
        _ => f64::from(f32::EPSILON),
    }
}

fn smallest_normal(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
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
    fn nan_is_never_what_was_expected() {
        for expected in [
            Expected::Is(0.0),
            Expected::Is(f64::INFINITY),
            Expected::Between(-1.0, 1.0),
        ] {
            assert!(!expected.allows(f64::NAN, DType::F64, 1e-3), "{expected}");
        }
    }

    #[test]
    fn an_infinity_has_to_have_the_right_sign() {
        let expected = Expected::Is(f64::INFINITY);
        assert!(expected.allows(f64::INFINITY, DType::F32, 1e-3));
        assert!(!expected.allows(f64::NEG_INFINITY, DType::F32, 1e-3));
        assert!(!expected.allows(1e30, DType::F32, 1e-3));
    }

    #[test]
    fn what_overflows_in_f32_is_expected_to() {
        assert!(Expected::Is(1e200).allows(f64::INFINITY, DType::F32, 1e-6));
        assert!(!Expected::Is(1e200).allows(f64::INFINITY, DType::F64, 1e-6));
    }

    #[test]
    fn a_wrong_gradient_is_found_and_a_right_one_is_not() {
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
    fn numbers_are_short() {
        let short = [0.0, -0.5, 1e-30, f64::NEG_INFINITY, 2.0_f64.powi(80)];
        let texts = short.map(|number| Short(number).to_string());
        assert_eq!(texts[..4], ["0", "-0.5", "1e-30", "-inf"]);
        assert_eq!(texts[4], "1.208926e24");
        assert_eq!(Full(2.0_f64.powi(80)).to_string(), "1.2089258196146292e24");
    }

    #[test]
    fn a_tie_may_be_broken_but_nothing_lost_or_doubled() {
        const PICKS: &[Pick] = &[(2.0, &[(1, 1.0), (2, 1.0)]), (1.0, &[(0, 1.0)])];
        let x = || Given::new([3], &[1.0, 3.0, 3.0]);
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
        let x = Given::new([0, 3], &[]);
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
