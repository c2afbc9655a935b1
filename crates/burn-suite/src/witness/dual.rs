//! Dual numbers: numbers that carry a derivative. A formula evaluated with them is differentiated
//! without further work.

use std::cmp::Ordering;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number and its derivative with respect to one chosen input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    pub(crate) value: f64,
    pub(crate) slope: f64,
}

impl From<f64> for Dual {
    fn from(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }
}

/// `slope * factor`, but 0 for a slope of 0: what does not depend on the input stays independent of
/// it, even if the factor is infinite or NaN.
fn scaled(slope: f64, factor: f64) -> f64 {
    if slope == 0.0 { 0.0 } else { slope * factor }
}

/// One method per line: the function's value and derivative at `x`.
macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident |$x:ident| $value:expr, $derivative:expr;)*) => {
        $($(#[$doc])* pub(crate) fn $name(self) -> Self {
            let $x = self.value;
            self.chain($value, || $derivative)
        })*
    };
}

impl Dual {
    /// The derivative of a function of one number.
    pub(crate) fn derivative(function: impl Fn(Self) -> Self, x: f64) -> f64 {
        let x = Self {
            value: x,
            slope: 1.0,
        };
        function(x).slope
    }

    /// The chain rule. What does not depend on the input needs no derivative, and stays independent of it,
    /// even if the derivative is infinite or NaN.
    fn chain(self, value: f64, derivative: impl FnOnce() -> f64) -> Self {
        let slope = if self.slope == 0.0 {
            0.0
        } else {
            self.slope * derivative()
        };
        Self { value, slope }
    }

    /// The chain rule for a function of two numbers.
    fn chain_of_two(self, other: Self, value: f64, [by_self, by_other]: [f64; 2]) -> Self {
        let slope = scaled(self.slope, by_self) + scaled(other.slope, by_other);
        Self { value, slope }
    }

    functions! {
        exp |x| x.exp(), x.exp();
        ln_1p |x| x.ln_1p(), 1.0 / (1.0 + x);
        erf |x| erf(x), FRAC_2_SQRT_PI * (-x * x).exp();
        sqrt |x| x.sqrt(), 0.5 / x.sqrt();
        recip |x| x.recip(), -1.0 / (x * x);
        sin |x| x.sin(), x.cos();
        cos |x| x.cos(), -x.sin();
        tan |x| x.tan(), 1.0 / (x.cos() * x.cos());
        asin |x| x.asin(), 1.0 / (1.0 - x * x).sqrt();
        acos |x| x.acos(), -1.0 / (1.0 - x * x).sqrt();
        atan |x| x.atan(), 1.0 / (1.0 + x * x);
        sinh |x| x.sinh(), x.cosh();
        cosh |x| x.cosh(), x.sinh();
        tanh |x| x.tanh(), 1.0 / (x.cosh() * x.cosh());
        asinh |x| x.asinh(), 1.0 / (1.0 + x * x).sqrt();
        acosh |x| x.acosh(), 1.0 / (x * x - 1.0).sqrt();
        atanh |x| x.atanh(), 1.0 / (1.0 - x * x);
        /// `1 / (1 + exp(-x))`
        sigmoid |x| logistic(x), logistic(x) * logistic(-x);
        /// `log(1 + exp(x))`
        softplus |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), logistic(x);
        /// The standard normal distribution function.
        normal_cdf |x| 0.5 * (1.0 + erf(x * FRAC_1_SQRT_2)),
            0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (-0.5 * x * x).exp();
    }

    /// Divides, so that the logarithm of an exponential has a slope of exactly 1.
    pub(crate) fn ln(self) -> Self {
        let Self { value, slope } = self;
        let slope = if slope == 0.0 { 0.0 } else { slope / value };
        Self {
            value: value.ln(),
            slope,
        }
    }

    pub(crate) fn abs(self) -> Self {
        if self.value < 0.0 { -self } else { self }
    }

    /// To a constant power that is not 0.
    pub(crate) fn powf(self, exponent: f64) -> Self {
        let derivative = || exponent * self.value.powf(exponent - 1.0);
        self.chain(self.value.powf(exponent), derivative)
    }

    /// To a power that is differentiated too.
    pub(crate) fn pow(self, exponent: Self) -> Self {
        let (x, y) = (self.value, exponent.value);
        let power = x.powf(y);
        self.chain_of_two(exponent, power, [y * x.powf(y - 1.0), power * x.ln()])
    }

    pub(crate) fn atan2(self, other: Self) -> Self {
        let (y, x) = (self.value, other.value);
        let square = x * x + y * y;
        self.chain_of_two(other, y.atan2(x), [x / square, -y / square])
    }

    /// The number or 0, whichever is larger.
    pub(crate) fn relu(self) -> Self {
        self.at_least(0.0)
    }

    pub(crate) fn at_least(self, low: f64) -> Self {
        if self.value > low { self } else { low.into() }
    }

    pub(crate) fn at_most(self, high: f64) -> Self {
        if self.value < high { self } else { high.into() }
    }

    /// A function that is constant between its jumps.
    pub(crate) fn step(self, function: fn(f64) -> f64) -> Self {
        function(self.value).into()
    }
}

/// 1 / (1 + e^-x), without overflow and without cancellation.
pub(crate) fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// The error function by its series of positive terms, 2/√π e^(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!. For the
/// arguments of a few units used here, it loses no digits.
fn erf(x: f64) -> f64 {
    if !x.is_finite() {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1.. {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
        if term.abs() <= sum.abs() * 1e-18 {
            break;
        }
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

impl<R: Into<Self>> Add<R> for Dual {
    type Output = Self;

    fn add(self, other: R) -> Self {
        let other = other.into();
        Self {
            value: self.value + other.value,
            slope: self.slope + other.slope,
        }
    }
}

impl<R: Into<Self>> Sub<R> for Dual {
    type Output = Self;

    fn sub(self, other: R) -> Self {
        self + -other.into()
    }
}

impl<R: Into<Self>> Mul<R> for Dual {
    type Output = Self;

    fn mul(self, other: R) -> Self {
        let other = other.into();
        let value = self.value * other.value;
        self.chain_of_two(other, value, [other.value, self.value])
    }
}

impl<R: Into<Self>> Div<R> for Dual {
    type Output = Self;

    fn div(self, other: R) -> Self {
        let other = other.into();
        let value = self.value / other.value;
        let slope = (self.slope - scaled(other.slope, value)) / other.value;
        Self { value, slope }
    }
}

impl Neg for Dual {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            value: -self.value,
            slope: -self.slope,
        }
    }
}

impl Sum for Dual {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.fold(0.0.into(), |sum, number| sum + number)
    }
}

impl PartialEq for Dual {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Dual {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivative of every function, compared with a central difference.
    #[test]
    fn slopes_are_derivatives() {
        type Function = fn(Dual) -> Dual;
        let functions: [(&str, Function); 32] = [
            ("exp", Dual::exp),
            ("ln", Dual::ln),
            ("ln_1p", Dual::ln_1p),
            ("erf", Dual::erf),
            ("sqrt", Dual::sqrt),
            ("recip", Dual::recip),
            ("sin", Dual::sin),
            ("cos", Dual::cos),
            ("tan", Dual::tan),
            ("asin", Dual::asin),
            ("acos", Dual::acos),
            ("atan", Dual::atan),
            ("sinh", Dual::sinh),
            ("cosh", Dual::cosh),
            ("tanh", Dual::tanh),
            ("asinh", Dual::asinh),
            ("acosh", |x| (x + 1.0).acosh()),
            ("atanh", Dual::atanh),
            ("sigmoid", Dual::sigmoid),
            ("softplus", Dual::softplus),
            ("normal_cdf", Dual::normal_cdf),
            ("abs", |x| (-x).abs()),
            ("powf", |x| x.powf(2.5)),
            ("pow", |x| (x + 1.0).pow(x * 2.0)),
            ("atan2", |x| (x * 2.0).atan2(x * x)),
            ("relu", Dual::relu),
            ("at_least", |x| x.at_least(2.0)),
            ("at_most", |x| x.at_most(2.0)),
            ("step", |x| x.step(f64::floor)),
            ("sum", |x| x + x + 1.0 - x * 0.5),
            ("product", |x| x * x * 3.0),
            ("quotient", |x| (x + 2.0) / (x * x)),
        ];
        for (name, function) in functions {
            let h = 1e-5;
            let value = |x: f64| function(x.into());
            let difference = (value(0.75 + h) - value(0.75 - h)).value / (2.0 * h);
            let slope = Dual::derivative(function, 0.75);
            assert!(
                (slope - difference).abs() < 1e-8,
                "{name}: {slope} {difference}"
            );
            assert_eq!(value(0.75).slope, 0.0, "{name} of a constant");
        }
    }

    #[test]
    fn a_constant_is_flat_even_where_the_function_is_steep() {
        assert_eq!(Dual::from(0.0).sqrt().slope, 0.0);
        assert_eq!(Dual::from(0.0).ln().slope, 0.0);
        assert_eq!(Dual::derivative(|x| x * 3.0, f64::NAN), 3.0);
        assert_eq!(Dual::derivative(|x| x / 2.0, f64::INFINITY), 0.5);
    }

    /// Values of A&S table 7.1, to the digits printed there.
    #[test]
    fn the_error_function_is_that_of_the_tables() {
        for (x, value) in [
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (2.0, 0.995_322_265_0),
        ] {
            assert!((erf(x) - value).abs() < 1e-10, "erf({x}) = {}", erf(x));
            assert_eq!(erf(-x), -erf(x));
        }
    }

    #[test]
    fn the_logistic_function_does_not_overflow() {
        assert_eq!(logistic(-1000.0), 0.0);
        assert_eq!(logistic(1000.0), 1.0);
        assert_eq!(logistic(0.0), 0.5);
    }
}
