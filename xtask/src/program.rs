//! Building a program of the package `trainer`, and running it in this one's place.

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

/// Builds the program and replaces this process by it, so that exit code and Ctrl-C are the
/// program's own.
///
/// # Errors
///
/// If the build fails, or the program cannot be started.
pub(crate) fn replace_this(name: &str, options: &[OsString]) -> Result<()> {
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

/// Builds a program and gives its path.
///
/// # Errors
///
/// If the build fails.
pub(crate) fn build(name: &str) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--package", "trainer", "--bin", name]);
    executable(&artifacts(command)?, name)
}

/// The path of a program among what was built.
///
/// # Errors
///
/// If it was not built.
pub(crate) fn executable(artifacts: &[Artifact], name: &str) -> Result<PathBuf> {
    let mut programs = artifacts.iter().filter(|artifact| artifact.target == name);
    let found = programs.find_map(|artifact| artifact.program.clone());
    found.with_context(|| format!("cargo built no program named {name}"))
}

/// An artifact that cargo built or found up to date.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// Name of the library or program.
    pub(crate) target: String,
    /// How far it was optimised; what only runs in the build is not.
    pub(crate) opt_level: String,
    /// Whether it was built before.
    pub(crate) fresh: bool,
    /// The path of the program, if it is one and not a test.
    pub(crate) program: Option<PathBuf>,
}

impl Artifact {
    /// The artifact in a message of cargo, if there is one.
    fn of(message: &Value) -> Option<Self> {
        let is_test = message["profile"]["test"] == true;
        let executable = message["executable"].as_str().filter(|_| !is_test);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (message["reason"] == "compiler-artifact").then(|| Self {
            target: text(&message["target"]["name"]),
            opt_level: text(&message["profile"]["opt_level"]),
            fresh: message["fresh"] == true,
            program: executable.map(PathBuf::from),
        })
    }
}

/// Runs a build by cargo, which shows its own progress, and lists what it built or found built.
///
/// # Errors
///
/// If the build fails.
pub(crate) fn artifacts(mut build: Command) -> Result<Vec<Artifact>> {
    build
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let mut child = build.spawn().context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo's output is piped")?;
    let mut artifacts = vec![];
    for line in BufReader::new(stdout).lines() {
        let message = serde_json::from_str(&line?).unwrap_or_default();
        artifacts.extend(Artifact::of(&message));
    }
    if !child.wait()?.success() {
        bail!("the build failed; see cargo's messages above");
    }
    Ok(artifacts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_program_is_told_from_its_tests() {
        let message = |is_test: bool| {
            json!({
                "reason": "compiler-artifact",
                "target": {"name": "trainer"},
                "profile": {"test": is_test},
                "fresh": true,
                "executable": "target/trainer",
            })
        };
        let artifacts: Vec<_> = [message(true), json!({"reason": "build-finished"})]
            .iter()
            .filter_map(Artifact::of)
            .collect();
        assert_eq!(artifacts.len(), 1);
        assert!(executable(&artifacts, "trainer").is_err());
        let artifacts = [Artifact::of(&message(false)).expect("it is one")];
        assert_eq!(
            executable(&artifacts, "trainer").unwrap(),
            PathBuf::from("target/trainer")
        );
    }
}
