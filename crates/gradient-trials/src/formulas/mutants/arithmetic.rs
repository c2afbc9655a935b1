//! Mistakes in arithmetic.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};

use super::{Row, at_sizes};
use crate::formulas::arithmetic::{
    FACTOR, add_case, multiply_case, power_case, scale_case, subtract_case, sum_case,
};

pub(super) const MUTANTS: &[Row] = &[
    (
        "add: second operand forgotten",
        "grad_y is zero",
        || at_sizes(add_case),
        |_, g| {
            let grad_z = g.get::<2>(0);
            gradients(grad_z.clone(), grad_z.zeros_like())
        },
    ),
    (
        "add: shared out",
        "each operand gets half of grad_z",
        || at_sizes(add_case),
        |_, g| {
            let half = g.get::<2>(0).mul_scalar(0.5);
            gradients(half.clone(), half)
        },
    ),
    (
        "subtract: sign",
        "grad_y = grad_z",
        || at_sizes(subtract_case),
        |_, g| gradients(g.get(0), g.get(0)),
    ),
    (
        "subtract: operands swapped",
        "grad_x = -grad_z, grad_y = grad_z",
        || at_sizes(subtract_case),
        |_, g| gradients(g.get::<2>(0).neg(), g.get(0)),
    ),
    (
        "multiply: own value",
        "grad_x = x∘grad_z, grad_y = y∘grad_z",
        || at_sizes(multiply_case),
        |v, g| {
            let (x, y, grad_z) = product(v, g);
            gradients(x * grad_z.clone(), y * grad_z)
        },
    ),
    (
        "multiply: factor forgotten",
        "grad_y = grad_z",
        || at_sizes(multiply_case),
        |v, g| {
            let (_, y, grad_z) = product(v, g);
            gradients(y * grad_z.clone(), grad_z)
        },
    ),
    (
        "scale: factor forgotten",
        "grad_x = grad_z",
        || at_sizes(scale_case),
        |_, g| Gradients::new().with("x", g.get::<2>(0)),
    ),
    (
        "scale: divided",
        "grad_x = grad_z/c",
        || at_sizes(scale_case),
        |_, g| Gradients::new().with("x", g.get::<2>(0).mul_scalar(1.0 / FACTOR)),
    ),
    (
        "power: exponent forgotten",
        "grad_x = x³∘grad_z for z = x⁴",
        fourth_power,
        |v, g| slope(g, cube(v)),
    ),
    (
        "power: exponent not lowered",
        "grad_x = 4 x⁴∘grad_z for z = x⁴",
        fourth_power,
        |v, g| slope(g, cube(v) * v.get("x") * 4.0),
    ),
    (
        "power: wrong factor",
        "grad_x = 3 x³∘grad_z for z = x⁴",
        fourth_power,
        |v, g| slope(g, cube(v) * 3.0),
    ),
    (
        "power: sign lost",
        "grad_x = 4 |x|³∘grad_z for z = x⁴",
        fourth_power,
        |v, g| slope(g, cube(v).abs() * 4.0),
    ),
    (
        "sum: mean",
        "grad_x divided by the number of elements",
        || at_sizes(sum_case),
        |v, g| {
            let x = v.get::<2>("x");
            let count = x.shape().num_elements() as f64;
            let grad_z = g.get::<1>(0).reshape([1, 1]);
            Gradients::new().with("x", x.ones_like() * grad_z.mul_scalar(1.0 / count))
        },
    ),
    (
        "sum: upstream forgotten",
        "grad_x is 1 whatever grad_z is",
        || at_sizes(sum_case),
        |v, _| Gradients::new().with("x", v.get::<2>("x").ones_like()),
    ),
    (
        "sum: times the value",
        "grad_x = x grad_z",
        || at_sizes(sum_case),
        |v, g| {
            let grad_z = g.get::<1>(0).reshape([1, 1]);
            Gradients::new().with("x", v.get::<2>("x") * grad_z)
        },
    ),
];

fn fourth_power() -> Vec<Case> {
    at_sizes(|size| power_case(4, size))
}

fn cube(v: &Values) -> Tensor<2> {
    let x = v.get::<2>("x");
    x.clone() * x.clone() * x
}

fn slope(g: &Upstream, slope: Tensor<2>) -> Gradients {
    Gradients::new().with("x", slope * g.get(0))
}

fn product(v: &Values, g: &Upstream) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
    (v.get("x"), v.get("y"), g.get(0))
}

fn gradients(grad_x: Tensor<2>, grad_y: Tensor<2>) -> Gradients {
    Gradients::new().with("x", grad_x).with("y", grad_y)
}
