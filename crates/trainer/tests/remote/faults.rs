//! A worker that is lost on the way: the run ends soon, names the worker and the checkpoint, and goes on.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::background::{Running, SOON};
use crate::common::{Finished, Workplace, lasting, metrics, weights};
use crate::program::{SECRET, Worker, shell, start, workplace, write_secret};

/// Steps for longer than any test, and short ones.
const LONG: &str =
    "--data-dir data --hidden 12 --batch-size 12 --engine manual --epochs 20000 --quiet";

/// Steps for some seconds.
pub(crate) const SHORT: &str =
    "--data-dir data --hidden 12 --batch-size 12 --engine autodiff --epochs 100 --quiet";

/// Time in which a loss is noticed that the system tells of; what is noticed by silence alone takes longer.
const AT_ONCE: Duration = Duration::from_secs(10);

/// One line says that the worker is lost, and how to go on: by the command that is given here.
#[track_caller]
pub(crate) fn assert_lost(finished: &Finished, worker: &str, run: &str) -> String {
    let stderr = &finished.stderr;
    assert_eq!(finished.code, Some(2), "{stderr}");
    let lines = stderr.lines().filter(|line| !line.starts_with("warning: "));
    let lines = lines.collect::<Vec<_>>();
    assert_eq!(lines.len(), 1, "{stderr}");
    // While a worker ends, it may still answer.
    let is_lost = ["is lost, or the link to it", "has lost this session"].map(|lost| {
        let start = format!("error: the worker at {worker} {lost}");
        lines[0].starts_with(&start)
    });
    assert!(is_lost.contains(&true), "{stderr}");
    let command = format!("--resume runs/{run} --url {worker} --token-file token");
    assert!(lines[0].contains(&command), "no {command:?} in: {stderr}");
    let (_, command) = lines[0].split_once("with: ").expect("a command");
    command.to_owned()
}

/// The events and weights of a run, as far as a loss on the way leaves them unchanged.
pub(crate) fn numbers(workplace: &Workplace, run: &str) -> (Vec<Value>, (Value, Vec<u8>)) {
    let run = workplace.path("runs").join(run);
    let mut events = lasting(metrics(&run));
    // One before each start, and where a run was interrupted.
    events.retain(|event| event["event"] != "warm_up" && event["event"] != "stopped");
    (events, weights(&run))
}

/// Killed in the middle of a run, which goes on with another worker and ends with the numbers of one that was not
/// interrupted.
#[test]
fn a_run_goes_on_after_its_worker_was_killed() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = worker.options();
    workplace.events(&format!("{SHORT} {options} --run-name whole"));
    let mut running = start(&workplace, &format!("{SHORT} {options} --run-name lost"));
    running.wait_for_a_checkpoint("lost");
    worker.signal("-KILL");
    let killed = Instant::now();
    let command = assert_lost(&running.end(), &worker.url, "lost");
    assert!(killed.elapsed() < AT_ONCE, "{:?}", killed.elapsed());
    let _other = worker.replace(&workplace);
    let last = metrics(&workplace.path("runs/lost")).pop().expect("a line");
    assert_ne!(last["event"], "result", "it was too fast");
    let resumed = Running::start(&workplace, shell(&workplace, &command)).end_within(10 * SOON);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let [whole, lost] = ["whole", "lost"].map(|name| numbers(&workplace, name));
    assert!(whole == lost, "other numbers");
}

/// It has all that a run on a worker needs, and a shell reads it as it stands.
#[test]
fn the_command_that_an_interrupted_run_prints_finishes_it() {
    let workplace = workplace();
    write_secret(&workplace, "my token", SECRET);
    let worker = Worker::start(&workplace);
    let options = worker.options();
    workplace.events(&format!("{SHORT} {options} --run-name whole"));
    let options = options.replace(" --token-file token", "");
    let mut command = workplace.command(&format!("{SHORT} {options} --run-name stopped"));
    command.args(["--token-file", "my token"]);
    let mut running = Running::start(&workplace, command);
    running.wait_for_a_checkpoint("stopped");
    running.signal("-INT");
    let stopped = running.end();
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    let last = metrics(&workplace.path("runs/stopped")).pop();
    let last = last.expect("a line");
    let command = last["resume"].as_str().expect("a command");
    let printed = format!("{}{}", stopped.stdout, stopped.stderr);
    let mut lines = printed.lines();
    assert!(lines.any(|line| line.ends_with(command)), "{printed}");
    let resumed = Running::start(&workplace, shell(&workplace, command)).end_within(10 * SOON);
    assert_eq!(resumed.code, Some(0), "{command}: {}", resumed.stderr);
    let [whole, stopped] = ["whole", "stopped"].map(|name| numbers(&workplace, name));
    assert!(whole == stopped, "other numbers");
}

/// The command is for all runs.
#[test]
fn a_sweep_says_how_it_goes_on() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = LONG.replace("--epochs 20000", "--vary epochs=1,20000");
    let sweep = format!("sweep {options} --seeds 1 --run-name swept");
    let mut running = start(&workplace, &format!("{sweep} {}", worker.options()));
    let run = "swept/02-epochs-20000-seed-0";
    running.wait_for_a_checkpoint(run);
    worker.signal("-KILL");
    let finished = running.end();
    let command = assert_lost(&finished, &worker.url, "swept");
    assert!(command.contains("trainer sweep --resume"), "{command}");
    let page = std::fs::read_to_string(workplace.path("runs/swept/sweep.html"));
    let page = page.expect("the page of the runs that have ended");
    assert!(page.contains("1 of 2 runs has finished."));
}

/// A worker that was started again answers, and does not know the run.
#[test]
fn a_worker_that_was_started_again_does_not_go_on_as_if_nothing_happened() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = worker.options();
    let mut running = start(&workplace, &format!("{LONG} {options} --run-name lost"));
    running.wait_for_a_checkpoint("lost");
    // It notices nothing before the other is there.
    running.signal("-STOP");
    let other = worker.replace(&workplace);
    running.signal("-CONT");
    let finished = running.end();
    assert_lost(&finished, &other.url, "lost");
    let stderr = &finished.stderr;
    assert!(stderr.contains("has lost this session"), "{stderr}");
}

/// Its connections stay open, and nobody answers; so it is with a cut link.
#[test]
fn a_worker_that_was_stopped_is_not_waited_for() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = worker.options();
    let mut running = start(&workplace, &format!("{LONG} {options} --run-name lost"));
    running.wait_for_a_checkpoint("lost");
    worker.signal("-STOP");
    assert_lost(&running.end(), &worker.url, "lost");
    let refused = workplace.run(&format!("{LONG} {options} --run-name other"));
    refused.assert_refused(&["no worker answers"]);
    assert!(!workplace.path("runs/other").exists());
}

#[test]
fn ctrl_c_keeps_a_checkpoint_and_the_worker_serves_on() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = worker.options();
    let mut running = start(&workplace, &format!("{LONG} {options} --run-name stopped"));
    running.wait_for_a_checkpoint("stopped");
    running.signal("-INT");
    let finished = running.end();
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    let last = metrics(&workplace.path("runs/stopped"))
        .pop()
        .expect("a line");
    assert_eq!(last["reason"], "interrupted", "{}", finished.stderr);
    workplace.train(&format!("--epochs 1 {options}"));
}

/// With a run on it as well, and without a crash of a graphics driver.
#[test]
fn ctrl_c_ends_a_worker() {
    let workplace = workplace();
    let mut backends = vec!["flex"];
    if workplace.has_adapter() {
        backends.push("wgpu");
    }
    for backend in backends {
        let worker = Worker::on(&workplace, backend);
        let options = format!("{LONG} {} --run-name {backend}", worker.options());
        let mut running = start(&workplace, &options);
        running.wait_for_a_checkpoint(backend);
        worker.signal("-INT");
        assert_lost(&running.end(), &worker.url, backend);
        assert_eq!(worker.end(), Some(0), "{backend}");
    }
}
