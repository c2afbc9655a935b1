//! Tests of the checker: wrong gradients, broken autodiff operations, wrong cases of other kinds, and correct formulas that are
//! written differently.

use anyhow::{Context, Result};
use backends::Backend;
use burn::tensor::DType;
use burn_gradcheck::{Mutant, Options, Target};
use gradient_trials::wrong::WrongCase;
use programs::parallel::in_order;
use programs::setup::Backends;

use crate::cases::Selection;
use crate::cli::Cli;
use crate::events::{AlternativeEvent, MutantEvent, Mutated, MutationScore, WrongEvent, word};
use crate::output::Output;
use crate::right;

/// Checks every selected mutant, in f64 on the first backend that has it.
pub(crate) fn run(
    cli: &Cli,
    backends: &Backends,
    selection: &Selection,
    output: &mut Output,
) -> Result<MutationScore> {
    let setups = backends.setups();
    let in_f64 = setups.iter().find(|setup| setup.target.dtype == DType::F64);
    let setup = in_f64.context("--mutate needs f64; add `--backend flex`")?;
    let (target, options) = (&setup.target, &Options::default().seed(cli.seed));
    let mut score = MutationScore {
        mutants: selection.mutants.len() + selection.broken.len() + selection.wrong.len(),
        alternatives: selection.alternatives.len(),
        ..MutationScore::default()
    };
    output.begin_mutants(setup)?;
    let manual = |mutant: &Mutant| {
        let report = mutant.caught(target, options);
        let (name, mistake) = (mutant.name, mutant.mistake);
        MutantEvent::new(name, mistake, Mutated::Manual, report.as_ref())
    };
    in_order(&selection.mutants, manual, |event| {
        score.caught += usize::from(event.caught);
        output.mutant(&event)
    })?;
    for operation in &selection.broken {
        let (report, caught) = operation.caught(target, options);
        let report = caught.then_some(&report);
        let event = MutantEvent::new(operation.name, operation.mistake, Mutated::Autodiff, report);
        score.caught += usize::from(event.caught);
        output.mutant(&event)?;
    }
    let targets = wrong_targets(cli, backends)?;
    in_order(
        &selection.wrong,
        |wrong| check_wrong(wrong, &targets, options),
        |event| {
            score.caught += usize::from(event.caught);
            output.wrong(&event)
        },
    )?;
    for alternative in &selection.alternatives {
        let report = alternative.false_alarm(target, options);
        score.false_alarms += usize::from(report.is_some());
        let event = AlternativeEvent {
            alternative: alternative.name,
            formula: alternative.formula,
            false_alarm: report.is_some(),
        };
        output.alternative(&event, report.as_ref())?;
    }
    Ok(score)
}

/// The targets of wrong cases: as for right functions, and flex in f16 and bf16.
fn wrong_targets(cli: &Cli, backends: &Backends) -> Result<Vec<(Backend, Target)>> {
    let mut targets = right::targets(cli, backends)?;
    let flex = targets
        .iter()
        .find(|(backend, _)| *backend == Backend::Flex);
    if let Some((backend, target)) = flex.cloned() {
        let short = [DType::F16, DType::BF16].into_iter();
        targets.extend(short.map(|dtype| {
            (
                backend,
                Target {
                    dtype,
                    ..target.clone()
                },
            )
        }));
    }
    Ok(targets)
}

/// Checks a wrong case in its float types on every backend that has them.
fn check_wrong(wrong: &WrongCase, targets: &[(Backend, Target)], options: &Options) -> WrongEvent {
    let mut event = WrongEvent {
        case: wrong.name().to_owned(),
        mistake: wrong.mistake,
        checks: 0,
        caught: false,
        verdict: None,
        odd: None,
        missed: Vec::new(),
    };
    for (backend, target) in targets {
        if !wrong.float_types().contains(&target.dtype) {
            continue;
        }
        let report = wrong.check(target, options);
        event.checks += 1;
        if wrong.is_caught(&report) {
            event.verdict = Some(word(&report.verdict));
            event.odd = report.verdict.odd();
        } else {
            let dtype = target.dtype.name();
            event
                .missed
                .push(format!("{backend} {dtype}: {}", report.verdict));
        }
    }
    event.caught = event.missed.is_empty();
    event
}
