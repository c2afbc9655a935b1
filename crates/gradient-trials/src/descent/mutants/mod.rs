//! Wrong gradients, in kind what people get wrong, to put the judge on trial: each must be caught.

mod chain_rule;
mod descent;

use burn_gradcheck::{Case, Mutant};

use super::{HostVjp, with_host_vjp};

/// Name, mistake, the honest cases of the function, the wrong gradient.
type Row = (&'static str, &'static str, fn() -> Vec<Case>, HostVjp);

/// Every mutant.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target, Witness};
/// use gradient_descent::verify::mutants;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let mutant = &mutants::all()[0];
/// assert_eq!(mutant.name, "cosine bowl: sign");
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
pub fn all() -> Vec<Mutant> {
    let rows = descent::MUTANTS.iter().chain(chain_rule::MUTANTS);
    rows.map(|&(name, mistake, cases, vjp)| {
        let cases = cases().into_iter().map(|case| with_host_vjp(case, vjp));
        Mutant::new(name, mistake, cases)
    })
    .collect()
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
