//! What a run of the suite says, as data: the lines of JSON that a child process writes, its parent
//! reads and, if asked for JSON, passes on.

use burn::tensor::DType;
use burn_suite::{
    Abandoned, Convention, Coverage, Disagreement, Evidence, Finding, Gone, Kind, Ledger,
    Operation, coverage,
};
use serde::{Deserialize, Serialize};

use crate::events::Number;

/// A line.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum Event {
    Operation(OperationEvent),
    Gone(GoneEvent),
    Abandoned(Abandoned),
    Summary(SuiteSummary),
}

/// One operation at one place.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct OperationEvent {
    pub(crate) operation: String,
    pub(crate) family: String,
    pub(crate) backend: String,
    pub(crate) dtype: String,
    /// The methods of burn-autodiff that it is said to go through.
    pub(crate) covers: Vec<String>,
    pub(crate) checks: usize,
    pub(crate) elements: usize,
    pub(crate) worst_relative_error: Option<Number>,
    pub(crate) median_relative_error: Option<Number>,
    pub(crate) finite_differences_error: Option<Number>,
    pub(crate) verdict: Word,
    pub(crate) disagreements: Vec<DisagreementEvent>,
    pub(crate) conventions: Vec<ConventionEvent>,
}

/// What became of an operation at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    /// Nothing disagrees.
    Right,
    /// What disagrees is in the ledger.
    Known,
    /// Something disagrees that is not.
    Disagrees,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct DisagreementEvent {
    pub(crate) check: String,
    pub(crate) kind: Kind,
    /// The ledger's entry.
    pub(crate) known: Option<String>,
    pub(crate) triage: Option<String>,
    /// The witnesses, for a mismatch at drawn points.
    pub(crate) evidence: Option<EvidenceEvent>,
    pub(crate) detail: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct EvidenceEvent {
    pub(crate) autodiff: Number,
    pub(crate) formula: Option<Number>,
    pub(crate) finite_differences: Option<Number>,
    /// Absolute, as they estimate it themselves.
    pub(crate) finite_differences_error: Option<Number>,
    pub(crate) difference: Option<Number>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub(crate) struct ConventionEvent {
    pub(crate) at: String,
    pub(crate) gradient: Vec<Number>,
    pub(crate) allowed: String,
}

/// An entry of the ledger that is no longer true.
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
    /// Operations, at each place.
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
    pub(crate) fn new(finding: &Finding, operations: &[Operation]) -> Self {
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
            worst_relative_error: finding.worst.map(Number),
            median_relative_error: finding.median.map(Number),
            finite_differences_error: finding.finite_error.map(Number),
            verdict: Word::of(finding),
            disagreements: disagreements.map(DisagreementEvent::new).collect(),
            conventions: conventions.map(ConventionEvent::new).collect(),
        }
    }

    /// What it tells of, if that is in the table and the ledger.
    pub(crate) fn finding(&self, operations: &[Operation], ledger: &Ledger) -> Option<Finding> {
        let mut table = operations.iter();
        let operation = table.find(|operation| operation.name == self.operation)?;
        let mut dtypes = [DType::F64.name(), DType::F32.name()].into_iter();
        let disagreements = self.disagreements.iter();
        let conventions = self.conventions.iter();
        Some(Finding {
            operation: operation.name,
            family: operation.family,
            backend: self.backend.clone(),
            dtype: dtypes.find(|dtype| *dtype == self.dtype)?,
            checks: self.checks,
            elements: self.elements,
            worst: self.worst_relative_error.map(Number::get),
            median: self.median_relative_error.map(Number::get),
            finite_error: self.finite_differences_error.map(Number::get),
            conventions: conventions.map(ConventionEvent::convention).collect(),
            disagreements: disagreements
                .map(|event| event.disagreement(ledger))
                .collect::<Option<_>>()?,
        })
    }

    pub(crate) fn has_panicked(&self) -> bool {
        let mut disagreements = self.disagreements.iter();
        disagreements.any(|disagreement| disagreement.kind == Kind::Panicked)
    }

    /// Adds a disagreement that is in no ledger.
    pub(crate) fn add_panic(&mut self, message: String) {
        self.verdict = Word::Disagrees;
        self.disagreements.push(DisagreementEvent {
            check: "a thread of the device".to_owned(),
            kind: Kind::Panicked,
            known: None,
            triage: None,
            evidence: None,
            detail: message,
        });
    }
}

impl Word {
    fn of(finding: &Finding) -> Self {
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
            detail: self.detail.clone(),
            evidence: self.evidence.as_ref().map(EvidenceEvent::evidence),
            listed,
        })
    }
}

impl EvidenceEvent {
    fn new(evidence: Evidence) -> Self {
        Self {
            autodiff: Number(evidence.autodiff),
            formula: evidence.formula.map(Number),
            finite_differences: evidence.finite.map(Number),
            finite_differences_error: evidence.finite_error.map(Number),
            difference: evidence.difference().map(Number),
        }
    }

    fn evidence(&self) -> Evidence {
        Evidence {
            autodiff: self.autodiff.get(),
            formula: self.formula.map(Number::get),
            finite: self.finite_differences.map(Number::get),
            finite_error: self.finite_differences_error.map(Number::get),
        }
    }
}

impl ConventionEvent {
    fn new(convention: &Convention) -> Self {
        Self {
            at: convention.at.clone(),
            gradient: convention.gradient.iter().copied().map(Number).collect(),
            allowed: convention.allowed.clone(),
        }
    }

    fn convention(&self) -> Convention {
        Convention {
            at: self.at.clone(),
            gradient: self.gradient.iter().copied().map(Number::get).collect(),
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
            burn: burn_suite::BURN_VERSION.to_owned(),
            operations: events.len(),
            checks: events.iter().map(|event| event.checks).sum(),
            elements: events.iter().map(|event| event.elements).sum(),
            right: count(Word::Right),
            known: count(Word::Known),
            unknown: count(Word::Disagrees),
            gone,
            abandoned,
            methods: coverage(&burn_suite::operations()),
        }
    }

    /// Whether all disagreements are known, and all known ones are still there.
    pub(crate) fn is_good(&self) -> bool {
        self.unknown == 0 && self.gone == 0 && self.abandoned == 0
    }
}
