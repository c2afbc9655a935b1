//! `trainer`: trains the lecture's nets on real data, on any backend, by either engine.

mod arguments;
mod bench;
mod cli;
mod commands;
mod console;
mod ranks;
mod remote;
mod signals;
mod threads;

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use programs::{Exit, run_program};

use cli::{Cli, Command};
use commands::{
    about, backends, eval, export, import, inspect, lesson, live, predict, reference, report, runs,
    sweep, train, worker,
};
use ranks::{Launch, leave_to_rank_0, refuse_several};

/// Training allocates and frees tensors by the thousand, on several threads, each megabytes in size: the
/// system's allocator would map, clear and lock each of them. Without huge pages (`no_thp`): they do not
/// make training faster, and the system clears 2 MB at a time, which delays the first step (measured in
/// docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let started = Instant::now();
    run_program(|| match Cli::try_parse() {
        Ok(cli) => run(cli, started),
        Err(error) => match Launch::of_this_process().filter(|launch| launch.rank > 0) {
            None => error.exit(),
            // Help is no error.
            Some(_) if error.exit_code() == 0 => Ok(Exit::Success),
            Some(launch) => leave_to_rank_0(launch, &AtomicBool::new(false), error),
        },
    })
}

fn run(cli: Cli, started: Instant) -> Result<Exit> {
    if cli
        .command
        .as_ref()
        .is_some_and(Command::is_for_one_process)
    {
        refuse_several()?;
    }
    match cli.command {
        None => train::run(&cli.options, started),
        Some(Command::Train(options)) => train::run(&options, started),
        Some(Command::Sweep(options)) => sweep::run(&options),
        Some(Command::Worker(options)) => worker::run(&options),
        Some(Command::Backends(options)) => backends::run(&options),
        Some(Command::Lesson(options)) => lesson::run(&options),
        Some(Command::Live(options)) => live::run(&options),
        Some(Command::Bench(options)) => bench::run(&options),
        Some(Command::Eval(options)) => eval::run(&options),
        Some(Command::Predict(options)) => predict::run(&options),
        Some(Command::Inspect(options)) => inspect::run(&options),
        Some(Command::Report(options)) => report::run(&options),
        Some(Command::Runs(options)) => runs::run(&options),
        Some(Command::Export(options)) => export::run(&options),
        Some(Command::Import(options)) => import::run(&options),
        Some(Command::Completions(options)) => about::completions(&options, Cli::command()),
        Some(Command::Man) => about::man_page(Cli::command()),
        Some(Command::Reference) => reference::run(Cli::command()),
    }
}
