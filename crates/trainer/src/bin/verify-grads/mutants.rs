//! Tests of the checker: wrong gradients, broken autodiff operations, wrong cases of other kinds, and
//! correct formulas that are written differently.

use anyhow::{Context, Result};
use backends::Backend;
use burn::tensor::DType;
use burn_gradcheck::{Mutant, Options, Report, Target, Witness};
use gradient_trials::broken_autodiff::BrokenOperation;
use gradient_trials::is_below_f32;
use gradient_trials::wrong::WrongCase;
use programs::parallel::in_order;
use programs::setup::Backends;

use crate::cases::Selection;
use crate::cli::Cli;
use crate::events::{AlternativeEvent, MutantEvent, Mutated, MutationScore};
use crate::output::Output;

/// A backend in a float type.
struct Place {
    name: String,
    target: Target,
}

/// Checks every selected mutant on every backend on the CPU, in f64 and f32; the alternatives in f64 on
/// the first one.
pub(crate) fn run(
    cli: &Cli,
    backends: &Backends,
    selection: &Selection,
    output: &mut Output,
) -> Result<MutationScore> {
    let places = places(backends);
    let in_f64 = places.iter().find(|place| place.target.dtype == DType::F64);
    let in_f64 = &in_f64
        .context("--mutate needs f64; add `--backend flex`")?
        .target;
    let options = &Options::default().seed(cli.seed);
    let mut score = MutationScore {
        mutants: selection.mutants.len() + selection.broken.len() + selection.wrong.len(),
        alternatives: selection.alternatives.len(),
        ..MutationScore::default()
    };
    let names = places.iter().map(|place| place.name.clone());
    output.begin_mutants(&names.collect::<Vec<_>>())?;
    let mut take = |event: MutantEvent| {
        score.caught += usize::from(event.caught);
        output.mutant(&event)
    };
    in_order(
        &selection.mutants,
        |mutant| of_formula(mutant, &places, options),
        &mut take,
    )?;
    in_order(
        &selection.broken,
        |operation| of_operation(operation, &places, options),
        &mut take,
    )?;
    in_order(
        &selection.wrong,
        |wrong| of_case(wrong, &places, options),
        &mut take,
    )?;
    for alternative in &selection.alternatives {
        let report = alternative.false_alarm(in_f64, options);
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

/// The backends on the CPU in f64 and f32, and flex in f16 and bf16.
fn places(backends: &Backends) -> Vec<Place> {
    let mut places = Vec::new();
    for setup in backends.setups() {
        let (backend, target) = (setup.backend, setup.target);
        let mut add = |dtype: DType| {
            places.push(Place {
                name: format!("{backend} in {}", dtype.name()),
                target: Target {
                    dtype,
                    ..target.clone()
                },
            });
        };
        match (backend, target.dtype) {
            (Backend::Wgpu, _) => {}
            (Backend::Flex, DType::F32) => {
                [DType::F32, DType::F16, DType::BF16]
                    .into_iter()
                    .for_each(add);
            }
            (_, dtype) => add(dtype),
        }
    }
    places
}

/// A wrong formula, in f64 and, unless it is wrong by less than f32 resolves, in f32.
fn of_formula(mutant: &Mutant, places: &[Place], options: &Options) -> MutantEvent {
    let mut event = MutantEvent::new(mutant.name, mutant.mistake, Mutated::Manual);
    let is_small = is_below_f32(mutant);
    for Place { name, target } in places {
        if target.dtype == DType::F64 || (target.dtype == DType::F32 && !is_small) {
            let report = mutant.caught(target, options);
            let names_it = |report: &Report| match report.verdict.odd() {
                Some(Witness::Manual) => true,
                // With other seeds than 0, the mistake can be below the error of finite differences.
                odd => is_small && odd == Some(Witness::Undecided),
            };
            event.count(report.as_ref(), report.as_ref().is_some_and(names_it), name);
        }
    }
    event
}

fn of_operation(operation: &BrokenOperation, places: &[Place], options: &Options) -> MutantEvent {
    let mut event = MutantEvent::new(operation.name, operation.mistake, Mutated::Autodiff);
    for Place { name, target } in places {
        if matches!(target.dtype, DType::F64 | DType::F32) {
            let (report, is_named) = operation.caught(target, options);
            event.count(Some(&report), is_named, name);
        }
    }
    event
}

fn of_case(wrong: &WrongCase, places: &[Place], options: &Options) -> MutantEvent {
    let mut event = MutantEvent::new(wrong.name(), wrong.mistake, Mutated::Case);
    for Place { name, target } in places {
        if wrong.float_types().contains(&target.dtype) {
            let report = wrong.check(target, options);
            event.count(Some(&report), wrong.is_caught(&report), name);
        }
    }
    event
}
