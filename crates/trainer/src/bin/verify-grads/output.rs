//! Results to standard output, as a table or as JSON; progress to standard error.

use std::io::{self, Write};
use std::ops::Range;

use anyhow::Result;
use burn_gradcheck::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use programs::Format;
use programs::setup::{Backends, Setup};
use serde::Serialize;

use crate::cases::rule;
use crate::events::{
    AlternativeEvent, CheckEvent, MutantEvent, Mutated, PytorchEvent, RightEvent, RightScore,
    RightSummaryEvent, Summary, SummaryEvent, all,
};

/// The largest number of reports shown in full below a table.
const REPORTS: usize = 5;

/// Writes results and progress.
pub(crate) struct Output {
    format: Format,
    bar: ProgressBar,
    /// The current row of the table.
    row: Option<Row>,
    /// Reports of cases that did not pass, for the end of the table.
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
        for (worst, error) in self.errors.iter_mut().zip(all(&event.errors)) {
            let Some(error) = error else { continue };
            if worst.is_none_or(|worst| error.is_nan() || error > worst) {
                *worst = Some(error);
            }
        }
        if event.is_pass() {
            self.passed += 1;
        } else {
            self.verdict = event.verdict;
        }
    }

    fn to_text(&self) -> String {
        let errors = self.errors.map(|error| match error {
            Some(error) => format!("{error:.1e}"),
            None => "-".to_owned(),
        });
        let verdict = if self.passed == self.checks {
            "pass".to_owned()
        } else {
            let failed = self.checks - self.passed;
            format!(
                "{} ({failed} of {})",
                self.verdict.to_uppercase(),
                self.checks
            )
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
    fn say(&self, text: &str) -> Result<()> {
        self.bar
            .suspend(|| writeln!(io::stdout().lock(), "{text}"))?;
        Ok(())
    }

    /// Writes an event.
    fn json(&self, event: &impl Serialize) -> Result<()> {
        self.say(&serde_json::to_string(event)?)
    }

    /// The backends that run, and those that do not.
    pub(crate) fn backends(&self, backends: &Backends) -> Result<()> {
        for event in backends.events() {
            match self.format {
                Format::Text => self.say(&event.to_string())?,
                Format::Json => self.json(&event)?,
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

    pub(crate) fn end(&mut self) {
        self.bar.finish_and_clear();
        self.bar = ProgressBar::hidden();
    }

    /// Begins the table of a backend in a float type.
    pub(crate) fn begin_table(&self, setup: &Setup) -> Result<()> {
        let Format::Text = self.format else {
            return Ok(());
        };
        self.bar
            .set_message(format!("{} {}", setup.backend, setup.target.dtype.name()));
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
        let error = format!("{:.1e}", event.manual_pytorch);
        let version = &event.pytorch;
        let verdict = if event.is_pass() {
            format!("pass (PyTorch {version})")
        } else {
            format!("MISMATCH in {} (PyTorch {version})", event.worst)
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

    /// Ends the table, with the reports of failed checks below it.
    pub(crate) fn end_table(&mut self) -> Result<()> {
        self.end_row()?;
        let failures = std::mem::take(&mut self.failures);
        for failure in failures.iter().take(REPORTS) {
            self.say(&format!("\n{failure}"))?;
        }
        match failures.len().saturating_sub(REPORTS) {
            0 => Ok(()),
            more => self.say(&format!(
                "\n... and {more} more; see them with --case or --format json"
            )),
        }
    }

    /// Begins the list of mutants.
    pub(crate) fn begin_mutants(&self, places: &[String]) -> Result<()> {
        match self.format {
            Format::Text => self.say(&format!("\nTesting the checker, on {}", places.join(", "))),
            Format::Json => Ok(()),
        }
    }

    pub(crate) fn mutant(&self, event: &MutantEvent) -> Result<()> {
        if self.format == Format::Json {
            return self.json(event);
        }
        let verdict = match (event.caught, event.verdict) {
            (true, Some("mismatch")) => format!("caught by {}", event.by.join(", ")),
            (true, Some(verdict)) => format!("caught as {verdict}"),
            _ => "NOT CAUGHT".to_owned(),
        };
        let kind = match event.mutated {
            Mutated::Manual => "formula ",
            Mutated::Autodiff => "autodiff",
            Mutated::Case => "case    ",
        };
        self.say(&format!(
            "{kind} {:<46} {verdict}\n         {}",
            event.mutant, event.mistake
        ))?;
        for missed in &event.missed {
            self.say(&format!("         {missed}"))?;
        }
        Ok(())
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
            None => "passes".to_owned(),
        };
        self.say(&format!(
            "right    {:<46} {verdict}\n         {}",
            event.alternative, event.formula
        ))
    }

    /// Begins the list of right functions.
    pub(crate) fn begin_right(&self, seeds: &Range<u64>) -> Result<()> {
        if self.format == Format::Json {
            return Ok(());
        }
        let Range { start, end } = seeds;
        self.say(&format!(
            "\n{:<44} {:>6} {:>9} {:>6}  seeds {start} to {}",
            "right function",
            "passed",
            "unchecked",
            "alarms",
            end - 1
        ))
    }

    pub(crate) fn right(&self, event: &RightEvent) -> Result<()> {
        self.bar.inc(1);
        if self.format == Format::Json {
            return self.json(event);
        }
        let RightEvent {
            function, about, ..
        } = event;
        self.say(&format!(
            "{function:<44} {:>6} {:>9} {:>6}  {about}",
            event.passed, event.unchecked, event.alarms
        ))?;
        for (reason, count) in &event.reasons {
            self.say(&format!("    unchecked, {count} times: {reason}"))?;
        }
        for verdict in event.verdicts.iter().take(REPORTS) {
            self.say(&format!("    ALARM on {verdict}"))?;
        }
        match &event.report {
            Some(report) => self.say(&report.to_string()),
            None => Ok(()),
        }
    }

    /// The end of a run that checked right functions only.
    pub(crate) fn right_summary(&self, score: &RightScore) -> Result<()> {
        match self.format {
            Format::Json => self.json(&RightSummaryEvent { score: *score }),
            Format::Text => self.right_score(score),
        }
    }

    fn right_score(&self, score: &RightScore) -> Result<()> {
        let checks = score.passed + score.unchecked + score.alarms;
        self.say(&format!(
            "{} right functions, {checks} checks: {} passed, {} unchecked, {} false alarms",
            score.functions, score.passed, score.unchecked, score.alarms
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
                "{dtype}: gradients by hand and by autodiff differ by at most {:.1e}, either and \
                 finite differences by at most {:.1e} (median {median})",
                tally.pair, tally.finite
            ))?;
        }
        if let Some(score) = summary.mutation {
            self.say(&format!(
                "caught {} of {} wrong gradients, {} false alarms in {} correct ones",
                score.caught, score.mutants, score.false_alarms, score.alternatives
            ))?;
        }
        if let Some(score) = &summary.right {
            self.right_score(score)?;
        }
        let verdict = if summary.all_agree() {
            "all agree"
        } else {
            "NOT ALL AGREE"
        };
        self.say(&format!(
            "{verdict}: {} checks of {} elements, {} passed, {} failed",
            summary.cases, summary.elements, summary.passed, summary.failed
        ))
    }
}
