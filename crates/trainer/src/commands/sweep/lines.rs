//! What a sweep says of its runs, as text and as JSON.

use std::collections::BTreeMap;

use pages::numbers::{number, percent};
use run_folder::METRICS;
use run_report::Recorded;
use run_report::sweep::{Cell, SweepRun};
use serde::Serialize;
use training::Epoch;

/// A line of the results, as JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Line<'a> {
    SweepRun {
        options: BTreeMap<&'a str, &'a str>,
        seed: u64,
        state: &'static str,
        val_loss: Option<f64>,
        val_accuracy: Option<f64>,
        test_accuracy: Option<f64>,
        run_dir: String,
    },
    SweepRow {
        options: BTreeMap<&'a str, &'a str>,
        #[serde(flatten)]
        cell: &'a Cell,
    },
    Sweep {
        runs: usize,
        finished: usize,
        sweep_dir: String,
        page: String,
        resume: Option<String>,
    },
}

pub(super) fn pairs<'a>(names: &'a [String], values: &'a [String]) -> BTreeMap<&'a str, &'a str> {
    let names = names.iter().map(String::as_str);
    names.zip(values.iter().map(String::as_str)).collect()
}

/// `learning-rate 0.1, hidden 64`.
pub(super) fn given(names: &[String], values: &[String]) -> String {
    let pairs = names.iter().zip(values);
    let pairs = pairs.map(|(name, value)| format!("{name} {value}"));
    pairs.collect::<Vec<_>>().join(", ")
}

pub(super) fn outcome(recorded: &Recorded) -> String {
    let history = &recorded.history;
    let last = history.epochs.last();
    match (&history.result, last.and_then(Epoch::val_loss_of_candidate)) {
        _ if !history.is_whole() => {
            let folder = recorded.run.path().display();
            format!(
                "no figures: {METRICS} in {folder} is cut off; delete this folder and resume the sweep to train it \
                 again"
            )
        }
        (None, _) => {
            let reason = history.status.reason().unwrap_or(history.status.name());
            format!("no result: {reason}")
        }
        (Some(_), Some(loss)) => format!("validation loss {}", number(loss)),
        (Some(result), None) => format!("test accuracy {}", percent(result.test_accuracy)),
    }
}

pub(super) fn run_line<'a>(
    names: &'a [String],
    run: &'a SweepRun,
    recorded: &Recorded,
) -> Line<'a> {
    let Recorded {
        run: saved,
        history,
        ..
    } = recorded;
    // Without its end, the last epoch is not that of the result.
    let last = history.epochs.last().filter(|_| history.is_whole());
    let result = history.result.as_ref();
    Line::SweepRun {
        options: pairs(names, &run.values),
        seed: run.seed,
        state: run.state(),
        val_loss: last.and_then(Epoch::val_loss_of_candidate),
        val_accuracy: last.and_then(Epoch::val_accuracy_of_candidate),
        test_accuracy: result.map(|result| result.test_accuracy),
        run_dir: saved.path().display().to_string(),
    }
}
