//! What the programs of this package share: exit codes, output formats, and lines to the terminal.

pub mod parallel;
pub mod setup;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::panic;
#[cfg(unix)]
use std::process::Command;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// Why a program ends; this decides its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Success = 0,
    /// It ran, and the verdict is negative.
    Negative = 1,
    /// It could not run.
    Failure = 2,
    /// It was interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Format of the results on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// JSON, one object per line.
    Json,
}

/// Whether any thread has panicked: a panic on a device's own thread does not end the program, but
/// its results cannot be trusted.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Runs a program: an error is one line on standard error and exit code 2, and so is a panic on any
/// thread, which asks for a report. Does not return after an interrupt.
pub fn run_program(run: impl FnOnce() -> Result<Exit> + panic::UnwindSafe) -> ExitCode {
    panic::set_hook(Box::new(|panic| {
        PANICKED.store(true, Ordering::Relaxed);
        complain_of_defect(panic);
    }));
    let exit = exit_of(panic::catch_unwind(run).unwrap_or(Ok(Exit::Failure)));
    if PANICKED.load(Ordering::Relaxed) {
        return Exit::Failure.into();
    }
    if exit == Exit::Interrupted {
        // A device may not have finished.
        end_at_once(exit);
    }
    exit.into()
}

/// As [`run_program`], for a program that runs a checker. A panic that the checker catches is a
/// verdict on the code under test; only a panic that ends `run` is a defect of the program. A closed
/// standard output, as by `head`, ends the checks with success.
pub fn run_checker(run: impl FnOnce() -> Result<Exit> + panic::UnwindSafe) -> ExitCode {
    let exit = match panic::catch_unwind(run) {
        Ok(Err(error)) if is_broken_pipe(&error) => Exit::Success,
        Ok(outcome) => exit_of(outcome),
        Err(payload) => {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            complain_of_defect(text.unwrap_or("no message"));
            Exit::Failure
        }
    };
    exit.into()
}

/// Ends the process at once. A graphics driver that compiles or computes on another thread crashes if the system
/// library takes its data down meanwhile, as it does at a usual end.
///
/// On Unix, a shell takes the place of the process, which ends all threads: to end it directly takes unsafe code.
pub fn end_at_once(exit: Exit) -> ! {
    let code = exit as i32;
    // Standard output is not flushed: results are whole lines, and whoever holds it may wait for a reader.
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // It returns only if there is no shell.
        let _ = Command::new("/bin/sh")
            .args(["-c", &format!("exit {code}")])
            .exec();
    }
    std::process::exit(code)
}

fn exit_of(outcome: Result<Exit>) -> Exit {
    outcome.unwrap_or_else(|error| {
        complain(format_args!("error: {error:#}"));
        Exit::Failure
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(is_pipe)
}

fn complain_of_defect(panic: impl Display) {
    complain(format_args!(
        "error: a defect in this program: {panic}; please report it with the command that you ran"
    ));
}

/// Writes a line to standard error, as a whole: other processes may write there too. Ignores that it may be
/// closed.
pub fn complain(text: impl Display) {
    let line = format!("{text}\n");
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Standard output; a closed pipe is not an error, and the rest is dropped.
#[derive(Debug, Default)]
pub struct Results {
    reader_left: bool,
}

impl Results {
    /// Writes lines.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written for another reason than a closed pipe, for example a full
    /// disk.
    pub fn print(&mut self, lines: impl Display) -> Result<()> {
        if self.reader_left {
            return Ok(());
        }
        match writeln!(io::stdout().lock(), "{lines}") {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.reader_left = true;
                Ok(())
            }
            outcome => {
                outcome.context("cannot write to standard output; free space there, or redirect it")
            }
        }
    }
}
