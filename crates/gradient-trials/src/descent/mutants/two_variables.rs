//! Mistakes in the gradients of the functions of two variables.

use super::Row;
use crate::descent::functions::{self, scaled};

pub(super) const MUTANTS: &[Row] = &[
    (
        "cosine bowl: sign",
        "∇f = -4 s cos x sin x: the minus before sin lost",
        functions::cosine_bowl,
        |x, g| bowl(x, g, |s, x| -4.0 * s * x.cos() * x.sin()),
    ),
    (
        "cosine bowl: factor 2",
        "∇f = 2 s cos x sin x: one of the two squares not differentiated",
        functions::cosine_bowl,
        |x, g| bowl(x, g, |s, x| 2.0 * s * x.cos() * x.sin()),
    ),
    (
        "cosine bowl: outer derivative",
        "∇f = 4 cos x sin x, without s",
        functions::cosine_bowl,
        |x, g| bowl(x, g, |_, x| 4.0 * x.cos() * x.sin()),
    ),
    (
        "cosine bowl: inner derivative",
        "∇f = 4 s cos x, without sin x",
        functions::cosine_bowl,
        |x, g| bowl(x, g, |s, x| 4.0 * s * x.cos()),
    ),
    (
        "cosine bowl: components swapped",
        "∂f/∂y for ∂f/∂x and the reverse",
        functions::cosine_bowl,
        |x, g| {
            let mut grad = bowl(x, g, |s, x| 4.0 * s * x.cos() * x.sin());
            grad.swap(0, 1);
            grad
        },
    ),
    (
        "quadratic valley: condition forgotten",
        "∇f = [x, y]",
        functions::quadratic_valley,
        |x, g| scaled(x.to_vec(), g),
    ),
    (
        "quadratic valley: condition on the wrong axis",
        "∇f = [κ x, y]",
        functions::quadratic_valley,
        |x, g| scaled(vec![20.0 * x[0], x[1]], g),
    ),
    (
        "quadratic valley: the half forgotten",
        "∇f = [2 x, 2 κ y]",
        functions::quadratic_valley,
        |x, g| scaled(vec![2.0 * x[0], 40.0 * x[1]], g),
    ),
    (
        "quadratic valley: upstream forgotten",
        "∇f, not times the gradient from above",
        functions::quadratic_valley,
        |x, _| vec![x[0], 20.0 * x[1]],
    ),
    (
        "rosenbrock: inner derivative",
        "-2 (1 - x) + 200 r: -2x missing",
        functions::rosenbrock,
        |x, g| banana(x, g, |x, r| [-2.0 * (1.0 - x) + 200.0 * r, 200.0 * r]),
    ),
    (
        "rosenbrock: sign of the first term",
        "+2 (1 - x) - 400 x r",
        functions::rosenbrock,
        |x, g| banana(x, g, |x, r| [2.0 * (1.0 - x) - 400.0 * x * r, 200.0 * r]),
    ),
    (
        "rosenbrock: first term forgotten",
        "-400 x r",
        functions::rosenbrock,
        |x, g| banana(x, g, |x, r| [-400.0 * x * r, 200.0 * r]),
    ),
    (
        "rosenbrock: factor 2",
        "∂f/∂y = 100 r",
        functions::rosenbrock,
        |x, g| banana(x, g, |x, r| [-2.0 * (1.0 - x) - 400.0 * x * r, 100.0 * r]),
    ),
];

/// Each component from `s = cos²x + cos²y` and its own coordinate.
fn bowl(x: &[f64], grad_out: &[f64], partial: fn(f64, f64) -> f64) -> Vec<f64> {
    let s = x[0].cos().powi(2) + x[1].cos().powi(2);
    scaled(x.iter().map(|&x| partial(s, x)).collect(), grad_out)
}

/// The components from `x` and `r = y - x²`.
fn banana(x: &[f64], grad_out: &[f64], gradient: fn(f64, f64) -> [f64; 2]) -> Vec<f64> {
    scaled(gradient(x[0], x[1] - x[0] * x[0]).to_vec(), grad_out)
}
