//! `--programs`: random programs instead of the table of operations.

mod events;
mod parent;
mod worker;

use std::ops::Range;

use anyhow::{Context, Result};
use programs::setup::Backends;

use crate::child::end_with_parent;
use crate::cli::Cli;

/// Judges `count` programs. Returns whether all are right, or wrong for reasons that are listed.
///
/// # Errors
///
/// If there are not so many seeds, a process cannot start, or results cannot be written.
pub(crate) fn run(cli: &Cli, count: u64, backends: &Backends) -> Result<bool> {
    let end = cli.seed.checked_add(count).with_context(|| {
        format!(
            "there are no {count} seeds from {} on; use a smaller --seed or --programs",
            cli.seed
        )
    })?;
    let seeds: Range<u64> = cli.seed..end;
    if cli.here {
        if cli.leashed {
            end_with_parent();
        }
        worker::run(seeds, backends)?;
        return Ok(true);
    }
    parent::run(&seeds, cli.format, backends)
}
