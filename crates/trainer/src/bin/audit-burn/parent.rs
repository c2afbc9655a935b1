//! Runs the table in groups, each in a process of its own, and reports their results.

use anyhow::{Context, Result};
use burn_suite::{AuditOutcome, Family};
use programs::Format;
use programs::parallel::in_order;
use programs::setup::{Backends, float_types};

use crate::child::{Group, GroupResults};
use crate::cli::Cli;
use crate::events::{AuditEvent, SuiteSummary, conclude};
use crate::output::ResultWriter;
use crate::seeds::SeedsEvent;
use crate::{AuditTable, page, text};

/// Runs every group, writes the page if `--page` is given, and returns whether the ledger lists
/// every disagreement.
///
/// # Errors
///
/// If no operation is selected, a process cannot start, or results cannot be written.
pub(crate) fn run(cli: &Cli, backends: &Backends) -> Result<bool> {
    let mut output = ResultWriter::new(cli.format);
    output.backends(backends)?;
    let table = AuditTable::select(cli)?;
    if let Some(folder) = &cli.page {
        // Fails before minutes of checks, not after them.
        page::prepare(folder)?;
    }
    let groups = table.groups(backends, cli.seeds.is_some());
    output.begin(groups.iter().map(|group| group.expected.len()).sum());
    if cli.format == Format::Text {
        output.say(&text::head())?;
    }
    let mut outcome = AuditOutcome::default();
    let mut events = Vec::new();
    in_order(
        &groups,
        |group| group.run(cli),
        |results| {
            let results = results?;
            table.add(&results, &mut outcome)?;
            for event in &results.events {
                output.step();
                match cli.format {
                    Format::Text => output.say(&text::row(event))?,
                    Format::Json => output.json(&AuditEvent::Operation(event.clone()))?,
                }
            }
            events.extend(results.events);
            Ok(())
        },
    )?;
    output.end();
    if let Some(folder) = &cli.page {
        page::write(folder, &table, &outcome)?;
    }
    let summary = SuiteSummary::new(&events, outcome.gone.len(), outcome.abandoned.len());
    let is_good = summary.is_good();
    let counted = cli.seeds.as_ref().map(|it| SeedsEvent::new(it, &events));
    match cli.format {
        Format::Text => {
            text::conclude(&outcome, &summary, &output)?;
            counted.map_or(Ok(()), |counted| {
                output.say(&format!("\n{}", counted.text()))
            })?;
        }
        Format::Json => {
            counted.map_or(Ok(()), |counted| output.json(&counted))?;
            conclude(&outcome, summary, &output)?;
        }
    }
    Ok(is_good)
}

impl AuditTable {
    /// The selected operations on each backend: family by family, or each by itself. At many seeds an
    /// operation takes long enough for a process of its own, and all cores have work to the end.
    fn groups(&self, backends: &Backends, each_by_itself: bool) -> Vec<Group> {
        let mut groups = Vec::new();
        for &(backend, _) in &backends.opened {
            for family in Family::ALL {
                let operations = self.operations.iter();
                let names: Vec<_> = operations
                    .filter(|operation| operation.family == family && self.selection.has(operation))
                    .map(|operation| operation.name)
                    .collect();
                let group = |names: &[&'static str], operation| {
                    let in_one = |dtype: &'static str| names.iter().map(move |&name| (name, dtype));
                    let dtypes = float_types(backend).iter();
                    Group {
                        backend,
                        family,
                        operation,
                        expected: dtypes.flat_map(|dtype| in_one(dtype.name())).collect(),
                    }
                };
                if each_by_itself {
                    let each = names.iter().map(|&name| group(&[name], Some(name)));
                    groups.extend(each);
                } else if !names.is_empty() {
                    groups.push(group(&names, None));
                }
            }
        }
        groups
    }

    /// Adds the results of a group to the outcome.
    fn add(&self, results: &GroupResults, outcome: &mut AuditOutcome) -> Result<()> {
        for event in &results.events {
            let finding = event.finding(&self.operations, &self.ledger);
            outcome.findings.push(finding.with_context(|| {
                let name = &event.operation;
                format!("{name} is not in this program's table or ledger")
            })?);
        }
        outcome.gone.extend(results.gone.iter().cloned());
        outcome.abandoned.extend(results.abandoned.iter().cloned());
        Ok(())
    }
}
