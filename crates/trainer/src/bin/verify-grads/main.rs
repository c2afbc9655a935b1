//! `verify-grads`: holds every hand-derived gradient against Burn's autodiff, finite differences
//! and PyTorch, on every backend that can run, and puts the judge itself on trial. With
//! `--suite burn` it is Burn's own operations that are held to formulas and finite differences.

mod cases;
mod cli;
mod events;
mod output;
mod run;
mod suite;
mod trial;

use std::any::Any;
use std::fmt::Display;
use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::Cli;
use output::Output;

/// Why the program ends, as its exit code tells.
#[derive(Debug, Clone, Copy)]
enum Exit {
    AllAgree = 0,
    /// It ran, and a verdict is negative.
    Disagreement = 1,
    CouldNotRun = 2,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = match panic::catch_unwind(|| verify(&cli)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) if is_broken_pipe(&error) => Exit::AllAgree,
        Ok(Err(error)) => {
            complain(format_args!("error: {error:#}"));
            Exit::CouldNotRun
        }
        Err(payload) => {
            complain(defect(payload.as_ref()));
            Exit::CouldNotRun
        }
    };
    ExitCode::from(exit as u8)
}

/// Writes a line to standard error. Nobody is left to tell if that is gone.
pub(crate) fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn verify(cli: &Cli) -> Result<Exit> {
    let backends = run::open(&cli.backends)?;
    let mut output = Output::new(cli.format);
    if cli.suite.is_some() {
        let is_good = if cli.here {
            suite::run_here(cli, &backends, &output)?
        } else {
            output.backends(&backends)?;
            suite::run(cli, &backends, &mut output)?
        };
        return match is_good {
            true => Ok(Exit::AllAgree),
            false => Ok(Exit::Disagreement),
        };
    }
    let selection = cases::select(cli, &backends)?;
    output.backends(&backends)?;
    let mut summary = run::all(cli, &backends, &selection, &mut output)?;
    if cli.mutate {
        summary.trial = Some(trial::run(cli, &backends, &selection, &mut output)?);
    }
    output.summary(&summary)?;
    match summary.is_good() {
        true => Ok(Exit::AllAgree),
        false => Ok(Exit::Disagreement),
    }
}

/// Whether whoever read our output has enough, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(is_pipe)
}

fn defect(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let what = text.or_else(|| payload.downcast_ref::<&str>().copied());
    format!(
        "error: a defect in this program: {}; please report it with the command that you ran",
        what.unwrap_or("no message")
    )
}
