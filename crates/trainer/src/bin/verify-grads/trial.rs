//! The judge on trial: wrong gradients, broken autodiff operations, right formulas written
//! differently.

use anyhow::{Context, Result};
use burn::tensor::DType;
use burn_gradcheck::{Mutant, Options};

use crate::cases::Selection;
use crate::cli::Cli;
use crate::events::{AlternativeEvent, MutantEvent, Mutated, Trial};
use crate::output::Output;
use crate::run::{Backends, in_order};

/// Puts every mutant selected before the judge, in f64 on the first backend that has it.
pub(crate) fn run(
    cli: &Cli,
    backends: &Backends,
    selection: &Selection,
    output: &mut Output,
) -> Result<Trial> {
    let places = backends.places();
    let place = places
        .iter()
        .find(|place| place.target.dtype == DType::F64)
        .context("the judge is put on trial in f64; add `--backend flex`")?;
    let (target, options) = (&place.target, &Options::default().seed(cli.seed));
    let mut trial = Trial {
        mutants: selection.mutants.len() + selection.broken.len(),
        alternatives: selection.alternatives.len(),
        ..Trial::default()
    };
    output.trial(place)?;
    let manual = |mutant: &Mutant| {
        let report = mutant.caught(target, options);
        MutantEvent::new(
            mutant.name,
            mutant.mistake,
            Mutated::Manual,
            report.as_ref(),
        )
    };
    in_order(&selection.mutants, manual, |event| {
        trial.caught += usize::from(event.caught);
        output.mutant(&event)
    })?;
    for operation in &selection.broken {
        let (report, caught) = operation.caught(target, options);
        let report = caught.then_some(&report);
        let event = MutantEvent::new(operation.name, operation.mistake, Mutated::Autodiff, report);
        trial.caught += usize::from(event.caught);
        output.mutant(&event)?;
    }
    for alternative in &selection.alternatives {
        let report = alternative.false_alarm(target, options);
        trial.false_alarms += usize::from(report.is_some());
        let event = AlternativeEvent {
            alternative: alternative.name,
            formula: alternative.formula,
            false_alarm: report.is_some(),
        };
        output.alternative(&event, report.as_ref())?;
    }
    Ok(trial)
}
