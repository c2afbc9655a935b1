//! Wrong gradients, in kind what people get wrong, to put the judge on trial: each must be caught.
//!
//! A mutant is a whole formula with one mistake in it, given to the honest cases of its rule in
//! place of the right one.

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

use super::rules::Vjp;
use super::sizes::Size;

/// Name, mistake, the honest cases of the rule, the wrong gradient.
type Row = (&'static str, &'static str, fn() -> Vec<Case>, Vjp);

/// Every mutant.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target, Witness};
/// use manual_backprop::verify::mutants;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let mutant = &mutants::all()[1];
/// assert_eq!(mutant.mistake, "grad_x = grad_z·w");
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
pub fn all() -> Vec<Mutant> {
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

/// A rule's cases at a square size, where a lost transpose keeps the shapes, and at one with no two
/// dimensions alike, where a sum over the wrong axis or of the wrong length shows.
fn at_sizes(case: impl Fn(Size) -> Case) -> Vec<Case> {
    vec![case([4, 4, 4]), case([7, 5, 3])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_there_are_at_least_sixty() {
        let mut names = all().iter().map(|mutant| mutant.name).collect::<Vec<_>>();
        assert!(names.len() >= 60, "{}", names.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }
}
