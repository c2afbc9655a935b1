//! Runs of an earlier version (see the README of the fixtures) are evaluated, reported, continued, and
//! trained again to the same numbers.

use std::fs;

use serde_json::Value;

use crate::common::{Workplace, copy_folder, lasting, metrics, of_crate, weights};

const RUNS: [&str; 4] = ["linear", "stopped", "straight", "xor"];

/// A workplace with copies of the old runs.
fn old_runs() -> Workplace {
    let workplace = Workplace::new();
    for run in RUNS {
        let from = of_crate("run-folder/tests/fixtures").join(run);
        let to = workplace.path("runs").join(run);
        copy_folder(&from, &to);
        // They began in the folder where they are now: their data are here, too.
        let config = to.join("config.json");
        let text = fs::read_to_string(&config).expect("it is there");
        let here = workplace.path("").display().to_string();
        fs::write(
            &config,
            text.replace("/tmp/fixtures", here.trim_end_matches('/')),
        )
        .expect("it can be written");
    }
    workplace
}

/// Events agree except for rounding, which differs between kinds of CPU.
#[track_caller]
fn assert_close(one: &Value, other: &Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            // The old program fitted no temperature and averaged no weights.
            let keys = |object: &serde_json::Map<_, _>| {
                let is_new =
                    |key: &str| key.starts_with("temperature") || key.starts_with("average_");
                let keys = object.keys().filter(|key| !is_new(key));
                keys.cloned().collect::<Vec<_>>()
            };
            assert_eq!(keys(one), keys(other));
            keys(one)
                .iter()
                .for_each(|key| assert_close(&one[key], &other[key]));
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len());
            one.iter()
                .zip(other)
                .for_each(|(one, other)| assert_close(one, other));
        }
        (Value::Number(one), Value::Number(other)) => {
            let [one, other] = [one, other].map(|number| number.as_f64().expect("f64"));
            let scale = one.abs().max(other.abs()).max(1e-3);
            assert!((one - other).abs() <= 1e-4 * scale, "{one} {other}");
        }
        _ => assert_eq!(one, other),
    }
}

#[test]
fn old_runs_are_evaluated_listed_and_reported() {
    let workplace = old_runs();
    for run in ["linear", "straight", "xor"] {
        let data = if run == "xor" { "" } else { "--data-dir data" };
        let events = workplace.events(&format!("eval --run runs/{run} {data}"));
        let result = metrics(&workplace.path("runs").join(run)).pop();
        let result = result.expect("the last event");
        assert_close(&events[0]["accuracy"], &result["test_accuracy"]);
        assert_close(&events[0]["loss"], &result["test_loss"]);
    }
    let states = workplace.events("runs").into_iter().map(|run| {
        let [path, state] =
            ["run_dir", "state"].map(|field| run[field].as_str().map(str::to_owned));
        (path.expect("a path"), state.expect("a state"))
    });
    let mut states = states.collect::<Vec<_>>();
    states.sort_unstable();
    let expected = RUNS.map(|run| {
        let state = if run == "stopped" {
            "stopped"
        } else {
            "finished"
        };
        (format!("runs/{run}"), state)
    });
    for ((path, state), expected) in states.iter().zip(&expected) {
        assert_eq!(path, &expected.0);
        assert!(state.contains(expected.1), "{path}: {state}");
    }
    for runs in [
        "runs/xor",
        "runs/straight",
        "runs/stopped",
        "runs/linear runs/straight",
    ] {
        workplace.text(&format!("report {runs} --out page.html"));
        let page = fs::read_to_string(workplace.path("page.html")).expect("a page");
        assert!(page.contains("</html>"), "{runs}");
    }
}

#[test]
fn an_old_run_continues_to_the_numbers_of_one_that_was_not_stopped() {
    let workplace = old_runs();
    workplace.events("--resume runs/stopped --data-dir data");
    let [straight, stopped] = ["straight", "stopped"].map(|run| {
        let run_folder = workplace.path("runs").join(run);
        (lasting(metrics(&run_folder)), weights(&run_folder))
    });
    assert_close(&straight.0.into(), &stopped.0.into());
    assert_eq!(straight.1.0, stopped.1.0);
    let longer = workplace.run("--resume runs/xor --epochs 600");
    assert_eq!(longer.code, Some(0), "{}", longer.stderr);
}

#[test]
fn the_command_of_an_old_run_gives_its_numbers_again() {
    let workplace = old_runs();
    for run in ["linear", "straight", "xor"] {
        let config =
            fs::read(workplace.path(&format!("runs/{run}/config.json"))).expect("settings");
        let config: Value = serde_json::from_slice(&config).expect("JSON");
        let command = config["command"].as_array().expect("a list");
        let arguments = command[1..].iter().map(|word| word.as_str().expect("text"));
        let arguments = arguments.collect::<Vec<_>>().join(" ");
        let events = workplace.events(&arguments.replace(&format!("name {run}"), "name again"));
        let before = metrics(&workplace.path("runs").join(run));
        assert_close(&lasting(before).into(), &lasting(events).into());
    }
}
