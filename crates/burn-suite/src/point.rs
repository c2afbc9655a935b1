//! Special points: a gradient against the derivative as analysis has it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::tensor::{DType, Device, Tensor, TensorData};

/// Copies of the point in one tensor: more than a vector register holds, and a remainder.
const COPIES: usize = 19;
/// Roundings that a gradient may be off by, in units of the float type's epsilon.
const ROUNDINGS: f64 = 64.0;

type Function = Arc<dyn Fn(&[Tensor<1>]) -> Tensor<1> + Send + Sync>;

/// What a gradient has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// This number, up to rounding; an infinity exactly.
    Is(f64),
    /// At a kink: any number from the one slope to the other. Which one is a convention.
    Between(f64, f64),
}

/// A special point of an operation that works element by element.
#[derive(Clone)]
pub struct Point {
    /// The point: `x = 0`, `a = 0, b = 2`.
    pub name: String,
    /// The only float type in which it is special; `None` for all.
    pub dtype: Option<DType>,
    arguments: Vec<f64>,
    expected: Vec<Expected>,
    function: Function,
}

/// What autodiff says at a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PointReport {
    /// The gradient with respect to each argument.
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
    Panicked(String),
}

impl Point {
    /// A point with one argument, `x`.
    pub(crate) fn of_one(
        x: f64,
        expected: Expected,
        function: impl Fn(Tensor<1>) -> Tensor<1> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: format!("x = {}", Short(x)),
            dtype: None,
            arguments: vec![x],
            expected: vec![expected],
            function: Arc::new(move |arguments| function(arguments[0].clone())),
        }
    }

    /// A point with two arguments, `a` and `b`.
    pub(crate) fn of_two(
        (a, b): (f64, f64),
        expected: [Expected; 2],
        function: impl Fn(Tensor<1>, Tensor<1>) -> Tensor<1> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: format!("a = {}, b = {}", Short(a), Short(b)),
            dtype: None,
            arguments: vec![a, b],
            expected: expected.to_vec(),
            function: Arc::new(move |arguments| {
                function(arguments[0].clone(), arguments[1].clone())
            }),
        }
    }

    /// The same point for one float type only.
    #[must_use]
    pub(crate) fn only_in(mut self, dtype: DType) -> Self {
        self.dtype = Some(dtype);
        self
    }

    /// Whether all that is expected is a convention at a kink.
    pub fn is_kink(&self) -> bool {
        let mut expected = self.expected.iter();
        expected.any(|expected| matches!(expected, Expected::Between(..)))
    }

    /// What is expected, for people.
    pub fn expected(&self) -> String {
        let each = self.expected.iter().map(Expected::to_string);
        each.collect::<Vec<_>>().join(", ")
    }

    /// Asks autodiff; `tolerance` is the relative error that passes, if not a few roundings.
    pub(crate) fn run(&self, device: &Device, dtype: DType, tolerance: Option<f64>) -> PointReport {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.gradients(device, dtype)));
        let tolerance = tolerance.unwrap_or(ROUNDINGS * epsilon(dtype));
        match outcome {
            Ok(Some(gradients)) => self.judge(&gradients, dtype, tolerance),
            Ok(None) => PointReport {
                gradient: Vec::new(),
                verdict: PointVerdict::Unreached,
                error: 0.0,
            },
            Err(payload) => PointReport {
                gradient: Vec::new(),
                verdict: PointVerdict::Panicked(message(payload.as_ref())),
                error: 0.0,
            },
        }
    }

    /// The gradient of the sum of all copies, for each argument and copy.
    fn gradients(&self, device: &Device, dtype: DType) -> Option<Vec<Vec<f64>>> {
        let device = device.clone().autodiff();
        let upload = |&value: &f64| {
            let data = TensorData::new(vec![value; COPIES], [COPIES]);
            Tensor::<1>::from_data(data, (&device, dtype)).require_grad()
        };
        let arguments: Vec<Tensor<1>> = self.arguments.iter().map(upload).collect();
        let grads = (self.function)(&arguments).sum().backward();
        let download = |gradient: Tensor<1>| gradient.into_data().iter::<f64>().collect();
        let gradients = arguments.iter().map(|x| x.grad(&grads).map(download));
        gradients.collect()
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
        report
    }
}

impl Expected {
    /// Whether `got` will do. NaN never does.
    fn allows(self, got: f64, dtype: DType, tolerance: f64) -> bool {
        match self {
            Self::Between(low, high) => {
                let slack = tolerance * low.abs().max(high.abs());
                (low - slack..=high + slack).contains(&got)
            }
            Self::Is(_) => self.error(got, dtype) <= tolerance,
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
    fn a_panic_is_a_verdict() {
        let point = Point::of_one(0.0, Expected::Is(0.0), |_| panic!("on purpose"));
        let report = point.run(&Device::flex(), DType::F32, None);
        assert_eq!(
            report.verdict,
            PointVerdict::Panicked("on purpose".to_owned())
        );
    }
}
