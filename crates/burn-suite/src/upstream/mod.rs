//! Issues for upstream: one for each entry of the two lists, as Markdown.

mod program;

use backends::BURN_VERSION;

use crate::graph_faults::GraphFault;
use crate::ledger::{DisagreementKind, Ledger, LedgerEntry, Triage};

/// An issue for Burn's tracker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The entry that it is about.
    pub id: String,
    /// The title.
    pub title: String,
    /// The text, as Markdown, with its title.
    pub text: String,
}

impl Issue {
    /// An issue for each fault of Burn, the most harmful first: those of the graph, then wrong gradients by the
    /// number of backends that have them, then the rest. Conventions and roundings are no faults.
    ///
    /// # Example
    ///
    /// ```
    /// use burn_suite::{GraphFault, Issue, Ledger, operations};
    ///
    /// let ledger = Ledger::bundled(&operations())?;
    /// let issues = Issue::all(&ledger, &GraphFault::bundled()?);
    /// assert_eq!(issues[0].id, "leaves-of-one-tensor");
    /// assert!(issues[0].text.contains("fn main()"));
    /// # Ok::<(), burn_suite::LedgerError>(())
    /// ```
    pub fn all(ledger: &Ledger, faults: &[GraphFault]) -> Vec<Self> {
        let is_fault = |entry: &&LedgerEntry| {
            matches!(entry.triage, Triage::WrongInBurn | Triage::Unsupported)
        };
        let mut entries: Vec<_> = ledger.entries.iter().filter(is_fault).collect();
        entries.sort_by_key(|entry| {
            let is_loud = entry.triage != Triage::WrongInBurn
                || !entry.kinds.contains(&DisagreementKind::Mismatch);
            (is_loud, std::cmp::Reverse(entry.backends.len()))
        });
        let graph = faults.iter().map(Self::of_fault);
        graph
            .chain(entries.into_iter().map(Self::of_entry))
            .collect()
    }

    /// The issue for the entry of this id, whatever its triage.
    pub fn find(id: &str, ledger: &Ledger, faults: &[GraphFault]) -> Option<Self> {
        let fault = faults
            .iter()
            .find(|fault| fault.id == id)
            .map(Self::of_fault);
        let entry = || ledger.entries.iter().find(|entry| entry.id == id);
        fault.or_else(|| entry().map(Self::of_entry))
    }

    fn of_fault(fault: &GraphFault) -> Self {
        let text = Text {
            title: &fault.title,
            place: fault.backends.join(", "),
            upstream: &fault.upstream,
            sections: &[
                ("What happens", fault.wrong.clone()),
                ("Program", programs(&fault.reproductions)),
                ("Expected", fault.expected.clone()),
                ("Got", fault.got.clone()),
                ("Where", fault.source.clone()),
                ("Suggested fix", fault.fix.clone()),
                ("Workaround", fault.workaround.clone()),
            ],
        };
        Self {
            id: fault.id.clone(),
            title: fault.title.clone(),
            text: text.markdown(),
        }
    }

    fn of_entry(entry: &LedgerEntry) -> Self {
        let what = match entry.kinds[0] {
            DisagreementKind::Mismatch => "wrong gradient",
            DisagreementKind::NonFinite => "NaN or infinite gradient",
            DisagreementKind::Unreached => "missing gradient",
            DisagreementKind::Shape => "gradient of a wrong shape",
            DisagreementKind::Unlawful => "wrong value, or a gradient that is not linear",
            DisagreementKind::Panicked => "panic",
            DisagreementKind::Kink | DisagreementKind::Unchecked => {
                "gradient that cannot be checked"
            }
        };
        let title = format!(
            "{}: {what} ({})",
            entry.operation,
            entry.backends.join(", ")
        );
        let mut sections = vec![
            ("What happens", entry.wrong.clone()),
            (
                "Program",
                programs(std::slice::from_ref(&entry.reproduction)),
            ),
            ("Expected and got", entry.example.clone()),
        ];
        if !entry.through.is_empty() {
            sections.push(("What else has it", entry.through.join(", ")));
        }
        if let Some(fix) = &entry.fix {
            sections.push(("Suggested fix", fix.clone()));
        }
        let text = Text {
            title: &title,
            place: format!(
                "{} in {}",
                entry.backends.join(", "),
                entry.dtypes.join(", ")
            ),
            upstream: &entry.upstream,
            sections: &sections,
        };
        Self {
            id: entry.id.clone(),
            text: text.markdown(),
            title,
        }
    }
}

struct Text<'a> {
    title: &'a str,
    place: String,
    upstream: &'a str,
    sections: &'a [(&'a str, String)],
}

impl Text<'_> {
    fn markdown(&self) -> String {
        let Self {
            title,
            place,
            upstream,
            ..
        } = self;
        let known = if upstream.is_empty() {
            String::new()
        } else {
            format!("\n\nIt seems to be {upstream}.")
        };
        let head = format!("# {title}\n\nBurn {BURN_VERSION}; {place}.{known}\n");
        let section = |(name, text): &(&str, String)| format!("\n## {name}\n\n{}\n", text.trim());
        let sections: Vec<_> = self.sections.iter().map(section).collect();
        head + &sections.concat()
    }
}

/// The reproductions as programs. They assert what Burn gives now.
fn programs(names: &[String]) -> String {
    let program =
        |name: &String| program::program(name).map(|text| format!("```rust\n{text}```\n"));
    let programs: Vec<_> = names.iter().filter_map(program).collect();
    format!(
        "Each assertion states what this version gives; its message, or a comment, says what is right.\n\n{}",
        programs.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    #[test]
    fn every_fault_has_an_issue_with_a_program() {
        let ledger = Ledger::bundled(&operations()).expect("the ledger is in order");
        let faults = GraphFault::bundled().expect("the list is in order");
        let issues = Issue::all(&ledger, &faults);
        assert!(issues.len() > faults.len() + 40, "{}", issues.len());
        for issue in &issues {
            assert!(issue.text.contains("fn main() {"), "{}", issue.text);
            assert!(
                issue.text.starts_with(&format!("# {}\n", issue.title)),
                "{}",
                issue.id
            );
            assert_eq!(
                Issue::find(&issue.id, &ledger, &faults).as_ref(),
                Some(issue)
            );
        }
        assert_eq!(Issue::find("no-such-entry", &ledger, &faults), None);
        let convention = ledger
            .entries
            .iter()
            .find(|entry| entry.triage == Triage::Convention);
        let convention = &convention.expect("there is one").id;
        assert!(issues.iter().all(|issue| issue.id != *convention));
        assert!(Issue::find(convention, &ledger, &faults).is_some());
    }

    #[test]
    fn what_is_silent_comes_first() {
        let ledger = Ledger::bundled(&operations()).expect("the ledger is in order");
        let issues = Issue::all(&ledger, &[]);
        let place = |id: &str| issues.iter().position(|issue| issue.id == id).expect(id);
        assert!(place("conv1d-groups-rest") < place("matmul-empty"));
        assert!(place("div-scalar-f32") < place("affine-grid-default-type"));
    }
}
