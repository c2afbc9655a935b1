//! `cargo xtask`: the project's own commands. It never depends on Burn, so it compiles in seconds;
//! what needs Burn is a program of the package `trainer`, which it builds and then becomes.

mod ci;
mod program;
mod structure;
mod trace;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};

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
    /// Hold every hand-derived gradient against Burn's autodiff and finite differences.
    ///
    /// Builds the program `verify-grads` and becomes it; all options go to it, `--help` included.
    #[command(disable_help_flag = true)]
    VerifyGrads {
        /// Options of `verify-grads`.
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "OPTIONS"
        )]
        options: Vec<OsString>,
    },
    /// Measure the speed of training: `trainer bench`, built first; all options go to it.
    #[command(disable_help_flag = true)]
    Bench {
        /// Options of `trainer bench`.
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "OPTIONS"
        )]
        options: Vec<OsString>,
    },
    /// Kill the trainer at random moments, go on with its runs, and compare them bit for bit with
    /// runs that nobody killed.
    KillTest {
        /// How many times.
        #[arg(long, default_value_t = 200, value_name = "N")]
        kills: usize,
    },
    /// Check who depends on whom, and what must not be written where.
    Structure,
    /// Trace which methods of burn-autodiff the operations of `--suite burn` really reach (with gdb).
    TraceSuite,
    /// Run everything that must pass before a change lands.
    Ci,
}

fn main() -> ExitCode {
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
        Command::VerifyGrads { options } => program::become_it("verify-grads", &options),
        Command::Bench { options } => {
            let options = [vec!["bench".into()], options].concat();
            program::become_it("trainer", &options)
        }
        Command::KillTest { kills } => kill_test(kills),
        Command::Structure => structure::check(),
        Command::TraceSuite => trace::run(),
        Command::Ci => ci::run(),
    }
}

/// The test of the trainer that kills it, with as many kills.
fn kill_test(kills: usize) -> Result<()> {
    let status = program::cargo()
        .args(["test", "--package", "trainer", "--test", "kill", "--"])
        .arg("--nocapture")
        .env("KILLS", kills.to_string())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "a run was lost, or came to other numbers");
    Ok(())
}

fn workspace_root() -> Result<PathBuf> {
    // Asked of cargo at run time: checkouts that share a target folder share this program, too.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = Path::new(&here).parent();
    Ok(root.context("xtask lies in the workspace")?.to_owned())
}
