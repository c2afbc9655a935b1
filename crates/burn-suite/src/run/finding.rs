//! What a run finds.

use std::fmt;

use burn_gradcheck::ElementReport;
use serde::{Deserialize, Serialize};

use crate::ledger::{DisagreementKind, Triage};
use crate::number::Full;
use crate::operation::Family;

/// How far the finite differences' own error estimate must be below a disagreement for them to show
/// it.
const MARGIN: f64 = 10.0;

/// What the checks of one operation found on one platform.
#[derive(Clone, Debug)]
pub struct OperationFinding {
    /// The operation.
    pub operation: &'static str,
    /// Its family.
    pub family: Family,
    /// The backend.
    pub backend: String,
    /// The float type.
    pub dtype: &'static str,
    /// The number of checks, counted at each seed.
    pub checks: usize,
    /// The number of gradient elements compared.
    pub elements: usize,
    /// Largest relative error of autodiff, against the formula and against finite differences.
    pub worst: Option<f64>,
    /// Largest median of these over the checks at drawn points.
    pub median: Option<f64>,
    /// Largest error, absolute, that the finite differences estimate of themselves.
    pub finite_error: Option<f64>,
    /// Autodiff's gradients at kinks.
    pub conventions: Vec<Convention>,
    /// The checks that failed, listed in the ledger or not.
    pub disagreements: Vec<Disagreement>,
}

/// A gradient at a kink, where more than one is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Convention {
    /// The point.
    pub at: String,
    /// Autodiff's gradient, for each argument.
    pub gradient: Vec<f64>,
    /// The gradients that are right.
    pub allowed: String,
}

/// A check that failed.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The check.
    pub check: String,
    /// The kind of failure.
    pub kind: DisagreementKind,
    /// The seeds at which it was found; none for a special point, which depends on no seed.
    pub seeds: Vec<u64>,
    /// The witnesses' values as text, at the first of the seeds.
    pub detail: String,
    /// The numbers that show a mismatch at drawn points.
    pub evidence: Option<Evidence>,
    /// The id and triage of the ledger's entry for it.
    pub listed: Option<(String, Triage)>,
}

/// The witnesses at the element that shows a mismatch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Autodiff's gradient.
    pub autodiff: f64,
    /// The formula's gradient, computed on the host in f64.
    pub formula: Option<f64>,
    /// The finite differences' estimate.
    pub finite: Option<f64>,
    /// The error, absolute, that the finite differences estimate of themselves.
    pub finite_error: Option<f64>,
}

/// A ledger entry that no longer occurs on one platform.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Gone {
    /// The entry.
    pub entry: String,
    /// The backend.
    pub backend: String,
    /// The float type.
    pub dtype: String,
    /// The special point, or `drawn`.
    pub at: String,
}

/// Operations without a result.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Abandoned {
    /// Backend and float type: `wgpu f32`.
    pub place: String,
    /// The operation that was due.
    pub operation: String,
    /// Why it and the following ones have no result.
    pub why: String,
}

/// All findings of a run.
#[derive(Clone, Debug, Default)]
pub struct AuditOutcome {
    /// One for each operation and platform, platform by platform in the table's order.
    pub findings: Vec<OperationFinding>,
    /// Entries of the ledger to delete.
    pub gone: Vec<Gone>,
    /// Where a device or a process stopped.
    pub abandoned: Vec<Abandoned>,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            entry,
            backend,
            dtype,
            at,
        } = self;
        write!(
            f,
            "the disagreement '{entry}' is gone on {backend} in {dtype} ({at}); delete this place \
             from crates/burn-suite/ledger.toml, and the entry's test if it fails too"
        )
    }
}

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            operation,
            why,
        } = self;
        write!(
            f,
            "{place}: {operation} and those after it were not checked: {why}"
        )
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "autodiff {}", Full(self.autodiff))?;
        if let Some(formula) = self.formula {
            write!(f, ", formula {}", Full(formula))?;
        }
        if let (Some(finite), Some(error)) = (self.finite, self.finite_error) {
            write!(f, ", finite differences {} ± {error:.0e}", Full(finite))?;
        }
        Ok(())
    }
}

impl Evidence {
    pub(super) fn new(element: &ElementReport) -> Self {
        Self {
            autodiff: element.autodiff,
            formula: element.manual,
            finite: element.finite,
            finite_error: element.finite_error,
        }
    }

    /// The distance of autodiff from finite differences, or from the formula where there are none.
    pub fn difference(&self) -> Option<f64> {
        let other = self.finite.or(self.formula);
        other.map(|other| (self.autodiff - other).abs())
    }

    /// The distance of autodiff from finite differences or from the formula, whichever is larger.
    pub(super) fn largest_difference(&self) -> Option<f64> {
        let others = self.finite.into_iter().chain(self.formula);
        let distances = others.map(|other| (self.autodiff - other).abs());
        distances.reduce(f64::max)
    }

    /// Whether there is a disagreement at all: with a formula, or with finite differences by much
    /// more than their error.
    pub(super) fn is_conclusive(&self) -> bool {
        let by_finite = || match (self.finite, self.finite_error) {
            (Some(finite), Some(error)) => (self.autodiff - finite).abs() >= MARGIN * error,
            _ => false,
        };
        self.formula.is_some() || by_finite()
    }

    /// Whether it shows that autodiff is wrong: autodiff is farther from finite differences than
    /// their error, or the formula is at least as near to them as autodiff.
    pub fn blames_autodiff(&self) -> bool {
        let (Some(finite), Some(error)) = (self.finite, self.finite_error) else {
            return self.formula.is_some();
        };
        let resolution = MARGIN * error;
        let from_autodiff = (self.autodiff - finite).abs();
        let is_nearer = |formula: f64| (formula - finite).abs() <= from_autodiff + resolution;
        from_autodiff >= resolution || self.formula.is_some_and(is_nearer)
    }
}

impl OperationFinding {
    /// Adds a disagreement; one that the ledger lists only once, with all its seeds.
    pub(super) fn add(&mut self, new: Disagreement) {
        let is_same = |other: &&mut Disagreement| {
            new.listed.is_some()
                && (&other.check, other.kind, &other.listed) == (&new.check, new.kind, &new.listed)
        };
        match self.disagreements.iter_mut().find(is_same) {
            Some(other) => other.seeds.extend(new.seeds),
            None => self.disagreements.push(new),
        }
    }

    /// Whether nothing disagrees.
    pub fn is_pass(&self) -> bool {
        self.disagreements.is_empty()
    }

    /// The disagreements that are not in the ledger.
    pub fn unlisted(&self) -> impl Iterator<Item = &Disagreement> {
        let disagreements = self.disagreements.iter();
        disagreements.filter(|disagreement| disagreement.listed.is_none())
    }
}

impl AuditOutcome {
    /// Whether all disagreements are in the ledger and all its entries are still true.
    pub fn is_good(&self) -> bool {
        let unlisted = self
            .findings
            .iter()
            .any(|finding| finding.unlisted().count() > 0);
        !unlisted && self.gone.is_empty() && self.abandoned.is_empty()
    }

    /// The number of gradient elements compared.
    pub fn elements(&self) -> usize {
        self.findings.iter().map(|finding| finding.elements).sum()
    }

    /// The number of checks.
    pub fn checks(&self) -> usize {
        self.findings.iter().map(|finding| finding.checks).sum()
    }
}
