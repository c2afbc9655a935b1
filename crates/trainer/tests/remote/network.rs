//! A worker on another machine, as far as the network is concerned.

use std::thread;
use std::time::Duration;

use crate::background::{Running, SOON};
use crate::common::metrics;
use crate::faults::{SHORT, assert_lost, numbers};
use crate::namespaces::{ADDRESSES, Namespaces};
use crate::program::{Worker, shell, workplace};

/// Less than a loss, and more than it takes to notice that nothing comes.
const HICCUP: Duration = Duration::from_secs(4);

#[test]
fn a_link_may_falter_and_when_it_is_cut_the_run_goes_on_later() {
    let Some(namespaces) = Namespaces::new() else {
        return;
    };
    let workplace = workplace();
    let listening = Worker::command(&workplace, &format!("{}:0", ADDRESSES[1]));
    let worker = Worker::of(&workplace, namespaces.inside(1, &listening));
    let options = worker.options();
    let start = |name: &str| {
        let command = workplace.command(&format!("{SHORT} {options} --run-name {name}"));
        Running::start(&workplace, namespaces.inside(0, &command))
    };
    let whole = start("whole").end_within(10 * SOON);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);

    let mut faltering = start("faltering");
    faltering.wait_for_a_checkpoint("faltering");
    namespaces.cut();
    thread::sleep(HICCUP);
    let last = metrics(&workplace.path("runs/faltering")).pop();
    assert_ne!(last.expect("a line")["event"], "result", "it was too fast");
    namespaces.mend();
    let finished = faltering.end_within(10 * SOON);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);

    let mut cut = start("cut");
    cut.wait_for_a_checkpoint("cut");
    namespaces.cut();
    let command = assert_lost(&cut.end(), &worker.url, "cut");
    namespaces.mend();
    let resumed = namespaces.inside(0, &shell(&workplace, &command));
    let resumed = Running::start(&workplace, resumed).end_within(10 * SOON);
    assert_eq!(resumed.code, Some(0), "{command}: {}", resumed.stderr);
    assert!(
        resumed.stdout.contains("resumes from"),
        "{}",
        resumed.stdout
    );

    let [whole, faltering, cut] =
        ["whole", "faltering", "cut"].map(|name| numbers(&workplace, name));
    assert!(whole == faltering, "other numbers after a short cut");
    assert!(whole == cut, "other numbers after a long cut");
}
