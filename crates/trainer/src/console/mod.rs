//! Standard output and standard error: results as text or JSON, notes, and the progress of a run.

mod entries;
mod front_end;

use std::fmt::Display;
use std::io::{self, IsTerminal};

use anyhow::Result;
use programs::{Format, Results, complain};
use serde::Serialize;

pub(crate) use entries::layer_sizes;
pub(crate) use front_end::{FrontEnd, Unrecorded};

/// A result as text and as JSON.
pub(crate) trait Shown: Serialize {
    /// The result as text, without a final newline.
    fn to_text(&self) -> String;

    /// Whether `--quiet` leaves it out.
    fn is_progress(&self) -> bool {
        false
    }
}

/// Where results and notes go.
#[derive(Debug)]
pub(crate) struct Console {
    format: Format,
    quiet: bool,
    /// Whether results are not shown either.
    silent: bool,
    results: Results,
}

impl Console {
    /// A console for results in this format; a quiet one shows nothing else.
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self {
            format,
            quiet,
            silent: false,
            results: Results::default(),
        }
    }

    /// A console that shows nothing.
    pub(crate) fn silent() -> Self {
        Self {
            silent: true,
            ..Self::new(Format::Text, true)
        }
    }

    /// Shows a result on standard output, as text or as one line of JSON.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written, for example on a full disk. A closed pipe is not an
    /// error.
    pub(crate) fn show(&mut self, result: &impl Shown) -> Result<()> {
        if self.silent || self.quiet && result.is_progress() {
            return Ok(());
        }
        match self.format {
            Format::Text => self.text(result.to_text()),
            Format::Json => self.json(result),
        }
    }

    /// Prints lines on standard output with `--format text`, nothing with `json`.
    ///
    /// # Errors
    ///
    /// As [`show`](Self::show).
    pub(crate) fn text(&mut self, lines: impl Display) -> Result<()> {
        match self.format {
            Format::Text if !self.silent => self.results.print(lines),
            _ => Ok(()),
        }
    }

    /// Prints an object with `--format json`, nothing with `text`.
    ///
    /// # Errors
    ///
    /// As [`show`](Self::show).
    pub(crate) fn json(&mut self, object: &impl Serialize) -> Result<()> {
        match self.format {
            Format::Json if !self.silent => self.results.print(serde_json::to_string(object)?),
            _ => Ok(()),
        }
    }

    /// Prints a note on standard error, unless the console is quiet.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            complain(text);
        }
    }
}

/// Whether standard output is a terminal with colours: `NO_COLOR` is unset or empty, and `TERM` is
/// not `dumb`.
pub(crate) fn has_colour() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}
