//! The results as data: the lines of JSON that a child process writes, and that its parent reads and,
//! if asked for JSON, passes on.

use anyhow::Result;
use backends::BURN_VERSION;
use burn::tensor::DType;
use burn_suite::{
    Abandoned, AuditOutcome, Convention, Coverage, Disagreement, DisagreementKind, Evidence, Gone,
    Ledger, Operation, OperationFinding, coverage,
};
use serde::{Deserialize, Serialize};
use training::number::json;

use crate::output::ResultWriter;

/// A line.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum AuditEvent {
    Operation(OperationEvent),
    Gone(GoneEvent),
    Abandoned(Abandoned),
    /// Another check is done.
    Alive {},
    Summary(SuiteSummary),
}

/// One operation on one platform.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct OperationEvent {
    pub(crate) operation: String,
    pub(crate) family: String,
    pub(crate) backend: String,
    pub(crate) dtype: String,
    /// The methods of burn-autodiff that it uses, according to the table.
    pub(crate) covers: Vec<String>,
    pub(crate) checks: usize,
    pub(crate) elements: usize,
    #[serde(with = "json::optional")]
    pub(crate) worst_relative_error: Option<f64>,
    #[serde(with = "json::optional")]
    pub(crate) median_relative_error: Option<f64>,
    #[serde(with = "json::optional")]
    pub(crate) finite_differences_error: Option<f64>,
    pub(crate) verdict: OperationVerdict,
    pub(crate) disagreements: Vec<DisagreementEvent>,
    pub(crate) conventions: Vec<ConventionEvent>,
}

/// The verdict on an operation on a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OperationVerdict {
    /// Nothing disagrees.
    Right,
    /// Every disagreement is in the ledger.
    Known,
    /// A disagreement is not in the ledger.
    Disagrees,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct DisagreementEvent {
    pub(crate) check: String,
    pub(crate) kind: DisagreementKind,
    /// The ledger's entry.
    pub(crate) known: Option<String>,
    pub(crate) triage: Option<String>,
    /// The seeds at which it was found; none for a special point.
    pub(crate) seeds: Vec<u64>,
    /// The witnesses, for a mismatch at drawn points.
    pub(crate) evidence: Option<EvidenceEvent>,
    pub(crate) detail: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct EvidenceEvent {
    #[serde(with = "json")]
    pub(crate) autodiff: f64,
    #[serde(with = "json::optional")]
    pub(crate) formula: Option<f64>,
    #[serde(with = "json::optional")]
    pub(crate) finite_differences: Option<f64>,
    /// Absolute, as the finite differences estimate it.
    #[serde(with = "json::optional")]
    pub(crate) finite_differences_error: Option<f64>,
    #[serde(with = "json::optional")]
    pub(crate) difference: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct ConventionEvent {
    pub(crate) at: String,
    #[serde(with = "json::list")]
    pub(crate) gradient: Vec<f64>,
    pub(crate) allowed: String,
}

/// A ledger entry that no longer occurs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct GoneEvent {
    #[serde(flatten)]
    pub(crate) gone: Gone,
    pub(crate) remedy: String,
}

/// The last line.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct SuiteSummary {
    pub(crate) burn: String,
    /// Operations, counted on each platform.
    pub(crate) operations: usize,
    pub(crate) checks: usize,
    pub(crate) elements: usize,
    pub(crate) right: usize,
    pub(crate) known: usize,
    pub(crate) unknown: usize,
    pub(crate) gone: usize,
    pub(crate) abandoned: usize,
    pub(crate) methods: Coverage,
}

impl OperationEvent {
    pub(crate) fn new(finding: &OperationFinding, operations: &[Operation]) -> Self {
        let mut table = operations.iter();
        let covers = table
            .find(|operation| operation.name == finding.operation)
            .map_or(&[][..], |operation| operation.covers);
        let disagreements = finding.disagreements.iter();
        let conventions = finding.conventions.iter();
        Self {
            operation: finding.operation.to_owned(),
            family: finding.family.title().to_owned(),
            backend: finding.backend.clone(),
            dtype: finding.dtype.to_owned(),
            covers: covers.iter().map(|&method| method.to_owned()).collect(),
            checks: finding.checks,
            elements: finding.elements,
            worst_relative_error: finding.worst,
            median_relative_error: finding.median,
            finite_differences_error: finding.finite_error,
            verdict: OperationVerdict::of(finding),
            disagreements: disagreements.map(DisagreementEvent::new).collect(),
            conventions: conventions.map(ConventionEvent::new).collect(),
        }
    }

    /// The finding that it describes, if the table and the ledger have it.
    pub(crate) fn finding(
        &self,
        operations: &[Operation],
        ledger: &Ledger,
    ) -> Option<OperationFinding> {
        let mut table = operations.iter();
        let operation = table.find(|operation| operation.name == self.operation)?;
        let mut dtypes = [DType::F64.name(), DType::F32.name()].into_iter();
        let disagreements = self.disagreements.iter();
        let conventions = self.conventions.iter();
        Some(OperationFinding {
            operation: operation.name,
            family: operation.family,
            backend: self.backend.clone(),
            dtype: dtypes.find(|dtype| *dtype == self.dtype)?,
            checks: self.checks,
            elements: self.elements,
            worst: self.worst_relative_error,
            median: self.median_relative_error,
            finite_error: self.finite_differences_error,
            conventions: conventions.map(ConventionEvent::convention).collect(),
            disagreements: disagreements
                .map(|event| event.disagreement(ledger))
                .collect::<Option<_>>()?,
        })
    }

    pub(crate) fn has_panicked(&self) -> bool {
        let mut disagreements = self.disagreements.iter();
        disagreements.any(|disagreement| disagreement.kind == DisagreementKind::Panicked)
    }

    /// The disagreements that are not in the ledger.
    pub(crate) fn unexpected(&self) -> impl Iterator<Item = &DisagreementEvent> {
        let disagreements = self.disagreements.iter();
        disagreements.filter(|disagreement| disagreement.known.is_none())
    }

    /// Adds a panic as an unlisted disagreement.
    pub(crate) fn add_panic(&mut self, message: String) {
        self.verdict = OperationVerdict::Disagrees;
        self.disagreements.push(DisagreementEvent {
            check: "a thread of the device".to_owned(),
            kind: DisagreementKind::Panicked,
            known: None,
            triage: None,
            seeds: Vec::new(),
            evidence: None,
            detail: message,
        });
    }
}

impl OperationVerdict {
    fn of(finding: &OperationFinding) -> Self {
        if finding.unlisted().next().is_some() {
            Self::Disagrees
        } else if finding.is_pass() {
            Self::Right
        } else {
            Self::Known
        }
    }
}

impl DisagreementEvent {
    fn new(disagreement: &Disagreement) -> Self {
        let listed = disagreement.listed.as_ref();
        Self {
            check: disagreement.check.clone(),
            kind: disagreement.kind,
            known: listed.map(|(id, _)| id.clone()),
            triage: listed.map(|(_, triage)| triage.title().to_owned()),
            seeds: disagreement.seeds.clone(),
            evidence: disagreement.evidence.map(EvidenceEvent::new),
            detail: disagreement.detail.clone(),
        }
    }

    fn disagreement(&self, ledger: &Ledger) -> Option<Disagreement> {
        let listed = match &self.known {
            None => None,
            Some(id) => {
                let entry = ledger.entries.iter().find(|entry| entry.id == *id)?;
                Some((id.clone(), entry.triage))
            }
        };
        Some(Disagreement {
            check: self.check.clone(),
            kind: self.kind,
            seeds: self.seeds.clone(),
            detail: self.detail.clone(),
            evidence: self.evidence.as_ref().map(EvidenceEvent::evidence),
            listed,
        })
    }
}

impl EvidenceEvent {
    fn new(evidence: Evidence) -> Self {
        Self {
            autodiff: evidence.autodiff,
            formula: evidence.formula,
            finite_differences: evidence.finite,
            finite_differences_error: evidence.finite_error,
            difference: evidence.difference(),
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            autodiff: self.autodiff,
            formula: self.formula,
            finite: self.finite_differences,
            finite_error: self.finite_differences_error,
        }
    }
}

impl ConventionEvent {
    fn new(convention: &Convention) -> Self {
        Self {
            at: convention.at.clone(),
            gradient: convention.gradient.clone(),
            allowed: convention.allowed.clone(),
        }
    }

    fn convention(&self) -> Convention {
        Convention {
            at: self.at.clone(),
            gradient: self.gradient.clone(),
            allowed: self.allowed.clone(),
        }
    }
}

impl GoneEvent {
    pub(crate) fn new(gone: &Gone) -> Self {
        Self {
            gone: gone.clone(),
            remedy: gone.to_string(),
        }
    }
}

impl SuiteSummary {
    pub(crate) fn new(events: &[OperationEvent], gone: usize, abandoned: usize) -> Self {
        let count = |wanted| {
            events
                .iter()
                .filter(|event| event.verdict == wanted)
                .count()
        };
        Self {
            burn: BURN_VERSION.to_owned(),
            operations: events.len(),
            checks: events.iter().map(|event| event.checks).sum(),
            elements: events.iter().map(|event| event.elements).sum(),
            right: count(OperationVerdict::Right),
            known: count(OperationVerdict::Known),
            unknown: count(OperationVerdict::Disagrees),
            gone,
            abandoned,
            methods: coverage(&burn_suite::operations()),
        }
    }

    /// Whether all disagreements are known, and all known ones still occur.
    pub(crate) fn is_good(&self) -> bool {
        self.unknown == 0 && self.gone == 0 && self.abandoned == 0
    }
}

/// Writes the last lines of JSON.
///
/// # Errors
///
/// If they cannot be written.
pub(crate) fn conclude(
    outcome: &AuditOutcome,
    summary: SuiteSummary,
    output: &ResultWriter,
) -> Result<()> {
    for gone in &outcome.gone {
        output.json(&AuditEvent::Gone(GoneEvent::new(gone)))?;
    }
    for abandoned in &outcome.abandoned {
        output.json(&AuditEvent::Abandoned(abandoned.clone()))?;
    }
    output.json(&AuditEvent::Summary(summary))
}
