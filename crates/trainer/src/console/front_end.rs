//! Shows a run in progress in the terminal.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backends::Hardware;
use burn_gradcheck::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pages::numbers::thousands;
use programs::complain;
use run_folder::{Entry, Listener};
use training::{Event, Now, RecordError, Recorder};

use super::Console;

/// Shows a run's entries and progress, and passes Ctrl-C on to it.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    console: Console,
    interrupt: Arc<AtomicBool>,
    /// What computes.
    hardware: Hardware,
    /// The bar of the warm-up, or of the current epoch.
    bar: ProgressBar,
    /// When the next line about the warm-up is due, once it has begun.
    next_note: Option<Duration>,
}

/// Time between two lines about the warm-up.
const BETWEEN_NOTES: Duration = Duration::from_secs(10);

const WARM_UP_BAR: &str = "{prefix} [{bar:30}] {pos} of {len} parts  {elapsed}";
const EPOCH_BAR: &str = "{prefix} [{bar:30}] {pos}/{len}  {rate} rows/s  {msg}  {eta} left";

impl FrontEnd {
    /// Shows a run on the console until the flag is raised.
    pub(crate) fn new(console: Console, interrupt: Arc<AtomicBool>, hardware: Hardware) -> Self {
        Self {
            console,
            interrupt,
            hardware,
            bar: ProgressBar::hidden(),
            next_note: None,
        }
    }

    /// Shows the progress of the warm-up: as a bar, or without a terminal as a line now and then.
    fn warm_up(&mut self, done: usize, parts: usize, time: Duration) {
        let quiet = self.console.quiet;
        let Some(next_note) = self.next_note else {
            self.console.note(match self.hardware {
                Hardware::Remote => "warm-up: the worker prepares; with a graphics adapter, its first run takes longest",
                _ => "warm-up: compiling and tuning kernels for this adapter; the first run takes longest",
            });
            self.bar = bar(parts as u64, WARM_UP_BAR, "warm-up".to_owned(), quiet);
            self.next_note = Some(BETWEEN_NOTES);
            return;
        };
        self.bar.set_position(done as u64);
        self.bar.tick();
        if self.bar.is_hidden() && time >= next_note {
            self.console.note(format_args!(
                "warm-up: {done} of {parts} parts done after {} s",
                time.as_secs()
            ));
            self.next_note = Some(next_note + BETWEEN_NOTES);
        }
    }
}

/// Passes Ctrl-C on to a run, which another process records and shows.
#[derive(Debug)]
pub(crate) struct Unrecorded(pub(crate) Arc<AtomicBool>);

impl<N> Recorder<N> for Unrecorded {
    fn event(&mut self, _event: &Event) -> Result<(), RecordError> {
        Ok(())
    }

    fn disagreement(&mut self, report: &Report) {
        complain(report);
    }

    fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Listener for FrontEnd {
    fn entry(&mut self, entry: &Entry) -> Result<(), RecordError> {
        if let Entry::WarmUp { .. } | Entry::Stopped { .. } = entry {
            self.bar.finish_and_clear();
        }
        Ok(self.console.show(entry)?)
    }

    fn progress(&mut self, now: Now) {
        match now {
            Now::WarmingUp { done, parts, time } => self.warm_up(done, parts, time),
            Now::EpochBegins { epoch, rows } => {
                let title = format!("epoch {epoch}");
                self.bar = bar(rows as u64, EPOCH_BAR, title, self.console.quiet);
            }
            Now::RowsDone { rows, loss } => {
                self.bar.set_message(format!("loss {loss:.4}"));
                self.bar.set_position(rows as u64);
            }
            Now::EpochEnds => self.bar.finish_and_clear(),
        }
    }

    fn disagreement(&mut self, report: &Report) {
        complain(report);
    }

    fn is_interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

/// A bar on standard error for so many rows or parts, invisible without a terminal.
fn bar(length: u64, template: &str, title: String, quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let style = ProgressStyle::with_template(template)
        .expect("the template is well-formed")
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // An error in drawing the bar must not stop the run.
            let _ = write!(out, "{}", thousands(state.per_sec()));
        })
        .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(length), target)
        .with_style(style)
        .with_prefix(title)
}
