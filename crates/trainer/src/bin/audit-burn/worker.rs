//! `--here`: checks in this process, for a parent that reads the JSON.

use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use backends::Hardware;
use burn_suite::{Platform, RunProgress};
use programs::parallel::pool_of_one;
use programs::setup::{Backends, Setup};
use programs::{Format, complain};

use crate::cli::Cli;
use crate::events::{AuditEvent, OperationEvent, SuiteSummary, conclude};
use crate::output::ResultWriter;
use crate::{AuditTable, child};

/// How long a process is silent, at most, while checks follow one another: an operation at many seeds takes
/// minutes.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// Runs the selected operations and writes their results. Returns whether the ledger lists every
/// disagreement.
///
/// # Errors
///
/// If no operation is selected, or results cannot be written.
pub(crate) fn run(cli: &Cli, backends: &Backends) -> Result<bool> {
    if cli.leashed {
        child::end_with_parent();
    }
    let output = ResultWriter::new(Format::Json);
    let AuditTable {
        operations,
        ledger,
        selection,
    } = AuditTable::select(cli)?;
    let panics = Panics::watch();
    let _pool = pool_of_one();
    let mut events = Vec::new();
    let platforms: Vec<_> = backends.setups().into_iter().map(platform).collect();
    let mut wrote = Instant::now();
    let outcome = burn_suite::run(&operations, &ledger, &platforms, &selection, |progress| {
        let finding = match progress {
            RunProgress::Done(finding) => finding,
            RunProgress::Checked if wrote.elapsed() < SIGN_OF_LIFE => return Ok(()),
            RunProgress::Checked => {
                wrote = Instant::now();
                return output.json(&AuditEvent::Alive {});
            }
        };
        wrote = Instant::now();
        let mut event = OperationEvent::new(finding, &operations);
        for message in panics.take() {
            // A panic that reached the check is in the event already.
            if !event.has_panicked() {
                event.add_panic(message);
            }
        }
        events.push(event.clone());
        output.json(&AuditEvent::Operation(event))
    })?;
    let summary = SuiteSummary::new(&events, outcome.gone.len(), outcome.abandoned.len());
    let is_good = summary.is_good();
    conclude(&outcome, summary, &output)?;
    Ok(is_good)
}

fn platform(setup: Setup) -> Platform {
    Platform {
        backend: setup.backend.name().to_owned(),
        target: setup.target,
        by_shader: setup.hardware != Hardware::Processor,
        is_software: setup.hardware == Hardware::SoftwareGraphics,
    }
}

/// Panics on other threads: a device has threads of its own, whose panics nobody catches.
struct Panics(Arc<Mutex<Vec<String>>>);

impl Panics {
    /// Replaces the hook that prints every panic. On this thread, panics are findings.
    fn watch() -> Self {
        let watching = thread::current().id();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let hook = {
            let seen = Arc::clone(&seen);
            move |info: &PanicHookInfo<'_>| {
                if thread::current().id() == watching {
                    return;
                }
                let text = info.to_string();
                complain(&text);
                if let Ok(mut seen) = seen.lock() {
                    seen.push(text);
                }
            }
        };
        panic::set_hook(Box::new(hook));
        Self(seen)
    }

    /// The panics since the last call.
    fn take(&self) -> Vec<String> {
        let seen = self.0.lock();
        seen.map_or_else(|_| Vec::new(), |mut seen| std::mem::take(&mut *seen))
    }
}
