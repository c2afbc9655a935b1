//! `trainer`: trains the lecture's nets on real data, on any backend, by either engine.

mod about;
mod answers;
mod bench;
mod checkpoint;
mod cli;
mod differences;
mod dry_run;
mod engine;
mod eval;
mod exact;
mod examples;
mod exchange;
mod files;
mod gradient_check;
mod history;
mod inspect;
mod judgement;
mod lessons;
mod net;
mod optimizer;
mod output;
mod pages;
mod predict;
mod report;
mod resume;
mod run_folder;
mod runs;
mod saved_run;
mod schedule;
mod session;
mod settings;
mod signals;
mod state;
mod terminal;
mod threads;
mod training;
mod weights;

use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;
use backends::{Backend, Hardware};
use clap::Parser;

use cli::{Cli, Command, Format, TrainOptions};
use output::{BackendLine, Console, Event, complain};
use session::Session;

/// Tensors are allocated and freed by the thousand, on several threads, and megabytes in size: the
/// system's allocator would map, clear and lock for each. Not in huge pages (`no_thp`): a processor trains
/// no faster with them, and the system clears 2 MB at a time, which delays the first step (measured in
/// ARCHITECTURE.md, "Training speed").
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why the program ends, as its exit code tells.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exit {
    Success = 0,
    /// It ran, and the verdict is negative.
    Negative = 1,
    /// It could not run.
    Failure = 2,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Whether any thread has panicked: a panic on a device's own thread does not end the program by
/// itself, but its results are worth nothing.
static PANICKED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let started = Instant::now();
    panic::set_hook(Box::new(|panic| {
        PANICKED.store(true, Ordering::Relaxed);
        complain(format_args!(
            "error: a defect in this program: {panic}; please report it with the command that you \
             ran"
        ));
    }));
    let exit = match panic::catch_unwind(|| run(Cli::parse(), started)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            complain(format_args!("error: {error:#}"));
            Exit::Failure
        }
        Err(_said_by_the_hook) => Exit::Failure,
    };
    match PANICKED.load(Ordering::Relaxed) {
        true => Exit::Failure.into(),
        false => exit.into(),
    }
}

fn run(cli: Cli, started: Instant) -> Result<Exit> {
    match cli.command {
        None => train(&cli.options, started),
        Some(Command::Train(options)) => train(&options, started),
        Some(Command::Backends(options)) => list_backends(options.format),
        Some(Command::Lesson(options)) => lessons::run(&options),
        Some(Command::Bench(options)) => bench::run(&options),
        Some(Command::Eval(options)) => eval::run(&options),
        Some(Command::Predict(options)) => predict::run(&options),
        Some(Command::Inspect(options)) => inspect::run(&options),
        Some(Command::Report(options)) => report::run(&options),
        Some(Command::Runs(options)) => runs::run(&options),
        Some(Command::Export(options)) => exchange::export(&options),
        Some(Command::Import(options)) => exchange::import(&options),
        Some(Command::Completions(options)) => about::completions(&options),
        Some(Command::Man) => about::man_page(),
    }
}

fn train(options: &TrainOptions, started: Instant) -> Result<Exit> {
    if threads::may_share_on_ndarray(options) {
        threads::one_for_each_product();
    }
    Session::open(options, started)?.train()
}

fn list_backends(format: Format) -> Result<Exit> {
    let mut console = Console::new(format, false);
    for backend in Backend::ALL {
        let opened = backend.open();
        console.say(&Event::Backend(BackendLine {
            backend: backend.name().to_owned(),
            available: opened.is_ok(),
            device: opened.as_ref().ok().map(|opened| opened.name.clone()),
            driver: opened
                .as_ref()
                .ok()
                .and_then(|opened| opened.driver.clone()),
            software: opened
                .as_ref()
                .ok()
                .map(|opened| opened.hardware == Hardware::SoftwareGraphics),
            dtypes: opened.as_ref().map_or_else(
                |_| vec![],
                |opened| {
                    let dtypes = opened.float_dtypes().into_iter();
                    dtypes.map(|dtype| dtype.name().to_owned()).collect()
                },
            ),
            reason: opened.err().map(|error| error.to_string()),
        }))?;
    }
    Ok(Exit::Success)
}
