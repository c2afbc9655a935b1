//! Building a program of the package `trainer`, and becoming it.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Builds the program and replaces this process by it, so that its exit code and Ctrl-C are its
/// own.
pub(crate) fn become_it(name: &str, options: &[OsString]) -> Result<()> {
    let program = build(name)?;
    let mut command = Command::new(&program);
    command.args(options);
    hand_over(command).with_context(|| format!("cannot start {}", program.display()))
}

#[cfg(unix)]
fn hand_over(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn hand_over(mut command: Command) -> std::io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(2))
}

/// Builds a program and says where it lies.
///
/// # Errors
///
/// If the build fails.
pub(crate) fn build(name: &str) -> Result<PathBuf> {
    let artifacts = artifacts(&["build", "--package", "trainer", "--bin", name])?;
    artifacts
        .into_iter()
        .find_map(|artifact| artifact.executable)
        .with_context(|| format!("cargo built no program named {name}"))
}

/// One thing that cargo built, or found built already.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// Name of the library or program.
    pub(crate) target: String,
    /// Whether it was there already.
    pub(crate) fresh: bool,
    /// Where the program lies, if it is one.
    pub(crate) executable: Option<PathBuf>,
}

/// Runs cargo, showing its own progress, and lists what it built or found built.
///
/// # Errors
///
/// If the build fails.
pub(crate) fn artifacts(arguments: &[&str]) -> Result<Vec<Artifact>> {
    let mut child = cargo()
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo's output is piped")?;
    let mut artifacts = vec![];
    for line in BufReader::new(stdout).lines() {
        let message = serde_json::from_str::<Value>(&line?).unwrap_or_default();
        if message["reason"] == "compiler-artifact" {
            artifacts.push(Artifact {
                target: message["target"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                fresh: message["fresh"] == true,
                executable: message["executable"].as_str().map(PathBuf::from),
            });
        }
    }
    if !child.wait()?.success() {
        bail!(
            "`cargo {}` failed; see its messages above",
            arguments.join(" ")
        );
    }
    Ok(artifacts)
}
