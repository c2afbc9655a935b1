//! The program `exercise`: checking again after every change.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long a line may take: a package is built in between.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that does not outlive its test.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn exercise(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exercise"));
    command.arg("--folder").arg(folder);
    command
}

/// What the program prints, if it succeeds.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Reads lines up to one that contains something, and returns all of them.
fn up_to(lines: &Receiver<String>, wanted: &str) -> String {
    let mut seen = String::new();
    while !seen.contains(wanted) {
        let line = lines.recv_timeout(PATIENCE);
        seen += &line.unwrap_or_else(|_| panic!("no {wanted:?} in time, but:\n{seen}"));
        seen.push('\n');
    }
    seen
}

#[test]
fn a_hint_without_a_name_is_on_the_next_exercise() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("student");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
    printed(exercise(&own).arg("export").arg(&folder));
    fs::write(folder.join("progress.txt"), "sigmoid\n").unwrap();
    let hint = |words: &[&str]| printed(exercise(&folder).arg("hint").args(words));
    assert_eq!(hint(&[]), hint(&["tanh", "1"]));
    assert_eq!(hint(&["2"]), hint(&["tanh", "2"]));
    assert_ne!(hint(&["2"]), hint(&["relu", "2"]));
}

#[test]
fn watch_checks_after_every_change_and_ends_when_all_are_solved() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("student");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
    printed(exercise(&own).arg("export").arg(&folder));
    let solution = printed(exercise(&own).args(["solution", "sigmoid", "--give-up"]));
    let listed = printed(exercise(&folder).args(["list", "--format", "json"]));
    let names = listed.lines().map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        event["name"].as_str().unwrap().to_owned()
    });
    let solved = names.filter(|name| name != "sigmoid");
    let solved = solved.collect::<Vec<_>>().join("\n") + "\n";
    fs::write(folder.join("progress.txt"), solved).unwrap();

    let mut watching = exercise(&folder);
    watching.arg("watch").stdout(Stdio::piped());
    let mut watching = Watching(watching.stderr(Stdio::null()).spawn().unwrap());
    let output = BufReader::new(watching.0.stdout.take().unwrap());
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let mut lines = output.lines().map_while(Result::ok);
        lines.all(|line| sender.send(line).is_ok())
    });
    let task = folder.join("tasks/01_sigmoid.rs");
    let blank = up_to(&lines, "waiting for a change");
    assert!(blank.contains("sigmoid"), "{blank}");
    fs::write(&task, solution.replace("1.0 - ", "1.0 + ")).unwrap();
    let wrong = up_to(&lines, "hint");
    assert!(wrong.contains("σ' has 1 - z"), "{wrong}");
    fs::write(&task, &solution).unwrap();
    up_to(&lines, "all exercises are solved");
    assert!(watching.0.wait().unwrap().success());
}
