//! What there is to say, as data: one event a line in JSON.

use std::collections::BTreeMap;

use burn_gradcheck::{Pairs, Report, Tolerance, Verdict, Witness};
use manual_backprop::verify::pytorch::Comparison;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::run::Place;

/// A float; NaN and the infinities as the strings "nan", "inf" and "-inf".
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Number(pub(crate) f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => serializer.serialize_str("nan"),
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            value => serializer.serialize_f64(value),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Finite(f64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Finite(value) => Ok(Self(value)),
            Form::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

impl Number {
    /// The float.
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

/// A backend that runs, or why it does not.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "backend")]
pub(crate) struct BackendEvent {
    pub(crate) backend: String,
    pub(crate) available: bool,
    pub(crate) device: Option<String>,
    pub(crate) reason: Option<String>,
}

/// The largest error of each pair of witnesses.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Errors {
    pub(crate) manual_autodiff: Option<Number>,
    pub(crate) manual_finite: Option<Number>,
    pub(crate) autodiff_finite: Option<Number>,
}

impl Errors {
    fn new(pairs: &Pairs) -> Self {
        Self {
            manual_autodiff: pairs.manual_autodiff.map(Number),
            manual_finite: pairs.manual_finite.map(Number),
            autodiff_finite: pairs.autodiff_finite.map(Number),
        }
    }

    pub(crate) fn all(&self) -> [Option<Number>; 3] {
        [
            self.manual_autodiff,
            self.manual_finite,
            self.autodiff_finite,
        ]
    }
}

/// The pairs of witnesses that are further apart than the tolerance at the element on which the
/// verdict rests.
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
    /// Elements about which the witnesses were compared.
    pub(crate) elements: usize,
    pub(crate) errors: Errors,
    /// Median error of the hand-written gradient against finite differences.
    pub(crate) median_manual_finite: Option<Number>,
    pub(crate) verdict: &'static str,
    pub(crate) odd: Option<Witness>,
    #[serde(skip)]
    pub(crate) report: Report,
}

impl CheckEvent {
    pub(crate) fn new(place: &Place, report: Report) -> Self {
        let shapes = report.inputs.iter();
        Self {
            case: report.case.clone(),
            backend: place.backend.name().to_owned(),
            device: place.description.clone(),
            dtype: report.dtype.clone(),
            shape: shapes
                .map(|input| (input.name.clone(), input.shape.clone()))
                .collect(),
            seed: report.seed,
            draw: report.draw,
            elements: report.checked,
            errors: Errors::new(&report.worst),
            median_manual_finite: report.median.manual_finite.map(Number),
            verdict: word(&report.verdict),
            odd: report.verdict.odd(),
            report,
        }
    }

    pub(crate) fn is_pass(&self) -> bool {
        self.report.is_pass()
    }
}

/// The verdict's name.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Mismatch { .. } => "mismatch",
        Verdict::Kink => "kink",
        Verdict::NonFinite { .. } => "non-finite",
        Verdict::Unchecked { .. } => "unchecked",
        Verdict::Shape { .. } => "shape",
        Verdict::Unlawful { .. } => "unlawful",
        Verdict::Panicked { .. } => "panicked",
    }
}

/// The formulas of one net against PyTorch's numbers.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "pytorch")]
pub(crate) struct PytorchEvent {
    pub(crate) case: String,
    pub(crate) pytorch: String,
    pub(crate) backend: String,
    pub(crate) device: String,
    pub(crate) dtype: String,
    pub(crate) elements: usize,
    pub(crate) manual_pytorch: Number,
    pub(crate) worst: String,
    pub(crate) tolerance: Number,
    pub(crate) verdict: &'static str,
}

impl PytorchEvent {
    pub(crate) fn new(name: &str, pytorch: &str, place: &Place, comparison: &Comparison) -> Self {
        Self {
            case: name.to_owned(),
            pytorch: pytorch.to_owned(),
            backend: place.backend.name().to_owned(),
            device: place.description.clone(),
            dtype: place.target.dtype.name().to_owned(),
            elements: comparison.elements,
            manual_pytorch: Number(comparison.error),
            worst: comparison.worst.clone(),
            tolerance: Number(comparison.tolerance),
            verdict: match comparison.is_pass() {
                true => "pass",
                false => "mismatch",
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
    /// The hand-written gradient.
    Manual,
    /// The backward pass of a custom operation.
    Autodiff,
}

/// A wrong gradient before the judge.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "mutant")]
pub(crate) struct MutantEvent {
    pub(crate) mutant: &'static str,
    pub(crate) mistake: &'static str,
    pub(crate) mutated: Mutated,
    pub(crate) caught: bool,
    /// The pairs of witnesses that differ by more than their tolerance.
    pub(crate) by: Vec<&'static str>,
    pub(crate) odd: Option<Witness>,
    /// The case that caught it.
    pub(crate) case: Option<String>,
}

impl MutantEvent {
    pub(crate) fn new(
        mutant: &'static str,
        mistake: &'static str,
        mutated: Mutated,
        report: Option<&Report>,
    ) -> Self {
        Self {
            mutant,
            mistake,
            mutated,
            caught: report.is_some(),
            by: report.map_or(vec![], pairs_apart),
            odd: report.and_then(|report| report.verdict.odd()),
            case: report.map(|report| report.case.clone()),
        }
    }
}

/// A right formula, written differently, before the judge.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename = "alternative")]
pub(crate) struct AlternativeEvent {
    pub(crate) alternative: &'static str,
    pub(crate) formula: &'static str,
    pub(crate) false_alarm: bool,
}

/// The end of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Summary {
    pub(crate) cases: usize,
    pub(crate) elements: usize,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) worst: Option<f64>,
    /// By float type: largest error of the two gradients, of either against finite differences, and
    /// the medians of the latter.
    pub(crate) by_dtype: BTreeMap<String, Tally>,
    pub(crate) trial: Option<Trial>,
}

/// The errors in one float type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) pair: f64,
    pub(crate) finite: f64,
    medians: Vec<f64>,
}

impl Tally {
    /// The median over the cases of their median error against finite differences.
    pub(crate) fn median(&self) -> Option<f64> {
        let mut medians = self.medians.clone();
        medians.sort_by(f64::total_cmp);
        medians.get(medians.len() / 2).copied()
    }
}

/// The judge on trial.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trial {
    pub(crate) mutants: usize,
    pub(crate) caught: usize,
    pub(crate) alternatives: usize,
    pub(crate) false_alarms: usize,
}

/// The larger; NaN is larger than anything.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

impl Summary {
    pub(crate) fn count(&mut self, event: &CheckEvent) {
        self.cases += 1;
        self.elements += event.elements;
        match event.is_pass() {
            true => self.passed += 1,
            false => self.failed += 1,
        }
        let tally = self.by_dtype.entry(event.dtype.clone()).or_default();
        let [pair, manual_finite, autodiff_finite] = event.errors.all();
        for Number(error) in [manual_finite, autodiff_finite].into_iter().flatten() {
            tally.finite = larger(tally.finite, error);
        }
        if let Some(Number(error)) = pair {
            tally.pair = larger(tally.pair, error);
        }
        tally
            .medians
            .extend(event.median_manual_finite.map(|Number(median)| median));
        for Number(error) in event.errors.all().into_iter().flatten() {
            self.worst = Some(larger(self.worst.unwrap_or(0.0), error));
        }
    }

    pub(crate) fn count_pytorch(&mut self, event: &PytorchEvent) {
        self.cases += 1;
        self.elements += event.elements;
        match event.is_pass() {
            true => self.passed += 1,
            false => self.failed += 1,
        }
        self.worst = Some(larger(self.worst.unwrap_or(0.0), event.manual_pytorch.0));
    }

    /// Whether all agree and, if it was on trial, the judge did well.
    pub(crate) fn is_good(&self) -> bool {
        let judge = self
            .trial
            .is_none_or(|trial| trial.caught == trial.mutants && trial.false_alarms == 0);
        self.failed == 0 && judge
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
    worst_relative_error: Option<Number>,
    worst_by_dtype: BTreeMap<String, DtypeEvent>,
    mutants: Option<usize>,
    caught: Option<usize>,
    false_alarms: Option<usize>,
}

#[derive(Debug, Serialize)]
struct DtypeEvent {
    manual_autodiff: Number,
    finite: Number,
    median_manual_finite: Option<Number>,
}

impl SummaryEvent {
    pub(crate) fn new(summary: &Summary) -> Self {
        let dtype = |(dtype, tally): (&String, &Tally)| {
            let event = DtypeEvent {
                manual_autodiff: Number(tally.pair),
                finite: Number(tally.finite),
                median_manual_finite: tally.median().map(Number),
            };
            (dtype.clone(), event)
        };
        Self {
            cases: summary.cases,
            elements: summary.elements,
            passed: summary.passed,
            failed: summary.failed,
            worst_relative_error: summary.worst.map(Number),
            worst_by_dtype: summary.by_dtype.iter().map(dtype).collect(),
            mutants: summary.trial.map(|trial| trial.mutants),
            caught: summary.trial.map(|trial| trial.caught),
            false_alarms: summary.trial.map(|trial| trial.false_alarms),
        }
    }
}
