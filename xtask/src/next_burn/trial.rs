//! Compiles the reproductions against the next Burn, and runs them one by one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::entries::Sources;
use crate::program::cargo;

/// How long a reproduction may take. The longest waits 20 s for threads that wait for each other.
const LIMIT: Duration = Duration::from_secs(180);

/// What a reproduction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It passed: the fault is there.
    Passed,
    /// It failed, with the message.
    Failed(String),
    /// It was not compiled, and why.
    NotBuilt(String),
}

/// The program with the reproductions that can be compiled.
#[derive(Debug)]
pub(super) struct Built {
    program: PathBuf,
    /// The names of its tests, with their modules.
    tests: Vec<String>,
    /// What could not be compiled, with the first error.
    left_out: BTreeMap<String, String>,
}

/// An error of the compiler.
#[derive(Debug, PartialEq, Eq)]
struct CompileError {
    message: String,
    /// The file's name and the line.
    place: Option<(String, usize)>,
}

/// Compiles all reproductions that can be. What has an error is left out, and then what needs it.
///
/// # Errors
///
/// If something else cannot be compiled.
pub(super) fn build(manifest: &str, sources: &Sources) -> Result<Built> {
    let mut left_out = BTreeMap::new();
    let mut cuts: Vec<String> = vec![];
    loop {
        let mut command = cargo();
        command.args(["test", "--no-run", "--manifest-path", manifest]);
        command.args(["--test", "upstream", "--message-format=json"]);
        command.env("NEXT_BURN_WITHOUT", cuts.join(","));
        let (program, errors) = compile(command)?;
        if let Some(program) = program {
            let tests = tests(&program)?;
            return Ok(Built {
                program,
                tests,
                left_out,
            });
        }
        let before = cuts.len();
        for error in &errors {
            let place = error.place.as_ref();
            let item = place.and_then(|(file, line)| Some((file, sources.item_at(file, *line)?)));
            let Some((file, (lines, name))) = item else {
                bail!(
                    "{}, outside of any reproduction: {place:?}; adapt it",
                    error.message
                );
            };
            let cut = format!("{file}:{}-{}", lines.start(), lines.end());
            if !cuts.contains(&cut) {
                cuts.push(cut);
                let reason = reason(&error.message, &left_out);
                left_out.insert(name, reason);
            }
        }
        ensure!(
            cuts.len() > before,
            "cargo failed without an error of the compiler; see above"
        );
    }
}

/// An error's message; if it only says that something is missing which was left out, why that was.
fn reason(message: &str, left_out: &BTreeMap<String, String>) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let missing = message
        .starts_with("cannot find")
        .then(|| quoted.next())
        .flatten();
    let first = missing.and_then(|name| left_out.get(name));
    first.map_or(message, String::as_str).to_owned()
}

/// Runs cargo, which shows its own progress. The program, or the errors.
fn compile(mut command: Command) -> Result<(Option<PathBuf>, Vec<CompileError>)> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo's output is piped")?;
    let (mut program, mut errors) = (None, vec![]);
    for line in BufReader::new(stdout).lines() {
        let message: Value = serde_json::from_str(&line?).unwrap_or_default();
        if let Some(path) = message["executable"].as_str() {
            program = Some(PathBuf::from(path));
        }
        errors.extend(CompileError::of(&message));
    }
    let built = child.wait()?.success();
    Ok((program.filter(|_| built), errors))
}

impl CompileError {
    /// The error in a message of cargo, if it is one.
    fn of(message: &Value) -> Option<Self> {
        let error = &message["message"];
        let text = error["message"].as_str()?;
        // The summary at the end has no place.
        if error["level"] != "error" || text.starts_with("aborting due to") {
            return None;
        }
        let spans = error["spans"].as_array()?;
        let primary = spans.iter().find(|span| span["is_primary"] == true);
        let place = primary.and_then(|span| {
            let file = Path::new(span["file_name"].as_str()?).file_name()?;
            let line = usize::try_from(span["line_start"].as_u64()?).ok()?;
            Some((file.to_string_lossy().into_owned(), line))
        });
        Some(Self {
            message: text.to_owned(),
            place,
        })
    }
}

fn tests(program: &Path) -> Result<Vec<String>> {
    let output = Command::new(program)
        .args(["--list", "--format", "terse"])
        .output()?;
    ensure!(
        output.status.success(),
        "{} does not list its tests",
        program.display()
    );
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect())
}

impl Built {
    /// Runs one reproduction.
    ///
    /// # Errors
    ///
    /// If there is no such test, or it cannot be started.
    pub(super) fn outcome(&self, name: &str, sources: &Sources) -> Result<Outcome> {
        let backend = sources.backend_of(name)?;
        if let Some(error) = self.left_out.get(name) {
            return Ok(Outcome::NotBuilt(error.clone()));
        }
        let is_it = |test: &&String| test.rsplit("::").next() == Some(name);
        match (self.tests.iter().find(is_it), backend) {
            (Some(test), _) => run(&self.program, test),
            (None, Some(backend)) => Ok(Outcome::NotBuilt(absent(backend))),
            (None, None) => bail!("{name} was neither compiled nor left out"),
        }
    }
}

/// Why nothing is compiled for a backend.
fn absent(backend: &str) -> String {
    match backend {
        "ndarray" => "no backend ndarray there".to_owned(),
        other => format!("{other} is not compiled here"),
    }
}

/// Runs a test in a process of its own.
fn run(program: &Path, test: &str) -> Result<Outcome> {
    let mut child = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let mut errors = child.stderr.take().context("its errors are piped")?;
    let said = thread::spawn(move || {
        let mut bytes = vec![];
        // What it said until it was killed is enough.
        let _ = errors.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let Some(status) = ended(&mut child)? else {
        return Ok(Outcome::Failed(format!(
            "it does not end within {} s",
            LIMIT.as_secs()
        )));
    };
    if status.success() {
        return Ok(Outcome::Passed);
    }
    let said = said.join().unwrap_or_default();
    Ok(Outcome::Failed(
        last_panic(&said).unwrap_or_else(|| status.to_string()),
    ))
}

/// Waits for a process. One that does not end is killed.
fn ended(child: &mut Child) -> Result<Option<ExitStatus>> {
    let begin = Instant::now();
    while begin.elapsed() < LIMIT {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// The message of the last panic, on one line. Those before it may have been caught.
fn last_panic(said: &str) -> Option<String> {
    let (_, last) = said.rsplit_once(" panicked at ")?;
    let message = last
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty() && !line.starts_with("note: "));
    let words: Vec<_> = message.flat_map(str::split_whitespace).collect();
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_error_has_its_place_in_the_originals() {
        let message = json!({
            "reason": "compiler-message",
            "message": {
                "level": "error",
                "message": "no method `x`",
                "spans": [
                    {"is_primary": false, "file_name": "out/a.rs", "line_start": 1},
                    {"is_primary": true, "file_name": "out/graph.rs", "line_start": 12},
                ],
            },
        });
        let error = CompileError::of(&message).expect("it is one");
        assert_eq!(error.message, "no method `x`");
        assert_eq!(error.place, Some(("graph.rs".to_owned(), 12)));
        let warning = json!({"message": {"level": "warning", "message": "unused", "spans": []}});
        assert_eq!(CompileError::of(&warning), None);
        assert_eq!(CompileError::of(&json!({"reason": "build-finished"})), None);
    }

    #[test]
    fn what_needs_something_left_out_has_its_reason() {
        let left_out = BTreeMap::from([("chain".to_owned(), "no method `sin`".to_owned())]);
        let of = |message| reason(message, &left_out);
        assert_eq!(
            of("cannot find function `chain` in this scope"),
            "no method `sin`"
        );
        let other = "cannot find function `leaf` in this scope";
        assert_eq!(of(other), other);
        assert_eq!(
            of("mismatched types of `chain`"),
            "mismatched types of `chain`"
        );
    }

    #[test]
    fn the_last_panic_is_said_on_one_line() {
        let said = "thread 'a' panicked at a.rs:1:\ncaught\nnote: run with\n\nthread 'a' panicked at a.rs:2:\n\
                    assertion `left == right` failed: right is 2\n  left: 2.0\n right: 5.0\n\nfailures:\n";
        let message = "assertion `left == right` failed: right is 2 left: 2.0 right: 5.0";
        assert_eq!(last_panic(said).as_deref(), Some(message));
        assert_eq!(last_panic("killed"), None);
    }
}
