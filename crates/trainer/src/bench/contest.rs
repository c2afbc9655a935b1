//! Contestants that take turns.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

/// A contestant: our training, its matrix products, the processor's limit, or another framework.
pub(crate) trait Contestant {
    /// Its name in the table.
    fn name(&self) -> String;
    /// Its kind, which decides the ratios to compute.
    fn kind(&self) -> Kind;
    /// Works for a while; returns how many items (rows or steps) it did, and in what time.
    ///
    /// # Errors
    ///
    /// If the device or the peer fails.
    fn segment(&mut self) -> Result<(usize, Duration)>;
}

/// The kind of a contestant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Training by this project.
    Training,
    /// A step's matrix products alone, on the same backend: an upper bound for training.
    Products,
    /// Multiplications and additions alone: an upper bound for everything.
    Limit,
    /// Training by another framework.
    Peer,
}

/// A contestant's results in every round.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Score {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Items per second, round by round.
    pub(crate) rates: Vec<f64>,
}

impl Score {
    /// The median of the rates.
    pub(crate) fn median(&self) -> f64 {
        median(&self.rates)
    }
}

/// The median; of two middle values, their mean.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Runs a segment of each contestant in every round, after one round that does not count. `note` is
/// called in every round.
///
/// # Errors
///
/// If a device or a peer fails.
pub(crate) fn interleave(
    mut contestants: Vec<Box<dyn Contestant>>,
    rounds: usize,
    note: &dyn Fn(&str),
) -> Result<Vec<Score>> {
    let mut scores = contestants
        .iter()
        .map(|contestant| Score {
            name: contestant.name(),
            kind: contestant.kind(),
            rates: vec![],
        })
        .collect::<Vec<_>>();
    for round in 0..=rounds {
        for (contestant, score) in contestants.iter_mut().zip(&mut scores) {
            let (items, time) = contestant.segment()?;
            if round > 0 {
                score.rates.push(items as f64 / time.as_secs_f64());
            }
        }
        if round > 0 {
            note(&format!("round {round} of {rounds}"));
        }
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
