//! Numbers that carry a derivative: a formula evaluated with them is differentiated as it stands.

use std::cmp::Ordering;
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number and its derivative with respect to one chosen input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) slope: f64,
}

impl From<f64> for Dual {
    fn from(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }
}

impl Dual {
    /// The chain rule; what does not depend on the input does not, however steep the function.
    fn chain(self, value: f64, derivative: f64) -> Self {
        let slope = match self.slope {
            0.0 => 0.0,
            slope => slope * derivative,
        };
        Self { value, slope }
    }

    pub(super) fn exp(self) -> Self {
        let value = self.value.exp();
        self.chain(value, value)
    }

    pub(super) fn ln(self) -> Self {
        self.chain(self.value.ln(), 1.0 / self.value)
    }

    pub(super) fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        self.chain(root, 0.5 / root)
    }

    pub(super) fn abs(self) -> Self {
        self.chain(self.value.abs(), self.value.signum())
    }

    /// To a power that is not 0.
    pub(super) fn powf(self, exponent: f64) -> Self {
        let derivative = exponent * self.value.powf(exponent - 1.0);
        self.chain(self.value.powf(exponent), derivative)
    }

    pub(super) fn tanh(self) -> Self {
        let value = self.value.tanh();
        self.chain(value, 1.0 - value * value)
    }

    /// `1 / (1 + exp(-x))`
    pub(super) fn sigmoid(self) -> Self {
        let value = 1.0 / (1.0 + (-self.value).exp());
        self.chain(value, value * (1.0 - value))
    }

    /// `log(1 + exp(x))`
    pub(super) fn softplus(self) -> Self {
        let value = self.value.max(0.0) + (-self.value.abs()).exp().ln_1p();
        self.chain(value, 1.0 / (1.0 + (-self.value).exp()))
    }

    /// The number or 0, whichever is larger.
    pub(super) fn relu(self) -> Self {
        self.at_least(0.0)
    }

    pub(super) fn at_least(self, low: f64) -> Self {
        if self.value > low { self } else { low.into() }
    }

    pub(super) fn at_most(self, high: f64) -> Self {
        if self.value < high { self } else { high.into() }
    }
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
        Self {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
        }
    }
}

impl<R: Into<Self>> Div<R> for Dual {
    type Output = Self;

    fn div(self, other: R) -> Self {
        let other = other.into();
        let value = self.value / other.value;
        Self {
            value,
            slope: (self.slope - value * other.slope) / other.value,
        }
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

    /// The derivative of every function against a central difference.
    #[test]
    fn slopes_are_derivatives() {
        type Function = fn(Dual) -> Dual;
        let functions: [(&str, Function); 14] = [
            ("exp", Dual::exp),
            ("ln", Dual::ln),
            ("sqrt", Dual::sqrt),
            ("abs", |x| (-x).abs()),
            ("powf", |x| x.powf(2.5)),
            ("tanh", Dual::tanh),
            ("sigmoid", Dual::sigmoid),
            ("softplus", Dual::softplus),
            ("relu", Dual::relu),
            ("at_least", |x| x.at_least(2.0)),
            ("at_most", |x| x.at_most(2.0)),
            ("sum", |x| x + x + 1.0 - x * 0.5),
            ("product", |x| x * x * 3.0),
            ("quotient", |x| (x + 2.0) / (x * x)),
        ];
        for (name, function) in functions {
            let at = |value: f64, slope: f64| function(Dual { value, slope });
            let h = 1e-5;
            let difference = (at(0.75 + h, 0.0) - at(0.75 - h, 0.0)).value / (2.0 * h);
            let slope = at(0.75, 1.0).slope;
            assert!(
                (slope - difference).abs() < 1e-8,
                "{name}: {slope} {difference}"
            );
            assert_eq!(at(0.75, 0.0).slope, 0.0, "{name} of a constant");
        }
    }

    #[test]
    fn a_constant_is_flat_even_where_the_function_is_steep() {
        assert_eq!(Dual::from(0.0).sqrt().slope, 0.0);
        assert_eq!(Dual::from(0.0).ln().slope, 0.0);
    }
}
