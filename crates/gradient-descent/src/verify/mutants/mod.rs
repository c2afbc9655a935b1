//! Wrong gradients, in kind what people get wrong, to put the judge on trial: each must be caught.

mod chain_rule;
mod descent;

use burn_gradcheck::{Case, Options, Report, Target, Verdict};

use super::{HostVjp, with_host_vjp};

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
    [descent::MUTANTS, chain_rule::MUTANTS].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_every_function_has_some() {
        let mutants = all();
        let mut names = mutants.iter().map(|mutant| mutant.name).collect::<Vec<_>>();
        for function in crate::functions::all() {
            assert!(names.iter().any(|name| name.starts_with(function.name())));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), mutants.len());
    }
}
