//! `--suite burn`: Burn's own operations, held to the table and the ledger of `burn-suite`.

use std::fs;
use std::panic;
use std::path::Path;

use anyhow::{Context, Result, bail};
use backends::Hardware;
use burn_suite::{Coverage, Finding, Gone, Ledger, Operation, Outcome, Selection, coverage};
use serde::Serialize;

use crate::cli::{Cli, Format};
use crate::events::Number;
use crate::output::Output;
use crate::run::{Backends, Place};

/// Reports of disagreements shown in full at the end, at most.
const REPORTS: usize = 10;
/// Names of the page's files, without extension.
const PAGE: &str = "gradients-of-burn";

/// Runs the table on every backend, writes the page if it is asked for, and says whether all
/// disagreements are known ones.
pub(crate) fn run(cli: &Cli, backends: &Backends, output: &mut Output) -> Result<bool> {
    let operations = burn_suite::operations();
    let ledger = Ledger::bundled(&operations)?;
    let selection = Selection {
        pattern: cli.pattern.clone(),
        seed: cli.seed,
    };
    let selected = operations
        .iter()
        .filter(|operation| selection.has(operation))
        .count();
    if selected == 0 {
        let pattern = cli.pattern.as_deref().unwrap_or_default();
        bail!("no operation has '{pattern}' in its name; run without `--case` to see the names");
    }
    let places: Vec<_> = backends
        .places()
        .iter()
        .map(|place| suite_place(place, backends))
        .collect();
    output.begin(places.len() * selected);
    begin_table(cli.format, output)?;
    // Panics are findings; each would otherwise also write a line among the results.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = burn_suite::run(&operations, &ledger, &places, &selection, |finding| {
        output.step();
        show(finding, cli.format, output)
    });
    panic::set_hook(hook);
    let outcome = outcome?;
    output.end();
    if let Some(folder) = &cli.page {
        write_page(folder, &operations, &ledger, &outcome)?;
    }
    conclude(&outcome, cli.format, output)?;
    Ok(outcome.is_good())
}

fn suite_place(place: &Place, backends: &Backends) -> burn_suite::Place {
    let mut opened = backends.opened.iter();
    let hardware = opened
        .find(|(backend, _)| *backend == place.backend)
        .map(|(_, opened)| opened.hardware);
    burn_suite::Place {
        backend: place.backend.name().to_owned(),
        target: place.target.clone(),
        by_shader: hardware != Some(Hardware::Processor),
        is_software: hardware == Some(Hardware::SoftwareGraphics),
    }
}

fn write_page(
    folder: &Path,
    operations: &[Operation],
    ledger: &Ledger,
    outcome: &Outcome,
) -> Result<()> {
    let page = burn_suite::Page::new(operations, ledger, outcome);
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (extension, text) in [("md", page.markdown()?), ("html", page.html()?)] {
        let file = folder.join(PAGE).with_extension(extension);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// One operation at one place.
#[derive(Serialize)]
#[serde(tag = "event", rename = "operation")]
struct OperationEvent<'a> {
    operation: &'a str,
    family: &'a str,
    backend: &'a str,
    dtype: &'a str,
    checks: usize,
    elements: usize,
    worst_relative_error: Option<Number>,
    median_relative_error: Option<Number>,
    finite_differences_error: Option<Number>,
    verdict: &'static str,
    disagreements: Vec<DisagreementEvent<'a>>,
    conventions: Vec<ConventionEvent<'a>>,
}

#[derive(Serialize)]
struct DisagreementEvent<'a> {
    check: &'a str,
    kind: &'static str,
    /// The ledger's entry.
    known: Option<&'a str>,
    triage: Option<&'static str>,
    detail: &'a str,
}

#[derive(Serialize)]
struct ConventionEvent<'a> {
    at: &'a str,
    gradient: Vec<Number>,
    allowed: &'a str,
}

impl<'a> OperationEvent<'a> {
    fn new(finding: &'a Finding) -> Self {
        let disagreements = finding.disagreements.iter();
        let conventions = finding.conventions.iter();
        Self {
            operation: finding.operation,
            family: finding.family.title(),
            backend: &finding.backend,
            dtype: finding.dtype,
            checks: finding.checks,
            elements: finding.elements,
            worst_relative_error: finding.worst.map(Number),
            median_relative_error: finding.median.map(Number),
            finite_differences_error: finding.finite_error.map(Number),
            verdict: verdict(finding),
            disagreements: disagreements
                .map(|disagreement| DisagreementEvent {
                    check: &disagreement.check,
                    kind: disagreement.kind.name(),
                    known: disagreement.listed.as_ref().map(|(id, _)| id.as_str()),
                    triage: disagreement
                        .listed
                        .as_ref()
                        .map(|(_, triage)| triage.title()),
                    detail: &disagreement.detail,
                })
                .collect(),
            conventions: conventions
                .map(|convention| ConventionEvent {
                    at: &convention.at,
                    gradient: convention.gradient.iter().copied().map(Number).collect(),
                    allowed: &convention.allowed,
                })
                .collect(),
        }
    }
}

/// An entry of the ledger that is no longer true.
#[derive(Serialize)]
#[serde(tag = "event", rename = "gone")]
struct GoneEvent<'a> {
    entry: &'a str,
    backend: &'a str,
    dtype: &'a str,
    at: &'a str,
    remedy: String,
}

impl<'a> GoneEvent<'a> {
    fn new(gone: &'a Gone) -> Self {
        Self {
            entry: &gone.entry,
            backend: &gone.backend,
            dtype: gone.dtype,
            at: &gone.at,
            remedy: gone.to_string(),
        }
    }
}

/// A place that was left because its device stopped working.
#[derive(Serialize)]
#[serde(tag = "event", rename = "abandoned")]
struct AbandonedEvent<'a> {
    place: &'a str,
    operation: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "summary")]
struct SuiteSummary {
    burn: &'static str,
    operations: usize,
    checks: usize,
    elements: usize,
    right: usize,
    known: usize,
    unknown: usize,
    gone: usize,
    abandoned: usize,
    methods: Coverage,
}

impl SuiteSummary {
    fn new(outcome: &Outcome) -> Self {
        let count = |wanted| {
            let findings = outcome.findings.iter();
            findings
                .filter(|finding| verdict(finding) == wanted)
                .count()
        };
        Self {
            burn: burn_suite::BURN_VERSION,
            operations: outcome.findings.len(),
            checks: outcome.checks(),
            elements: outcome.elements(),
            right: count("right"),
            known: count("known"),
            unknown: count("disagrees"),
            gone: outcome.gone.len(),
            abandoned: outcome.abandoned.len(),
            methods: coverage(&burn_suite::operations()),
        }
    }
}

fn verdict(finding: &Finding) -> &'static str {
    if finding.unlisted().next().is_some() {
        "disagrees"
    } else if finding.is_pass() {
        "right"
    } else {
        "known"
    }
}

/// One line of the table.
fn line(cells: [&str; 7], verdict: &str) -> String {
    let [operation, backend, dtype, checks, elements, worst, finite] = cells;
    format!(
        "{operation:<46} {backend:<8} {dtype:<5} {checks:>6} {elements:>8}  {worst:>8}  \
         {finite:>8}  {verdict}"
    )
}

fn begin_table(format: Format, output: &Output) -> Result<()> {
    match format {
        Format::Text => {
            let cells = [
                "operation",
                "backend",
                "dtype",
                "checks",
                "elements",
                "error",
                "fin-err",
            ];
            output.say(&format!("\n{}", line(cells, "verdict")))
        }
        Format::Json => Ok(()),
    }
}

fn show(finding: &Finding, format: Format, output: &Output) -> Result<()> {
    if format == Format::Json {
        return output.json(&OperationEvent::new(finding));
    }
    let number = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.1e}"));
    let listed = finding.disagreements.iter();
    let mut ids: Vec<&str> = listed
        .filter_map(|disagreement| disagreement.listed.as_ref())
        .map(|(id, _)| id.as_str())
        .collect();
    ids.dedup();
    let verdict = match verdict(finding) {
        "disagrees" => format!(
            "DISAGREES ({} of {})",
            finding.unlisted().count(),
            finding.checks
        ),
        "known" => format!("known: {}", ids.join(", ")),
        right => right.to_owned(),
    };
    let cells = [
        finding.operation,
        &finding.backend,
        finding.dtype,
        &finding.checks.to_string(),
        &finding.elements.to_string(),
        &number(finding.worst),
        &number(finding.finite_error),
    ];
    output.say(&line(cells, &verdict))
}

/// What disagrees, in full; what has gone; the summary.
fn conclude(outcome: &Outcome, format: Format, output: &Output) -> Result<()> {
    let summary = SuiteSummary::new(outcome);
    if format == Format::Json {
        for gone in &outcome.gone {
            output.json(&GoneEvent::new(gone))?;
        }
        for (place, operation) in &outcome.abandoned {
            output.json(&AbandonedEvent { place, operation })?;
        }
        return output.json(&summary);
    }
    let unlisted: Vec<_> = outcome
        .findings
        .iter()
        .flat_map(|finding| finding.unlisted().map(move |it| (finding, it)))
        .collect();
    for (finding, disagreement) in unlisted.iter().take(REPORTS) {
        output.say(&format!(
            "\n{} on {} in {}, {}: {}\n{}",
            finding.operation,
            finding.backend,
            finding.dtype,
            disagreement.check,
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
    for (place, operation) in &outcome.abandoned {
        output.say(&format!(
            "\n{place}: the device stopped working at {operation}; the rest was not run"
        ))?;
    }
    let verdict = match outcome.is_good() {
        true => "all right or known",
        false => "NOT ALL RIGHT OR KNOWN",
    };
    let SuiteSummary {
        checks,
        elements,
        right,
        known,
        unknown,
        gone,
        methods,
        ..
    } = summary;
    output.say(&format!(
        "\n{verdict}: {checks} checks of {elements} elements; operations and places: {right} \
         right, {known} with known disagreements, {unknown} with unknown ones, {gone} gone\n\
         burn-autodiff {}: {} methods exercised, {} not yet, {} without a gradient",
        burn_suite::BURN_VERSION,
        methods.covered,
        methods.not_yet,
        methods.not_differentiable
    ))
}
