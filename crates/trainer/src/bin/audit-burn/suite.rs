//! `--suite burn`: Burn's own operations, held to the table and the ledger of `burn-suite`, each
//! family on each backend in a process of its own.

mod child;
mod events;
mod text;

use std::fs;
use std::panic::{self, PanicHookInfo};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail};
use backends::Hardware;
use burn_suite::{Family, Ledger, Operation, Outcome, Selection};

use crate::cli::{Cli, Format};
use crate::output::Output;
use crate::run::{Backends, Place, float_types, in_order};
use child::{Group, Results};
use events::{Event, GoneEvent, OperationEvent, SuiteSummary};

/// Names of the page's files, without extension.
const PAGE: &str = "gradients-of-burn";

/// The table, the ledger, and what of them is asked for.
struct Suite {
    operations: Vec<Operation>,
    ledger: Ledger,
    selection: Selection,
}

/// Runs the table on every backend, writes the page if it is asked for, and says whether all
/// disagreements are known ones.
pub(crate) fn run(cli: &Cli, backends: &Backends, output: &mut Output) -> Result<bool> {
    let suite = Suite::new(cli)?;
    if let Some(folder) = &cli.page {
        // Not after minutes of checks.
        make_folder(folder)?;
    }
    let groups = suite.groups(backends);
    let results = groups.iter().map(|group| group.expected.len());
    output.begin(results.sum());
    if cli.format == Format::Text {
        output.say(&text::head())?;
    }
    let mut outcome = Outcome::default();
    let mut events = Vec::new();
    in_order(
        &groups,
        |group| group.run(cli),
        |results| {
            let results = results?;
            suite.take(&results, &mut outcome)?;
            for event in &results.events {
                output.step();
                match cli.format {
                    Format::Text => output.say(&text::row(event))?,
                    Format::Json => output.json(&Event::Operation(event.clone()))?,
                }
            }
            events.extend(results.events);
            Ok(())
        },
    )?;
    output.end();
    if let Some(folder) = &cli.page {
        write_page(folder, &suite, &outcome)?;
    }
    let summary = SuiteSummary::new(&events, outcome.gone.len(), outcome.abandoned.len());
    let is_good = summary.is_good();
    match cli.format {
        Format::Text => text::conclude(&outcome, &summary, output)?,
        Format::Json => conclude(&outcome, summary, output)?,
    }
    Ok(is_good)
}

/// Runs the table in this process, as a parent asked for it.
pub(crate) fn run_here(cli: &Cli, backends: &Backends, output: &Output) -> Result<bool> {
    if cli.leashed {
        child::end_with_parent();
    }
    let suite = Suite::new(cli)?;
    let places: Vec<_> = backends
        .places()
        .iter()
        .map(|place| suite_place(place, backends))
        .collect();
    let panics = Panics::watch();
    let mut events = Vec::new();
    let Suite {
        operations,
        ledger,
        selection,
    } = &suite;
    let outcome = burn_suite::run(operations, ledger, &places, selection, |finding| {
        let mut event = OperationEvent::new(finding, operations);
        for message in panics.take() {
            // One that reached the check is there already.
            if !event.has_panicked() {
                event.add_panic(message);
            }
        }
        events.push(event.clone());
        output.json(&Event::Operation(event))
    })?;
    let summary = SuiteSummary::new(&events, outcome.gone.len(), outcome.abandoned.len());
    let is_good = summary.is_good();
    conclude(&outcome, summary, output)?;
    Ok(is_good)
}

impl Suite {
    fn new(cli: &Cli) -> Result<Self> {
        let operations = burn_suite::operations();
        let ledger = Ledger::bundled(&operations)?;
        let selection = Selection {
            pattern: cli.pattern.clone(),
            family: cli.family,
            seed: cli.seed,
        };
        if !operations.iter().any(|operation| selection.has(operation)) {
            let pattern = cli.pattern.as_deref().unwrap_or_default();
            bail!(
                "no operation has '{pattern}' in its name; run without `--case` to see the names"
            );
        }
        Ok(Self {
            operations,
            ledger,
            selection,
        })
    }

    /// What is selected, family by family on each backend.
    fn groups(&self, backends: &Backends) -> Vec<Group> {
        let mut groups = Vec::new();
        for &(backend, _) in &backends.opened {
            for family in Family::ALL {
                let operations = self.operations.iter();
                let names: Vec<_> = operations
                    .filter(|operation| operation.family == family && self.selection.has(operation))
                    .map(|operation| operation.name)
                    .collect();
                let in_one = |dtype: &'static str| names.iter().map(move |&name| (name, dtype));
                let dtypes = float_types(backend).iter();
                let expected: Vec<_> = dtypes.flat_map(|dtype| in_one(dtype.name())).collect();
                if !expected.is_empty() {
                    groups.push(Group {
                        backend,
                        family,
                        expected,
                    });
                }
            }
        }
        groups
    }

    /// Adds what came of a group.
    fn take(&self, results: &Results, outcome: &mut Outcome) -> Result<()> {
        for event in &results.events {
            let finding = event
                .finding(&self.operations, &self.ledger)
                .with_context(|| {
                    format!(
                        "{} is not in this program's table or ledger",
                        event.operation
                    )
                })?;
            outcome.findings.push(finding);
        }
        outcome.gone.extend(results.gone.iter().cloned());
        outcome.abandoned.extend(results.abandoned.iter().cloned());
        Ok(())
    }
}

/// Panics on threads other than the one that began to watch: those of a device, which nobody
/// catches.
struct Panics(Arc<Mutex<Vec<String>>>);

impl Panics {
    /// Replaces the hook that would write each panic: on this thread they are findings.
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
                crate::complain(&text);
                if let Ok(mut seen) = seen.lock() {
                    seen.push(text);
                }
            }
        };
        panic::set_hook(Box::new(hook));
        Self(seen)
    }

    /// Those since the last time.
    fn take(&self) -> Vec<String> {
        let seen = self.0.lock();
        seen.map_or_else(|_| Vec::new(), |mut seen| std::mem::take(&mut *seen))
    }
}

fn suite_place(place: &Place, backends: &Backends) -> burn_suite::Place {
    let mut opened = backends.opened.iter();
    let hardware = opened
        .find(|(backend, _)| *backend == place.backend)
        .map(|(_, opened)| opened.hardware);
    burn_suite::Place {
        backend: place.backend.name().to_owned(),
        target: place.target.clone(),
        by_shader: hardware != Some(Hardware::Processor),
        is_software: hardware == Some(Hardware::SoftwareGraphics),
    }
}

/// Makes the page's folder, and a file in it to see that this can be done.
fn make_folder(folder: &Path) -> Result<()> {
    let probe = folder.join(PAGE).with_extension("tmp");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe))
        .with_context(|| {
            let folder = folder.display();
            format!("no page can be written into the folder {folder}; choose another by --page")
        })
}

fn write_page(folder: &Path, suite: &Suite, outcome: &Outcome) -> Result<()> {
    let page = burn_suite::Page::new(&suite.operations, &suite.ledger, outcome);
    for (extension, text) in [("md", page.markdown()?), ("html", page.html()?)] {
        let file = folder.join(PAGE).with_extension(extension);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The last lines of JSON.
fn conclude(outcome: &Outcome, summary: SuiteSummary, output: &Output) -> Result<()> {
    for gone in &outcome.gone {
        output.json(&Event::Gone(GoneEvent::new(gone)))?;
    }
    for abandoned in &outcome.abandoned {
        output.json(&Event::Abandoned(abandoned.clone()))?;
    }
    output.json(&Event::Summary(summary))
}
