//! Wrong gradients, in kind what people get wrong, to put the judge on trial: each must be caught.

use burn_gradcheck::{Case, Options, Report, Target, Verdict};

use super::{HostVjp, scaled, with_host_vjp};
use crate::Function;
use crate::functions::{FourVariables, inner};

/// A wrong gradient.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// Function and mistake, short: `rosenbrock: sign`.
    pub name: &'static str,
    /// The mistake in words.
    pub mistake: &'static str,
    cases: fn() -> Vec<Case>,
    vjp: HostVjp,
}

impl Mutant {
    const fn new(
        name: &'static str,
        mistake: &'static str,
        cases: fn() -> Vec<Case>,
        vjp: HostVjp,
    ) -> Self {
        Self {
            name,
            mistake,
            cases,
            vjp,
        }
    }

    /// Puts the mutant before the judge: the first report with a mismatch, or `None` if it gets
    /// away.
    pub fn caught(&self, target: &Target, options: &Options) -> Option<Report> {
        let mut reports = self
            .cases()
            .into_iter()
            .map(|case| case.run(target, options));
        reports.find(|report| matches!(report.verdict, Verdict::Mismatch { .. }))
    }

    /// The cases of the mutant's function, with the wrong gradient as the hand-written one.
    pub fn cases(&self) -> Vec<Case> {
        (self.cases)()
            .into_iter()
            .map(|case| with_host_vjp(case, self.vjp))
            .collect()
    }
}

/// Every mutant.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target, Witness};
/// use gradient_descent::verify::mutants;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let mutant = mutants::all()[0];
/// assert_eq!(mutant.name, "cosine bowl: sign");
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
pub fn all() -> Vec<Mutant> {
    MUTANTS.to_vec()
}

const MUTANTS: &[Mutant] = &[
    Mutant::new(
        "cosine bowl: sign",
        "∇f = -4 s cos x sin x: the minus before sin lost",
        super::cosine_bowl,
        |x, g| bowl(x, g, |s, x| -4.0 * s * x.cos() * x.sin()),
    ),
    Mutant::new(
        "cosine bowl: factor 2",
        "∇f = 2 s cos x sin x: one of the two squares not differentiated",
        super::cosine_bowl,
        |x, g| bowl(x, g, |s, x| 2.0 * s * x.cos() * x.sin()),
    ),
    Mutant::new(
        "cosine bowl: outer derivative",
        "∇f = 4 cos x sin x, without s",
        super::cosine_bowl,
        |x, g| bowl(x, g, |_, x| 4.0 * x.cos() * x.sin()),
    ),
    Mutant::new(
        "cosine bowl: inner derivative",
        "∇f = 4 s cos x, without sin x",
        super::cosine_bowl,
        |x, g| bowl(x, g, |s, x| 4.0 * s * x.cos()),
    ),
    Mutant::new(
        "cosine bowl: components swapped",
        "∂f/∂y for ∂f/∂x and the reverse",
        super::cosine_bowl,
        |x, g| {
            let mut grad = bowl(x, g, |s, x| 4.0 * s * x.cos() * x.sin());
            grad.swap(0, 1);
            grad
        },
    ),
    Mutant::new(
        "quadratic valley: condition forgotten",
        "∇f = [x, y]",
        super::quadratic_valley,
        |x, g| scaled(x.to_vec(), g),
    ),
    Mutant::new(
        "quadratic valley: condition on the wrong axis",
        "∇f = [κ x, y]",
        super::quadratic_valley,
        |x, g| scaled(vec![20.0 * x[0], x[1]], g),
    ),
    Mutant::new(
        "quadratic valley: the half forgotten",
        "∇f = [2 x, 2 κ y]",
        super::quadratic_valley,
        |x, g| scaled(vec![2.0 * x[0], 40.0 * x[1]], g),
    ),
    Mutant::new(
        "quadratic valley: upstream forgotten",
        "∇f, not times the gradient from above",
        super::quadratic_valley,
        |x, _| vec![x[0], 20.0 * x[1]],
    ),
    Mutant::new(
        "rosenbrock: inner derivative",
        "-2 (1 - x) + 200 r: -2x missing",
        super::rosenbrock,
        |x, g| banana(x, g, |x, r| [-2.0 * (1.0 - x) + 200.0 * r, 200.0 * r]),
    ),
    Mutant::new(
        "rosenbrock: sign of the first term",
        "+2 (1 - x) - 400 x r",
        super::rosenbrock,
        |x, g| banana(x, g, |x, r| [2.0 * (1.0 - x) - 400.0 * x * r, 200.0 * r]),
    ),
    Mutant::new(
        "rosenbrock: first term forgotten",
        "-400 x r",
        super::rosenbrock,
        |x, g| banana(x, g, |x, r| [-400.0 * x * r, 200.0 * r]),
    ),
    Mutant::new(
        "rosenbrock: factor 2",
        "∂f/∂y = 100 r",
        super::rosenbrock,
        |x, g| banana(x, g, |x, r| [-2.0 * (1.0 - x) - 400.0 * x * r, 100.0 * r]),
    ),
    Mutant::new(
        "four variables: inner factor 10",
        "∂f/∂x2 = 2a + 4c³",
        super::four_variables,
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
    Mutant::new(
        "four variables: inner factor 2",
        "∂f/∂x3 = 10b + 4c³",
        super::four_variables,
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
    Mutant::new(
        "four variables: exponent",
        "the derivative of d⁴ taken as 4d²",
        super::four_variables,
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
    Mutant::new(
        "four variables: sign of x4",
        "∂f/∂x4 = +10b - 40d³",
        super::four_variables,
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
    Mutant::new(
        "four variables: path forgotten",
        "∂f/∂x1 = 2a: the way through d not added",
        super::four_variables,
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
    Mutant::new(
        "composition: Jacobian not transposed",
        "the eight numbers of J read as [2, 4], as if they were Jᵀ",
        super::composition,
        |z, g| scaled(read_as_transposed(z, &grad_x(z)), g),
    ),
    Mutant::new(
        "composition: outer gradient at the wrong point",
        "∇x f at (z1, z2, z1, z2) in place of x(z)",
        super::composition,
        |z, g| {
            let grad_x = FourVariables.gradient(&[z[0], z[1], z[0], z[1]]);
            scaled(times(&inner::jacobian([z[0], z[1]]), &grad_x), g)
        },
    ),
    Mutant::new(
        "composition: last link forgotten",
        "the first two components of ∇x f given back as ∇z F",
        super::composition,
        |z, g| scaled(grad_x(z)[..2].to_vec(), g),
    ),
    Mutant::new(
        "composition: product rule",
        "∂x4/∂z1 = 2 z1: the way through z1 z2 not added",
        super::composition,
        |z, g| scaled(times(&without_product(z), &grad_x(z)), g),
    ),
    Mutant::new(
        "inner map: Jacobian not transposed",
        "the eight numbers of J read as [2, 4], as if they were Jᵀ",
        super::inner_map,
        read_as_transposed,
    ),
    Mutant::new(
        "inner map: product rule",
        "∂x4/∂z1 = 2 z1: the way through z1 z2 not added",
        super::inner_map,
        |z, grad_x| times(&without_product(z), grad_x),
    ),
    Mutant::new(
        "inner map: sign",
        "∂x1/∂z2 = +1",
        super::inner_map,
        |z, grad_x| {
            let mut jacobian = inner::jacobian([z[0], z[1]]);
            jacobian[0][1] = 1.0;
            times(&jacobian, grad_x)
        },
    ),
    Mutant::new(
        "inner map: rows added up",
        "the upstream gradient taken as all ones",
        super::inner_map,
        |z, _| times(&inner::jacobian([z[0], z[1]]), &[1.0; 4]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_every_function_has_some() {
        let mut names = MUTANTS.iter().map(|mutant| mutant.name).collect::<Vec<_>>();
        for function in crate::functions::all() {
            assert!(names.iter().any(|name| name.starts_with(function.name())));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), MUTANTS.len());
    }
}
