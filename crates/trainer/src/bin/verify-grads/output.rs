//! Results to standard output, as a table or as JSON; progress to standard error.

use std::io::{self, Write};

use anyhow::Result;
use burn_gradcheck::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::cases::rule;
use crate::cli::Format;
use crate::events::{
    AlternativeEvent, BackendEvent, CheckEvent, MutantEvent, Mutated, Number, PytorchEvent,
    Summary, SummaryEvent,
};
use crate::run::{Backends, Place};

/// Reports shown in full below a table, at most.
const REPORTS: usize = 5;

/// Where results and progress go.
pub(crate) struct Output {
    format: Format,
    bar: ProgressBar,
    /// The row of the table that is being added to.
    row: Option<Row>,
    /// Reports of cases that did not pass, for the end of the place.
    failures: Vec<String>,
}

/// A rule at all its sizes, on one backend in one float type.
struct Row {
    rule: String,
    backend: String,
    dtype: String,
    checks: usize,
    elements: usize,
    errors: [Option<f64>; 3],
    passed: usize,
    verdict: &'static str,
}

impl Row {
    fn new(event: &CheckEvent) -> Self {
        Self {
            rule: rule(&event.case).to_owned(),
            backend: event.backend.clone(),
            dtype: event.dtype.clone(),
            checks: 0,
            elements: 0,
            errors: [None; 3],
            passed: 0,
            verdict: "pass",
        }
    }

    fn add(&mut self, event: &CheckEvent) {
        self.checks += 1;
        self.elements += event.elements;
        for (worst, error) in self.errors.iter_mut().zip(event.errors.all()) {
            let Some(Number(error)) = error else { continue };
            if worst.is_none_or(|worst| error.is_nan() || error > worst) {
                *worst = Some(error);
            }
        }
        match event.is_pass() {
            true => self.passed += 1,
            false => self.verdict = event.verdict,
        }
    }

    fn to_text(&self) -> String {
        let errors = self.errors.map(|error| match error {
            Some(error) => format!("{error:.1e}"),
            None => "-".to_owned(),
        });
        let verdict = match self.passed == self.checks {
            true => "pass".to_owned(),
            false => format!(
                "{} ({} of {})",
                self.verdict.to_uppercase(),
                self.checks - self.passed,
                self.checks
            ),
        };
        line(
            &self.rule,
            &self.backend,
            &self.dtype,
            &self.checks.to_string(),
            &self.elements.to_string(),
            [&errors[0], &errors[1], &errors[2]],
            &verdict,
        )
    }
}

/// One line of the table.
fn line(
    case: &str,
    backend: &str,
    dtype: &str,
    checks: &str,
    elements: &str,
    [manual_autodiff, manual_finite, autodiff_finite]: [&str; 3],
    verdict: &str,
) -> String {
    format!(
        "{case:<36} {backend:<8} {dtype:<5} {checks:>6} {elements:>8}  {manual_autodiff:>8}  \
         {manual_finite:>8}  {autodiff_finite:>8}  {verdict}"
    )
}

impl Output {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            bar: ProgressBar::hidden(),
            row: None,
            failures: Vec::new(),
        }
    }

    /// Writes a line of results, above the bar.
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        self.bar
            .suspend(|| writeln!(io::stdout().lock(), "{text}"))?;
        Ok(())
    }

    /// Writes an event.
    pub(crate) fn json(&self, event: &impl Serialize) -> Result<()> {
        self.say(&serde_json::to_string(event)?)
    }

    /// What runs where, and what does not run.
    pub(crate) fn backends(&self, backends: &Backends) -> Result<()> {
        for (backend, opened) in &backends.opened {
            match self.format {
                Format::Text => self.say(&format!("{backend:<8} {}", opened.description()))?,
                Format::Json => self.json(&BackendEvent {
                    backend: backend.name().to_owned(),
                    available: true,
                    device: Some(opened.description()),
                    reason: None,
                })?,
            }
        }
        for (backend, error) in &backends.missing {
            match self.format {
                Format::Text => self.say(&format!("{backend:<8} not run: {error}"))?,
                Format::Json => self.json(&BackendEvent {
                    backend: backend.name().to_owned(),
                    available: false,
                    device: None,
                    reason: Some(error.to_string()),
                })?,
            }
        }
        Ok(())
    }

    /// Announces the number of checks; the bar shows only at a terminal.
    pub(crate) fn begin(&mut self, checks: usize) {
        let style = ProgressStyle::with_template("{pos}/{len} checks {wide_bar} {msg}");
        self.bar = ProgressBar::with_draw_target(Some(checks as u64), ProgressDrawTarget::stderr())
            .with_style(style.expect("the template is well formed"));
    }

    /// Counts a check that has no event of its own kind here.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    pub(crate) fn end(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    /// Begins the table of a backend in a float type.
    pub(crate) fn place(&self, place: &Place) -> Result<()> {
        let Format::Text = self.format else {
            return Ok(());
        };
        self.bar
            .set_message(format!("{} {}", place.backend, place.target.dtype.name()));
        self.say("")?;
        let pairs = ["man-auto", "man-fin", "auto-fin"];
        self.say(&line(
            "case", "backend", "dtype", "checks", "elements", pairs, "verdict",
        ))
    }

    pub(crate) fn check(&mut self, event: CheckEvent) -> Result<()> {
        self.bar.inc(1);
        if self.format == Format::Json {
            return self.json(&event);
        }
        let is_same = |row: &Row| row.rule == rule(&event.case);
        if !self.row.as_ref().is_some_and(is_same) {
            self.end_row()?;
        }
        self.row.get_or_insert_with(|| Row::new(&event)).add(&event);
        if !event.is_pass() {
            self.failures.push(event.report.to_string());
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        match self.row.take() {
            Some(row) => self.say(&row.to_text()),
            None => Ok(()),
        }
    }

    pub(crate) fn pytorch(&mut self, event: PytorchEvent) -> Result<()> {
        if self.format == Format::Json {
            return self.json(&event);
        }
        self.end_row()?;
        let error = format!("{:.1e}", event.manual_pytorch.0);
        let verdict = match event.is_pass() {
            true => format!("pass (PyTorch {})", event.pytorch),
            false => {
                let (version, worst) = (&event.pytorch, &event.worst);
                format!("MISMATCH in {worst} (PyTorch {version})")
            }
        };
        let elements = event.elements.to_string();
        let errors = [error.as_str(), "-", "-"];
        self.say(&line(
            &event.case,
            &event.backend,
            &event.dtype,
            "1",
            &elements,
            errors,
            &verdict,
        ))
    }

    /// Ends the table, with the reports of what did not pass below it.
    pub(crate) fn end_of_place(&mut self) -> Result<()> {
        self.end_row()?;
        let failures = std::mem::take(&mut self.failures);
        for failure in failures.iter().take(REPORTS) {
            self.say(&format!("\n{failure}"))?;
        }
        match failures.len().saturating_sub(REPORTS) {
            0 => Ok(()),
            more => self.say(&format!(
                "\n... and {more} more, shown with --case or in JSON"
            )),
        }
    }

    /// Begins the trial.
    pub(crate) fn trial(&self, place: &Place) -> Result<()> {
        match self.format {
            Format::Text => {
                let dtype = place.target.dtype.name();
                self.say(&format!(
                    "\nThe judge on trial, on {} in {dtype}",
                    place.backend
                ))
            }
            Format::Json => Ok(()),
        }
    }

    pub(crate) fn mutant(&self, event: &MutantEvent) -> Result<()> {
        if self.format == Format::Json {
            return self.json(event);
        }
        let verdict = match event.caught {
            true => format!("caught by {}", event.by.join(", ")),
            false => "NOT CAUGHT".to_owned(),
        };
        let kind = match event.mutated {
            Mutated::Manual => "formula ",
            Mutated::Autodiff => "autodiff",
        };
        self.say(&format!(
            "{kind} {:<46} {verdict}\n         {}",
            event.mutant, event.mistake
        ))
    }

    pub(crate) fn alternative(
        &self,
        event: &AlternativeEvent,
        report: Option<&Report>,
    ) -> Result<()> {
        if self.format == Format::Json {
            return self.json(event);
        }
        let verdict = match report {
            Some(report) => format!("FALSE ALARM\n{report}"),
            None => "passes, as it must".to_owned(),
        };
        self.say(&format!(
            "right    {:<46} {verdict}\n         {}",
            event.alternative, event.formula
        ))
    }

    pub(crate) fn summary(&self, summary: &Summary) -> Result<()> {
        if self.format == Format::Json {
            return self.json(&SummaryEvent::new(summary));
        }
        self.say("")?;
        for (dtype, tally) in &summary.by_dtype {
            let median = tally
                .median()
                .map_or("-".to_owned(), |median| format!("{median:.1e}"));
            self.say(&format!(
                "{dtype}: hand-derived and autodiff at most {:.1e} apart, finite differences at \
                 most {:.1e} (median {median}) from either",
                tally.pair, tally.finite
            ))?;
        }
        if let Some(trial) = summary.trial {
            self.say(&format!(
                "caught {} of {} wrong gradients, {} false alarms in {} right ones",
                trial.caught, trial.mutants, trial.false_alarms, trial.alternatives
            ))?;
        }
        let verdict = match summary.is_good() {
            true => "all agree",
            false => "NOT ALL AGREE",
        };
        self.say(&format!(
            "{verdict}: {} checks of {} elements, {} passed, {} failed",
            summary.cases, summary.elements, summary.passed, summary.failed
        ))
    }
}
