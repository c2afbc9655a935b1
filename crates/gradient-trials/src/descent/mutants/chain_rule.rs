//! Mistakes in the chain rule: the function of four variables, the inner map, and both together.

use gradient_descent::Function;
use gradient_descent::functions::{FourVariables, inner};

use super::Row;
use crate::descent::functions::{self, scaled};

pub(super) const MUTANTS: &[Row] = &[
    (
        "four variables: inner factor 10",
        "∂f/∂x2 = 2a + 4c³",
        functions::four_variables,
        |x, g| {
            powell(x, g, |a, b, c, d| {
                [
                    2.0 * a + 40.0 * d.powi(3),
                    2.0 * a + 4.0 * c.powi(3),
                    10.0 * b + 8.0 * c.powi(3),
                    -10.0 * b - 40.0 * d.powi(3),
                ]
            })
        },
    ),
    (
        "four variables: inner factor 2",
        "∂f/∂x3 = 10b + 4c³",
        functions::four_variables,
        |x, g| {
            powell(x, g, |a, b, c, d| {
                [
                    2.0 * a + 40.0 * d.powi(3),
                    20.0 * a + 4.0 * c.powi(3),
                    10.0 * b + 4.0 * c.powi(3),
                    -10.0 * b - 40.0 * d.powi(3),
                ]
            })
        },
    ),
    (
        "four variables: exponent",
        "the derivative of d⁴ taken as 4d²",
        functions::four_variables,
        |x, g| {
            powell(x, g, |a, b, c, d| {
                [
                    2.0 * a + 40.0 * d * d,
                    20.0 * a + 4.0 * c.powi(3),
                    10.0 * b + 8.0 * c.powi(3),
                    -10.0 * b - 40.0 * d * d,
                ]
            })
        },
    ),
    (
        "four variables: sign of x4",
        "∂f/∂x4 = +10b - 40d³",
        functions::four_variables,
        |x, g| {
            powell(x, g, |a, b, c, d| {
                [
                    2.0 * a + 40.0 * d.powi(3),
                    20.0 * a + 4.0 * c.powi(3),
                    10.0 * b + 8.0 * c.powi(3),
                    10.0 * b - 40.0 * d.powi(3),
                ]
            })
        },
    ),
    (
        "four variables: path forgotten",
        "∂f/∂x1 = 2a: the way through d not added",
        functions::four_variables,
        |x, g| {
            powell(x, g, |a, b, c, d| {
                [
                    2.0 * a,
                    20.0 * a + 4.0 * c.powi(3),
                    10.0 * b + 8.0 * c.powi(3),
                    -10.0 * b - 40.0 * d.powi(3),
                ]
            })
        },
    ),
    (
        "composition: Jacobian not transposed",
        "the eight numbers of J read as [2, 4], as if they were Jᵀ",
        functions::composition,
        |z, g| scaled(read_as_transposed(z, &grad_x(z)), g),
    ),
    (
        "composition: outer gradient at the wrong point",
        "∇x f at (z1, z2, z1, z2) in place of x(z)",
        functions::composition,
        |z, g| {
            let grad_x = FourVariables.gradient(&[z[0], z[1], z[0], z[1]]);
            scaled(times(&inner::jacobian([z[0], z[1]]), &grad_x), g)
        },
    ),
    (
        "composition: last link forgotten",
        "the first two components of ∇x f given back as ∇z F",
        functions::composition,
        |z, g| scaled(grad_x(z)[..2].to_vec(), g),
    ),
    (
        "composition: product rule",
        "∂x4/∂z1 = 2 z1: the way through z1 z2 not added",
        functions::composition,
        |z, g| scaled(times(&without_product(z), &grad_x(z)), g),
    ),
    (
        "inner map: Jacobian not transposed",
        "the eight numbers of J read as [2, 4], as if they were Jᵀ",
        functions::inner_map,
        read_as_transposed,
    ),
    (
        "inner map: product rule",
        "∂x4/∂z1 = 2 z1: the way through z1 z2 not added",
        functions::inner_map,
        |z, grad_x| times(&without_product(z), grad_x),
    ),
    (
        "inner map: sign",
        "∂x1/∂z2 = +1",
        functions::inner_map,
        |z, grad_x| {
            let mut jacobian = inner::jacobian([z[0], z[1]]);
            jacobian[0][1] = 1.0;
            times(&jacobian, grad_x)
        },
    ),
    (
        "inner map: rows added up",
        "the upstream gradient taken as all ones",
        functions::inner_map,
        |z, _| times(&inner::jacobian([z[0], z[1]]), &[1.0; 4]),
    ),
];

/// The components from the four inner terms `a`, `b`, `c`, `d`.
fn powell(x: &[f64], grad_out: &[f64], gradient: fn(f64, f64, f64, f64) -> [f64; 4]) -> Vec<f64> {
    let (a, b) = (x[0] + 10.0 * x[1], x[2] - x[3]);
    let (c, d) = (x[1] + 2.0 * x[2], x[0] - x[3]);
    scaled(gradient(a, b, c, d).to_vec(), grad_out)
}

/// `∇x f` at `x(z)`.
fn grad_x(z: &[f64]) -> Vec<f64> {
    FourVariables.gradient(&inner::map([z[0], z[1]]))
}

/// `Jᵀ grad_x`.
fn times(jacobian: &[[f64; 2]; 4], grad_x: &[f64]) -> Vec<f64> {
    let column = |j: usize| jacobian.iter().zip(grad_x).map(|(row, d)| row[j] * d).sum();
    vec![column(0), column(1)]
}

fn read_as_transposed(z: &[f64], grad_x: &[f64]) -> Vec<f64> {
    let jacobian = inner::jacobian([z[0], z[1]]);
    let dot = |row: &[f64]| row.iter().zip(grad_x).map(|(j, d)| j * d).sum();
    jacobian.as_flattened().chunks(4).map(dot).collect()
}

fn without_product(z: &[f64]) -> [[f64; 2]; 4] {
    let mut jacobian = inner::jacobian([z[0], z[1]]);
    jacobian[3] = [2.0 * z[0], z[0]];
    jacobian
}
