//! `audit-burn`: checks Burn's own operations against formulas and finite differences, and compares
//! what disagrees with the ledger of known disagreements in `burn-suite`.

mod child;
mod cli;
mod events;
mod output;
mod page;
mod parent;
mod random;
mod report;
mod seeds;
mod text;
mod worker;

use std::process::ExitCode;

use anyhow::{Result, bail};
use burn_suite::{Ledger, Operation, TableSelection};
use clap::Parser;
use programs::setup::Backends;
use programs::{Exit, run_checker};

use cli::Cli;
use output::ResultWriter;

/// A check makes and drops small tensors by the million: the system's allocator takes a third of the
/// time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    run_checker(|| audit(&cli))
}

fn audit(cli: &Cli) -> Result<Exit> {
    if let Some(id) = &cli.report {
        report::run(id, cli.out.as_deref(), &ResultWriter::new(cli.format))?;
        return Ok(Exit::Success);
    }
    let backends = match cli.programs {
        Some(_) if cli.backends.is_empty() => Backends::open(&random::processors(), None)?,
        _ => Backends::open(&cli.backends, None)?,
    };
    let is_good = if let Some(count) = cli.programs {
        random::run(cli, count, &backends)?
    } else if cli.here {
        worker::run(cli, &backends)?
    } else {
        parent::run(cli, &backends)?
    };
    Ok(if is_good {
        Exit::Success
    } else {
        Exit::Negative
    })
}

/// The table, the ledger, and the selection of operations.
pub(crate) struct AuditTable {
    pub(crate) operations: Vec<Operation>,
    pub(crate) ledger: Ledger,
    pub(crate) selection: TableSelection,
}

impl AuditTable {
    /// The bundled table and ledger, with the operations that the command line selects.
    ///
    /// # Errors
    ///
    /// If it selects none.
    pub(crate) fn select(cli: &Cli) -> Result<Self> {
        let operations = burn_suite::operations();
        let ledger = Ledger::bundled(&operations)?;
        let selection = TableSelection {
            pattern: cli.pattern.clone(),
            operation: cli.operation.clone(),
            family: cli.family,
            seeds: cli.seeds(),
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
}
