#![doc = include_str!("../README.md")]

mod along;
mod coverage;
mod edges;
mod elementwise;
mod functions;
mod graph_faults;
mod ledger;
mod nn;
mod number;
mod operation;
mod page;
mod point;
mod products;
mod reductions;
mod run;
mod sampling;
mod shapes;
mod site;
mod upstream;
mod witness;

pub use coverage::{Coverage, EXCLUSIONS, Reason, coverage, covered, implemented};
pub use graph_faults::{GraphFault, Symptom};
pub use ledger::{DisagreementKind, Ledger, LedgerEntry, LedgerError, Triage};
pub use operation::{Check, CheckKind, Family, Operation};
pub use page::{GradientsPage, GradientsPageError};
pub use point::{Expected, Point};
pub use run::{
    Abandoned, AuditOutcome, Convention, Disagreement, Evidence, Gone, OperationFinding, Platform,
    RunProgress, TableSelection, run,
};
pub use upstream::Issue;

/// The table: all operations, with their checks.
///
/// # Example
///
/// ```
/// let operations = burn_suite::operations();
/// assert!(operations.iter().any(|operation| operation.name == "activation::gelu"));
/// ```
pub fn operations() -> Vec<Operation> {
    let mut all = elementwise::operations();
    all.extend(reductions::operations());
    all.extend(products::operations());
    all.extend(shapes::operations());
    all.extend(functions::operations());
    all.extend(sampling::operations());
    all.extend(nn::operations());
    edges::add_to(&mut all);
    all
}
