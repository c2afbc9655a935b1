//! Correct gradients by another formula: a checker that flags one of these raises a false alarm.

use burn_gradcheck::{Alternative, Case};

use super::functions::{self, HostVjp, scaled, with_host_vjp};

/// Name, formula, the cases of the function, the gradient by the other formula.
type Row = (&'static str, &'static str, fn() -> Vec<Case>, HostVjp);

/// Every alternative.
pub(crate) fn alternatives() -> Vec<Alternative> {
    ALTERNATIVES
        .iter()
        .map(|&(name, formula, cases, vjp)| {
            let cases = cases().into_iter().map(|case| with_host_vjp(case, vjp));
            Alternative::new(name, formula, cases)
        })
        .collect()
}

const ALTERNATIVES: &[Row] = &[
    (
        "cosine bowl: double angles",
        "2 s sin 2x with s = 1 + ½(cos 2x + cos 2y)",
        functions::cosine_bowl,
        |x, g| {
            let s = 1.0 + 0.5 * ((2.0 * x[0]).cos() + (2.0 * x[1]).cos());
            scaled(x.iter().map(|x| 2.0 * s * (2.0 * x).sin()).collect(), g)
        },
    ),
    (
        "rosenbrock: expanded",
        "[2x - 2 - 400xy + 400x³, 200y - 200x²]",
        functions::rosenbrock,
        |x, g| {
            let [x, y] = [x[0], x[1]];
            let along = 2.0 * x - 2.0 - 400.0 * x * y + 400.0 * x.powi(3);
            scaled(vec![along, 200.0 * y - 200.0 * x * x], g)
        },
    ),
    (
        "four variables: sum over inner terms",
        "∇f = 2a ∇a + 10b ∇b + 4c³ ∇c + 40d³ ∇d",
        functions::four_variables,
        |x, g| {
            const INNER: [[f64; 4]; 4] = [
                [1.0, 10.0, 0.0, 0.0],
                [0.0, 0.0, 1.0, -1.0],
                [0.0, 1.0, 2.0, 0.0],
                [1.0, 0.0, 0.0, -1.0],
            ];
            let terms = INNER.map(|row| row.iter().zip(x).map(|(k, x)| k * x).sum::<f64>());
            let [a, b, c, d] = terms;
            let outer = [2.0 * a, 10.0 * b, 4.0 * c.powi(3), 40.0 * d.powi(3)];
            let component = |i: usize| (0..4).map(|k| outer[k] * INNER[k][i]).sum();
            scaled((0..4).map(component).collect(), g)
        },
    ),
    (
        "composition: x(z) put in first",
        "F(z) written out in z, then differentiated, without a Jacobian",
        functions::composition,
        |z, g| {
            let [z1, z2] = [z[0], z[1]];
            let a = z1 - z2 + 10.0 * z1 * z1;
            let b = z2 * z2 - z1 * z1 - z1 * z2;
            let c = z1 * z1 + 2.0 * z2 * z2;
            let d = z1 - z2 - z1 * z1 - z1 * z2;
            let (outer_c, outer_d) = (4.0 * c.powi(3), 40.0 * d.powi(3));
            let grad_z1 = 2.0 * a * (1.0 + 20.0 * z1) - 10.0 * b * (2.0 * z1 + z2)
                + outer_c * 2.0 * z1
                + outer_d * (1.0 - 2.0 * z1 - z2);
            let grad_z2 =
                -2.0 * a + 10.0 * b * (2.0 * z2 - z1) + outer_c * 4.0 * z2 - outer_d * (1.0 + z1);
            scaled(vec![grad_z1, grad_z2], g)
        },
    ),
    (
        "inner map: components gathered",
        "grad_z1 = g1 + 2 z1 (g2 + g4) + z2 g4, grad_z2 = -g1 + 2 z2 g3 + z1 g4",
        functions::inner_map,
        |z, g| {
            vec![
                g[0] + 2.0 * z[0] * (g[1] + g[3]) + z[1] * g[3],
                -g[0] + 2.0 * z[1] * g[2] + z[0] * g[3],
            ]
        },
    ),
];
