//! Wrong gradients of the kind that people write: the checker must catch each of them.
//!
//! A mutant is a whole formula with one mistake in it. It takes the place of the right formula in
//! the cases of its rule.

mod activation;
mod arithmetic;
mod layer;
mod linear;
mod linear_regression;
mod loss;
mod mnist;
mod nets;
mod rounding;
mod softmax;

use burn_gradcheck::{Case, Mutant};

use crate::common::Vjp;
use crate::sizes::Size;

/// Name, mistake, the cases of the rule, the wrong gradient.
type Row = (&'static str, &'static str, fn() -> Vec<Case>, Vjp);

/// Every mutant.
pub(crate) fn mutants() -> Vec<Mutant> {
    let tables = [
        linear::MUTANTS,
        arithmetic::MUTANTS,
        activation::MUTANTS,
        layer::MUTANTS,
        softmax::MUTANTS,
        loss::MUTANTS,
        nets::MUTANTS,
        mnist::MUTANTS,
        linear_regression::MUTANTS,
        rounding::MUTANTS,
    ];
    let rows = tables.into_iter().flatten();
    rows.map(|&(name, mistake, cases, vjp)| {
        Mutant::new(name, mistake, cases().into_iter().map(|case| case.vjp(vjp)))
    })
    .collect()
}

/// A rule's cases at two sizes: a square one, where a lost transpose keeps the shapes, and one with
/// three different dimensions, where a sum over the wrong axis or of the wrong length shows.
fn at_sizes(case: impl Fn(Size) -> Case) -> Vec<Case> {
    vec![case([4, 4, 4]), case([7, 5, 3])]
}
