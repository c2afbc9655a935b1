//! Runs the table: every operation on every backend in every float type, compared with the ledger.

mod finding;
mod operation_run;
mod platform;
#[cfg(test)]
mod tests;

pub use self::finding::{
    Abandoned, AuditOutcome, Convention, Disagreement, Evidence, Gone, OperationFinding,
};
use self::operation_run::OperationRun;
pub use self::platform::Platform;
use crate::ledger::{DisagreementKind, Ledger};
use crate::operation::{Family, Operation};

/// Which operations run, and at which points.
#[derive(Clone, Debug, Default)]
pub struct TableSelection {
    /// Runs only operations with this text in their name.
    pub pattern: Option<String>,
    /// Runs only operations of this family.
    pub family: Option<Family>,
    /// The seed of the drawn points.
    pub seed: u64,
}

impl TableSelection {
    /// Whether an operation is selected.
    pub fn has(&self, operation: &Operation) -> bool {
        let Self {
            pattern, family, ..
        } = self;
        let is_named = |pattern: &String| operation.name.contains(pattern);
        pattern.as_ref().is_none_or(is_named)
            && family.is_none_or(|family| family == operation.family)
    }
}

/// Runs the selected operations on every platform, and calls `progress` with each finding.
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
    mut progress: impl FnMut(&OperationFinding) -> Result<(), E>,
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
                seed: selection.seed,
            };
            let finding = operation_run.run(&mut outcome.gone);
            let mut kinds = finding
                .disagreements
                .iter()
                .map(|disagreement| disagreement.kind);
            let panicked = kinds.any(|kind| kind == DisagreementKind::Panicked);
            progress(&finding)?;
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
