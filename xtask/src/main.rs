//! `cargo xtask`: the project's own commands. It never depends on Burn, so it compiles in seconds.
//! What needs Burn is a program of the package `trainer`; xtask builds it and is then replaced by
//! it.

mod ci;
mod docs;
mod lint;
mod next_burn;
mod program;
mod structure;
mod trace;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    help_expected = true,
    about = "The project's own commands"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare every hand-derived gradient with Burn's autodiff and with finite differences.
    ///
    /// Builds and runs the program `verify-grads`; passes all options to it, including `--help`.
    /// With `--suite burn`, it runs `audit-burn`.
    #[command(disable_help_flag = true)]
    VerifyGrads(Passed),
    /// Check the gradients of Burn's own operations.
    ///
    /// Builds and runs the program `audit-burn`; passes all options to it, including `--help`.
    #[command(disable_help_flag = true)]
    AuditBurn(Passed),
    /// Check the exercises, and say which factor is wrong.
    ///
    /// Builds and runs the program `exercise`; passes all options to it, including `--help`.
    #[command(disable_help_flag = true)]
    Exercise(Passed),
    /// Measure the speed of training.
    ///
    /// Builds and runs `trainer bench`; passes all options to it.
    #[command(disable_help_flag = true)]
    Bench(Passed),
    /// Kill the trainer at random moments, resume its runs, and compare them bit for bit with runs
    /// that were not killed.
    KillTest {
        /// Number of kills.
        #[arg(long, default_value_t = 200, value_name = "N")]
        kills: usize,
    },
    /// Write the reference of commands and options into docs/trainer.md.
    Docs,
    /// Check the architecture: dependencies, import circles, sizes, forbidden code.
    Structure,
    /// Trace which methods of burn-autodiff the operations of `audit-burn` reach (with gdb).
    TraceSuite,
    /// Compile the reproductions of Burn's listed faults against the next Burn, and say of each fault whether it is
    /// mended, still there, or cannot be built there.
    ///
    /// The first time, it compiles that Burn with the backend flex.
    NextBurn,
    /// Run everything that must pass before a change lands.
    Ci,
}

/// Options of another program.
#[derive(Debug, Args)]
struct Passed {
    /// Options of the program.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "OPTIONS"
    )]
    options: Vec<OsString>,
}

fn main() -> ExitCode {
    if let Some(exit) = lint::called_by_cargo() {
        return exit;
    }
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    std::env::set_current_dir(workspace_root()?)?;
    match cli.command {
        Command::VerifyGrads(passed) => {
            let (program, options) = of_suite(passed.options);
            program::replace_this(program, &options)
        }
        Command::AuditBurn(passed) => program::replace_this("audit-burn", &passed.options),
        Command::Exercise(passed) => program::replace_this_soon("exercise", &passed.options),
        Command::Bench(passed) => {
            let options = [vec!["bench".into()], passed.options].concat();
            program::replace_this("trainer", &options)
        }
        Command::KillTest { kills } => kill_test(kills),
        Command::Docs => docs::run(),
        Command::Structure => structure::check(),
        Command::TraceSuite => trace::run(&program::build(trace::PROGRAM)?),
        Command::NextBurn => next_burn::run(),
        Command::Ci => ci::run(),
    }
}

/// The program that `verify-grads` runs with these options, and the options to pass to it.
fn of_suite(mut options: Vec<OsString>) -> (&'static str, Vec<OsString>) {
    let named = options
        .windows(2)
        .position(|pair| pair == ["--suite", "burn"]);
    if let Some(at) = named {
        options.drain(at..at + 2);
        return ("audit-burn", options);
    }
    match options.iter().position(|option| option == "--suite=burn") {
        Some(at) => {
            options.remove(at);
            ("audit-burn", options)
        }
        None => ("verify-grads", options),
    }
}

/// Runs the trainer's kill test with this many kills.
fn kill_test(kills: usize) -> Result<()> {
    let status = program::cargo()
        .args(["test", "--package", "trainer", "--test", "kill", "--"])
        .arg("--nocapture")
        .env("KILLS", kills.to_string())
        .status()
        .context("cannot start cargo")?;
    ensure!(
        status.success(),
        "a run was lost, or ended with other numbers"
    );
    Ok(())
}

fn workspace_root() -> Result<PathBuf> {
    // Read at run time: checkouts that share a target folder also share this program.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = Path::new(&here).parent();
    Ok(root.context("xtask is in the workspace")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_of_burn_is_a_program_of_its_own() {
        let of = |options: &str| {
            let (program, options) = of_suite(options.split(' ').map(OsString::from).collect());
            (
                program,
                options.join(OsStr::new(" ")).into_string().unwrap(),
            )
        };
        use std::ffi::OsStr;
        assert_eq!(
            of("--suite burn --seed 1"),
            ("audit-burn", "--seed 1".into())
        );
        assert_eq!(
            of("--seed 1 --suite=burn"),
            ("audit-burn", "--seed 1".into())
        );
        assert_eq!(of("--mutate"), ("verify-grads", "--mutate".into()));
    }
}
