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
