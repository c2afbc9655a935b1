//! Runs that stop and continue, from outside: signals, a full disk, messages, refusals.

use std::fs::{self, File};
use std::path::Path;
#[cfg(unix)]
use std::process::{Child, Command, Stdio};
#[cfg(unix)]
use std::time::{Duration, Instant};

use serde_json::Value;

#[cfg(unix)]
use crate::common::Finished;
use crate::common::{
    SMALL, Workplace, assert_same, copy_folder, has_checkpoint, metrics, names_in,
};

/// Waits until a condition holds while a program runs.
#[cfg(unix)]
pub(crate) fn wait_until(child: &mut Child, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(child.try_wait().expect("a child").is_none(), "it has ended");
        let limit = Duration::from_secs(120);
        assert!(begun.elapsed() < limit, "it takes too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_was_interrupted_continues_to_the_same_numbers() {
    let everything = "--schedule cosine --warm-up 3 --clip-norm 0.5 --label-smoothing 0.1 \
                      --dropout 0.3 --dropout-input 0.1";
    for (backend, engine, rest, signal) in [
        ("ndarray", "autodiff", "--optimizer adam", "INT"),
        ("flex", "manual", everything, "TERM"),
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
        let kill = Command::new("kill")
            .args([format!("-{signal}"), program.id().to_string()])
            .status();
        assert!(kill.expect("kill starts").success());
        let stopped = Finished::from(program.wait_with_output().expect("the program ends"));
        assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
        assert!(stopped.stderr.contains("runs/stopped"));
        assert!(run_folder.join("model.safetensors").is_file());
        let last = metrics(&run_folder).pop().expect("events");
        assert_eq!(
            (&last["event"], &last["reason"]),
            (&"stopped".into(), &"interrupted".into())
        );

        // The last line ends with the command that continues the run.
        let command = format!("{} --resume runs/stopped", env!("CARGO_BIN_EXE_trainer"));
        assert_eq!(last["resume"], command);
        let line = stopped.stdout.lines().last().expect("a line");
        assert!(line.ends_with(&command), "{line}");
        let text = workplace.text("--resume runs/stopped");
        assert!(text.contains(" from epoch-0000"), "{text}");
        assert_same(&workplace, "straight", "stopped");
    }
}

/// As under `nohup`, and as in the background of a shell script.
#[cfg(unix)]
#[test]
fn signals_that_are_ignored_at_start_stay_ignored() {
    let workplace = Workplace::new();
    let run_folder = workplace.path("runs/detached");
    let options = "--data-dir data --hidden 12,8 --batch-size 1 --epochs 1000 --backend flex";
    let script = format!(
        "trap '' HUP INT; exec {} {options} --run-name detached",
        env!("CARGO_BIN_EXE_trainer")
    );
    let mut program = Command::new("sh")
        .args(["-c", &script])
        .current_dir(workplace.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh starts");
    wait_until(&mut program, || has_checkpoint(&run_folder));
    let id = program.id().to_string();
    let send = |signal: &str| {
        let kill = Command::new("kill").args([signal, &id]).status();
        assert!(kill.expect("kill starts").success());
    };
    send("-HUP");
    send("-INT");
    let epochs = || metrics_so_far(&run_folder);
    let before = epochs();
    wait_until(&mut program, || epochs() > before + 2);
    // This one was not ignored.
    send("-TERM");
    let stopped = Finished::from(program.wait_with_output().expect("it ends"));
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
}

/// On a software adapter, the kernels of a run take seconds to minutes to tune.
#[cfg(unix)]
#[test]
fn an_interrupt_during_the_warm_up_is_answered_at_once() {
    use std::io::{BufRead, BufReader};

    let workplace = Workplace::new();
    let backends = workplace.events("backends");
    if backends[2]["available"] != true {
        eprintln!("not run: {}", backends[2]["reason"]);
        return;
    }
    let options = format!("{SMALL} --backend wgpu --epochs 100000 --run-name warm");
    let mut program = workplace
        .command(&options)
        .env("CUBECL_AUTOTUNE_CACHE", "0")
        .spawn()
        .expect("the program starts");
    let stderr = program.stderr.take().expect("it is piped");
    let lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let mut notes = lines.skip_while(|line| !line.starts_with("warm-up: "));
    assert!(notes.next().is_some(), "the warm-up is announced");
    let kill = Command::new("kill")
        .args(["-INT", &program.id().to_string()])
        .status();
    assert!(kill.expect("kill starts").success());
    let sent = Instant::now();
    // A run that goes on would wait for someone to read its table, and this test for the run.
    let status = loop {
        if let Some(status) = program.try_wait().expect("a child") {
            break status;
        }
        if sent.elapsed() > Duration::from_secs(5) {
            program.kill().expect("it can be killed");
            panic!("the interrupt was not answered within {:?}", sent.elapsed());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert_eq!(status.code(), Some(130));
    let last = metrics(&workplace.path("runs/warm")).pop().expect("events");
    assert_eq!(last["reason"], "interrupted");
}

/// Lines of a run in progress.
#[cfg(unix)]
fn metrics_so_far(run_folder: &Path) -> usize {
    let text = fs::read_to_string(run_folder.join("metrics.jsonl"));
    text.map_or(0, |text| text.lines().count())
}

#[test]
fn a_finished_run_says_so_and_continues_with_more_epochs() {
    let workplace = Workplace::new();
    let options = "--model linear-regression --data-dir data --batch-size 16 --backend flex \
                   --ridge 0.3 --optimizer adam";
    let first = workplace.events(&format!("{options} --epochs 2 --run-name longer"));
    let again = workplace.run("--resume runs/longer --format json");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stderr.contains("finished"), "{}", again.stderr);
    assert_eq!(again.events(), first[first.len() - 1..]);
    let [here, there] = ["runs/longer", "runs/moved"].map(|name| workplace.path(name));
    copy_folder(&here, &there);
    let moved = workplace.run("--resume runs/moved");
    assert!(
        moved.stdout.ends_with("kept in runs/moved\n"),
        "{}",
        moved.stdout
    );

    workplace.events("--resume runs/longer --epochs 5");
    workplace.events(&format!("{options} --epochs 5 --run-name straight"));
    assert_same(&workplace, "straight", "longer");
    let config = fs::read(workplace.path("runs/longer/config.json")).expect("a configuration");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(config["epochs"], 5);
}

#[test]
fn a_damaged_checkpoint_is_reported_and_the_one_before_is_used() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 4 --run-name straight");
    workplace.train("--backend flex --epochs 4 --run-name damaged");
    let newest = workplace.path("runs/damaged/checkpoints/epoch-000004.ckpt");
    let mut bytes = fs::read(&newest).expect("the checkpoint can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(newest, bytes).expect("it can be written");
    let resumed = workplace.run("--resume runs/damaged");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let warning = &resumed.stderr;
    assert!(
        warning.contains("epoch-000004.ckpt is damaged"),
        "{warning}"
    );
    assert!(resumed.stdout.contains(" from epoch-000003.ckpt"));
    assert_same(&workplace, "straight", "damaged");
}

#[test]
fn what_cannot_be_resumed_is_refused_in_one_line() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 2 --schedule cosine --run-name begun");
    workplace.events("--backend flex --model xor-net --epochs 2 --run-name xor");
    fs::create_dir(workplace.path("empty")).expect("a folder can be made");
    let before = metrics(&workplace.path("runs/begun"));
    for (arguments, naming) in [
        ("runs/none", &["runs/none", "run folder"][..]),
        ("empty", &["empty", "run folder"]),
        ("runs/begun/config.json", &["run folder"]),
        ("runs/begun --backend ndarray", &["--backend"]),
        ("runs/begun --batch-size 4", &["--batch-size"]),
        ("runs/begun --hidden 12", &["--hidden"]),
        ("runs/begun --epochs 4", &["--epochs", "cosine"]),
        ("runs/begun --epochs 1", &["--epochs"]),
        ("runs/xor --data-dir data", &["--data-dir"]),
    ] {
        let refused = workplace.run(&format!("--resume {arguments}"));
        refused.assert_refused(naming);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
    for arguments in ["--out-dir x", "--run-name x", "--dry-run"] {
        let refused = workplace.run(&format!("--resume runs/begun {arguments}"));
        refused.assert_refused(&["cannot be used with"]);
    }
    // The same data may be in another folder; other data are refused.
    fs::rename(workplace.path("data"), workplace.path("moved")).expect("it can be moved");
    let lost = workplace.run("--resume runs/begun");
    assert_eq!(lost.code, Some(0), "nothing is left to do: {}", lost.stderr);
    assert_eq!(metrics(&workplace.path("runs/begun")), before);

    let lock = File::open(workplace.path("runs/begun/lock")).expect("there is a lock");
    lock.lock().expect("the lock is free");
    let refused = workplace.run("--resume runs/begun");
    refused.assert_refused(&["another process trains in runs/begun"]);
    drop(lock);
    let again = workplace.run("--resume runs/begun");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}

/// The system lets no file grow beyond 16 KiB: the metrics reach that first.
#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_what_was_there() {
    let workplace = Workplace::new();
    let options = "--backend flex --epochs 120 --seed 2";
    workplace.train(&format!("{options} --run-name straight"));
    let limited = |arguments: &str| {
        let program = env!("CARGO_BIN_EXE_trainer");
        let output = Command::new("bash")
            .args(["-c", &format!("ulimit -f 16; exec {program} {arguments}")])
            .current_dir(workplace.path(""))
            .output();
        Finished::from(output.expect("bash starts"))
    };
    let full = limited(&format!("{SMALL} {options} --run-name full"));
    assert_eq!(full.code, Some(2), "{}", full.stderr);
    for part in ["metrics.jsonl in runs/full", "--resume runs/full"] {
        assert!(full.stderr.contains(part), "{}", full.stderr);
    }
    let again = limited("--resume runs/full");
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    workplace.events("--resume runs/full");
    assert_same(&workplace, "straight", "full");

    // Below the size of a checkpoint there is none, nor a part of one.
    let wide = SMALL.replace("12,8", "2000");
    let tiny = limited(&format!("{wide} {options} --run-name tiny"));
    assert_eq!(tiny.code, Some(2), "{}", tiny.stderr);
    assert_eq!(tiny.stderr.lines().count(), 1, "{}", tiny.stderr);
    assert_eq!(names_in(&workplace.path("runs/tiny/checkpoints")), [""; 0]);
}
