//! Wrong gradients of the kind that people write: the checker must catch each of them.
//!
//! A mutant is a whole formula with one mistake. It replaces the correct formula in the cases of
//! its rule.

mod activation;
mod arithmetic;
mod dropout;
mod layer;
mod linear;
mod linear_regression;
mod loss;
mod mnist;
mod nets;
mod rounding;
mod softmax;

use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};

use crate::common::Vjp;
use crate::sizes::Size;

/// Name, mistake, the cases of the rule, the wrong gradient.
type Row<F = Vjp> = (&'static str, &'static str, fn() -> Vec<Case>, F);

/// Every mutant.
pub(crate) fn mutants() -> Vec<Mutant> {
    let of_rows = |rows: &[Row]| from_rows(rows, |vjp| vjp);
    [
        linear::mutants(),
        of_rows(arithmetic::MUTANTS),
        activation::mutants(),
        layer::mutants(),
        softmax::mutants(),
        loss::mutants(),
        dropout::mutants(),
        of_rows(nets::MUTANTS),
        of_rows(mnist::MUTANTS),
        linear_regression::mutants(),
        of_rows(rounding::BELOW_F32),
        of_rows(rounding::MUTANTS),
    ]
    .concat()
}

/// Whether a mutant's mistake is as small as the rounding of f32.
pub(crate) fn is_below_f32(name: &str) -> bool {
    rounding::BELOW_F32.iter().any(|row| row.0 == name)
}

/// The mutants of a table, whose last column `vjp` turns into a vector-Jacobian product.
fn from_rows<F: Copy, V>(rows: &[Row<F>], vjp: impl Fn(F) -> V) -> Vec<Mutant>
where
    V: Fn(&Values, &Upstream) -> Gradients + Send + Sync + Copy + 'static,
{
    let mutant = |&(name, mistake, cases, wrong): &Row<F>| {
        let vjp = vjp(wrong);
        Mutant::new(name, mistake, cases().into_iter().map(|case| case.vjp(vjp)))
    };
    rows.iter().map(mutant).collect()
}

/// A rule's cases at two sizes: a square one, where a lost transpose keeps the shapes, and one with
/// three different dimensions, where a sum over the wrong axis or of the wrong length shows.
fn at_sizes(case: impl Fn(Size) -> Case) -> Vec<Case> {
    vec![case([4, 4, 4]), case([7, 5, 3])]
}
