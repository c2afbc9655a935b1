//! What is said about random programs: a line each, and a summary.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One program.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename = "program")]
pub(crate) struct ProgramEvent {
    pub(crate) seed: u64,
    pub(crate) operations: usize,
    pub(crate) verdict: ProgramVerdict,
    /// All elements of gradients.
    pub(crate) elements: usize,
    /// Those that finite differences could check.
    pub(crate) by_differences: usize,
    /// Entries of burn-suite's lists that are the reason.
    pub(crate) entries: Vec<String>,
    /// What is wrong; empty if nothing is.
    pub(crate) detail: String,
    /// The program, shrunk as far as possible, as Rust on Burn alone; empty if nothing is wrong.
    pub(crate) code: String,
}

/// What is said about a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProgramVerdict {
    /// Everything is right.
    Right,
    /// Something is wrong for reasons that are listed.
    Known,
    /// Something is wrong.
    Wrong,
    /// The formulas and the finite differences disagree.
    Unclear,
    /// Its process ended, hung or took too much memory.
    Lost,
}

/// All programs of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(tag = "event", rename = "programs")]
pub(crate) struct ProgramsSummary {
    pub(crate) first_seed: u64,
    pub(crate) programs: usize,
    pub(crate) operations: usize,
    pub(crate) right: usize,
    /// Programs by the entries that are the reason.
    pub(crate) known: BTreeMap<String, usize>,
    pub(crate) wrong: usize,
    pub(crate) unclear: usize,
    pub(crate) lost: usize,
    pub(crate) elements: usize,
    pub(crate) by_differences: usize,
    pub(crate) seconds: f64,
}

impl ProgramEvent {
    /// A program whose process gave no result.
    pub(crate) fn lost(seed: u64, operations: usize, why: String, code: String) -> Self {
        Self {
            seed,
            operations,
            verdict: ProgramVerdict::Lost,
            elements: 0,
            by_differences: 0,
            entries: Vec::new(),
            detail: why,
            code,
        }
    }

    /// As text, if there is more to say than that it is right.
    pub(crate) fn text(&self) -> Option<String> {
        let verdict = match self.verdict {
            ProgramVerdict::Right | ProgramVerdict::Known => return None,
            ProgramVerdict::Wrong => "wrong",
            ProgramVerdict::Unclear => "unclear",
            ProgramVerdict::Lost => "lost",
        };
        let Self {
            seed, detail, code, ..
        } = self;
        Some(format!("seed {seed}, {verdict}: {detail}\n{code}"))
    }
}

impl ProgramsSummary {
    pub(crate) fn new(seeds: &Range<u64>) -> Self {
        Self {
            first_seed: seeds.start,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, event: &ProgramEvent) {
        self.programs += 1;
        self.operations += event.operations;
        self.elements += event.elements;
        self.by_differences += event.by_differences;
        match event.verdict {
            ProgramVerdict::Right => self.right += 1,
            ProgramVerdict::Known => {
                *self.known.entry(event.entries.join(" and ")).or_default() += 1
            }
            ProgramVerdict::Wrong => self.wrong += 1,
            ProgramVerdict::Unclear => self.unclear += 1,
            ProgramVerdict::Lost => self.lost += 1,
        }
    }

    /// Whether every program is right, or wrong for reasons that are listed.
    pub(crate) fn is_good(&self) -> bool {
        self.wrong + self.unclear + self.lost == 0
    }
}

impl fmt::Display for ProgramsSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.first_seed + self.programs.max(1) as u64 - 1;
        writeln!(
            f,
            "{} programs with {} operations, seeds {} to {last}: {} right, {} known, {} wrong, {} unclear, {} lost",
            self.programs,
            self.operations,
            self.first_seed,
            self.right,
            self.known.values().sum::<usize>(),
            self.wrong,
            self.unclear,
            self.lost
        )?;
        for (entries, count) in &self.known {
            writeln!(f, "  known: {entries} {count}")?;
        }
        write!(
            f,
            "{} elements of gradients by formulas, {} of them by finite differences too; {:.0} programs/s",
            self.elements,
            self.by_differences,
            self.programs as f64 / self.seconds.max(1e-9)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(verdict: ProgramVerdict, entries: &[&str]) -> ProgramEvent {
        ProgramEvent {
            verdict,
            entries: entries.iter().map(|&entry| entry.to_owned()).collect(),
            ..ProgramEvent::lost(7, 20, "why".to_owned(), "fn main() {}".to_owned())
        }
    }

    #[test]
    fn programs_are_counted_by_verdict() {
        let mut summary = ProgramsSummary::new(&(5..9));
        summary.add(&event(ProgramVerdict::Right, &[]));
        summary.add(&event(ProgramVerdict::Known, &["a", "b"]));
        assert!(summary.is_good());
        summary.add(&event(ProgramVerdict::Lost, &[]));
        assert!(!summary.is_good());
        let text = summary.to_string();
        assert!(
            text.starts_with(
                "3 programs with 60 operations, seeds 5 to 7: 1 right, 1 known, 0 wrong, 0 unclear, 1 lost"
            ),
            "{text}"
        );
        assert!(text.contains("known: a and b 1"), "{text}");
    }

    #[test]
    fn what_is_wrong_is_said_with_the_seed_and_the_program() {
        let text = event(ProgramVerdict::Wrong, &[])
            .text()
            .expect("there is something to say");
        assert_eq!(text, "seed 7, wrong: why\nfn main() {}");
        assert_eq!(event(ProgramVerdict::Known, &["a"]).text(), None);
    }
}
