//! Runs the table: every operation on every backend in every float type, compared with the ledger.

mod finding;
mod operation_run;
mod platform;
#[cfg(test)]
mod rounding_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use self::finding::{
    Abandoned, AuditOutcome, Convention, Disagreement, Evidence, Gone, OperationFinding,
};
use self::operation_run::OperationRun;
pub use self::platform::Platform;
use crate::ledger::{DisagreementKind, Ledger};
use crate::operation::{Family, Operation};

/// Which operations run, and at which points.
#[derive(Clone, Debug)]
pub struct TableSelection {
    /// Runs only operations with this text in their name.
    pub pattern: Option<String>,
    /// Runs only the operation of this name.
    pub operation: Option<String>,
    /// Runs only operations of this family.
    pub family: Option<Family>,
    /// The seeds of the drawn points. Special points depend on no seed: they are checked once.
    pub seeds: Range<u64>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub enum RunProgress<'a> {
    /// One more check is done at one seed: the run is alive.
    Checked,
    /// All checks of an operation on a platform are done.
    Done(&'a OperationFinding),
}

impl Default for TableSelection {
    /// The whole table at seed 0.
    fn default() -> Self {
        Self {
            pattern: None,
            operation: None,
            family: None,
            seeds: 0..1,
        }
    }
}

impl TableSelection {
    /// Whether an operation is selected.
    pub fn has(&self, operation: &Operation) -> bool {
        let has = |pattern: &String| operation.name.contains(pattern);
        let is_named = |name: &String| operation.name == name;
        self.pattern.as_ref().is_none_or(has)
            && self.operation.as_ref().is_none_or(is_named)
            && self.family.is_none_or(|family| family == operation.family)
    }
}

/// Runs the selected operations on every platform, and calls `progress` after each check and with each
/// finding.
///
/// A panic in an operation is a disagreement. If the device does not work after one (a graphics
/// driver's thread has died), the rest of the platform is abandoned.
///
/// # Errors
///
/// The first error of `progress`, which ends the run.
///
/// # Example
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::Target;
/// use burn_suite::{Ledger, Platform, TableSelection, operations, run};
///
/// let operations = operations();
/// let ledger = Ledger::bundled(&operations)?;
/// let platform = Platform {
///     backend: "flex".to_owned(),
///     target: Target::new(Device::flex(), DType::F64),
///     by_shader: false,
///     is_software: false,
/// };
/// let selection = TableSelection { pattern: Some("Tensor::exp".to_owned()), ..TableSelection::default() };
/// let outcome = run(&operations, &ledger, &[platform], &selection, |_| Ok::<(), ()>(())).unwrap();
/// assert!(outcome.is_good());
/// # Ok::<(), burn_suite::LedgerError>(())
/// ```
pub fn run<E>(
    operations: &[Operation],
    ledger: &Ledger,
    platforms: &[Platform],
    selection: &TableSelection,
    mut progress: impl FnMut(RunProgress<'_>) -> Result<(), E>,
) -> Result<AuditOutcome, E> {
    let mut outcome = AuditOutcome::default();
    for platform in platforms {
        for operation in operations
            .iter()
            .filter(|operation| selection.has(operation))
        {
            let operation_run = OperationRun {
                operation,
                platform,
                ledger,
                seeds: selection.seeds.clone(),
            };
            let checked = || progress(RunProgress::Checked);
            let finding = operation_run.run(&mut outcome.gone, checked)?;
            let mut kinds = finding
                .disagreements
                .iter()
                .map(|disagreement| disagreement.kind);
            let panicked = kinds.any(|kind| kind == DisagreementKind::Panicked);
            progress(RunProgress::Done(&finding))?;
            outcome.findings.push(finding);
            if panicked && !platform.is_alive() {
                outcome.abandoned.push(Abandoned {
                    place: platform.name(),
                    operation: operation.name.to_owned(),
                    why: "the device stopped working".to_owned(),
                });
                break;
            }
        }
    }
    Ok(outcome)
}
