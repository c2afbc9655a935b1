//! A run on a worker has the numbers of a run on this machine.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::background::SOON;
use crate::common::{SMALL, Workplace, metrics, weights};
use crate::faults::numbers;
use crate::program::{Worker, start, worker_log, workplace};

/// The losses of a run: of the training steps, the validation set and the test set, as they come.
fn losses(run: &Path) -> Vec<f64> {
    let numbers = |event: Value| -> Vec<f64> {
        let fields = event.as_object().expect("an event").clone();
        let losses = fields.into_iter().filter(|(name, _)| name.contains("loss"));
        losses.filter_map(|(_, loss)| loss.as_f64()).collect()
    };
    metrics(run).into_iter().flat_map(numbers).collect()
}

/// Trains here and on a worker; the losses agree. The worker computes with the same backend, so the two differ by the
/// order in which sums are taken.
#[track_caller]
fn assert_same_losses(workplace: &Workplace, worker: &Worker, backend: &str, net: &str) {
    for engine in ["autodiff", "manual"] {
        let [here, there] = [
            ("here", format!("--backend {backend}")),
            ("there", worker.options()),
        ]
        .map(|(place, backend)| {
            let command = format!("{net} --engine {engine} {backend} --format json --quiet");
            let finished = workplace.run(&format!("{command} --run-name {place}"));
            assert_eq!(finished.code, Some(0), "{place}: {}", finished.stderr);
            let run = workplace.path("runs").join(place);
            let losses = losses(&run);
            fs::remove_dir_all(run).expect("it is ours");
            losses
        });
        assert!(here.len() > 5, "{net} {engine}: {here:?}");
        assert_eq!(here.len(), there.len(), "{net} {engine}");
        for (here, there) in here.iter().zip(&there) {
            let difference = (here - there).abs();
            assert!(
                difference <= 1e-5 * here.abs(),
                "{net} {engine}: {here} {there}"
            );
        }
    }
}

const XOR: &str = "--model xor-net --epochs 200 --log-every 20";

#[test]
fn losses_are_those_of_this_machine() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let digits = format!("{SMALL} --epochs 5 --optimizer adam");
    for net in [XOR, &digits] {
        assert_same_losses(&workplace, &worker, "flex", net);
    }
}

#[test]
fn a_worker_computes_on_a_graphics_adapter() {
    let workplace = workplace();
    if workplace.has_adapter() {
        let worker = Worker::on(&workplace, "wgpu");
        assert_same_losses(&workplace, &worker, "wgpu", XOR);
    }
}

/// The steps of two clients alternate on the worker's device.
#[test]
fn two_clients_at_once_have_the_numbers_of_one() {
    let own = workplace();
    let worker = Worker::start(&own);
    let options = format!("{} --run-name run", worker.options());
    own.train(&format!("--epochs 200 {options}"));
    let alone = numbers(&own, "run");
    let places = [workplace(), workplace()];
    let command = format!("{SMALL} --epochs 200 {options} --quiet");
    let mut runs = places.each_ref().map(|place| start(place, &command));
    for run in &mut runs {
        run.wait_for_a_checkpoint("run");
    }
    let last = metrics(&places[0].path("runs/run")).pop().expect("a line");
    assert_ne!(last["event"], "result", "the first was too fast");
    for (run, place) in runs.into_iter().zip(&places) {
        let finished = run.end_within(10 * SOON);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert!(numbers(place, "run") == alone, "other numbers");
    }
}

#[test]
fn a_sweep_runs_on_a_worker() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = format!("{SMALL} --vary engine=autodiff,manual --seeds 1 --epochs 2");
    let events = workplace.events(&format!("sweep {options} {}", worker.options()));
    let last = events.last().expect("a line");
    assert_eq!((&last["runs"], &last["finished"]), (&2.into(), &2.into()));
}

/// What a run on a worker leaves is of use on this machine.
#[test]
fn its_net_is_evaluated_and_asked_without_the_worker() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let options = worker.options();
    let trained = workplace.train(&format!("--epochs 3 --run-name done {options}"));
    assert_eq!(worker_log(&workplace), "", "the worker has nothing to say");
    drop(worker);
    let evaluated = workplace.events("eval --run runs/done --data-dir data");
    let there = trained.last().expect("a result")["test_loss"].as_f64();
    let here = evaluated[0]["loss"].as_f64();
    let (there, here) = there.zip(here).expect("both have a loss");
    assert!((there - here).abs() <= 1e-5 * here, "{there} {here}");
    workplace.text("report runs/done");
}

/// The weights that are kept are those before the step that spoiled them.
#[test]
fn a_loss_that_is_not_finite_exits_1_and_keeps_the_weights() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    for engine in ["autodiff", "manual"] {
        let options = format!("{SMALL} --engine {engine} --epochs 1");
        let [still, diverged, here] = [
            ("still", worker.options(), "1e-300"),
            ("diverged", worker.options(), "1e30"),
            ("here", "--backend flex".to_owned(), "1e30"),
        ]
        .map(|(name, backend, rate)| {
            let name = format!("{engine}-{name}");
            let finished = workplace.run(&format!(
                "{options} {backend} --learning-rate {rate} --run-name {name}"
            ));
            (finished, workplace.path("runs").join(name))
        });
        assert_eq!(still.0.code, Some(0), "{}", still.0.stderr);
        let (finished, run) = diverged;
        assert_eq!(finished.code, Some(1), "{}", finished.stderr);
        for part in ["not finite at step", "initial weights", "--learning-rate"] {
            let printed = &finished.stdout;
            assert!(printed.contains(part), "no {part:?} in: {printed}");
        }
        assert!(weights(&still.1) == weights(&run), "{engine}");
        let [there, here] = [run, here.1].map(|run| {
            let last = metrics(&run).pop().expect("a line");
            [last["event"].clone(), last["step"].clone()]
        });
        assert_eq!(there, here, "{engine}");
    }
}
