//! Runs the cases on every backend and float type.

use anyhow::Result;
use burn_gradcheck::Options;
use gradient_trials::check;
use programs::parallel::in_order;
use programs::setup::Backends;

use crate::cases::Selection;
use crate::cli::Cli;
use crate::events::{CheckEvent, PytorchEvent, Summary};
use crate::output::Output;

/// Elements of an input up to which finite differences check each one; above, random directions.
const FULL_LIMIT: usize = 512;

/// Runs everything selected, one backend and float type after the other.
pub(crate) fn all(
    cli: &Cli,
    backends: &Backends,
    selection: &Selection,
    output: &mut Output,
) -> Result<Summary> {
    let mut summary = Summary::default();
    let setups = backends.setups();
    output.begin(setups.len() * selection.cases.len());
    for setup in &setups {
        output.begin_table(setup)?;
        let options = Options::default().seed(cli.seed).full_limit(FULL_LIMIT);
        in_order(
            &selection.cases,
            |case| check(case, &setup.target, &options),
            |report| {
                let event = CheckEvent::new(setup, report);
                summary.count(&event);
                output.check(event)
            },
        )?;
        for (name, net) in &selection.nets {
            let comparison = net.compare(&setup.target.device, setup.target.dtype);
            let event = PytorchEvent::new(name, &selection.pytorch, setup, &comparison);
            summary.count_pytorch(&event);
            output.pytorch(event)?;
        }
        output.end_table()?;
    }
    output.end();
    Ok(summary)
}
