//! Every differentiable operation of Burn as a case for a gradient checker, and the ledger of the
//! wrong ones.
//!
//! - [`operations`] is the table: for each operation the points, shapes and orders in memory at
//!   which its gradient is checked, and the formula that it is checked against, evaluated on the
//!   host in f64 without Burn.
//! - [`run`] checks them on backends and holds what it finds to the [`Ledger`]: a disagreement
//!   listed there does not fail a run, an unlisted one does, and so does one that has gone away.
//! - [`Page`] makes the page "Gradients of Burn" of it, in Markdown and in HTML.
//! - [`EXCLUSIONS`] lists what the table leaves out, so that a test can tell when a new Burn has
//!   something that is in neither.

mod coverage;
mod edges;
mod elementwise;
mod host;
mod lanes;
mod layers;
mod ledger;
mod nn;
mod operation;
mod page;
mod point;
mod products;
mod reductions;
mod run;
mod sampling;
mod shapes;

pub use coverage::{Coverage, EXCLUSIONS, Reason, coverage, covered, implemented};
pub use ledger::{Entry, Kind, Ledger, LedgerError, Triage};
pub use operation::{Check, CheckKind, Family, Operation};
pub use page::{Page, PageError};
pub use point::{Expected, Point};
pub use run::{
    Abandoned, Convention, Disagreement, Evidence, Finding, Gone, Outcome, Place, Selection, run,
};

/// The table.
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
    all.extend(layers::operations());
    all.extend(sampling::operations());
    all.extend(nn::operations());
    edges::add_to(&mut all);
    all
}
