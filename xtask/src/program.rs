//! Building a program of the package `trainer`, and running it in this one's place.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// As [`cargo`], at a low priority. A check on a software adapter is thousands of short computations that wait
/// for one another; next to tests of the same priority, `verify-grads` took 29 min instead of 7.
pub(crate) fn cargo_giving_way() -> Command {
    let cargo = cargo();
    if !cfg!(unix) {
        return cargo;
    }
    let mut nice = Command::new("nice");
    nice.args(["-n", "15"]).arg(cargo.get_program());
    nice
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

/// As [`replace_this`], without asking cargo if nothing that the program is made from was changed after it was built:
/// asking takes longer than what the program does.
///
/// # Errors
///
/// If the build fails, or the program cannot be started.
pub(crate) fn replace_this_soon(name: &str, options: &[OsString]) -> Result<()> {
    // Programs are built into one folder, in which this one is, too.
    let here = std::env::current_exe().context("cannot find this program")?;
    let program = here.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !is_newest(&program, SOURCES.map(Path::new)) {
        return replace_this(name, options);
    }
    let mut command = Command::new(&program);
    command.args(options);
    hand_over(command).with_context(|| format!("cannot start {}", program.display()))
}

/// What programs are made from.
const SOURCES: [&str; 5] = [
    "Cargo.lock",
    "Cargo.toml",
    "crates",
    "datasets/src",
    "exercises/src",
];

/// Whether a file is there and newer than all files in these places.
fn is_newest<'a>(file: &Path, places: impl IntoIterator<Item = &'a Path>) -> bool {
    let time = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let Some(built) = time(file) else {
        return false;
    };
    let mut places: Vec<PathBuf> = places.into_iter().map(Path::to_owned).collect();
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(
                place
                    .read_dir()
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|entry| entry.path()),
            );
        } else if time(&place).is_none_or(|changed| changed >= built) {
            return false;
        }
    }
    true
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
    fn a_program_is_old_once_a_source_is_newer_or_gone() {
        let place = std::env::temp_dir().join(format!("xtask-newest-{}", std::process::id()));
        let (source, program) = (place.join("a/b/lib.rs"), place.join("program"));
        std::fs::create_dir_all(place.join("a/b")).unwrap();
        let at = |path: &Path, second| {
            let file = std::fs::File::create(path).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
            file.set_modified(time).unwrap();
        };
        let is_newest = || is_newest(&program, [place.join("a").as_path()]);
        at(&source, 1000);
        assert!(!is_newest(), "there is no program");
        at(&program, 2000);
        assert!(is_newest());
        at(&source, 3000);
        assert!(!is_newest());
        assert!(!super::is_newest(&program, [place.join("gone").as_path()]));
        std::fs::remove_dir_all(&place).unwrap();
    }

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
