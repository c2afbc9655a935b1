//! The results as events, one per line in JSON.

use std::collections::BTreeMap;

use burn_gradcheck::{Pairs, Report, Tolerance, Verdict, Witness};
use gradient_trials::pytorch::Comparison;
use gradient_trials::right::{self, RightFunction};
use programs::setup::Setup;
use serde::Serialize;
use training::number::json;

/// The pairs of witnesses that differ by more than the tolerance at the element behind the verdict.
fn pairs_apart(report: &Report) -> Vec<&'static str> {
    let (Some(element), Some(tolerance)) = (&report.worst_element, &report.tolerance) else {
        return Vec::new();
    };
    let Tolerance { pair, finite, .. } = *tolerance;
    let Pairs {
        manual_autodiff,
        manual_finite,
        autodiff_finite,
    } = element.relative;
    let pairs = [
        ("manual_autodiff", manual_autodiff, pair),
        ("manual_finite", manual_finite, finite),
        ("autodiff_finite", autodiff_finite, finite),
    ];
    let apart = |&(_, error, limit): &(_, Option<f64>, f64)| {
        let is_within = error.is_none_or(|error| error <= limit);
        !is_within
    };
    pairs
        .into_iter()
        .filter(apart)
        .map(|(name, ..)| name)
        .collect()
}

/// One case on one backend in one float type.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "case")]
pub(crate) struct CheckEvent {
    pub(crate) case: String,
    pub(crate) backend: String,
    pub(crate) device: String,
    pub(crate) dtype: String,
    pub(crate) shape: BTreeMap<String, Vec<usize>>,
    pub(crate) seed: u64,
    /// Number of the drawn point.
    pub(crate) draw: u32,
    /// Elements for which the witnesses were compared.
    pub(crate) elements: usize,
    /// The largest error of each pair of witnesses.
    pub(crate) errors: Pairs,
    /// Median error between the gradient by hand and finite differences.
    #[serde(with = "json::optional")]
    pub(crate) median_manual_finite: Option<f64>,
    pub(crate) verdict: &'static str,
    pub(crate) odd: Option<Witness>,
    #[serde(skip)]
    pub(crate) report: Report,
}

impl CheckEvent {
    pub(crate) fn new(setup: &Setup, report: Report) -> Self {
        let shapes = report.inputs.iter();
        Self {
            case: report.case.clone(),
            backend: setup.backend.name().to_owned(),
            device: setup.description.clone(),
            dtype: report.dtype.clone(),
            shape: shapes
                .map(|input| (input.name.clone(), input.shape.clone()))
                .collect(),
            seed: report.seed,
            draw: report.draw,
            elements: report.checked,
            errors: report.worst,
            median_manual_finite: report.median.manual_finite,
            verdict: report.verdict.name(),
            odd: report.verdict.odd(),
            report,
        }
    }

    pub(crate) fn is_pass(&self) -> bool {
        self.report.is_pass()
    }
}

/// The formulas of one net, compared with PyTorch's numbers.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "pytorch")]
pub(crate) struct PytorchEvent {
    pub(crate) case: String,
    pub(crate) pytorch: String,
    pub(crate) backend: String,
    pub(crate) device: String,
    pub(crate) dtype: String,
    pub(crate) elements: usize,
    #[serde(with = "json")]
    pub(crate) manual_pytorch: f64,
    pub(crate) worst: String,
    #[serde(with = "json")]
    pub(crate) tolerance: f64,
    pub(crate) verdict: &'static str,
}

impl PytorchEvent {
    pub(crate) fn new(name: &str, pytorch: &str, setup: &Setup, comparison: &Comparison) -> Self {
        Self {
            case: name.to_owned(),
            pytorch: pytorch.to_owned(),
            backend: setup.backend.name().to_owned(),
            device: setup.description.clone(),
            dtype: setup.target.dtype.name().to_owned(),
            elements: comparison.elements,
            manual_pytorch: comparison.error,
            worst: comparison.worst.clone(),
            tolerance: comparison.tolerance,
            verdict: if comparison.is_pass() {
                "pass"
            } else {
                "mismatch"
            },
        }
    }

    pub(crate) fn is_pass(&self) -> bool {
        self.verdict == "pass"
    }
}

/// What a mutation changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mutated {
    /// The gradient by hand.
    Manual,
    /// The backward pass of a custom operation.
    Autodiff,
    /// The function, its gradient or the case, in another way.
    Case,
}

/// A mistake, and whether the checker named it on every backend and in every float type.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "mutant")]
pub(crate) struct MutantEvent {
    pub(crate) mutant: String,
    pub(crate) mistake: &'static str,
    pub(crate) mutated: Mutated,
    pub(crate) checks: usize,
    pub(crate) caught: bool,
    /// The pairs of witnesses that differ by more than their tolerance in the first check that named it.
    pub(crate) by: Vec<&'static str>,
    /// The verdict of that check.
    pub(crate) verdict: Option<&'static str>,
    pub(crate) odd: Option<Witness>,
    /// The case that caught it.
    pub(crate) case: Option<String>,
    /// Backend, float type and verdict of each check that did not name it.
    pub(crate) missed: Vec<String>,
}

impl MutantEvent {
    /// A mistake that is not checked yet.
    pub(crate) fn new(mutant: &str, mistake: &'static str, mutated: Mutated) -> Self {
        Self {
            mutant: mutant.to_owned(),
            mistake,
            mutated,
            checks: 0,
            caught: false,
            by: Vec::new(),
            verdict: None,
            odd: None,
            case: None,
            missed: Vec::new(),
        }
    }

    /// Adds a check: its report, whether that names the mistake, and where it ran.
    pub(crate) fn count(&mut self, report: Option<&Report>, is_named: bool, place: &str) {
        self.checks += 1;
        match report {
            Some(report) if is_named => {
                if self.case.is_none() {
                    self.by = pairs_apart(report);
                    self.verdict = Some(report.verdict.name());
                    self.odd = report.verdict.odd();
                    self.case = Some(report.case.clone());
                }
            }
            Some(report) => self.missed.push(format!("{place}: {}", report.verdict)),
            None => self.missed.push(format!("{place}: no case fails")),
        }
        self.caught = self.missed.is_empty();
    }
}

/// A correct formula that is written differently, and whether the checker flagged it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "alternative")]
pub(crate) struct AlternativeEvent {
    pub(crate) alternative: &'static str,
    pub(crate) formula: &'static str,
    pub(crate) false_alarm: bool,
}

/// The checks of one right function on all backends, in all float types, with all seeds.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "right")]
pub(crate) struct RightEvent {
    pub(crate) function: String,
    pub(crate) about: &'static str,
    pub(crate) passed: usize,
    pub(crate) unchecked: usize,
    pub(crate) alarms: usize,
    /// The reasons of the checks that decided nothing, and how often each occurred.
    pub(crate) reasons: BTreeMap<String, usize>,
    /// The verdicts that found a fault, with the call that repeats each.
    pub(crate) verdicts: Vec<String>,
    /// The first report of an alarm.
    #[serde(skip)]
    pub(crate) report: Option<Report>,
}

/// The checks of all right functions.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct RightScore {
    pub(crate) functions: usize,
    pub(crate) passed: usize,
    pub(crate) unchecked: usize,
    pub(crate) alarms: usize,
}

/// The end of a run that checked right functions only.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "summary")]
pub(crate) struct RightSummaryEvent {
    #[serde(flatten)]
    pub(crate) score: RightScore,
}

impl RightEvent {
    pub(crate) fn new(function: &RightFunction, tally: right::Tally) -> Self {
        let mut reasons = BTreeMap::new();
        for report in &tally.unchecked {
            if let Verdict::Unchecked { reason } = &report.verdict {
                *reasons.entry(reason.clone()).or_default() += 1;
            }
        }
        let verdict = |report: &Report| {
            let Report {
                device,
                dtype,
                seed,
                ..
            } = report;
            format!("{device} {dtype} seed {seed}: {}", report.verdict)
        };
        Self {
            function: function.name().to_owned(),
            about: function.about,
            passed: tally.passed,
            unchecked: tally.unchecked.len(),
            alarms: tally.alarms.len(),
            reasons,
            verdicts: tally.alarms.iter().map(verdict).collect(),
            report: tally.alarms.into_iter().next(),
        }
    }
}

impl RightScore {
    pub(crate) fn count(&mut self, event: &RightEvent) {
        self.functions += 1;
        self.passed += event.passed;
        self.unchecked += event.unchecked;
        self.alarms += event.alarms;
    }
}

/// The end of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    pub(crate) cases: usize,
    pub(crate) elements: usize,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) worst: Option<f64>,
    /// The errors by float type.
    pub(crate) by_dtype: BTreeMap<String, Tally>,
    pub(crate) mutation: Option<MutationScore>,
    pub(crate) right: Option<RightScore>,
}

/// The errors in one float type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Largest error between the two gradients.
    pub(crate) pair: f64,
    /// Largest error between either of them and finite differences.
    pub(crate) finite: f64,
    medians: Vec<f64>,
}

impl Tally {
    /// The median over the cases of their median error between gradient and finite differences.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut medians = self.medians.clone();
        medians.sort_by(f64::total_cmp);
        medians.get(medians.len() / 2).copied()
    }
}

/// The result of testing the checker.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MutationScore {
    pub(crate) mutants: usize,
    pub(crate) caught: usize,
    pub(crate) alternatives: usize,
    pub(crate) false_alarms: usize,
}

/// The errors of the three pairs of witnesses: by hand and autodiff, by hand and finite differences,
/// autodiff and finite differences.
pub(crate) fn all(errors: &Pairs) -> [Option<f64>; 3] {
    let Pairs {
        manual_autodiff,
        manual_finite,
        autodiff_finite,
    } = *errors;
    [manual_autodiff, manual_finite, autodiff_finite]
}

/// The larger number; NaN counts as larger than anything.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

impl Summary {
    pub(crate) fn count(&mut self, event: &CheckEvent) {
        self.cases += 1;
        self.elements += event.elements;
        self.count_verdict(event.is_pass());
        let tally = self.by_dtype.entry(event.dtype.clone()).or_default();
        let [pair, manual_finite, autodiff_finite] = all(&event.errors);
        for error in [manual_finite, autodiff_finite].into_iter().flatten() {
            tally.finite = larger(tally.finite, error);
        }
        if let Some(error) = pair {
            tally.pair = larger(tally.pair, error);
        }
        tally.medians.extend(event.median_manual_finite);
        for error in all(&event.errors).into_iter().flatten() {
            self.worst = Some(larger(self.worst.unwrap_or(0.0), error));
        }
    }

    pub(crate) fn count_pytorch(&mut self, event: &PytorchEvent) {
        self.cases += 1;
        self.elements += event.elements;
        self.count_verdict(event.is_pass());
        self.worst = Some(larger(self.worst.unwrap_or(0.0), event.manual_pytorch));
    }

    fn count_verdict(&mut self, is_pass: bool) {
        if is_pass {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Whether all agree and, if it was tested, the checker made no mistake.
    pub(crate) fn all_agree(&self) -> bool {
        let is_right =
            |score: MutationScore| score.caught == score.mutants && score.false_alarms == 0;
        self.failed == 0
            && self.mutation.is_none_or(is_right)
            && self.right.is_none_or(|score| score.alarms == 0)
    }
}

/// The summary's line of JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "summary")]
pub(crate) struct SummaryEvent {
    cases: usize,
    elements: usize,
    passed: usize,
    failed: usize,
    #[serde(with = "json::optional")]
    worst_relative_error: Option<f64>,
    worst_by_dtype: BTreeMap<String, DtypeEvent>,
    mutants: Option<usize>,
    caught: Option<usize>,
    false_alarms: Option<usize>,
    right: Option<RightScore>,
}

#[derive(Debug, Serialize)]
struct DtypeEvent {
    #[serde(with = "json")]
    manual_autodiff: f64,
    #[serde(with = "json")]
    finite: f64,
    #[serde(with = "json::optional")]
    median_manual_finite: Option<f64>,
}

impl SummaryEvent {
    pub(crate) fn new(summary: &Summary) -> Self {
        let dtype = |(dtype, tally): (&String, &Tally)| {
            let event = DtypeEvent {
                manual_autodiff: tally.pair,
                finite: tally.finite,
                median_manual_finite: tally.median(),
            };
            (dtype.clone(), event)
        };
        Self {
            cases: summary.cases,
            elements: summary.elements,
            passed: summary.passed,
            failed: summary.failed,
            worst_relative_error: summary.worst,
            worst_by_dtype: summary.by_dtype.iter().map(dtype).collect(),
            mutants: summary.mutation.map(|score| score.mutants),
            caught: summary.mutation.map(|score| score.caught),
            false_alarms: summary.mutation.map(|score| score.false_alarms),
            right: summary.right,
        }
    }
}
