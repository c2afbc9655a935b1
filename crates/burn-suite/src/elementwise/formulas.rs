//! The formulas of activations, for the functions of the table and the layers that call them.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use crate::witness::Dual;

/// The constants of SELU.
pub(crate) const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
pub(crate) const SELU_GAMMA: f64 = 1.050_700_987_355_480_5;

pub(crate) fn leaky_relu(x: Dual, slope: f64) -> Dual {
    if x < 0.0.into() { x * slope } else { x }
}

/// The number above `bound`, and a constant below.
pub(crate) fn threshold(x: Dual, bound: f64, below: f64) -> Dual {
    if x > bound.into() { x } else { below.into() }
}

pub(crate) fn elu(x: Dual, alpha: f64) -> Dual {
    if x > 0.0.into() {
        x
    } else {
        (x.exp() - 1.0) * alpha
    }
}

pub(crate) fn celu(x: Dual, alpha: f64) -> Dual {
    elu(x / alpha, 1.0) * alpha
}

pub(crate) fn selu(x: Dual) -> Dual {
    elu(x, SELU_ALPHA) * SELU_GAMMA
}

/// `log(1 + exp(beta x)) / beta`, and the identity where `beta x` is above the bound.
pub(crate) fn softplus(x: Dual, beta: f64, bound: f64) -> Dual {
    let scaled = x * beta;
    if scaled > bound.into() {
        x
    } else {
        scaled.softplus() / beta
    }
}

pub(crate) fn mish(x: Dual) -> Dual {
    x * x.softplus().tanh()
}

pub(crate) fn gelu(x: Dual) -> Dual {
    x * x.normal_cdf()
}

pub(crate) fn gelu_approximate(x: Dual) -> Dual {
    let inner = (x + x * x * x * 0.044_715) * (FRAC_2_SQRT_PI * FRAC_1_SQRT_2);
    x * 0.5 * (inner.tanh() + 1.0)
}

pub(crate) fn log_sigmoid(x: Dual) -> Dual {
    -(-x).softplus()
}

pub(crate) fn silu(x: Dual) -> Dual {
    x * x.sigmoid()
}

/// With the slope 0.2 and the offset 0.5.
pub(crate) fn hard_sigmoid(x: Dual) -> Dual {
    (x * 0.2 + 0.5).at_least(0.0).at_most(1.0)
}

pub(crate) fn hard_swish(x: Dual) -> Dual {
    match x.value {
        value if value <= -3.0 => 0.0.into(),
        value if value >= 3.0 => x,
        _ => x * (x / 6.0 + 0.5),
    }
}

pub(crate) fn softsign(x: Dual) -> Dual {
    x / (x.abs() + 1.0)
}

/// 0 between `-bound` and `bound`; outside, `bias` is taken off the magnitude.
pub(crate) fn shrink(x: Dual, bound: f64, bias: f64) -> Dual {
    match x.value {
        value if value > bound => x - bias,
        value if value < -bound => x + bias,
        _ => 0.0.into(),
    }
}
