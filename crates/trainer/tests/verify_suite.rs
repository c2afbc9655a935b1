//! `verify-grads --suite burn` from outside.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

fn suite(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verify-grads"))
        .args(["--suite", "burn"])
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program writes UTF-8")
}

#[test]
fn known_disagreements_do_not_fail_the_run_and_are_named() {
    let processor = ["--backend", "flex", "--backend", "ndarray"];
    let output = suite(&[&processor[..], &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let events: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .collect();
    let gelu = |backend: &str| {
        let mut events = events.iter();
        let found = events.find(|event| {
            event["operation"] == "activation::gelu"
                && event["backend"] == backend
                && event["dtype"] == "f64"
        });
        found.expect("gelu is in the table")
    };
    assert_eq!(gelu("flex")["verdict"], "right");
    assert_eq!(gelu("ndarray")["verdict"], "known");
    let disagreement = &gelu("ndarray")["disagreements"][0];
    assert_eq!(disagreement["known"], "gelu-tanh-backward");
    assert_eq!(disagreement["triage"], "wrong in Burn");
    let summary = events.last().expect("a summary");
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["unknown"], 0);
    assert_eq!(summary["gone"], 0);
    assert!(summary["elements"].as_u64().expect("a number") > 30_000);
}

#[test]
fn the_table_and_the_page_show_each_operation() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page");
    let page_path = page.to_str().expect("a path in UTF-8");
    let output = suite(&["--backend", "flex", "--case", "elu", "--page", page_path]);
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
fn an_operation_that_is_not_there_and_a_folder_that_cannot_be_made_are_errors() {
    let output = suite(&["--backend", "flex", "--case", "no such operation"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("without `--case`"));
    let file = tempfile::NamedTempFile::new().expect("a file");
    let inside = file.path().join("page");
    let inside = inside.to_str().expect("a path in UTF-8");
    let output = suite(&[
        "--backend",
        "flex",
        "--case",
        "Tensor::neg",
        "--page",
        inside,
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot make the folder"));
}
