//! `trainer sweep` from outside: runs, table, page, and what is refused.

use std::fs;

use serde_json::Value;

use crate::background::Running;
use crate::common::{Finished, SMALL, Workplace, metrics, names, names_in};
use crate::documented::assert_documented;

fn close(value: &Value, expected: f64) -> bool {
    value
        .as_f64()
        .is_some_and(|value| (value - expected).abs() < 1e-12)
}

#[test]
fn a_sweep_gives_mean_and_deviation_of_its_runs() {
    let workplace = Workplace::new();
    let vary = "sweep --vary learning-rate=0.05,0.1 --vary optimizer=sgd,adam --seeds 3 --seed 4";
    let options = format!("{SMALL} --backend flex --epochs 2 --run-name first");
    let lines = workplace.events(&format!("{vary} {options}"));
    lines.iter().for_each(assert_documented);
    let of = |name: &str| -> Vec<&Value> {
        let found = lines.iter().filter(|line| line["event"] == name);
        found.collect()
    };
    let (runs, rows) = (of("sweep_run"), of("sweep_row"));
    assert_eq!((runs.len(), rows.len()), (12, 4));
    let mut least = f64::INFINITY;
    for row in &rows {
        let runs = runs.iter().filter(|run| run["options"] == row["options"]);
        let losses = runs.map(|run| {
            // What the run itself recorded.
            let folder = workplace.path(run["run_dir"].as_str().expect("a path"));
            let entries = metrics(&folder);
            assert_eq!(entries[0]["seed"], run["seed"]);
            let mut epochs = entries.iter().filter(|entry| entry["event"] == "epoch");
            epochs.next_back().expect("an epoch")["val_loss"].as_f64()
        });
        let losses: Option<Vec<f64>> = losses.collect();
        let losses = losses.expect("every run has a validation loss");
        assert_eq!(losses.len(), 3);
        let mean = losses.iter().sum::<f64>() / 3.0;
        let squares: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
        assert!(close(&row["val_loss"]["mean"], mean), "{row} {mean}");
        assert!(close(&row["val_loss"]["deviation"], (squares / 2.0).sqrt()));
        assert_eq!(row["finished"], 3);
        least = least.min(mean);
    }
    let best: Vec<_> = rows.iter().filter(|row| row["is_best"] == true).collect();
    assert_eq!(best.len(), 1);
    assert!(close(&best[0]["val_loss"]["mean"], least));

    let page = fs::read_to_string(workplace.path("runs/first/sweep.html")).expect("a page");
    for part in [
        "Sweep of learning-rate and optimizer",
        "Best by validation loss",
        "<svg",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The runs are listed with the others.
    let listed = workplace.events("runs");
    assert_eq!(names(&listed), ["run"; 12]);
    let text = workplace.text("runs");
    assert!(
        text.contains("first/01-learning-rate-0.05-optimizer-sgd-seed-4"),
        "{text}"
    );
}

#[test]
fn a_run_without_a_result_is_no_part_of_the_mean() {
    let workplace = Workplace::new();
    let options = format!("{SMALL} --backend flex --epochs 2 --run-name lost --seeds 2");
    let finished = workplace.run(&format!("sweep --vary learning-rate=0.1,1e30 {options}"));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let rows: Vec<&str> = finished.stdout.lines().collect();
    assert!(
        rows[1].contains("0.1") && rows[1].ends_with("best"),
        "{rows:?}"
    );
    assert!(
        rows[2].contains("1e30") && rows[2].contains("0 of 2"),
        "{rows:?}"
    );
    assert!(
        finished.stderr.contains("not finite"),
        "{}",
        finished.stderr
    );
}

/// The row that is whole is shown, and that the others are not; so is the page, which was there before.
#[test]
fn ctrl_c_leaves_a_table_and_a_page_of_what_has_ended() {
    let workplace = Workplace::new();
    let options = format!("{SMALL} --backend flex --run-name stopped --seeds 1 --quiet");
    let sweep = format!("sweep --vary epochs=1,20000,30000 {options}");
    let mut running = Running::start(&workplace, workplace.command(&sweep));
    running.wait_for_a_checkpoint("stopped/02-epochs-20000-seed-0");
    let page = || fs::read_to_string(workplace.path("runs/stopped/sweep.html")).expect("a page");
    assert!(page().contains("1 of 3 runs has finished."));
    running.signal("-INT");
    let finished = running.end();
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    let rows = finished.stdout.lines().collect::<Vec<_>>();
    assert!(rows[1].ends_with("best"), "{rows:?}");
    assert!(
        rows[2].contains("20000") && rows[2].contains("0 of 1"),
        "{rows:?}"
    );
    assert!(
        rows[3].contains("30000") && rows[3].contains("0 of 1"),
        "{rows:?}"
    );
    let whole = "1 of 3 runs has finished. Best of the complete rows by validation loss";
    assert!(rows[4].starts_with(whole), "{rows:?}");
    let page = page();
    for part in [whole, "stopped: interrupted", "not begun"] {
        assert!(page.contains(part), "{part}");
    }
}

/// What is done stays, what was stopped goes on, what has not begun begins: with the numbers of a sweep that nobody
/// stopped.
#[test]
fn a_sweep_that_was_stopped_goes_on() {
    let workplace = Workplace::new();
    let sweep = |rates: &str, epochs: u32, name: &str| {
        format!(
            "sweep --vary learning-rate={rates} --seeds 2 --data-dir data --hidden 12 --batch-size 12 --threads 1 \
             --backend flex --schedule constant --epochs {epochs} --run-name {name}"
        )
    };
    let whole = sweep("0.05,0.1,1e30", 400, "whole");
    assert_eq!(workplace.run(&whole).code, Some(1));

    let options = sweep("0.05,0.1,1e30", 400, "stopped");
    let mut running = Running::start(&workplace, workplace.command(&options));
    running.wait_for_a_checkpoint("stopped/02-learning-rate-0.05-seed-1");
    let folder = workplace.path("runs/stopped");
    workplace
        .run("sweep --resume runs/stopped")
        .assert_refused(&["another process trains in runs/stopped"]);
    running.signal("-INT");
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    let (_, command) = stopped
        .stdout
        .split_once("resume with: ")
        .expect("it says how");
    let command = command.trim();
    assert!(
        command.ends_with("trainer sweep --resume runs/stopped"),
        "{command}"
    );
    // As if it had been killed before it had anything to keep.
    let third = "03-learning-rate-0.1-seed-0";
    assert!(!folder.join(third).exists());
    let first = metrics(&folder.join("01-learning-rate-0.05-seed-0"));

    for (more, naming) in [
        ("--learning-rate 1", "--data-dir, --threads"),
        ("--init runs/whole", "--resume"),
        ("--data-dir nowhere", "nowhere"),
    ] {
        let refused = workplace.run(&format!("sweep --resume runs/stopped {more}"));
        refused.assert_refused(&[naming]);
    }
    workplace
        .run("sweep --resume runs/stopped/01-learning-rate-0.05-seed-0")
        .assert_refused(&["a single run", "train"]);
    workplace
        .run("--resume runs/stopped")
        .assert_refused(&["that of a sweep", "trainer sweep --resume"]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = workplace.command("sweep --resume");
    command.arg(&folder).current_dir(elsewhere.path());
    let refused = Finished::from(command.output().expect("it starts"));
    refused.assert_refused(&["resume it there"]);

    let resumed = workplace.run("sweep --resume runs/stopped --quiet");
    assert_eq!(resumed.code, Some(1), "{}", resumed.stderr);
    assert_eq!(metrics(&folder.join("01-learning-rate-0.05-seed-0")), first);
    let resumes = |run: &str| {
        let entries = metrics(&folder.join(run));
        entries
            .iter()
            .filter(|entry| entry["event"] == "resumed")
            .count()
    };
    assert_eq!(resumes("02-learning-rate-0.05-seed-1"), 1);
    assert_eq!(resumes(third), 0);

    // Once more, nothing is left to do: runs that lost their numbers would lose them again.
    let before = names_in(&folder);
    let events_of = |name: &str| {
        let finished = workplace.run(&format!("sweep --resume runs/{name} --format json"));
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        finished.events()
    };
    let events = events_of("stopped");
    events.iter().for_each(assert_documented);
    let last = events.last().expect("a line");
    assert_eq!([&last["finished"], &last["runs"]], [4, 6]);
    assert!(last["resume"].is_null());
    assert_eq!(names_in(&folder), before);
    assert_eq!(resumes("05-learning-rate-1e30-seed-0"), 0);
    let of_the_whole = events_of("whole");
    let rows = |events: &[Value]| {
        let rows = events.iter().filter(|event| event["event"] == "sweep_row");
        let figures = rows.map(|row| [&row["val_loss"], &row["test_accuracy"]].map(Value::clone));
        figures.collect::<Vec<_>>()
    };
    assert_eq!(rows(&of_the_whole), rows(&events));
    let page = fs::read_to_string(folder.join("sweep.html")).expect("a page");
    assert!(page.contains("trainer sweep --vary learning-rate=0.05,0.1,1e30"));
}

#[test]
fn what_cannot_vary_is_refused_before_any_run() {
    let workplace = Workplace::new();
    for (arguments, naming) in [
        ("", &["--vary"][..]),
        ("--vary learning-rate", &["learning-rate=0.05,0.1"]),
        ("--vary learning-rate=0.1", &["two or more"]),
        ("--vary learning-rate=0.1,0.10", &["twice"]),
        (
            "--vary learning-rate=0.1,x",
            &["learning-rate", "greater than 0"],
        ),
        ("--vary hidden=8,0", &["hidden", "whole number"]),
        ("--vary hidden=none,8", &["put spaces between two"]),
        (
            "--vary hidden=64,128",
            &["1 value", "with spaces between them"],
        ),
        (
            "--vary learning-rate=0.1,x",
            &["'x'", "; correct the value"],
        ),
        ("--vary nothing=1,2", &["nothing", "batch-size"]),
        ("--vary seed=1,2", &["--seeds"]),
        ("--vary run-name=a,b", &["run-name"]),
        ("--vary ridge=1,2", &["--ridge", "--weight-decay"]),
        ("--vary epochs=1,2 --seeds 0", &["--seeds"]),
        ("--vary epochs=1,2 --seeds 501", &["1002 runs"]),
        ("--vary epochs=1,2 --dry-run", &["--dry-run"]),
        ("--vary epochs=1,2 --resume runs/x", &["--vary", "--resume"]),
        ("--seeds 2 --resume runs/x", &["--seeds", "--resume"]),
        (
            "--resume nowhere",
            &["nowhere is not the folder of a sweep"],
        ),
        (
            "--vary epochs=1,2 --vary batch-size=1,2 --vary optimizer=sgd,adam",
            &["3 times"],
        ),
    ] {
        let refused = workplace.run(&format!("sweep {arguments}"));
        refused.assert_refused(naming);
        assert!(!workplace.path("runs").exists(), "{arguments}");
    }
}
