//! Clippy and the documentation, checked while the gate builds.
//!
//! `cargo clippy` and `cargo doc` compile Burn once more, as metadata alone, which takes two minutes
//! on two cores. So the gate lets cargo call this program in place of rustc for the members of the
//! workspace, and in place of rustdoc: it checks a crate against the libraries that are built
//! already, and then does what it was called for.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};

/// What the copies of this program are called that cargo calls.
const COMPILER: &str = "clippy-and-rustc";
const DOCUMENTER: &str = "rustdoc-twice";

/// Folder for output that is not needed.
const FOLDER: &str = "target/lint";

/// Lets cargo check what it builds.
#[derive(Debug)]
pub(crate) struct Linter {
    compiler: PathBuf,
    documenter: PathBuf,
}

impl Linter {
    /// Copies this program under names that decide what it does.
    ///
    /// # Errors
    ///
    /// If it cannot be copied.
    pub(crate) fn new() -> Result<Self> {
        let folder = std::path::absolute(FOLDER)?;
        fs::create_dir_all(&folder)?;
        let this = std::env::current_exe()?;
        let copy = |name: &str| {
            let copy = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            // A program that still runs cannot be written over, but its name can be given to another.
            if copy.exists() {
                fs::remove_file(&copy)?;
            }
            fs::copy(&this, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
            Ok::<_, anyhow::Error>(copy)
        };
        Ok(Self {
            compiler: copy(COMPILER)?,
            documenter: copy(DOCUMENTER)?,
        })
    }

    /// The command with the checks.
    pub(crate) fn watch(&self, mut cargo: Command) -> Command {
        cargo
            .env("RUSTC_WORKSPACE_WRAPPER", &self.compiler)
            .env("RUSTDOC", &self.documenter);
        cargo
    }
}

/// Runs as a compiler wrapper, if this program is one of the copies that cargo calls.
pub(crate) fn called_by_cargo() -> Option<ExitCode> {
    let this = std::env::current_exe().ok()?;
    let mut arguments = std::env::args_os().skip(1);
    let result = match this.file_stem()?.to_str()? {
        COMPILER => {
            let rustc = arguments.next()?;
            compile(&rustc, &arguments.collect::<Vec<_>>())
        }
        DOCUMENTER => document(&arguments.collect::<Vec<_>>()),
        _ => return None,
    };
    let folder = this.parent().unwrap_or(Path::new(FOLDER));
    Some(
        match result.and_then(|[check, main]| run(check, main, folder)) {
            Ok(status) if status.success() => ExitCode::SUCCESS,
            Ok(_) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
    )
}

/// Runs a check, if there is one, and then the requested command.
type Checked = [Option<Command>; 2];

/// Runs the check with its output in `folder`, then, if it passes, the other command.
fn run(check: Option<Command>, main: Option<Command>, folder: &Path) -> Result<ExitStatus> {
    if let Some(mut check) = check {
        let status = check.arg("--out-dir").arg(folder.join("output")).status();
        let status = status.with_context(|| format!("cannot start {}", name(&check)))?;
        if !status.success() {
            return Ok(status);
        }
    }
    let mut main = main.context("cargo passes a command")?;
    main.status()
        .with_context(|| format!("cannot start {}", name(&main)))
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn compile(rustc: &OsStr, arguments: &[OsString]) -> Result<Checked> {
    let mut main = Command::new(rustc);
    main.args(arguments);
    let check = clippy_arguments(arguments).map(|checked| {
        let mut clippy = Command::new("clippy-driver");
        clippy
            .arg(rustc)
            .args(checked)
            .env("CLIPPY_ARGS", DENY_WARNINGS);
        clippy
    });
    Ok([check, Some(main)])
}

/// `-D warnings`, as `cargo clippy` passes it on.
const DENY_WARNINGS: &str = "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__";

/// How Clippy checks what rustc would compile: to metadata, elsewhere, and without telling cargo
/// that the crate is there.
fn clippy_arguments(arguments: &[OsString]) -> Option<Vec<OsString>> {
    let emits = |argument: &&OsString| argument.as_encoded_bytes().starts_with(b"--emit=");
    arguments.iter().find(emits)?;
    let mut checked = vec![];
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--out-dir" {
            rest.next();
        } else if text == "-C" {
            let option = rest.next()?;
            if !option.as_encoded_bytes().starts_with(b"incremental=") {
                checked.extend([argument.clone(), option.clone()]);
            }
        } else if emits(&argument) {
            checked.push("--emit=metadata".into());
        } else if let Some(kinds) = text.strip_prefix("--json=") {
            let kinds: Vec<_> = kinds
                .split(',')
                .filter(|kind| *kind != "artifacts")
                .collect();
            checked.push(format!("--json={}", kinds.join(",")).into());
        } else {
            checked.push(argument.clone());
        }
    }
    Some(checked)
}

fn document(arguments: &[OsString]) -> Result<Checked> {
    let rustdoc = |arguments: &[OsString]| {
        let mut rustdoc = Command::new("rustdoc");
        rustdoc.args(arguments);
        rustdoc
    };
    let check = pages_arguments(arguments).map(|arguments| rustdoc(&arguments));
    Ok([check, Some(rustdoc(arguments))])
}

/// How rustdoc makes the pages of what it would test.
fn pages_arguments(arguments: &[OsString]) -> Option<Vec<OsString>> {
    const WITH_VALUE: [&str; 3] = ["--test-args", "--test-run-directory", "--test-runtool"];
    arguments.iter().find(|argument| *argument == "--test")?;
    let mut pages = vec![OsString::from("-Dwarnings")];
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if WITH_VALUE.iter().any(|option| argument == option) {
            rest.next();
        } else if !["--test", "--no-run", "--nocapture"]
            .iter()
            .any(|option| argument == option)
        {
            pages.push(argument.clone());
        }
    }
    Some(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn clippy_checks_what_is_compiled_without_touching_it() {
        let rustc = "--crate-name a src/lib.rs --json=diagnostic-rendered-ansi,artifacts,future \
                     --emit=dep-info,metadata,link -C opt-level=1 -C incremental=i --out-dir deps \
                     --extern b=b.rlib";
        let clippy = "--crate-name a src/lib.rs --json=diagnostic-rendered-ansi,future \
                      --emit=metadata -C opt-level=1 --extern b=b.rlib";
        assert_eq!(clippy_arguments(&words(rustc)), Some(words(clippy)));
        assert_eq!(clippy_arguments(&words("-vV")), None);
    }

    #[test]
    fn pages_are_made_of_what_is_tested() {
        let tested =
            "--crate-name a --test src/lib.rs --test-run-directory . --test-args -q -L deps";
        let pages = "-Dwarnings --crate-name a src/lib.rs -L deps";
        assert_eq!(pages_arguments(&words(tested)), Some(words(pages)));
        assert_eq!(pages_arguments(&words("-vV")), None);
    }
}
