//! Shows a run in progress in the terminal.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn_gradcheck::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pages::numbers::thousands;
use programs::complain;
use run_folder::{Entry, Listener};
use training::{Now, RecordError};

use super::Console;

/// Shows a run's entries and progress, and passes Ctrl-C on to it.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    console: Console,
    interrupt: Arc<AtomicBool>,
    /// The bar of the current epoch.
    bar: ProgressBar,
}

impl FrontEnd {
    /// Shows a run on the console until the flag is raised.
    pub(crate) fn new(console: Console, interrupt: Arc<AtomicBool>) -> Self {
        Self {
            console,
            interrupt,
            bar: ProgressBar::hidden(),
        }
    }
}

impl Listener for FrontEnd {
    fn entry(&mut self, entry: &Entry) -> Result<(), RecordError> {
        Ok(self.console.show(entry)?)
    }

    fn progress(&mut self, now: Now) {
        match now {
            Now::WarmingUp => {
                let text = "warm-up: compiling and tuning kernels for this adapter ...";
                self.console.note(text);
            }
            Now::EpochBegins { epoch, rows } => {
                self.bar = bar(rows as u64, format!("epoch {epoch}"), self.console.quiet);
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

/// A bar on standard error for `rows` rows, invisible without a terminal.
fn bar(rows: u64, title: String, quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let style = ProgressStyle::with_template(
        "{prefix} [{bar:30}] {pos}/{len}  {rate} rows/s  {msg}  {eta} left",
    )
    .expect("the template is well-formed")
    .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // An error in drawing the bar must not stop the run.
        let _ = write!(out, "{}", thousands(state.per_sec()));
    })
    .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(rows), target)
        .with_style(style)
        .with_prefix(title)
}
