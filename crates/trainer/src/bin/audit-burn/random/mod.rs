//! `--programs`: random programs instead of the table of operations.

mod disaster;
mod events;
mod parent;
mod worker;

use std::ops::Range;

use anyhow::{Context, Result};
use backends::Backend;
use programs::setup::Backends;
use random_programs::Program;

use crate::child::end_with_parent;
use crate::cli::Cli;

pub(crate) use disaster::Disaster;

/// The backends that programs run on unless others are named. On a graphics adapter, shaders are compiled for
/// each shape: a program takes seconds there.
pub(crate) fn processors() -> Vec<Backend> {
    let all = [Backend::Ndarray, Backend::Flex].into_iter();
    all.filter(|backend| backend.is_compiled_in()).collect()
}

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
        let cut = |program: Program| program.cut(&cli.as_leaf, &cli.without);
        worker::run(seeds, backends, cut, cli.disaster.as_ref())?;
        return Ok(true);
    }
    let processes = parent::Processes {
        backends,
        disaster: cli.disaster.as_ref(),
    };
    processes.run(&seeds, cli.format)
}
