//! `--suite burn`: hands over to the program `audit-burn`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use programs::Exit;

use crate::cli::Cli;

/// Becomes `audit-burn`, with the options that it shares with this program.
///
/// # Errors
///
/// If `audit-burn` is not next to this program or cannot be started.
pub(crate) fn become_audit_burn(cli: &Cli) -> Result<Exit> {
    let program = program()?;
    let mut command = Command::new(&program);
    command.args(arguments(cli));
    hand_over(command).with_context(|| format!("cannot start {}", program.display()))
}

fn program() -> Result<PathBuf> {
    let this = env::current_exe().context("cannot find the folder of this program")?;
    let program = this.with_file_name(format!("audit-burn{}", env::consts::EXE_SUFFIX));
    if !program.is_file() {
        bail!(
            "{} is not built; build it with `cargo build -p trainer`",
            program.display()
        );
    }
    Ok(program)
}

fn arguments(cli: &Cli) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut option = |name: &str, value: &OsStr| {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value);
        arguments.push(argument);
    };
    for backend in &cli.backends {
        option("backend", backend.name().as_ref());
    }
    if let Some(pattern) = &cli.pattern {
        option("case", pattern.as_ref());
    }
    match &cli.seeds {
        Some(Range { start, end }) => option("seeds", format!("{start}..{end}").as_ref()),
        None => option("seed", cli.seed.to_string().as_ref()),
    }
    if let Some(folder) = &cli.page {
        option("page", folder);
    }
    let format = cli.format.to_possible_value();
    let format = format.expect("every form has a name");
    option("format", format.get_name().as_ref());
    arguments
}

/// Replaces this process.
#[cfg(unix)]
fn hand_over(mut command: Command) -> Result<Exit> {
    use std::os::unix::process::CommandExt;

    Err(command.exec().into())
}

/// Waits for the other program and ends with its exit code.
#[cfg(not(unix))]
fn hand_over(mut command: Command) -> Result<Exit> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(Exit::Failure as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn audit_burn_gets_the_shared_options() {
        let cli = Cli::parse_from([
            "verify-grads",
            "--suite",
            "burn",
            "--backend",
            "flex",
            "--case=-x",
            "--page",
            "pages",
            "--format",
            "json",
        ]);
        assert_eq!(
            arguments(&cli),
            [
                "--backend=flex",
                "--case=-x",
                "--seed=0",
                "--page=pages",
                "--format=json"
            ]
        );
        let cli = Cli::parse_from(["verify-grads", "--suite", "burn", "--seeds", "0..200"]);
        assert_eq!(arguments(&cli), ["--seeds=0..200", "--format=text"]);
    }
}
