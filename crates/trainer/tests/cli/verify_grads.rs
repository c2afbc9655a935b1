//! `verify-grads` from outside. Its checks are tested in `gradient-trials`, and the gate runs all of them.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Finished, Workplace, json_lines};

fn verify_grads(arguments: &str) -> Finished {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify-grads"));
    let output = command.args(arguments.split_whitespace()).output();
    Finished::from(output.expect("the program starts"))
}

/// Runs with JSON; gives exit code and events.
fn events(arguments: &str) -> (Option<i32>, Vec<Value>) {
    let finished = verify_grads(&format!("{arguments} --format json"));
    (finished.code, json_lines(&finished.stdout))
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let is_it = |event: &&Value| event["event"] == kind;
    events.iter().filter(is_it).collect()
}

#[test]
fn all_agree_on_the_processor_and_every_mutant_is_caught() {
    let rules = "--backend flex --backend ndarray --case softmax --shapes 1 --mutate";
    let (code, all) = events(rules);
    assert_eq!(code, Some(0));
    let cases = of_kind(&all, "case");
    for backend in ["flex", "ndarray"] {
        for dtype in ["f64", "f32"] {
            let is_here = |case: &&&Value| case["backend"] == backend && case["dtype"] == dtype;
            assert!(cases.iter().any(|case| is_here(&case)), "{backend} {dtype}");
        }
    }
    let agreed = [cases, of_kind(&all, "pytorch")].concat();
    assert!(agreed.iter().all(|event| event["verdict"] == "pass"));
    let mutants = of_kind(&all, "mutant");
    assert!(mutants.iter().all(|mutant| mutant["caught"] == true));
    let mut of_autodiff = mutants
        .iter()
        .filter(|mutant| mutant["mutated"] == "autodiff");
    assert!(of_autodiff.all(|mutant| mutant["odd"] == "autodiff"));
    let summary = of_kind(&all, "summary")[0];
    assert_eq!(all.last(), Some(summary));
    assert_eq!(
        (&summary["failed"], &summary["false_alarms"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(summary["caught"], summary["mutants"]);
    assert_eq!(summary["mutants"], mutants.len());
    let finite = summary["worst_by_dtype"]["f64"]["finite"].as_f64();
    assert!(finite.is_some_and(|finite| finite <= 1e-7), "{finite:?}");

    let (code, real) = events("--backend flex --case real --shapes 1");
    assert_eq!(code, Some(0));
    let parameters = 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10;
    assert_eq!(of_kind(&real, "case")[0]["elements"], parameters);
}

#[test]
fn a_table_has_a_row_for_each_case_and_a_summary() {
    let finished = verify_grads("--backend flex --case softmax --shapes 3");
    let stdout = &finished.stdout;
    assert_eq!(finished.code, Some(0), "{stdout}");
    let rows = stdout.lines().filter(|line| line.starts_with("softmax "));
    let rows = rows.collect::<Vec<_>>();
    assert_eq!(rows.len(), 2, "{stdout}");
    for (row, dtype) in rows.iter().zip(["f64", "f32"]) {
        let words = row.split_whitespace().collect::<Vec<_>>();
        assert_eq!(words[..4], ["softmax", "flex", dtype, "3"]);
        assert_eq!(words.last(), Some(&"pass"));
    }
    let last = stdout.lines().last();
    assert!(
        last.is_some_and(|line| line.starts_with("all agree: ")),
        "{stdout}"
    );

    let (code, matmul) = events("--backend flex --case matmul --shapes 1");
    assert_eq!(code, Some(0));
    let cases = of_kind(&matmul, "case");
    assert_eq!(cases.len(), 2, "matmul in f64 and f32");
    assert_eq!(cases[0]["shape"], json!({"w": [5, 3], "x": [7, 5]}));
    let summary = of_kind(&matmul, "summary")[0];
    for absent in ["mutants", "caught", "false_alarms"] {
        assert_eq!(summary[absent], Value::Null);
    }
    // A seed gives the same numbers again.
    let run = |seed| {
        events(&format!(
            "--backend flex --case softmax --shapes 2 --seed {seed}"
        ))
        .1
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn what_cannot_be_checked_is_refused() {
    for (arguments, naming) in [
        ("--backend abacus", &["abacus"][..]),
        ("--shapes 0", &["--shapes"]),
        ("--seed -1", &["-1"]),
        ("--backend flex --case nonsense", &["nonsense", "--case"]),
    ] {
        verify_grads(arguments).assert_refused(naming);
    }
}

#[test]
fn wgpu_is_checked_in_f32_or_refused() {
    let has_adapter = Workplace::new().has_adapter();
    let (code, events) = events("--backend wgpu --case matmul --shapes 1");
    if !has_adapter {
        assert_eq!((code, events.len()), (Some(2), 0));
        return;
    }
    assert_eq!(code, Some(0));
    let cases = of_kind(&events, "case");
    assert!(!cases.is_empty());
    for case in cases {
        let place = (&case["backend"], &case["dtype"]);
        assert_eq!(place, (&json!("wgpu"), &json!("f32")));
    }
}
