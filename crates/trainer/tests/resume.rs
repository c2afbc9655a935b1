//! Runs that were stopped and go on: to the same numbers, and never in a wrong way.

mod common;
mod documented;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use common::{Finished, SMALL, Workplace, metrics, names};
use documented::assert_documented;
use serde_json::{Value, json};

/// Weights of a run: names and sizes, and the numbers' bytes.
fn weights(run_folder: &Path) -> (Value, Vec<u8>) {
    let file = fs::read(run_folder.join("model.safetensors")).expect("the run has weights");
    let (length, rest) = file.split_first_chunk::<8>().expect("a header's length");
    let (header, tensors) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header = serde_json::from_slice(header).expect("the header is JSON");
    (header, tensors.to_vec())
}

/// A run's metrics without what differs from one run to the next, and without the mention that it
/// was resumed.
fn lasting(run_folder: &Path) -> Vec<Value> {
    let mut events = metrics(run_folder);
    events.retain(|event| event["event"] != "resumed");
    for event in events.iter_mut().filter_map(Value::as_object_mut) {
        // A run that went on with more epochs was begun with fewer.
        let is_start = event["event"] == "start";
        event.retain(|field, _| {
            !field.contains("second") && field != "run_dir" && !(is_start && field == "epochs")
        });
    }
    events
}

/// Files in the folder of the checkpoints, in order.
fn checkpoints(run_folder: &Path) -> Vec<String> {
    let files = fs::read_dir(run_folder.join("checkpoints")).expect("the folder can be listed");
    let mut names: Vec<String> = files
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("UTF-8")
        })
        .collect();
    names.sort_unstable();
    names
}

/// Waits until a condition holds while a program runs.
fn wait_until(child: &mut Child, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(child.try_wait().expect("a child").is_none(), "it has ended");
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "it takes too long"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn has_checkpoint(run_folder: &Path) -> bool {
    let folder = run_folder.join("checkpoints");
    fs::read_dir(folder).is_ok_and(|files| {
        let whole = |name: &str| name.ends_with(".ckpt");
        files
            .flatten()
            .any(|file| file.file_name().to_str().is_some_and(whole))
    })
}

/// Asserts that two runs of a workplace came to the same, bit for bit.
fn assert_same(workplace: &Workplace, one: &str, other: &str) {
    let [one, other] = [one, other].map(|name| workplace.path("runs").join(name));
    assert_eq!(lasting(&one), lasting(&other));
    assert!(weights(&one) == weights(&other), "the weights differ");
}

/// Sends a program the signal of that name.
#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let status = std::process::Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status();
    assert!(status.expect("kill starts").success());
}

#[cfg(unix)]
#[test]
fn a_run_that_was_interrupted_goes_on_to_the_same_numbers() {
    let everything = "--schedule cosine --warm-up 3 --clip-norm 0.5 --label-smoothing 0.1";
    for (backend, engine, rest, signal_name) in [
        ("ndarray", "autodiff", "--optimizer adam", "INT"),
        (
            "flex",
            "manual",
            "--optimizer momentum --weight-decay 0.001",
            "TERM",
        ),
        ("flex", "autodiff", everything, "INT"),
        ("ndarray", "manual", everything, "TERM"),
    ] {
        let workplace = Workplace::new();
        let options = format!(
            "--data-dir data --hidden 12,8 --batch-size 1 --epochs 20 --backend {backend} --engine \
             {engine} --seed 5 {rest}"
        );
        workplace.events(&format!("{options} --run-name straight"));

        let run_folder = workplace.path("runs/stopped");
        let mut program = workplace.command(&format!("{options} --run-name stopped"));
        let mut program = program.spawn().expect("the program starts");
        wait_until(&mut program, || has_checkpoint(&run_folder));
        signal(&program, signal_name);
        let stopped = Finished::from(program.wait_with_output().expect("the program ends"));
        assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);

        // The last line says how to go on, exactly.
        let last = stopped.stdout.lines().last().expect("a line");
        let (_, command) = last.split_once("go on with: ").expect("a command");
        assert_eq!(
            command,
            format!("{} --resume runs/stopped", env!("CARGO_BIN_EXE_trainer"))
        );
        let resumed = workplace.run("--resume runs/stopped");
        assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
        assert!(
            resumed.stdout.contains("goes on from epoch-0000"),
            "{}",
            resumed.stdout
        );
        assert_same(&workplace, "straight", "stopped");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_within_an_epoch_loses_no_step() {
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden 12,8 --batch-size 1 --backend flex --epochs 120";
    workplace.events(&format!("{options} --run-name straight"));
    let run_folder = workplace.path("runs/stopped");
    let mut arguments = format!("{options} --run-name stopped");
    let mut within = 0;
    loop {
        let mut program = workplace.command(&arguments).spawn().expect("it starts");
        let before = fs::read(run_folder.join("metrics.jsonl"))
            .unwrap_or_default()
            .len();
        let grown = || {
            let now = fs::read(run_folder.join("metrics.jsonl"))
                .unwrap_or_default()
                .len();
            now > before + 2000
        };
        let begun = Instant::now();
        while !grown() && program.try_wait().expect("a child").is_none() {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "it takes too long"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        if program.try_wait().expect("a child").is_none() {
            signal(&program, "INT");
        }
        let finished = Finished::from(program.wait_with_output().expect("it ends"));
        match finished.code {
            Some(0) => break,
            code => assert_eq!(code, Some(130), "{}", finished.stderr),
        }
        within += usize::from(
            checkpoints(&run_folder)
                .iter()
                .any(|name| name.contains("-step-")),
        );
        arguments = "--resume runs/stopped".to_owned();
    }
    assert!(within > 0, "no interrupt fell within an epoch");
    assert_same(&workplace, "straight", "stopped");
}

#[test]
fn a_finished_run_says_so_and_goes_on_with_more_epochs() {
    let workplace = Workplace::new();
    let options = "--backend flex --optimizer adam";
    let first = workplace.train(&format!("{options} --epochs 2 --run-name longer"));
    let again = workplace.run("--resume runs/longer --format json");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(
        again.stderr.contains("finished already"),
        "{}",
        again.stderr
    );
    assert_eq!(again.events(), first[first.len() - 1..]);

    workplace.events("--resume runs/longer --epochs 5");
    workplace.train(&format!("{options} --epochs 5 --run-name straight"));
    assert_same(&workplace, "straight", "longer");
    let config = fs::read(workplace.path("runs/longer/config.json")).expect("a configuration");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config["epochs"], 5);

    let shorter = workplace.run("--resume runs/longer --epochs 4");
    assert_eq!(shorter.code, Some(2));
    assert!(
        shorter
            .stderr
            .contains("less than the 5 epochs that are done"),
        "{}",
        shorter.stderr
    );
}

#[test]
fn every_model_goes_on_to_the_same_numbers() {
    for options in [
        "--model xor-net --epochs 600 --log-every 100 --checkpoint-every 100",
        "--model xor-net --epochs 600 --log-every 7 --checkpoint-every 100 --engine manual",
        "--model linear-regression --data-dir data --batch-size 16 --epochs 6 --ridge 0.1",
        "--data-dir data --hidden 6 --batch-size 16 --epochs 6 --early-stop 4",
    ] {
        let workplace = Workplace::new();
        workplace.events(&format!("--backend flex {options} --run-name straight"));
        workplace.events(&format!("--backend flex {options} --run-name stopped"));
        // As a kill would have left it: the newest checkpoint and all after it never happened.
        let folder = workplace.path("runs/stopped/checkpoints");
        let newest = checkpoints(&workplace.path("runs/stopped")).pop();
        fs::remove_file(folder.join(newest.expect("a checkpoint"))).expect("it can be removed");
        workplace.events("--resume runs/stopped");
        assert_same(&workplace, "straight", "stopped");
        assert!(names(&metrics(&workplace.path("runs/stopped"))).contains(&"resumed"));
    }
}

#[test]
fn a_run_that_never_had_a_checkpoint_begins_again() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 3 --run-name straight");
    workplace.train("--backend flex --epochs 3 --run-name stopped");
    let run_folder = workplace.path("runs/stopped");
    // As a kill after the first epoch, before its checkpoint, would have left it.
    fs::remove_dir_all(run_folder.join("checkpoints")).expect("it can be removed");
    let events = fs::read_to_string(run_folder.join("metrics.jsonl")).expect("metrics");
    let lines: Vec<&str> = events.split_inclusive('\n').collect();
    fs::write(run_folder.join("metrics.jsonl"), lines[..2].concat()).expect("it can be cut");
    let events = workplace.events("--resume runs/stopped");
    assert_eq!(events[1]["checkpoint"], Value::Null);
    assert_documented(&events[1]);
    assert_same(&workplace, "straight", "stopped");
}

#[test]
fn a_run_that_lost_its_checkpoints_is_left_alone() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --epochs 3 --run-name bare");
    let run_folder = workplace.path("runs/bare");
    fs::remove_dir_all(run_folder.join("checkpoints")).expect("it can be removed");
    let again = workplace.run("--resume runs/bare --format json");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(again.events(), events[events.len() - 1..]);
    let longer = workplace.run("--resume runs/bare --epochs 5");
    assert_eq!(longer.code, Some(2), "{}", longer.stdout);
    assert!(
        longer.stderr.contains("no checkpoint any more"),
        "{}",
        longer.stderr
    );
    assert_eq!(metrics(&run_folder), events);

    let import = "import --from runs/bare/model.bpk --activation relu --out runs/imported";
    let imported = workplace.run(import);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let refused = workplace.run("--resume runs/imported");
    assert_eq!(refused.code, Some(2), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("no training to go on with"),
        "{}",
        refused.stderr
    );
}

#[test]
fn the_last_checkpoints_and_the_best_are_kept() {
    let workplace = Workplace::new();
    let options = "--backend flex --epochs 9 --checkpoint-every 2 --keep-checkpoints 3";
    let events = workplace.train(&format!("{options} --run-name kept"));
    let mut best = (f64::INFINITY, 0);
    for event in events.iter().filter(|event| event["event"] == "epoch") {
        let (loss, epoch) = (event["val_loss"].as_f64(), event["epoch"].as_u64());
        let (loss, epoch) = (loss.expect("a loss"), epoch.expect("a number"));
        if (epoch % 2 == 0 || epoch == 9) && loss < best.0 {
            best = (loss, epoch);
        }
    }
    let mut expected = vec![6, 8, 9, best.1];
    expected.sort_unstable();
    expected.dedup();
    let expected = expected
        .into_iter()
        .map(|epoch| format!("epoch-{epoch:06}.ckpt"));
    assert_eq!(
        checkpoints(&workplace.path("runs/kept")),
        expected.collect::<Vec<_>>()
    );
}

/// Changes one byte in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("the file can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).expect("the file can be written");
}

#[test]
fn a_damaged_checkpoint_is_reported_and_the_one_before_is_used() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 4 --run-name straight");
    workplace.train("--backend flex --epochs 4 --run-name damaged");
    let folder = workplace.path("runs/damaged/checkpoints");
    damage(&folder.join("epoch-000004.ckpt"));
    let resumed = workplace.run("--resume runs/damaged");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(
        resumed.stderr.contains("epoch-000004.ckpt is damaged"),
        "{}",
        resumed.stderr
    );
    assert!(
        resumed.stdout.contains("goes on from epoch-000003.ckpt"),
        "{}",
        resumed.stdout
    );
    assert_same(&workplace, "straight", "damaged");

    for name in checkpoints(&workplace.path("runs/damaged")) {
        let path: PathBuf = folder.join(name);
        File::create(path).expect("the file can be emptied");
    }
    let before = weights(&workplace.path("runs/damaged"));
    let refused = workplace.run("--resume runs/damaged --epochs 9");
    assert_eq!(refused.code, Some(2));
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("no checkpoint can be read"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("train again"), "{}", refused.stderr);
    assert!(
        before == weights(&workplace.path("runs/damaged")),
        "weights were lost"
    );
}

#[test]
fn a_second_process_in_a_run_folder_is_refused() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 1 --run-name held");
    let lock = File::open(workplace.path("runs/held/lock")).expect("there is a lock");
    lock.lock().expect("nobody holds it");
    let refused = workplace.run("--resume runs/held --epochs 3");
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .stderr
            .contains("another process trains in runs/held"),
        "{}",
        refused.stderr
    );
    drop(lock);
    workplace.events("--resume runs/held --epochs 3");
}

#[test]
fn what_cannot_be_resumed_is_refused_in_one_line() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 2 --schedule cosine --run-name begun");
    workplace.events("--backend flex --model xor-net --epochs 2 --run-name xor");
    fs::create_dir(workplace.path("empty")).expect("a folder can be made");
    let before = metrics(&workplace.path("runs/begun"));
    for (arguments, said) in [
        ("--resume runs/none", "is no run folder"),
        ("--resume empty", "is no run folder"),
        ("--resume runs/begun/config.json", "is no run folder"),
        (
            "--resume runs/begun --backend ndarray",
            "--backend is not what",
        ),
        (
            "--resume runs/begun --batch-size 4",
            "--batch-size is not what",
        ),
        ("--resume runs/begun --hidden 12", "--hidden is not what"),
        (
            "--resume runs/begun --epochs 4",
            "would bend the cosine schedule",
        ),
        (
            "--resume runs/xor --data-dir data",
            "--data-dir does not apply",
        ),
    ] {
        let refused = workplace.run(arguments);
        assert_eq!(refused.code, Some(2), "{arguments}");
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        assert!(
            refused.stderr.contains(said),
            "{arguments}: {}",
            refused.stderr
        );
    }
    for arguments in ["--out-dir x", "--run-name x", "--dry-run"] {
        let refused = workplace.run(&format!("--resume runs/begun {arguments}"));
        assert_eq!(refused.code, Some(2), "{arguments}");
        assert!(
            refused.stderr.contains("cannot be used with"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(metrics(&workplace.path("runs/begun")), before);
}

#[test]
fn data_may_move_but_must_be_the_same() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 2 --run-name moved");
    workplace.train("--backend flex --epochs 4 --run-name straight");
    fs::rename(workplace.path("data"), workplace.path("elsewhere")).expect("it can be moved");
    let lost = workplace.run("--resume runs/moved --epochs 4");
    assert_eq!(lost.code, Some(2), "{}", lost.stdout);
    workplace.events("--resume runs/moved --epochs 4 --data-dir elsewhere");
    assert_same(&workplace, "straight", "moved");

    // One pixel of one image.
    let images = workplace.path("elsewhere/train-images-idx3-ubyte");
    let mut bytes = fs::read(&images).expect("the file can be read");
    let last = bytes.last_mut().expect("a pixel");
    *last ^= 1;
    fs::write(&images, bytes).expect("the file can be written");
    let other = workplace.run("--resume runs/moved --epochs 6 --data-dir elsewhere");
    assert_eq!(other.code, Some(2), "{}", other.stdout);
    assert!(
        other.stderr.contains("the data are not those"),
        "{}",
        other.stderr
    );
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_what_was_there() {
    let workplace = Workplace::new();
    let options = "--backend flex --epochs 120 --seed 2";
    workplace.train(&format!("{options} --run-name straight"));
    // The system lets no file grow beyond 16 KiB, here: the metrics reach that first.
    let limited = |arguments: &str| {
        let program = env!("CARGO_BIN_EXE_trainer");
        let output = std::process::Command::new("bash")
            .args(["-c", &format!("ulimit -f 16; exec {program} {arguments}")])
            .current_dir(workplace.path(""))
            .output();
        Finished::from(output.expect("bash starts"))
    };
    let full = limited(&format!("{SMALL} {options} --run-name full"));
    assert_eq!(full.code, Some(2), "{}", full.stderr);
    assert!(
        full.stderr
            .contains("cannot write metrics.jsonl in runs/full"),
        "{}",
        full.stderr
    );
    assert!(
        full.stderr.contains("--resume runs/full"),
        "{}",
        full.stderr
    );
    let again = limited("--resume runs/full");
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    workplace.events("--resume runs/full");
    assert_same(&workplace, "straight", "full");

    // Below the size of a checkpoint, none is there, nor a part of one.
    let tiny = limited(&format!("{SMALL} --hidden 2000 {options} --run-name tiny"));
    assert_eq!(tiny.code, Some(2), "{}", tiny.stderr);
    assert_eq!(tiny.stderr.lines().count(), 1, "{}", tiny.stderr);
    assert_eq!(checkpoints(&workplace.path("runs/tiny")), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_run_folder_that_vanishes_ends_the_run_and_goes_on_elsewhere() {
    let workplace = Workplace::new();
    let options = "--backend flex --epochs 150 --seed 2";
    workplace.train(&format!("{options} --run-name straight"));
    let run_folder = workplace.path("runs/moved");
    let mut program = workplace.command(&format!("{SMALL} {options} --run-name moved"));
    let mut program = program.spawn().expect("the program starts");
    wait_until(&mut program, || has_checkpoint(&run_folder));
    fs::rename(&run_folder, workplace.path("runs/there")).expect("it can be moved");
    let stopped = Finished::from(program.wait_with_output().expect("the program ends"));
    assert_eq!(stopped.code, Some(2), "{}", stopped.stderr);
    assert!(
        stopped.stderr.contains("the folder is gone"),
        "{}",
        stopped.stderr
    );
    assert!(!run_folder.exists(), "nothing is made anew");
    workplace.events("--resume runs/there");
    assert_same(&workplace, "straight", "there");
}

#[test]
fn a_run_that_stops_early_leaves_the_best_weights() {
    let workplace = Workplace::new();
    // Large steps make the validation loss rise again.
    let options = "--backend flex --learning-rate 0.5";
    let events = workplace.train(&format!(
        "{options} --epochs 200 --early-stop 3 --run-name early"
    ));
    let early = events.iter().find(|event| event["event"] == "early_stop");
    let early = early.expect("it stops early");
    assert_documented(early);
    let (epoch, best) = (
        early["epoch"].as_u64().unwrap(),
        early["best_epoch"].as_u64().unwrap(),
    );
    assert_eq!(epoch, best + 3);
    let result = events.last().expect("a result");
    assert_eq!(result["epochs"], epoch);
    assert_eq!(result["best_epoch"], best);
    let losses: Vec<f64> = events
        .iter()
        .filter(|event| event["event"] == "epoch")
        .map(|event| event["val_loss"].as_f64().expect("a loss"))
        .collect();
    let smallest = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[best as usize - 1], smallest);
    assert_eq!(early["best_loss"], json!(smallest));

    workplace.train(&format!("{options} --epochs {best} --run-name best"));
    let [early, best] = ["runs/early", "runs/best"].map(|run| weights(&workplace.path(run)));
    assert!(early == best, "the weights are not those of the best epoch");
}

#[test]
fn learning_rates_follow_the_schedule() {
    let workplace = Workplace::new();
    // 110 rows are 7 steps an epoch.
    let rates = |options: &str| -> Vec<f64> {
        let events = workplace.train(&format!("--backend flex --epochs 4 {options}"));
        let epochs = events.iter().filter(|event| event["event"] == "epoch");
        epochs
            .map(|event| event["learning_rate"].as_f64().expect("a rate"))
            .collect()
    };
    assert_eq!(rates("--learning-rate 0.25"), [0.25; 4]);
    for (rate, step) in rates("--learning-rate 2 --schedule linear")
        .into_iter()
        .zip(1..)
    {
        let expected = 2.0 * (1.0 - (7.0 * f64::from(step) - 1.0) / 28.0);
        assert!((rate - expected).abs() < 1e-12, "{rate} {expected}");
    }
    let warm = rates("--learning-rate 0.7 --warm-up 14steps");
    assert_eq!(warm, [0.35, 0.7, 0.7, 0.7]);
}

#[test]
fn clipped_steps_are_no_longer_than_the_limit() {
    let values = |workplace: &Workplace, run: &str| -> Vec<f64> {
        let (_, tensors) = weights(&workplace.path("runs").join(run));
        let (numbers, _) = tensors.as_chunks::<4>();
        numbers
            .iter()
            .map(|&number| f64::from(f32::from_le_bytes(number)))
            .collect()
    };
    for engine in ["autodiff", "manual"] {
        let workplace = Workplace::new();
        // One step of plain descent with rate 1 is the gradient itself.
        let options = format!(
            "--data-dir data --hidden 12,8 --batch-size 200 --epochs 1 --backend flex --engine \
             {engine} --optimizer sgd"
        );
        for (run, rest) in [
            ("still", "--learning-rate 1e-30"),
            ("free", "--learning-rate 1"),
            ("clipped", "--learning-rate 1 --clip-norm 0.125"),
        ] {
            workplace.events(&format!("{options} {rest} --run-name {run}"));
        }
        let [still, free, clipped] =
            ["still", "free", "clipped"].map(|run| values(&workplace, run));
        let step = |to: &[f64]| -> Vec<f64> { to.iter().zip(&still).map(|(a, b)| a - b).collect() };
        let length = |step: &[f64]| step.iter().map(|d| d * d).sum::<f64>().sqrt();
        let (free, clipped) = (step(&free), step(&clipped));
        assert!(length(&free) > 0.25, "{}", length(&free));
        assert!(
            (length(&clipped) - 0.125).abs() < 1e-6,
            "{}",
            length(&clipped)
        );
        let along: f64 = free.iter().zip(&clipped).map(|(a, b)| a * b).sum();
        let cosine = along / length(&free) / length(&clipped);
        assert!((cosine - 1.0).abs() < 1e-9, "{cosine}");
        // The metrics have the norms before clipping.
        let events = metrics(&workplace.path("runs/clipped"));
        let names = events[0]["parameters_named"].as_array().expect("names");
        let norms = events[1]["gradient_norms"].as_array().expect("norms");
        assert_eq!(names.len(), norms.len());
        let squares = norms
            .iter()
            .map(|norm| norm.as_f64().expect("a number").powi(2));
        assert!((squares.sum::<f64>().sqrt() - length(&free)).abs() < 1e-5);
    }
}

#[test]
fn smoothed_labels_raise_the_training_loss_alike_for_both_engines() {
    let workplace = Workplace::new();
    let loss = |options: &str| -> f64 {
        let events = workplace.train(&format!("--backend flex --epochs 6 {options}"));
        let mut epochs = events.iter().filter(|event| event["event"] == "epoch");
        epochs
            .next_back()
            .and_then(|event| event["train_loss"].as_f64())
            .expect("a loss")
    };
    let [autodiff, manual] = ["autodiff", "manual"]
        .map(|engine| loss(&format!("--engine {engine} --label-smoothing 0.2")));
    assert!((autodiff - manual).abs() < 1e-4, "{autodiff} {manual}");
    assert!(autodiff > loss("") + 0.1);
    let refused = workplace.run("--model xor-net --label-smoothing 0.1");
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("--label-smoothing does not apply"),
        "{}",
        refused.stderr
    );
}

#[test]
fn gradients_are_checked_on_the_batches_of_the_run() {
    for options in [
        "--data-dir data --hidden 12,8 --batch-size 16 --epochs 2",
        "--model xor-net --epochs 10",
        "--model linear-regression --data-dir data --batch-size 16 --epochs 2 --ridge 0.3",
    ] {
        let workplace = Workplace::new();
        let options = format!("{options} --backend flex --check-gradients 5");
        let events = workplace.events(&format!("{options} --run-name checked"));
        let checks = events
            .iter()
            .filter(|event| event["event"] == "gradient_check");
        let checks: Vec<&Value> = checks.collect();
        let steps: Vec<u64> = checks
            .iter()
            .map(|check| check["step"].as_u64().unwrap())
            .collect();
        assert_eq!(steps[..2], [1, 6], "{options}");
        for check in checks {
            assert_eq!(check["verdict"], "pass", "{options}: {check}");
            assert_documented(check);
        }
        // Checking changes no number of the run.
        let unchecked = options.replace("--check-gradients 5", "");
        workplace.events(&format!("{unchecked} --run-name unchecked"));
        let [one, other] =
            ["checked", "unchecked"].map(|run| weights(&workplace.path("runs").join(run)));
        assert!(one == other, "{options}");
    }
}

#[test]
fn a_dry_run_says_shapes_and_memory_and_leaves_nothing() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --dry-run --check-gradients 1 --clip-norm 1");
    assert_eq!(names(&events), ["dry_run"]);
    assert_documented(&events[0]);
    let dry_run = &events[0];
    assert_eq!(dry_run["batch"], json!([16, 30]));
    assert_eq!(
        dry_run["parameters"],
        json!(30 * 12 + 12 + 12 * 8 + 8 + 8 * 3 + 3)
    );
    assert_eq!(
        dry_run["shapes"][0],
        json!({"name": "layers.0.weight", "shape": [30, 12]})
    );
    assert_eq!(dry_run["gradients_agree"], true);
    let bytes = |field: &str| dry_run[field].as_u64().expect("a number");
    // 110 rows to learn from, 10 for validation, 30 for the test, in f32, and a class each.
    assert!(bytes("data_bytes") >= 150 * 30 * 4, "{dry_run}");
    assert_eq!(bytes("parameter_bytes"), 4 * bytes("parameters"));
    let parts = ["data", "parameter", "gradient", "optimizer", "batch"];
    let sum: u64 = parts
        .iter()
        .map(|part| bytes(&format!("{part}_bytes")))
        .sum();
    assert_eq!(bytes("total_bytes"), sum);
    assert!(!workplace.path("runs").exists());
    let text = workplace.run(&format!("{SMALL} --backend flex --dry-run"));
    assert!(
        text.stdout.ends_with("dry run: nothing was written\n"),
        "{}",
        text.stdout
    );
}
