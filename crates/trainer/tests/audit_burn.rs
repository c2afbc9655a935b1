//! `audit-burn` from outside.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn audit(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_audit-burn"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program writes UTF-8")
}

fn events(output: &Output) -> Vec<Value> {
    let lines = text(&output.stdout).lines();
    let parse = |line| serde_json::from_str(line).expect("every line is JSON");
    lines.map(parse).collect()
}

/// In a process of its own, because a graphics driver may crash it.
#[test]
fn a_group_runs_on_wgpu_if_there_is_an_adapter() {
    let output = audit(&[
        "--backend",
        "wgpu",
        "--case",
        "Tensor::neg",
        "--format",
        "json",
    ]);
    let message = text(&output.stderr);
    if output.status.code() == Some(2) && std::env::var_os("REQUIRE_WGPU").is_none() {
        assert!(message.contains("no usable graphics adapter"), "{message}");
        eprintln!("not run: {message}");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{message}");
    let events = events(&output);
    let [_, neg, summary] = &events[..] else {
        panic!("a backend, an operation and a summary: {events:?}");
    };
    assert_eq!(
        (&neg["operation"], &neg["backend"]),
        (&"Tensor::neg".into(), &"wgpu".into())
    );
    assert_eq!(summary["right"], 1);
}

/// A child writes one object per line, the summary last.
#[test]
fn a_child_writes_only_results() {
    let output = audit(&[
        "--here",
        "--backend",
        "flex",
        "--family",
        "Masks, comparisons, casts",
        "--case",
        "mask_where",
    ]);
    let events = events(&output);
    let kinds: Vec<_> = events.iter().map(|event| &event["event"]).collect();
    let (last, results) = kinds.split_last().expect("a child ends with its summary");
    assert_eq!(*last, "summary");
    assert!(results.len() >= 2 && results.iter().all(|kind| *kind == "operation"));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn known_disagreements_do_not_fail_the_run_and_are_named() {
    let gelu = ["--case", "activation::gelu", "--format", "json"];
    let processor = ["--backend", "flex", "--backend", "ndarray"];
    let output = audit(&[&processor[..], &gelu].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let events = events(&output);
    let gelu = |backend: &str| {
        let mut events = events.iter();
        let found = events.find(|event| {
            event["operation"] == "activation::gelu"
                && event["backend"] == backend
                && event["dtype"] == "f64"
        });
        found.expect("gelu is in the table")
    };
    let listed = |backend: &str| {
        let all = gelu(backend)["disagreements"].as_array().expect("a list");
        let mut all = all.iter();
        all.find(|disagreement| {
            disagreement["known"] == "gelu-tanh-backward" && disagreement["check"] == "[3, 5]"
        })
    };
    assert_eq!(listed("flex"), None);
    assert_eq!(gelu("ndarray")["verdict"], "known");
    let disagreement = listed("ndarray").expect("ndarray differentiates another function");
    assert_eq!(disagreement["triage"], "wrong in Burn");
    let evidence = |name: &str| disagreement["evidence"][name].as_f64().expect(name);
    let (difference, error) = (evidence("difference"), evidence("finite_differences_error"));
    assert!(error * 10.0 < difference, "{error:e}, {difference:e}");
    let summary = events.last().expect("a summary");
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["unknown"], 0);
    assert_eq!(summary["gone"], 0);
    assert_eq!(summary["abandoned"], 0);
    let sum = |name: &str| -> u64 {
        let numbers = events.iter().filter(|event| event["event"] == "operation");
        numbers.map(|event| event[name].as_u64().expect(name)).sum()
    };
    assert_eq!(summary["checks"], sum("checks"));
    assert_eq!(summary["elements"], sum("elements"));
    assert!(sum("elements") > 300);
}

#[test]
fn the_table_and_the_page_show_each_operation() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page");
    let page_path = page.to_str().expect("a path in UTF-8");
    let output = audit(&["--backend", "flex", "--case", "elu", "--page", page_path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = text(&output.stdout);
    let elu = table
        .lines()
        .find(|line| line.starts_with("activation::elu "));
    assert!(elu.expect("a row").ends_with("known: elu-overflow"));
    assert!(table.contains("all right or known"), "{table}");
    for file in ["gradients-of-burn.md", "gradients-of-burn.html"] {
        let text = fs::read_to_string(page.join(file)).expect("the page");
        assert!(text.contains("activation::leaky_relu"), "{file}");
    }
}

#[test]
fn many_seeds_are_walked_and_counted_by_operation() {
    let three = [
        "--backend",
        "flex",
        "--case",
        "Tensor::exp",
        "--seeds",
        "3..6",
    ];
    let output = audit(&[&three[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let walked = events(&output);
    let seeds = walked.iter().find(|event| event["event"] == "seeds");
    let seeds = seeds.expect("the count");
    assert_eq!((&seeds["first"], &seeds["seeds"]), (&3.into(), &3.into()));
    assert_eq!(seeds["unexpected"], 0);
    assert_eq!(seeds["by_operation"], Value::Array(vec![]));
    assert_eq!(seeds["by_place"]["flex f32"], 0);
    let one = [
        "--backend",
        "flex",
        "--case",
        "Tensor::exp",
        "--format",
        "json",
    ];
    let one = events(&audit(&one));
    let checks = |events: &[Value]| events.last().expect("a summary")["checks"].as_u64();
    let (one, walked) = (checks(&one).unwrap_or(0), checks(&walked).unwrap_or(0));
    assert!(
        one < walked && walked < 3 * one,
        "{one} at one seed, {walked} at three"
    );
    let output = audit(&three);
    let said = text(&output.stdout);
    assert!(
        said.contains(
            "unexpected disagreements at the seeds 3 to 5: 0\nby place: flex f32 0, flex f64 0"
        ),
        "{said}"
    );
    let output = audit(&["--seeds", "6..3"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("such as 0..200"));
}

#[test]
fn an_operation_that_is_not_there_and_a_folder_that_cannot_be_made_are_errors() {
    let output = audit(&["--backend", "flex", "--case", "no such operation"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("without `--case`"));
    let file = tempfile::NamedTempFile::new().expect("a file");
    let inside = file.path().join("page");
    let inside = inside.to_str().expect("a path in UTF-8");
    let output = audit(&[
        "--backend",
        "flex",
        "--case",
        "Tensor::neg",
        "--page",
        inside,
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("choose another by --page"));
    let said = text(&output.stdout);
    assert!(!said.contains("Tensor::neg"), "before any check: {said}");
}

/// A killed parent cannot end its children: they notice that the pipe to it closes.
#[test]
fn a_child_does_not_outlive_its_parent() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_audit-burn"))
        .args(["--here", "--leashed", "--backend", "flex"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program starts");
    drop(child.stdin.take());
    let status = child.wait().expect("the child ends");
    assert_eq!(status.code(), Some(2), "the whole table was checked");
}

#[test]
fn random_programs_are_judged_in_the_order_of_their_seeds() {
    let output = audit(&[
        "--programs",
        "12",
        "--seed",
        "30",
        "--backend",
        "flex",
        "--format",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let events = events(&output);
    let programs: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "program")
        .collect();
    let seeds: Vec<_> = programs
        .iter()
        .map(|event| event["seed"].as_u64().expect("a seed"))
        .collect();
    assert_eq!(seeds, (30..42).collect::<Vec<_>>());
    let summary = events.last().expect("a summary");
    assert_eq!(summary["event"], "programs");
    assert_eq!(summary["programs"], 12);
    assert_eq!(summary["wrong"], 0);
    assert_eq!(summary["elements"], summary["by_differences"]);
}

#[test]
fn wrong_numbers_of_programs_and_unknown_entries_are_one_line() {
    for (arguments, remedy) in [
        (&["--programs", "0"][..], "such as 1000"),
        (
            &["--programs", "2", "--seed", "18446744073709551615"],
            "use a smaller --seed",
        ),
        (&["--report", "no-such-entry"], "--report all --out FOLDER"),
        (&["--report", "all"], "add --out FOLDER"),
    ] {
        let output = audit(arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(remedy), "{message}");
        assert_eq!(
            message
                .lines()
                .filter(|line| line.contains("error"))
                .count(),
            1,
            "{message}"
        );
    }
}

#[test]
fn issues_are_printed_and_written() {
    let output = audit(&["--report", "stale-graph-after-merge"]);
    assert_eq!(output.status.code(), Some(0));
    let issue = text(&output.stdout);
    for part in [
        "# Correct code panics",
        "fn main() {",
        "## Expected",
        "## Suggested fix",
    ] {
        assert!(issue.contains(part), "{part}: {issue}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path in UTF-8");
    let output = audit(&["--report", "all", "--out", path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(folder.path().join("01-leaves-of-one-tensor.md").is_file());
    let count = fs::read_dir(folder.path())
        .expect("the folder is there")
        .count();
    assert!(count > 60, "{count}");
}

/// Two short programs: shaders are compiled for each shape.
#[test]
fn random_programs_run_on_wgpu_if_there_is_an_adapter() {
    let run = ["--programs", "2", "--seed", "1144", "--backend", "wgpu"];
    let output = audit(&[&run[..], &["--format", "json"]].concat());
    let message = text(&output.stderr);
    if output.status.code() == Some(2) && std::env::var_os("REQUIRE_WGPU").is_none() {
        assert!(message.contains("no usable graphics adapter"), "{message}");
        eprintln!("not run: {message}");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let events = events(&output);
    let summary = events.last().expect("a summary");
    assert_eq!(summary["right"], 2, "{summary}");
    assert!(summary["elements"].as_u64() > Some(10), "{summary}");
}

/// A process that overflows its stack or takes memory costs the programs that do so, and no other. They are said with
/// their seeds, and shrunk to the operation that does it.
#[test]
fn a_program_with_a_bad_end_is_reported_and_the_rest_is_judged() {
    let overflowed = lost("overflow", "overflowed its stack", 0, 20);
    assert!((1..10).contains(&overflowed.len()), "{overflowed:?}");
    if cfg!(target_os = "linux") {
        let first = overflowed[0];
        assert_eq!(lost("memory", "MiB", first, 2)[0], first);
    }
}

/// The seeds of the programs that come to such an end, each of which calls the operation that brings it about.
fn lost(end: &str, why: &str, first: u64, count: usize) -> Vec<u64> {
    let (seed, programs) = (first.to_string(), count.to_string());
    let disaster = format!("{end}:Tensor::cosh");
    let run = ["--programs", &programs, "--seed", &seed];
    let how = [
        "--backend",
        "flex",
        "--format",
        "json",
        "--disaster",
        &disaster,
    ];
    let output = audit(&[&run[..], &how[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let events = events(&output);
    let programs = events.iter().filter(|event| event["event"] == "program");
    let (lost, judged): (Vec<_>, Vec<_>) = programs.partition(|event| event["verdict"] == "lost");
    assert_eq!(lost.len() + judged.len(), count);
    assert_eq!(events.last().expect("a summary")["lost"], lost.len());
    let seed = |event: &&Value| {
        let [detail, code] = ["detail", "code"].map(|name| event[name].as_str().expect(name));
        assert!(detail.contains(why), "{detail}");
        let calls = code.lines().filter(|line| line.contains(".cosh()"));
        assert_eq!(calls.count(), 1, "{code}");
        let values = code.lines().filter(|line| line.starts_with("    let v"));
        assert!(values.count() <= 2, "{code}");
        event["seed"].as_u64().expect("a seed")
    };
    lost.iter().map(seed).collect()
}
