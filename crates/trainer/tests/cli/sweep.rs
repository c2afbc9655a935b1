//! `trainer sweep` from outside: runs, table, page, and what is refused.

use std::fs;
use std::path::Path;

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

/// Options of a sweep of six runs, of which the last two lose their numbers.
fn long_sweep(name: &str, more: &str) -> String {
    format!(
        "sweep --vary learning-rate=0.05,0.1,1e30 --seeds 2 --data-dir data --hidden 12 --batch-size 12 --backend flex \
         --schedule constant --epochs 1000 --run-name {name} {more}"
    )
}

/// The line of the whole sweep, and the figures of its rows.
fn rows(finished: &Finished) -> (Value, Vec<[Value; 2]>) {
    let events = finished.events();
    events.iter().for_each(assert_documented);
    let rows = events.iter().filter(|event| event["event"] == "sweep_row");
    let figures = rows.map(|row| [&row["val_loss"], &row["test_accuracy"]].map(Value::clone));
    let figures = figures.collect();
    (events.last().expect("a line").clone(), figures)
}

fn is_resumed(run: &Path) -> bool {
    let entries = metrics(run);
    entries.iter().any(|entry| entry["event"] == "resumed")
}

/// Runs that have ended stay, one that was stopped goes on, the others begin: with the numbers of a sweep that nobody
/// stopped.
#[test]
fn a_sweep_that_was_stopped_is_resumed() {
    let workplace = Workplace::new();
    let options = long_sweep("stopped", "--threads 1");
    let mut running = Running::start(&workplace, workplace.command(&options));
    running.wait_for_a_checkpoint("stopped/02-learning-rate-0.05-seed-1");
    running.signal("-INT");
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    let (_, command) = stopped
        .stdout
        .split_once("resume with: ")
        .expect("a command");
    let ending = "trainer sweep --resume runs/stopped";
    assert!(command.trim().ends_with(ending), "{command}");
    let folder = workplace.path("runs/stopped");
    let [first, second, third] = [
        "01-learning-rate-0.05-seed-0",
        "02-learning-rate-0.05-seed-1",
        "03-learning-rate-0.1-seed-0",
    ]
    .map(|run| folder.join(run));
    // As if the third had been killed before it had a configuration, and the first before it had its page.
    fs::create_dir(&third).expect("it has not begun");
    fs::write(third.join("metrics.jsonl"), "").expect("it can be written");
    let entries = metrics(&first);
    fs::remove_file(first.join("report.html")).expect("it has a page");

    let resumed = workplace.run("sweep --resume runs/stopped --format json");
    assert_eq!(resumed.code, Some(1), "{}", resumed.stderr);
    assert_eq!(metrics(&first), entries);
    assert!(first.join("report.html").exists());
    let resumes = [&first, &second, &third].map(|run| is_resumed(run));
    assert_eq!(resumes, [false, true, false]);
    assert_eq!(names_in(&folder).len(), 6 + 3);

    let whole = workplace.run(&long_sweep("whole", "--threads 1 --format json"));
    assert_eq!(whole.code, Some(1), "{}", whole.stderr);
    let (last, figures) = rows(&resumed);
    assert_eq!(figures, rows(&whole).1);
    assert_eq!([&last["finished"], &last["runs"]], [4, 6]);
    // Runs that have lost their numbers would lose them again.
    assert!(last["resume"].is_null());
    let page = fs::read_to_string(folder.join("sweep.html")).expect("a page");
    assert!(page.contains("trainer sweep --vary learning-rate=0.05,0.1,1e30"));
}

/// What would give rows that do not compare is refused before anything is trained, and so is what is no sweep.
#[test]
fn a_sweep_is_resumed_as_it_began_or_not_at_all() {
    let workplace = Workplace::new();
    let sweep = workplace.run(&long_sweep("kept", "--threads 1 --quiet"));
    assert_eq!(sweep.code, Some(1), "{}", sweep.stderr);
    let folder = workplace.path("runs/kept");
    let not_begun = folder.join("04-learning-rate-0.1-seed-1");
    let without_one = || {
        let _ = fs::remove_dir_all(&not_begun);
    };
    without_one();
    crate::common::copy_folder(&workplace.path("data"), &workplace.path("other"));
    let labels = workplace.path("other/train-labels-idx1-ubyte");
    let mut bytes = fs::read(&labels).expect("labels");
    bytes.swap(8, 9);
    fs::write(&labels, bytes).expect("they can be written");
    for (more, naming) in [
        ("--learning-rate 1", "--data-dir, --threads"),
        ("--threads 2", "--engine fused"),
        ("--data-dir nowhere", "nowhere"),
        ("--data-dir other", "not those of the sweep's other runs"),
    ] {
        workplace
            .run(&format!("sweep --resume runs/kept {more} --quiet"))
            .assert_refused(&[naming]);
        assert!(!not_begun.exists(), "{more}");
    }
    let run = "runs/kept/01-learning-rate-0.05-seed-0";
    for (arguments, naming) in [
        (
            format!("sweep --resume {run}"),
            &["a run folder", "trainer --resume"][..],
        ),
        (
            "sweep --resume data".to_owned(),
            &["has no sweep.json", "start the sweep again"],
        ),
        (
            "--resume runs/kept".to_owned(),
            &["the folder of a sweep", "trainer sweep --resume"],
        ),
    ] {
        workplace.run(&arguments).assert_refused(naming);
    }

    // In another folder, its paths are others.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let there = |more: &str| {
        let mut command = workplace.command("sweep --quiet --resume");
        command.arg(&folder).current_dir(elsewhere.path());
        command.args(more.split_whitespace());
        Finished::from(command.output().expect("it starts"))
    };
    there("").assert_refused(&["--data-dir data refers", "resume it there"]);
    let data = workplace.path("data");
    let resumed = there(&format!("--data-dir {}", data.display()));
    assert_eq!(resumed.code, Some(1), "{}", resumed.stderr);
    assert!(not_begun.join("report.html").exists());

    // One that was trained for longer, and one whose history was cut off.
    let longer = workplace.run(&format!("--resume {run} --epochs 1010 --quiet"));
    assert_eq!(longer.code, Some(0), "{}", longer.stderr);
    workplace
        .run("sweep --resume runs/kept")
        .assert_refused(&["1010 epochs", "delete its folder"]);
    fs::remove_dir_all(workplace.path(run)).expect("it is there");
    let cut = folder.join("02-learning-rate-0.05-seed-1/metrics.jsonl");
    let text = fs::read_to_string(&cut).expect("its history");
    fs::write(&cut, &text[..text.len() / 2]).expect("it can be written");
    let resumed = workplace.run("sweep --resume runs/kept");
    assert!(resumed.stdout.contains("1 of 2"), "{}", resumed.stdout);
    assert!(
        resumed.stderr.contains("is cut off; delete"),
        "{}",
        resumed.stderr
    );

    // One that has lost its configuration, and nothing else.
    let config = folder.join("03-learning-rate-0.1-seed-0/config.json");
    fs::remove_file(&config).expect("it is there");
    workplace
        .run("sweep --resume runs/kept")
        .assert_refused(&["has lost its config.json", "delete the folder"]);
    let checkpoints = config.with_file_name("checkpoints");
    assert!(config.with_file_name("model.bpk").exists() && checkpoints.exists());

    fs::write(folder.join("sweep.json"), "{").expect("it can be written");
    workplace
        .run("sweep --resume runs/kept")
        .assert_refused(&["is damaged", "train --resume"]);
}

/// The weights decide the model, and so the number of epochs.
#[test]
fn a_sweep_from_trained_weights_is_resumed() {
    let workplace = Workplace::new();
    let options = "--data-dir data --backend flex --quiet";
    let linear = workplace.run(&format!(
        "{options} --model linear-regression --run-name linear"
    ));
    assert_eq!(linear.code, Some(0), "{}", linear.stderr);
    let vary = "--vary batch-size=20,40 --seeds 1 --init runs/linear --run-name swept";
    let sweep = workplace.run(&format!("sweep {vary} {options}"));
    assert_eq!(sweep.code, Some(0), "{}", sweep.stderr);
    let run = workplace.path("runs/swept/02-batch-size-40-seed-0");
    fs::remove_dir_all(&run).expect("it is there");
    let resumed = workplace.run("sweep --resume runs/swept --quiet");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(run.join("report.html").exists());

    // Elsewhere, one path of several is another.
    let all = workplace.path("data");
    let vary = format!("--vary data-dir={},data --seeds 1", all.display());
    let sweep = workplace.run(&format!("sweep {vary} --epochs 1 --run-name two --quiet"));
    assert_eq!(sweep.code, Some(0), "{}", sweep.stderr);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = workplace.command("sweep --resume");
    command
        .arg(workplace.path("runs/two"))
        .current_dir(elsewhere.path());
    let refused = Finished::from(command.output().expect("it starts"));
    refused.assert_refused(&["--vary data-dir=", "resume it there"]);
}

/// The command that is printed has what was given to the one before.
#[test]
fn what_changed_is_in_the_command_that_resumes() {
    let workplace = Workplace::new();
    let options = long_sweep("moved", "--engine fused --threads 1");
    let sweep = options.replace("--epochs 1000", "--epochs 20000");
    let run = "moved/01-learning-rate-0.05-seed-0";
    let mut running = Running::start(&workplace, workplace.command(&sweep));
    running.wait_for_a_checkpoint(run);
    workplace
        .run("sweep --resume runs/moved")
        .assert_refused(&["another process trains in runs/moved"]);
    running.signal("-INT");
    assert_eq!(running.end().code, Some(130));
    fs::rename(workplace.path("data"), workplace.path("my-data")).expect("it is there");
    let resume = "sweep --resume runs/moved --data-dir my-data --threads 2";
    let mut running = Running::start(&workplace, workplace.command(resume));
    let history = workplace.path("runs").join(run).join("metrics.jsonl");
    let resumes = || fs::read_to_string(&history).is_ok_and(|text| text.contains("resumed"));
    running.wait_until(|_| resumes());
    running.signal("-INT");
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    assert!(
        stopped.stdout.trim_end().ends_with(resume),
        "{}",
        stopped.stdout
    );
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
