//! The disagreements that are not in the ledger, counted by operation and place over many seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Serialize;

use crate::events::OperationEvent;

/// What the seeds of a run found, beyond the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename = "seeds")]
pub(crate) struct SeedsEvent {
    /// The first seed.
    pub(crate) first: u64,
    /// The number of seeds.
    pub(crate) seeds: u64,
    /// All unexpected disagreements, counted at each check and seed.
    pub(crate) unexpected: usize,
    /// The operations with any, in the order of the table.
    pub(crate) by_operation: Vec<OperationCount>,
    /// The places, each with all its unexpected disagreements.
    pub(crate) by_place: BTreeMap<String, usize>,
}

/// The unexpected disagreements of an operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct OperationCount {
    pub(crate) operation: String,
    pub(crate) unexpected: usize,
    /// Counted for each backend and float type: `flex f32`.
    pub(crate) by_place: BTreeMap<String, usize>,
    /// The seeds at which there is one.
    pub(crate) at_seeds: BTreeSet<u64>,
}

impl SeedsEvent {
    pub(crate) fn new(seeds: &Range<u64>, events: &[OperationEvent]) -> Self {
        let mut counted = Self {
            first: seeds.start,
            seeds: seeds.end - seeds.start,
            unexpected: 0,
            by_operation: Vec::new(),
            by_place: BTreeMap::new(),
        };
        for event in events {
            let place = format!("{} {}", event.backend, event.dtype);
            let here = event.unexpected().count();
            counted.unexpected += here;
            *counted.by_place.entry(place.clone()).or_default() += here;
            if here > 0 {
                let operation = counted.operation(&event.operation);
                operation.unexpected += here;
                *operation.by_place.entry(place).or_default() += here;
                let at = event.unexpected().flat_map(|it| it.seeds.iter());
                operation.at_seeds.extend(at);
            }
        }
        counted
    }

    fn operation(&mut self, name: &str) -> &mut OperationCount {
        let mut known = self.by_operation.iter();
        let place = known.position(|count| count.operation == name);
        if place.is_none() {
            self.by_operation.push(OperationCount {
                operation: name.to_owned(),
                unexpected: 0,
                by_place: BTreeMap::new(),
                at_seeds: BTreeSet::new(),
            });
        }
        let last = self.by_operation.len() - 1;
        &mut self.by_operation[place.unwrap_or(last)]
    }

    /// As text: a line for each operation with unexpected disagreements, and the sum.
    pub(crate) fn text(&self) -> String {
        let last = self.first + self.seeds - 1;
        let mut lines = vec![format!(
            "unexpected disagreements at the seeds {} to {last}: {}",
            self.first, self.unexpected
        )];
        let counts = |by_place: &BTreeMap<String, usize>| {
            let each = by_place.iter().map(|(place, n)| format!("{place} {n}"));
            each.collect::<Vec<_>>().join(", ")
        };
        for operation in &self.by_operation {
            let at = operation.at_seeds.iter().map(u64::to_string);
            let at = at.collect::<Vec<_>>().join(" ");
            lines.push(format!(
                "{:<46} {:>6}  {}  at {at}",
                operation.operation,
                operation.unexpected,
                counts(&operation.by_place)
            ));
        }
        lines.push(format!("by place: {}", counts(&self.by_place)));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use burn_suite::DisagreementKind;

    use super::*;
    use crate::events::{DisagreementEvent, OperationVerdict};

    fn event(operation: &str, dtype: &str, seeds: &[u64]) -> OperationEvent {
        let disagreement = |known: Option<&str>, seed| DisagreementEvent {
            check: "[3]".to_owned(),
            kind: DisagreementKind::Mismatch,
            known: known.map(str::to_owned),
            triage: None,
            seeds: vec![seed],
            evidence: None,
            detail: String::new(),
        };
        let unknown = seeds.iter().map(|&seed| disagreement(None, seed));
        OperationEvent {
            operation: operation.to_owned(),
            family: String::new(),
            backend: "flex".to_owned(),
            dtype: dtype.to_owned(),
            covers: vec![],
            checks: 20,
            elements: 40,
            worst_relative_error: None,
            median_relative_error: None,
            finite_differences_error: None,
            verdict: OperationVerdict::Disagrees,
            disagreements: unknown.chain([disagreement(Some("known"), 1)]).collect(),
            conventions: vec![],
        }
    }

    #[test]
    fn what_is_unexpected_is_counted_by_operation_and_place() {
        let events = [
            event("Tensor::exp", "f64", &[]),
            event("Tensor::sin", "f64", &[4]),
            event("Tensor::exp", "f32", &[]),
            event("Tensor::sin", "f32", &[4, 2, 4]),
        ];
        let counted = SeedsEvent::new(&(0..5), &events);
        assert_eq!(counted.unexpected, 4, "what is known does not count");
        let text = counted.text();
        let lines: Vec<_> = text.lines().collect();
        let [head, sin, places] = &lines[..] else {
            panic!("one operation: {text}");
        };
        assert_eq!(*head, "unexpected disagreements at the seeds 0 to 4: 4");
        assert!(sin.starts_with("Tensor::sin  "), "{sin}");
        assert!(sin.ends_with(" 4  flex f32 3, flex f64 1  at 2 4"), "{sin}");
        assert_eq!(*places, "by place: flex f32 3, flex f64 1");
    }
}
