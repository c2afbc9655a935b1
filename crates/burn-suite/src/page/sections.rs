//! The sections of the page.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::coverage::Reason;
use crate::ledger::{Ledger, LedgerEntry, Triage};
use crate::number::Short;
use crate::operation::Operation;
use crate::run::{AuditOutcome, Disagreement, OperationFinding};

#[derive(Debug, Serialize)]
pub(super) struct FamilyTable {
    pub(super) title: &'static str,
    pub(super) rows: Vec<OperationRow>,
}

#[derive(Debug, Serialize)]
pub(super) struct OperationRow {
    pub(super) operation: &'static str,
    pub(super) note: &'static str,
    pub(super) cells: Vec<TableCell>,
}

/// One operation on one platform.
#[derive(Debug, Serialize)]
pub(super) struct TableCell {
    /// `pass`, `known`, `wrong` or `none`.
    pub(super) state: &'static str,
    pub(super) text: String,
    /// The known disagreements, by triage.
    pub(super) known: Vec<KnownThere>,
}

/// Entries of the ledger that one cell shows, all with the same triage.
#[derive(Debug, Serialize)]
pub(super) struct KnownThere {
    pub(super) triage: &'static str,
    pub(super) ids: BTreeSet<String>,
}

/// A kink, and autodiff's gradient there on each platform.
#[derive(Debug, Serialize)]
pub(super) struct ConventionRow {
    pub(super) operation: &'static str,
    pub(super) at: String,
    pub(super) allowed: String,
    pub(super) gradients: Vec<String>,
    pub(super) differ: bool,
}

/// The number of ledger entries with a triage, and how often a run found them.
#[derive(Debug, Serialize)]
pub(super) struct TriageCount {
    pub(super) title: &'static str,
    pub(super) entries: usize,
    pub(super) found: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct Known {
    pub(super) triage: &'static str,
    pub(super) places: String,
    /// The witnesses at the largest error of this run.
    pub(super) measured: Option<String>,
    pub(super) entry: LedgerEntry,
}

#[derive(Debug, Serialize)]
pub(super) struct Unlisted {
    pub(super) operation: &'static str,
    pub(super) place: String,
    pub(super) check: String,
    pub(super) kind: &'static str,
    pub(super) detail: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ExclusionRow {
    pub(super) reason: String,
    pub(super) methods: String,
    pub(super) count: usize,
}

pub(super) fn place(finding: &OperationFinding) -> String {
    format!("{} {}", finding.backend, finding.dtype)
}

fn at<'a>(outcome: &'a AuditOutcome, operation: &str, name: &str) -> Option<&'a OperationFinding> {
    let mut findings = outcome.findings.iter();
    findings.find(|finding| finding.operation == operation && place(finding) == name)
}

pub(super) fn families(
    operations: &[&Operation],
    places: &[String],
    outcome: &AuditOutcome,
) -> Vec<FamilyTable> {
    let mut tables: Vec<FamilyTable> = Vec::new();
    for operation in operations {
        let cell = |place: &String| TableCell::new(at(outcome, operation.name, place));
        let row = OperationRow {
            operation: operation.name,
            note: operation.note,
            cells: places.iter().map(cell).collect(),
        };
        let title = operation.family.title();
        match tables.iter_mut().find(|table| table.title == title) {
            Some(table) => table.rows.push(row),
            None => tables.push(FamilyTable {
                title,
                rows: vec![row],
            }),
        }
    }
    tables
}

impl TableCell {
    fn new(finding: Option<&OperationFinding>) -> Self {
        let of = |state, text| Self {
            state,
            text,
            known: Vec::new(),
        };
        let Some(finding) = finding else {
            return of("none", "not run".to_owned());
        };
        if let Some(disagreement) = finding.unlisted().next() {
            let kind = disagreement.kind.name();
            return of("wrong", format!("{kind} at {}", disagreement.check));
        }
        let error = match finding.worst {
            Some(error) if error > 0.0 => format!("{error:.0e}"),
            _ => String::new(),
        };
        let known = KnownThere::all(finding);
        if !known.is_empty() {
            let mut disagreements = finding.disagreements.iter();
            let is_measured = disagreements.any(|disagreement| disagreement.evidence.is_some());
            let text = if error.is_empty() {
                error
            } else if is_measured {
                format!("up to {error} at drawn points")
            } else {
                format!("elsewhere right, {error}")
            };
            let state = "known";
            return Self { state, text, known };
        }
        if error.is_empty() {
            of("pass", "right".to_owned())
        } else {
            of("pass", format!("right, {error}"))
        }
    }
}

impl KnownThere {
    fn all(finding: &OperationFinding) -> Vec<Self> {
        let of = |triage: Triage| {
            let disagreements = finding.disagreements.iter();
            let listed = disagreements.filter_map(|disagreement| disagreement.listed.as_ref());
            let listed = listed.filter(|(_, other)| *other == triage);
            Self {
                triage: triage.title(),
                ids: listed.map(|(id, _)| id.clone()).collect(),
            }
        };
        let all = Triage::ALL.map(of).into_iter();
        all.filter(|known| !known.ids.is_empty()).collect()
    }
}

pub(super) fn conventions(
    operations: &[&Operation],
    places: &[String],
    outcome: &AuditOutcome,
) -> Vec<ConventionRow> {
    let mut rows = Vec::new();
    for operation in operations {
        let found = places
            .iter()
            .filter_map(|place| at(outcome, operation.name, place));
        let mut points: Vec<(&str, &str)> = Vec::new();
        for convention in found.flat_map(|finding| &finding.conventions) {
            let point = (convention.at.as_str(), convention.allowed.as_str());
            if !points.contains(&point) {
                points.push(point);
            }
        }
        for (point, allowed) in points {
            let gradient = |place: &String| {
                let finding = at(outcome, operation.name, place)?;
                given(finding, point)
            };
            let gradients: Vec<Option<String>> = places.iter().map(gradient).collect();
            let kinds: BTreeSet<&String> = gradients.iter().flatten().collect();
            rows.push(ConventionRow {
                operation: operation.name,
                at: point.to_owned(),
                allowed: allowed.to_owned(),
                differ: kinds.len() > 1,
                gradients: gradients
                    .into_iter()
                    .map(|given| given.unwrap_or_else(|| "not checked".to_owned()))
                    .collect(),
            });
        }
    }
    rows
}

/// The gradient at a kink, or how it disagrees with all gradients that are right; none if the kink was
/// not checked.
fn given(finding: &OperationFinding, point: &str) -> Option<String> {
    let mut conventions = finding.conventions.iter();
    let found = conventions.find(|convention| convention.at == point);
    if let Some(found) = found {
        return Some(numbers(&found.gradient));
    }
    let mut disagreements = finding.disagreements.iter();
    let wrong = disagreements.find(|disagreement| disagreement.check == point)?;
    Some(wrong.kind.name().to_owned())
}

/// Seven digits, so that f32 and f64 look alike, and no sign of a zero.
fn numbers(gradient: &[f64]) -> String {
    let short = |&number: &f64| Short(number + 0.0).to_string();
    gradient.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// The disagreements that the ledger lists, each with its finding.
fn listed(
    outcome: &AuditOutcome,
) -> impl Iterator<Item = (&OperationFinding, &Disagreement, &str, Triage)> {
    let findings = outcome.findings.iter();
    let all =
        findings.flat_map(|finding| finding.disagreements.iter().map(move |it| (finding, it)));
    all.filter_map(|(finding, disagreement)| {
        let (id, triage) = disagreement.listed.as_ref()?;
        Some((finding, disagreement, id.as_str(), *triage))
    })
}

pub(super) fn triages(ledger: &Ledger, outcome: &AuditOutcome) -> Vec<TriageCount> {
    let count = |triage: Triage| TriageCount {
        title: triage.title(),
        entries: ledger
            .entries
            .iter()
            .filter(|entry| entry.triage == triage)
            .count(),
        found: listed(outcome)
            .filter(|(.., other)| *other == triage)
            .count(),
    };
    let triages = Triage::ALL.map(count).into_iter();
    triages.filter(|triage| triage.entries > 0).collect()
}

/// The largest error found for an entry.
fn measured(entry: &LedgerEntry, outcome: &AuditOutcome) -> Option<String> {
    let of_entry = listed(outcome).filter(|(_, _, id, _)| *id == entry.id);
    let with_evidence = of_entry.filter_map(|(finding, disagreement, ..)| {
        let evidence = disagreement.evidence?;
        Some((evidence.difference()?, finding, disagreement, evidence))
    });
    let (_, finding, disagreement, evidence) = with_evidence.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!(
        "{} on {}, {}: {evidence}",
        finding.operation,
        place(finding),
        disagreement.check
    ))
}

pub(super) fn known(ledger: &Ledger, outcome: &AuditOutcome) -> Vec<Known> {
    let known = |entry: &LedgerEntry| Known {
        triage: entry.triage.title(),
        measured: measured(entry, outcome),
        places: format!(
            "{} in {}{}",
            entry.backends.join(", "),
            entry.dtypes.join(" and "),
            if entry.software_only {
                ", software adapters"
            } else {
                ""
            }
        ),
        entry: entry.clone(),
    };
    ledger.entries.iter().map(known).collect()
}

pub(super) fn unlisted(outcome: &AuditOutcome) -> Vec<Unlisted> {
    let of = |finding: &OperationFinding| -> Vec<Unlisted> {
        let row = |disagreement: &Disagreement| Unlisted {
            operation: finding.operation,
            place: place(finding),
            check: disagreement.check.clone(),
            kind: disagreement.kind.name(),
            detail: disagreement.detail.clone(),
        };
        finding.unlisted().map(row).collect()
    };
    outcome.findings.iter().flat_map(of).collect()
}

pub(super) fn gone(outcome: &AuditOutcome) -> Vec<String> {
    let gone = outcome.gone.iter().map(ToString::to_string);
    let abandoned = outcome.abandoned.iter().map(ToString::to_string);
    gone.chain(abandoned).collect()
}

impl ExclusionRow {
    pub(super) fn new((reason, methods): &(Reason, &[&str])) -> Self {
        Self {
            reason: match reason {
                Reason::NotDifferentiable(why) => format!("no gradient: {why}"),
                Reason::Unreachable(why) => format!("out of reach: {why}"),
            },
            methods: methods.join(", "),
            count: methods.len(),
        }
    }
}
