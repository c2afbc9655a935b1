//! Functions of one or two numbers, element by element.
//!
//! Each row of a table is an operation: its name in burn-suite, Burn's expression, the formula, and
//! where it may be evaluated. Expression and text of a printed program are the same tokens.

use burn::tensor::{Tensor, activation};

use crate::number::{Choices, Number};

macro_rules! unary {
    (|$x:ident| $($variant:ident $name:literal $burn:expr, $formula:expr, $domain:expr;)*) => {
        /// A function of one number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Unary { $($variant),* }

        impl Unary {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Burn's expression in `x`.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($burn)),* }
            }

            pub(crate) fn burn<const D: usize>(self, $x: Tensor<D>) -> Tensor<D> {
                match self { $(Self::$variant => $burn),* }
            }

            pub(crate) fn formula<N: Number>(self, x: N, choices: &Choices) -> N {
                match self { $(Self::$variant => { let f: fn(N, &Choices) -> N = $formula; f(x, choices) })* }
            }

            /// Whether it may be evaluated there.
            pub(crate) fn has(self, x: f64) -> bool {
                match self { $(Self::$variant => { let domain: fn(f64) -> bool = $domain; domain(x) })* }
            }
        }
    };
}

macro_rules! scalar {
    (|$x:ident, $a:ident| $($variant:ident $name:literal of [$($value:literal),*] $burn:expr, $formula:expr, $domain:expr;)*) => {
        /// A function of a number and a constant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Scalar { $($variant),* }

        impl Scalar {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Burn's expression in `x` and `a`.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($burn)),* }
            }

            /// The constants to choose from.
            pub(crate) fn constants(self) -> &'static [f64] {
                match self { $(Self::$variant => &[$($value),*]),* }
            }

            pub(crate) fn burn<const D: usize>(self, $x: Tensor<D>, $a: f64) -> Tensor<D> {
                match self { $(Self::$variant => $burn),* }
            }

            pub(crate) fn formula<N: Number>(self, x: N, a: f64, choices: &Choices) -> N {
                match self { $(Self::$variant => { let f: fn(N, f64, &Choices) -> N = $formula; f(x, a, choices) })* }
            }

            /// Whether it may be evaluated there.
            pub(crate) fn has(self, x: f64, a: f64) -> bool {
                match self { $(Self::$variant => { let domain: fn(f64, f64) -> bool = $domain; domain(x, a) })* }
            }
        }
    };
}

macro_rules! binary {
    (|$x:ident, $y:ident| $($variant:ident $name:literal $burn:expr, $formula:expr, $domain:expr;)*) => {
        /// A function of two numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Binary { $($variant),* }

        impl Binary {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Burn's expression in `x` and `y`.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($burn)),* }
            }

            pub(crate) fn burn<const D: usize>(self, $x: Tensor<D>, $y: Tensor<D>) -> Tensor<D> {
                match self { $(Self::$variant => $burn),* }
            }

            pub(crate) fn formula<N: Number>(self, x: N, y: N, choices: &Choices) -> N {
                match self { $(Self::$variant => { let f: fn(N, N, &Choices) -> N = $formula; f(x, y, choices) })* }
            }

            /// Whether it may be evaluated there.
            pub(crate) fn has(self, x: f64, y: f64) -> bool {
                match self { $(Self::$variant => { let domain: fn(f64, f64) -> bool = $domain; domain(x, y) })* }
            }
        }
    };
}

fn everywhere(_: f64) -> bool {
    true
}

fn small(x: f64) -> bool {
    x.abs() < 3.0
}

fn positive(x: f64) -> bool {
    x > 0.1
}

fn not_zero(x: f64) -> bool {
    x.abs() > 0.1
}

fn anywhere(_: f64, _: f64) -> bool {
    true
}

unary! {
    |x|
    Neg "Tensor::neg" x.neg(), |x, _| -x, everywhere;
    Square "Tensor::square" x.square(), |x, _| x * x, everywhere;
    Recip "Tensor::recip" x.recip(), |x, _| x.recip(), not_zero;
    Exp "Tensor::exp" x.exp(), |x, _| x.exp(), small;
    Log "Tensor::log" x.log(), |x, _| x.ln(), positive;
    Log1p "Tensor::log1p" x.log1p(), |x, _| x.ln_1p(), |x| x > -0.9;
    Sqrt "Tensor::sqrt" x.sqrt(), |x, _| x.sqrt(), positive;
    Sin "Tensor::sin" x.sin(), |x, _| x.sin(), everywhere;
    Cos "Tensor::cos" x.cos(), |x, _| x.cos(), everywhere;
    Tan "Tensor::tan" x.tan(), |x, _| x.tan(), |x| x.abs() < 1.3;
    Asin "Tensor::asin" x.asin(), |x, _| x.asin(), |x| x.abs() < 0.9;
    Atan "Tensor::atan" x.atan(), |x, _| x.atan(), everywhere;
    Sinh "Tensor::sinh" x.sinh(), |x, _| x.sinh(), small;
    Cosh "Tensor::cosh" x.cosh(), |x, _| x.cosh(), small;
    Tanh "Tensor::tanh" x.tanh(), |x, _| x.tanh(), small;
    Abs "Tensor::abs" x.abs(), |x, choices| {
        if choices.is_larger(x.value(), 0.0) { x } else { -x }
    }, everywhere;
    Sign "Tensor::sign" x.sign(), |x, choices| {
        x.step(if choices.is_larger(x.value(), 0.0) { 1.0 } else { -1.0 })
    }, everywhere;
    Floor "Tensor::floor" x.floor(), |x, choices| x.step(choices.floor(x.value())), everywhere;
    Relu "activation::relu" activation::relu(x), |x, choices| {
        if choices.is_larger(x.value(), 0.0) { x } else { x.step(0.0) }
    }, everywhere;
    Relu6 "activation::relu6" activation::relu6(x), |x, choices| {
        clamped(x, 0.0, 6.0, choices)
    }, everywhere;
    Selu "activation::selu" activation::selu(x), |x, choices| {
        const ALPHA: f64 = 1.673_263_242_354_377_2;
        const GAMMA: f64 = 1.050_700_987_355_480_5;
        if choices.is_larger(x.value(), 0.0) {
            x.times(GAMMA)
        } else {
            x.exp().plus(-1.0).times(ALPHA * GAMMA)
        }
    }, small;
    Mish "activation::mish" activation::mish(x), |x, _| x * x.softplus().tanh(), small;
    Softsign "activation::softsign" activation::softsign(x), |x, choices| {
        let size = if choices.is_larger(x.value(), 0.0) { x } else { -x };
        x / size.plus(1.0)
    }, everywhere;
    Tanhshrink "activation::tanhshrink" activation::tanhshrink(x), |x, _| x - x.tanh(), small;
    LogSigmoid "activation::log_sigmoid" activation::log_sigmoid(x), |x, _| -(-x).softplus(), small;
}

/// `min(max(x, low), high)`
fn clamped<N: Number>(x: N, low: f64, high: f64, choices: &Choices) -> N {
    if !choices.is_larger(x.value(), low) {
        x.step(low)
    } else if choices.is_larger(x.value(), high) {
        x.step(high)
    } else {
        x
    }
}

scalar! {
    |x, a|
    Add "Tensor::add_scalar" of [0.5, -1.25, 2.0] x.add_scalar(a), |x, a, _| x.plus(a), anywhere;
    Sub "Tensor::sub_scalar" of [0.75, -0.5] x.sub_scalar(a), |x, a, _| x.plus(-a), anywhere;
    Mul "Tensor::mul_scalar" of [0.5, -1.5, 0.3, 2.0] x.mul_scalar(a), |x, a, _| x.times(a), anywhere;
    // Burn divides by other numbers in f32: `div-scalar-f32` in the ledger.
    Div "Tensor::div_scalar" of [2.0, -4.0, 0.5] x.div_scalar(a), |x, a, _| x.times(1.0 / a), anywhere;
    Powf "Tensor::powf_scalar(2.5)" of [2.5, 1.5, 0.5, -0.5] x.powf_scalar(a), |x, a, _| x.powf(a),
        |x, _| positive(x);
    Powi "Tensor::powi_scalar(3)" of [2.0, 3.0] x.powi_scalar(a), |x, a, _| x.powf(a),
        |x, _| not_zero(x) && small(x);
    Remainder "Tensor::remainder_scalar" of [1.5, 2.0] x.remainder_scalar(a), |x, a, choices| {
        let times = choices.floor(x.value() / a);
        x.plus(-times * a)
    }, anywhere;
    ClampMin "Tensor::clamp_min" of [0.0, -0.5] x.clamp_min(a), |x, a, choices| {
        if choices.is_larger(x.value(), a) { x } else { x.step(a) }
    }, anywhere;
    ClampMax "Tensor::clamp_max" of [0.25, 1.0] x.clamp_max(a), |x, a, choices| {
        if choices.is_larger(x.value(), a) { x.step(a) } else { x }
    }, anywhere;
    Clamp "Tensor::clamp" of [0.5, 1.5] x.clamp(-a, a), |x, a, choices| {
        clamped(x, -a, a, choices)
    }, anywhere;
    LeakyRelu "activation::leaky_relu" of [0.01, 0.2] activation::leaky_relu(x, a), |x, a, choices| {
        if choices.is_larger(x.value(), 0.0) { x } else { x.times(a) }
    }, anywhere;
    Elu "activation::elu" of [1.0, 0.5] activation::elu(x, a), |x, a, choices| {
        if choices.is_larger(x.value(), 0.0) { x } else { x.exp().plus(-1.0).times(a) }
    }, |x, _| small(x);
    Softplus "activation::softplus" of [1.0, 2.0] activation::softplus(x, a), |x, a, _| {
        x.times(a).softplus().times(1.0 / a)
    }, |x, _| small(x);
    ThresholdedRelu "activation::thresholded_relu" of [0.5, 1.0] activation::thresholded_relu(x, a),
        |x, a, choices| if choices.is_larger(x.value(), a) { x } else { x.step(0.0) }, anywhere;
    HardShrink "activation::hard_shrink" of [0.5] activation::hard_shrink(x, a), |x, a, choices| {
        let (above, below) = (choices.is_larger(x.value(), a), choices.is_larger(-a, x.value()));
        if above || below { x } else { x.step(0.0) }
    }, anywhere;
}

binary! {
    |x, y|
    Add "Tensor::add" x.add(y), |x, y, _| x + y, anywhere;
    Sub "Tensor::sub" x.sub(y), |x, y, _| x - y, anywhere;
    Mul "Tensor::mul" x.mul(y), |x, y, _| x * y, anywhere;
    Div "Tensor::div" x.div(y), |x, y, _| x / y, |_, y| not_zero(y);
    Powf "Tensor::powf" x.powf(y), |x, y, _| x.pow(y), |x, y| positive(x) && small(y);
    Atan2 "Tensor::atan2" x.atan2(y), |x, y, _| x.atan2(y), |x, y| x.abs() > 0.1 || y > 0.1;
    Hypot "Tensor::hypot" x.hypot(y), |x, y, _| (x * x + y * y).sqrt(), |x, y| {
        not_zero(x) && not_zero(y)
    };
    MaxPair "Tensor::max_pair" x.max_pair(y), |x, y, choices| {
        if choices.is_larger(x.value(), y.value()) { x.of_two(y, x.value(), [1.0, 0.0]) }
        else { x.of_two(y, y.value(), [0.0, 1.0]) }
    }, anywhere;
    MinPair "Tensor::min_pair" x.min_pair(y), |x, y, choices| {
        if choices.is_larger(x.value(), y.value()) { x.of_two(y, y.value(), [0.0, 1.0]) }
        else { x.of_two(y, x.value(), [1.0, 0.0]) }
    }, anywhere;
    Remainder "Tensor::remainder" x.remainder(y), |x, y, choices| {
        let times = choices.floor(x.value() / y.value());
        x - y.times(times)
    }, |_, y| not_zero(y);
}
