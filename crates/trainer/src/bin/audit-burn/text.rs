//! The results as text.

use anyhow::Result;
use burn_suite::AuditOutcome;

use crate::events::{OperationEvent, OperationVerdict, SuiteSummary};
use crate::output::ResultWriter;

/// The largest number of disagreements shown in full at the end.
const REPORTS: usize = 10;

/// The table's head.
pub(crate) fn head() -> String {
    let cells = [
        "operation",
        "backend",
        "dtype",
        "checks",
        "elements",
        "error",
        "fin-err",
    ];
    format!("\n{}", line(cells, "verdict"))
}

fn line(cells: [&str; 7], verdict: &str) -> String {
    let [operation, backend, dtype, checks, elements, worst, finite] = cells;
    format!(
        "{operation:<46} {backend:<8} {dtype:<5} {checks:>6} {elements:>8}  {worst:>8}  \
         {finite:>8}  {verdict}"
    )
}

/// A line of the table.
pub(crate) fn row(event: &OperationEvent) -> String {
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.1e}"));
    let verdict = match event.verdict {
        OperationVerdict::Right => "right".to_owned(),
        OperationVerdict::Known => {
            let disagreements = event.disagreements.iter();
            let mut ids: Vec<&str> = disagreements
                .filter_map(|disagreement| disagreement.known.as_deref())
                .collect();
            ids.dedup();
            format!("known: {}", ids.join(", "))
        }
        OperationVerdict::Disagrees => {
            let disagreements = event.disagreements.iter();
            let unknown = disagreements.filter(|disagreement| disagreement.known.is_none());
            format!("DISAGREES ({} of {})", unknown.count(), event.checks)
        }
    };
    let cells = [
        &event.operation,
        &event.backend,
        &event.dtype,
        &event.checks.to_string(),
        &event.elements.to_string(),
        &number(event.worst_relative_error),
        &number(event.finite_differences_error),
    ];
    line(cells.map(String::as_str), &verdict)
}

/// The seeds of a disagreement, after its check.
fn at(seeds: &[u64]) -> String {
    let each = seeds.iter().map(|seed| format!(", seed {seed}"));
    each.collect()
}

/// The unlisted disagreements in full, the entries that no longer occur, and the summary.
pub(crate) fn conclude(
    outcome: &AuditOutcome,
    summary: &SuiteSummary,
    output: &ResultWriter,
) -> Result<()> {
    let unlisted: Vec<_> = outcome
        .findings
        .iter()
        .flat_map(|finding| finding.unlisted().map(move |it| (finding, it)))
        .collect();
    for (finding, disagreement) in unlisted.iter().take(REPORTS) {
        output.say(&format!(
            "\n{} on {} in {}, {}{}: {}\n{}",
            finding.operation,
            finding.backend,
            finding.dtype,
            disagreement.check,
            at(&disagreement.seeds),
            disagreement.kind.name(),
            disagreement.detail
        ))?;
    }
    if let more @ 1.. = unlisted.len().saturating_sub(REPORTS) {
        output.say(&format!(
            "\n... and {more} more, shown with --case or in JSON"
        ))?;
    }
    for gone in &outcome.gone {
        output.say(&format!("\n{gone}"))?;
    }
    for abandoned in &outcome.abandoned {
        output.say(&format!("\n{abandoned}"))?;
    }
    let verdict = if summary.is_good() {
        "all right or known"
    } else {
        "NOT ALL RIGHT OR KNOWN"
    };
    let SuiteSummary {
        burn,
        checks,
        elements,
        right,
        known,
        unknown,
        gone,
        abandoned,
        methods,
        ..
    } = summary;
    output.say(&format!(
        "\n{verdict}: {checks} checks of {elements} elements; operations on all backends: {right} \
         right, {known} with known disagreements, {unknown} with unknown ones; {gone} gone, \
         {abandoned} aborted\n\
         burn-autodiff {burn}: {} methods exercised, {} not reachable, {} without a gradient",
        methods.covered, methods.unreachable, methods.not_differentiable
    ))
}
