//! `--report`: issues for Burn's tracker, from the lists of known faults.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use burn_suite::{GraphFault, Issue, Ledger, operations};

use crate::output::ResultWriter;

/// Stands for all issues.
const ALL: &str = "all";

/// Prints the issue for an entry, or writes it, or all of them, to a folder.
///
/// # Errors
///
/// If there is no such entry, if all are asked for without a folder, or if a file cannot be written.
pub(crate) fn run(id: &str, folder: Option<&Path>, output: &ResultWriter) -> Result<()> {
    let ledger = Ledger::bundled(&operations())?;
    let faults = GraphFault::bundled()?;
    let issues = Issue::all(&ledger, &faults);
    let chosen: Vec<(usize, Issue)> = if id == ALL {
        issues.into_iter().enumerate().collect()
    } else {
        let place = issues.iter().position(|issue| issue.id == id);
        let Some(issue) = Issue::find(id, &ledger, &faults) else {
            bail!("no entry has the id '{id}'; `--report all --out FOLDER` writes all of them");
        };
        vec![(place.unwrap_or(issues.len()), issue)]
    };
    match folder {
        Some(folder) => {
            write(folder, &chosen)?;
            output.say(&format!("{} issues in {}", chosen.len(), folder.display()))
        }
        None if id == ALL => bail!("all issues need a folder; add --out FOLDER"),
        None => chosen
            .iter()
            .try_for_each(|(_, issue)| output.say(issue.text.trim_end())),
    }
}

fn write(folder: &Path, issues: &[(usize, Issue)]) -> Result<()> {
    let cannot = || {
        format!(
            "cannot write to {}; choose another folder",
            folder.display()
        )
    };
    fs::create_dir_all(folder).with_context(cannot)?;
    for (number, issue) in issues {
        let file = folder.join(format!("{:02}-{}.md", number + 1, issue.id));
        fs::write(file, &issue.text).with_context(cannot)?;
    }
    Ok(())
}
