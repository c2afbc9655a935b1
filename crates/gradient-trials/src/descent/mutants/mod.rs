//! Wrong gradients of the kind that people write: the checker must catch each of them.

mod chain_rule;
mod two_variables;

use burn_gradcheck::{Case, Mutant};

use super::functions::{HostVjp, with_host_vjp};

/// Name, mistake, the cases of the function, the wrong gradient.
type Row = (&'static str, &'static str, fn() -> Vec<Case>, HostVjp);

/// Every mutant.
pub(crate) fn mutants() -> Vec<Mutant> {
    let rows = two_variables::MUTANTS.iter().chain(chain_rule::MUTANTS);
    rows.map(|&(name, mistake, cases, vjp)| {
        let cases = cases().into_iter().map(|case| with_host_vjp(case, vjp));
        Mutant::new(name, mistake, cases)
    })
    .collect()
}
