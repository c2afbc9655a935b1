//! Right functions and modules: an alarm is a fault of the checker.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result};
use backends::Backend;
use burn_gradcheck::{Report, Target, Verdict};
use gradient_trials::right::{RightFunction, Tally};
use programs::parallel::in_order;
use programs::setup::Backends;
use serde::Serialize;

use crate::cli::Cli;
use crate::output::Output;

/// The seeds for a run with `--mutate`, from the one of the command line on.
const SEEDS: u64 = 2;

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
    fn new(function: &RightFunction, tally: Tally) -> Self {
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
    fn count(&mut self, event: &RightEvent) {
        self.functions += 1;
        self.passed += event.passed;
        self.unchecked += event.unchecked;
        self.alarms += event.alarms;
    }
}

/// Checks the functions with the seeds of the command line, or with a few.
pub(crate) fn run(
    cli: &Cli,
    backends: &Backends,
    functions: &[RightFunction],
    output: &mut Output,
) -> Result<RightScore> {
    let targets = targets(cli, backends)?;
    let targets = targets
        .into_iter()
        .map(|(_, target)| target)
        .collect::<Vec<_>>();
    let seeds = cli.seeds.clone().unwrap_or(cli.seed..cli.seed + SEEDS);
    let mut score = RightScore::default();
    output.begin(functions.len());
    output.begin_right(&seeds)?;
    in_order(
        functions,
        |function| RightEvent::new(function, function.tally(&targets, seeds.clone())),
        |event| {
            score.count(&event);
            output.right(&event)
        },
    )?;
    output.end();
    Ok(score)
}

/// The backends on the CPU, or those that are named, in every float type.
pub(crate) fn targets(cli: &Cli, backends: &Backends) -> Result<Vec<(Backend, Target)>> {
    let setups = backends.setups().into_iter();
    let is_asked = |backend| !cli.backends.is_empty() || backend != Backend::Wgpu;
    let setups = setups.filter(|setup| is_asked(setup.backend));
    let targets = setups.map(|setup| (setup.backend, setup.target));
    let targets = targets.collect::<Vec<_>>();
    let found = (!targets.is_empty()).then_some(targets);
    found.context("right functions need a backend on the CPU; add `--backend flex`")
}

/// A range of seeds, such as `0..20`.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let found = text.split_once("..").and_then(|(first, end)| {
        let range = first.parse().ok()?..end.parse().ok()?;
        (!range.is_empty()).then_some(range)
    });
    found.ok_or_else(|| {
        "expected a range of seeds such as 0..20; the end does not belong to it".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_seeds_has_two_numbers_and_is_not_empty() {
        assert_eq!(seeds("0..20"), Ok(0..20));
        for wrong in ["20", "3..3", "4..2", "0..", "a..b", "0..=3", "-1..2", ""] {
            let message = seeds(wrong).expect_err(wrong);
            assert!(message.contains("0..20"), "{message}");
        }
    }
}
