//! `verify-grads`: compares every hand-derived gradient with Burn's autodiff, finite differences and
//! PyTorch, on every backend that can run. With `--mutate` it also tests the checker itself,
//! with `--right` it checks right functions, and with `--suite burn` it becomes `audit-burn`, which
//! checks Burn's own operations.

mod audit;
mod cases;
mod cli;
mod events;
mod mutants;
mod output;
mod right;
mod run;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use programs::setup::Backends;
use programs::{Exit, run_checker};

use cli::Cli;
use output::Output;

fn main() -> ExitCode {
    let cli = Cli::parse();
    run_checker(|| verify(&cli))
}

fn verify(cli: &Cli) -> Result<Exit> {
    if cli.suite.is_some() {
        return audit::become_audit_burn(cli);
    }
    let backends = Backends::open(&cli.backends, cli.device)?;
    let mut output = Output::new(cli.format);
    if cli.right {
        let functions = cases::right_functions(cli)?;
        output.backends(&backends)?;
        let score = right::run(cli, &backends, &functions, &mut output)?;
        output.right_summary(&score)?;
        return Ok(exit(score.alarms == 0));
    }
    let selection = cases::select(cli, &backends)?;
    output.backends(&backends)?;
    let mut summary = run::all(cli, &backends, &selection, &mut output)?;
    if cli.mutate {
        summary.mutation = Some(mutants::run(cli, &backends, &selection, &mut output)?);
        summary.right = Some(right::run(cli, &backends, &selection.right, &mut output)?);
    }
    output.summary(&summary)?;
    Ok(exit(summary.all_agree()))
}

fn exit(is_right: bool) -> Exit {
    if is_right {
        Exit::Success
    } else {
        Exit::Negative
    }
}
