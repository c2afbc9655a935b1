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

use burn_gradcheck::{Case, Options, Report, Target, Verdict};

use super::rules::Vjp;
use super::sizes::Size;

/// A wrong gradient.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// Rule and mistake, short: `matmul: sign`.
    pub name: &'static str,
    /// The mistake in words.
    pub mistake: &'static str,
    cases: fn() -> Vec<Case>,
    vjp: Vjp,
}

impl Mutant {
    const fn new(
        name: &'static str,
        mistake: &'static str,
        cases: fn() -> Vec<Case>,
        vjp: Vjp,
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

    /// The cases of the mutant's rule, with the wrong gradient as the hand-written one.
    pub fn cases(&self) -> Vec<Case> {
        (self.cases)()
            .into_iter()
            .map(|case| case.vjp(self.vjp))
            .collect()
    }
}

/// Every mutant.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target, Witness};
/// use manual_backprop::verify::mutants;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let mutant = mutants::all()[1];
/// assert_eq!(mutant.mistake, "grad_x = grad_z·w");
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
pub fn all() -> Vec<Mutant> {
    [
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
    ]
    .concat()
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
