//! Right functions and modules: an alarm is a fault of the checker.

use anyhow::{Context, Result};
use backends::Backend;
use burn_gradcheck::Target;
use gradient_trials::right::RightFunction;
use programs::parallel::in_order;
use programs::setup::Backends;

use crate::cli::Cli;
use crate::events::{RightEvent, RightScore};
use crate::output::Output;

/// The seeds for a run with `--mutate`, from the one of the command line on.
const SEEDS: u64 = 2;

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
