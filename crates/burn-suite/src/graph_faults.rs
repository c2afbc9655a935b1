//! Faults of Burn that belong to no single operation of the table.

use backends::{BURN_VERSION, Backend};
use serde::{Deserialize, Serialize};

use crate::ledger::LedgerError;

/// What a fault looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// A gradient is wrong, without a word.
    WrongGradient,
    /// A value is wrong, without a word.
    WrongValue,
    /// Correct code panics.
    Panic,
    /// The program does not go on.
    Hang,
    /// The process is aborted.
    StackOverflow,
    /// Memory grows without end.
    GrowingMemory,
}

/// A fault of the graph, of its threads or of its memory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GraphFault {
    /// A short, unique name.
    pub id: String,
    /// What is wrong, as the title of an issue.
    pub title: String,
    /// What it looks like.
    pub symptom: Symptom,
    /// The backends that have it.
    pub backends: Vec<String>,
    /// The version of Burn in which it was last seen.
    pub burn: String,
    /// What is wrong, and why.
    pub wrong: String,
    /// What is right in the example, with its derivation.
    pub expected: String,
    /// What Burn gives there.
    pub got: String,
    /// The place in Burn's source.
    pub source: String,
    /// How it could be mended.
    pub fix: String,
    /// How to avoid it.
    pub workaround: String,
    /// The tests in `tests/upstream` that show it with Burn alone.
    pub reproductions: Vec<String>,
    /// Address of the upstream issue; empty if none was found.
    pub upstream: String,
    /// The day of the entry.
    pub since: String,
    /// Whether this project's own code could have it, and what sees to it.
    pub ours: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fault: Vec<GraphFault>,
}

impl GraphFault {
    /// All known ones, the most harmful first.
    ///
    /// # Errors
    ///
    /// If the list cannot be read, is about another version of Burn, or is incomplete.
    ///
    /// # Example
    ///
    /// ```
    /// let faults = burn_suite::GraphFault::bundled()?;
    /// assert_eq!(faults[0].id, "leaves-of-one-tensor");
    /// # Ok::<(), burn_suite::LedgerError>(())
    /// ```
    pub fn bundled() -> Result<Vec<Self>, LedgerError> {
        let file: File = toml::from_str(include_str!("../graph.toml"))?;
        file.fault.iter().try_for_each(Self::check)?;
        Ok(file.fault)
    }

    fn check(&self) -> Result<(), LedgerError> {
        let id = || self.id.clone();
        if self.burn != BURN_VERSION {
            let got = self.burn.clone();
            return Err(LedgerError::Version { id: id(), got });
        }
        if let Some(got) = self
            .backends
            .iter()
            .find(|name| name.parse::<Backend>().is_err())
        {
            let got = got.clone();
            return Err(LedgerError::Unknown {
                id: id(),
                what: "backend",
                got,
            });
        }
        let texts = [
            &self.title,
            &self.wrong,
            &self.expected,
            &self.got,
            &self.source,
            &self.fix,
            &self.workaround,
            &self.since,
            &self.ours,
        ];
        if self.reproductions.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            let what = "only `upstream` may be empty; fill in the rest";
            return Err(LedgerError::Incomplete { id: id(), what });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_reproductions_belong_together() {
        let sources = [
            include_str!("../tests/upstream/graph.rs"),
            include_str!("../tests/upstream/processes.rs"),
        ];
        let source = sources.concat();
        let faults = GraphFault::bundled().expect("the list is in order");
        let reproductions = || faults.iter().flat_map(|fault| &fault.reproductions);
        for reproduction in reproductions() {
            assert!(
                source.contains(&format!("fn {reproduction}()")),
                "{reproduction}"
            );
        }
        let mut lines = source.lines();
        while lines.by_ref().any(|line| line.trim() == "#[test]") {
            let line = lines.next().expect("a test has a function");
            let is_listed = reproductions().any(|name| line.contains(&format!("fn {name}()")));
            assert!(is_listed, "no fault is shown by {line}");
        }
    }
}
