//! Tests of the checker: wrong gradients, broken autodiff operations, and correct formulas that are
//! written differently.

use anyhow::{Context, Result};
use burn::tensor::DType;
use burn_gradcheck::{Mutant, Options};
use programs::parallel::in_order;
use programs::setup::Backends;

use crate::cases::Selection;
use crate::cli::Cli;
use crate::events::{AlternativeEvent, MutantEvent, Mutated, MutationScore};
use crate::output::Output;

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
        mutants: selection.mutants.len() + selection.broken.len(),
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
