//! Numbers for the formulas. One formula serves them all: with `f64` it gives the value, with
//! [`Dual`] the derivative, with [`Rounded`] the derivative as a float type with few digits gets it.

use std::cell::Cell;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number that a formula computes with.
pub(crate) trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// A number that depends on no input.
    fn constant(value: f64) -> Self;

    /// The value alone.
    fn value(self) -> f64;

    /// The chain rule: a function of this number, with its value and its derivative here.
    fn of_one(self, value: f64, slope: f64) -> Self;

    /// The chain rule for a function of two numbers.
    fn of_two(self, other: Self, value: f64, slopes: [f64; 2]) -> Self;

    fn times(self, factor: f64) -> Self {
        self.of_one(self.value() * factor, factor)
    }

    fn plus(self, term: f64) -> Self {
        self.of_one(self.value() + term, 1.0)
    }

    fn exp(self) -> Self {
        let power = self.value().exp();
        self.of_one(power, power)
    }

    fn ln(self) -> Self {
        let x = self.value();
        self.of_one(x.ln(), 1.0 / x)
    }

    fn ln_1p(self) -> Self {
        let x = self.value();
        self.of_one(x.ln_1p(), 1.0 / (1.0 + x))
    }

    fn sqrt(self) -> Self {
        let root = self.value().sqrt();
        self.of_one(root, 0.5 / root)
    }

    fn recip(self) -> Self {
        let x = self.value();
        self.of_one(1.0 / x, -1.0 / (x * x))
    }

    fn powf(self, exponent: f64) -> Self {
        let x = self.value();
        self.of_one(x.powf(exponent), exponent * x.powf(exponent - 1.0))
    }

    fn pow(self, exponent: Self) -> Self {
        let (x, y) = (self.value(), exponent.value());
        let power = x.powf(y);
        self.of_two(exponent, power, [y * x.powf(y - 1.0), power * x.ln()])
    }

    fn sin(self) -> Self {
        let x = self.value();
        self.of_one(x.sin(), x.cos())
    }

    fn cos(self) -> Self {
        let x = self.value();
        self.of_one(x.cos(), -x.sin())
    }

    fn tan(self) -> Self {
        let x = self.value();
        self.of_one(x.tan(), 1.0 / (x.cos() * x.cos()))
    }

    fn asin(self) -> Self {
        let x = self.value();
        self.of_one(x.asin(), 1.0 / (1.0 - x * x).sqrt())
    }

    fn atan(self) -> Self {
        let x = self.value();
        self.of_one(x.atan(), 1.0 / (1.0 + x * x))
    }

    fn atan2(self, other: Self) -> Self {
        let (y, x) = (self.value(), other.value());
        let square = x * x + y * y;
        self.of_two(other, y.atan2(x), [x / square, -y / square])
    }

    fn sinh(self) -> Self {
        let x = self.value();
        self.of_one(x.sinh(), x.cosh())
    }

    fn cosh(self) -> Self {
        let x = self.value();
        self.of_one(x.cosh(), x.sinh())
    }

    fn tanh(self) -> Self {
        let x = self.value();
        self.of_one(x.tanh(), 1.0 / (x.cosh() * x.cosh()))
    }

    /// `log(1 + e^x)`
    fn softplus(self) -> Self {
        let x = self.value();
        let value = x.max(0.0) + (-x.abs()).exp().ln_1p();
        self.of_one(value, 1.0 / (1.0 + (-x).exp()))
    }

    /// A function that is constant between its jumps.
    fn step(self, value: f64) -> Self {
        self.of_one(value, 0.0)
    }
}

impl Number for f64 {
    fn constant(value: f64) -> Self {
        value
    }

    fn value(self) -> f64 {
        self
    }

    fn of_one(self, value: f64, _: f64) -> Self {
        value
    }

    fn of_two(self, _: Self, value: f64, _: [f64; 2]) -> Self {
        value
    }
}

/// A number with its derivative by one chosen element of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    pub(crate) value: f64,
    pub(crate) slope: f64,
}

impl Number for Dual {
    fn constant(value: f64) -> Self {
        Self { value, slope: 0.0 }
    }

    fn value(self) -> f64 {
        self.value
    }

    fn of_one(self, value: f64, slope: f64) -> Self {
        let slope = self.slope * slope;
        Self { value, slope }
    }

    fn of_two(self, other: Self, value: f64, [by_self, by_other]: [f64; 2]) -> Self {
        let slope = self.slope * by_self + other.slope * by_other;
        Self { value, slope }
    }
}

/// A [`Dual`] whose every value and every term of a slope is off by a random share of [`ROUNDING`].
/// How far the result moves shows what rounding does to it: Monte Carlo arithmetic (Parker, 1997).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounded {
    pub(crate) dual: Dual,
    salt: u64,
}

/// The largest relative error of one operation in f32 that is taken for rounding: four roundings,
/// because a vectorised function may be off by a few units in the last place.
pub(crate) const ROUNDING: f64 = 4.0 * 0.5 * f32::EPSILON as f64;

impl Rounded {
    /// An input, which is off too if f32 does not have it. The salt decides the errors of everything that
    /// is computed from it.
    pub(crate) fn input(value: f64, slope: f64, salt: u64) -> Self {
        let exact = Self {
            dual: Dual { value, slope },
            salt,
        };
        if f64::from(value as f32) == value {
            return exact;
        }
        let value = exact.off(value, 0);
        Self {
            dual: Dual { value, slope },
            salt,
        }
    }

    /// A number off by a random share that depends on its bits and on the salt alone.
    fn off(self, number: f64, number_of_term: u64) -> f64 {
        let mixed = mix(number.to_bits() ^ self.salt.wrapping_add(number_of_term));
        let share = (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        number * (1.0 + ROUNDING * share)
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Number for Rounded {
    fn constant(value: f64) -> Self {
        let dual = Dual { value, slope: 0.0 };
        Self { dual, salt: 0 }
    }

    fn value(self) -> f64 {
        self.dual.value
    }

    fn of_one(self, value: f64, slope: f64) -> Self {
        let dual = Dual {
            value: self.off(value, 1),
            slope: self.off(self.dual.slope * slope, 2),
        };
        Self {
            dual,
            salt: self.salt,
        }
    }

    fn of_two(self, other: Self, value: f64, [by_self, by_other]: [f64; 2]) -> Self {
        let salt = self.salt.max(other.salt);
        let salted = Self { salt, ..self };
        let slope =
            salted.off(self.dual.slope * by_self, 3) + salted.off(other.dual.slope * by_other, 4);
        let dual = Dual {
            value: salted.off(value, 5),
            slope: salted.off(slope, 6),
        };
        Self { dual, salt }
    }
}

/// The operators of a number with a derivative, by the chain rule.
macro_rules! operators {
    ($($number:ty),*) => {$(
        impl Add for $number {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                self.of_two(other, self.value() + other.value(), [1.0, 1.0])
            }
        }

        impl Sub for $number {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                self.of_two(other, self.value() - other.value(), [1.0, -1.0])
            }
        }

        impl Mul for $number {
            type Output = Self;
            fn mul(self, other: Self) -> Self {
                let (a, b) = (self.value(), other.value());
                self.of_two(other, a * b, [b, a])
            }
        }

        impl Div for $number {
            type Output = Self;
            fn div(self, other: Self) -> Self {
                let (a, b) = (self.value(), other.value());
                self.of_two(other, a / b, [1.0 / b, -a / (b * b)])
            }
        }

        impl Neg for $number {
            type Output = Self;
            fn neg(self) -> Self {
                let value = self.value();
                self.of_one(-value, -1.0)
            }
        }
    )*};
}

operators!(Dual, Rounded);

/// The choices that a computation makes by its values: which branch, which of two is larger.
#[derive(Debug)]
pub(crate) struct Choices {
    path: Cell<u64>,
    margin: Cell<f64>,
}

impl Choices {
    pub(crate) fn new() -> Self {
        Self {
            path: Cell::new(0),
            margin: Cell::new(f64::INFINITY),
        }
    }

    /// Whether `a > b`. The choice is remembered.
    pub(crate) fn is_larger(&self, a: f64, b: f64) -> bool {
        self.margin.set(self.margin.get().min((a - b).abs()));
        self.remember(u64::from(a > b));
        a > b
    }

    /// The whole number below `x`. Which one it is, is remembered.
    pub(crate) fn floor(&self, x: f64) -> f64 {
        let (floor, nearest) = (x.floor(), x.round());
        self.margin.set(self.margin.get().min((x - nearest).abs()));
        self.remember(floor.to_bits());
        floor
    }

    fn remember(&self, choice: u64) {
        self.path.set(mix(self.path.get() ^ mix(choice)));
    }

    /// A number for all choices so far: two computations that differ in one have different ones.
    pub(crate) fn path(&self) -> u64 {
        self.path.get()
    }

    /// How far the closest choice was from the other way.
    pub(crate) fn margin(&self) -> f64 {
        self.margin.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The derivative of every function, compared with a central difference.
    #[test]
    fn slopes_are_derivatives() {
        macro_rules! check {
            ($($x:ident => $function:expr;)*) => {$({
                let value = |$x: f64| -> f64 { $function };
                let slope = { let $x = Dual { value: 0.7, slope: 1.0 }; let y: Dual = $function; y.slope };
                let difference = (value(0.7 + 1e-5) - value(0.7 - 1e-5)) / 2e-5;
                assert!((slope - difference).abs() < 1e-8, "{}: {slope} {difference}", stringify!($function));
            })*};
        }
        check! {
            x => Number::exp(x);
            x => Number::ln(x);
            x => Number::ln_1p(x);
            x => Number::sqrt(x);
            x => Number::recip(x);
            x => Number::powf(x, 2.5);
            x => Number::pow(x, x);
            x => Number::sin(x);
            x => Number::cos(x);
            x => Number::tan(x);
            x => Number::asin(x);
            x => Number::atan(x);
            x => Number::atan2(x, Number::sin(x));
            x => Number::sinh(x);
            x => Number::cosh(x);
            x => Number::tanh(x);
            x => Number::softplus(x);
            x => Number::step(x, 3.0);
            x => Number::times(x, 3.0);
            x => Number::plus(x, 3.0);
            x => x * x - x / (x + x) + -x;
        }
    }

    #[test]
    fn rounding_is_small_and_differs_by_salt() {
        let slope = |salt| {
            let x = Rounded::input(0.5, 1.0, salt);
            (x.exp() * x).dual.slope
        };
        let right = 0.5_f64.exp() * 1.5;
        for salt in 1..50 {
            let relative = (slope(salt) / right - 1.0).abs();
            assert!(relative > 0.0 && relative < 4.0 * ROUNDING, "{relative:e}");
        }
        assert_ne!(slope(1), slope(2));
        assert_eq!(slope(1), slope(1));
        assert_eq!(Rounded::input(0.5, 1.0, 1).dual.value, 0.5, "f32 has it");
        assert_ne!(Rounded::input(0.1, 1.0, 1).dual.value, 0.1);
    }

    #[test]
    fn choices_are_told_apart() {
        let path = |numbers: &[f64]| {
            let choices = Choices::new();
            for &x in numbers {
                choices.is_larger(x, 0.0);
            }
            choices.path()
        };
        assert_eq!(path(&[1.0, -1.0]), path(&[2.0, -3.0]));
        assert_ne!(path(&[1.0, -1.0]), path(&[-1.0, 1.0]));
        let choices = Choices::new();
        choices.is_larger(0.75, 0.5);
        assert_eq!(choices.margin(), 0.25);
        assert_eq!(choices.floor(2.9), 2.0);
        assert!((choices.margin() - 0.1).abs() < 1e-12);
    }
}
