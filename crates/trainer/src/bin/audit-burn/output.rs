//! Results to standard output, as text or JSON; progress to standard error.

use std::io::{self, Write};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use programs::Format;
use programs::setup::Backends;
use serde::Serialize;

/// Writes results and progress.
pub(crate) struct ResultWriter {
    pub(crate) format: Format,
    bar: ProgressBar,
}

impl ResultWriter {
    pub(crate) fn new(format: Format) -> Self {
        let bar = ProgressBar::hidden();
        Self { format, bar }
    }

    /// Starts the progress bar, which shows only in a terminal.
    pub(crate) fn begin(&mut self, results: usize) {
        let style = ProgressStyle::with_template("{pos}/{len} operations {wide_bar}");
        let target = ProgressDrawTarget::stderr();
        self.bar = ProgressBar::with_draw_target(Some(results as u64), target)
            .with_style(style.expect("the template is well formed"));
    }

    /// Counts a result.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
    }

    /// Removes the progress bar.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Writes a line of results, above the bar.
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        self.bar
            .suspend(|| writeln!(io::stdout().lock(), "{text}"))?;
        Ok(())
    }

    /// Writes an event.
    pub(crate) fn json(&self, event: &impl Serialize) -> Result<()> {
        self.say(&serde_json::to_string(event)?)
    }

    /// Lists the backends that run, and those that do not.
    pub(crate) fn backends(&self, backends: &Backends) -> Result<()> {
        for event in backends.events() {
            match self.format {
                Format::Text => self.say(&event.to_string())?,
                Format::Json => self.json(&event)?,
            }
        }
        Ok(())
    }
}
