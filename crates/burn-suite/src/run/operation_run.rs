//! The checks of one operation on one platform.

use std::ops::Range;

use burn_gradcheck::{Case, Options, Pairs, Report, Target, Verdict};

use super::finding::{Convention, Disagreement, Evidence, Gone, OperationFinding};
use super::platform::Platform;
use crate::ledger::{DisagreementKind, Ledger, LedgerEntry, Triage};
use crate::number::Full;
use crate::operation::{Check, CheckKind, Operation};
use crate::point::{Point, PointReport, PointVerdict};
use crate::site::{FoundError, Site};

/// How often a point is drawn again, at most, because finite differences are not precise enough
/// there.
const REDRAWS: u32 = 8;
/// The number of further seeds at which a disagreement of the ledger is looked for before it counts as
/// gone: whether a rounding shows depends on the point.
const FURTHER_SEEDS: u64 = 8;

/// A disagreement, before it is looked up in the ledger.
struct FailedCheck {
    kind: DisagreementKind,
    detail: String,
    evidence: Option<Evidence>,
    error: FoundError,
}

impl FailedCheck {
    /// The entry that lists it. An entry that blames Burn's gradient needs evidence that does so too.
    fn listed<'a>(&self, ledger: &'a Ledger, site: &Site<'_>) -> Option<&'a LedgerEntry> {
        let entry = ledger.find(site, self.kind, &self.error)?;
        let blames = self
            .evidence
            .is_none_or(|evidence| evidence.blames_autodiff());
        (blames || entry.in_value || entry.triage != Triage::WrongInBurn).then_some(entry)
    }

    fn disagreement(
        self,
        check: &Check,
        seed: Option<u64>,
        entry: Option<&LedgerEntry>,
    ) -> Disagreement {
        Disagreement {
            check: check.name.clone(),
            kind: self.kind,
            seeds: seed.into_iter().collect(),
            detail: self.detail,
            evidence: self.evidence,
            listed: entry.map(|entry| (entry.id.clone(), entry.triage)),
        }
    }
}

/// An operation on a platform.
pub(super) struct OperationRun<'a> {
    pub(super) operation: &'a Operation,
    pub(super) platform: &'a Platform,
    pub(super) ledger: &'a Ledger,
    pub(super) seeds: Range<u64>,
}

/// A check, with the entries of the ledger that it met.
struct CheckedSite<'a> {
    check: &'a Check,
    site: Site<'a>,
    met: Vec<&'a LedgerEntry>,
}

impl<'a> OperationRun<'a> {
    /// Runs all checks at all seeds, and adds ledger entries that no longer occur to `gone`.
    ///
    /// # Errors
    ///
    /// The first error of `checked`, which is called after each check at each seed.
    pub(super) fn run<E>(
        &self,
        gone: &mut Vec<Gone>,
        mut checked: impl FnMut() -> Result<(), E>,
    ) -> Result<OperationFinding, E> {
        let mut finding = self.blank_finding();
        let mut sites = Vec::new();
        for check in self.operation.checks.iter().filter(|it| self.has(it)) {
            let mut here = CheckedSite {
                check,
                site: self.site(check),
                met: Vec::new(),
            };
            let seeds = match check.kind {
                CheckKind::Drawn(_) => self.seeds.clone(),
                CheckKind::At(_) => self.seeds.start..self.seeds.start + 1,
            };
            for seed in seeds {
                let found = self.failed_check(check, seed, &mut finding);
                finding.checks += 1;
                if let Some(found) = found {
                    let entry = found.listed(self.ledger, &here.site);
                    here.met.extend(entry);
                    let is_drawn = here.site.is_drawn;
                    let disagreement = found.disagreement(check, is_drawn.then_some(seed), entry);
                    finding.add(disagreement);
                }
                checked()?;
            }
            sites.push(here);
        }
        self.look_for_gone(&sites, gone);
        Ok(finding)
    }

    fn blank_finding(&self) -> OperationFinding {
        OperationFinding {
            operation: self.operation.name,
            family: self.operation.family,
            backend: self.platform.backend.clone(),
            dtype: self.platform.target.dtype.name(),
            checks: 0,
            elements: 0,
            worst: None,
            median: None,
            finite_error: None,
            conventions: Vec::new(),
            disagreements: Vec::new(),
        }
    }

    /// Whether a check runs on this platform.
    fn has(&self, check: &Check) -> bool {
        let dtype = self.platform.target.dtype;
        let is_in_type = match &check.kind {
            CheckKind::At(point) => point.dtype.is_none_or(|only| only == dtype),
            CheckKind::Drawn(_) => true,
        };
        is_in_type && (check.in_short || !self.platform.by_shader)
    }

    fn site(&self, check: &'a Check) -> Site<'a> {
        Site {
            operation: self.operation.name,
            backend: &self.platform.backend,
            dtype: self.platform.target.dtype.name(),
            check: &check.name,
            is_drawn: matches!(check.kind, CheckKind::Drawn(_)),
            is_software: self.platform.is_software,
        }
    }

    /// Runs a check at one seed.
    fn failed_check(
        &self,
        check: &Check,
        seed: u64,
        finding: &mut OperationFinding,
    ) -> Option<FailedCheck> {
        match &check.kind {
            CheckKind::At(point) => self.at_point(point, finding),
            CheckKind::Drawn(case) => self.at_drawn_points(case, seed, finding),
        }
    }

    /// Finds the entries that list a site here where nothing disagrees, at further seeds either.
    fn look_for_gone(&self, sites: &[CheckedSite<'a>], gone: &mut Vec<Gone>) {
        let steady = self.ledger.entries.iter().filter(|entry| !entry.unsteady);
        for entry in steady {
            let is_it = |other: &&LedgerEntry| other.id == entry.id;
            for at in &entry.at {
                let listed = sites.iter().filter(|here| entry.lists(&here.site, at));
                let here: Vec<&CheckedSite<'_>> = listed.collect();
                let is_found = here.iter().any(|here| here.met.iter().any(is_it));
                if !here.is_empty() && !is_found && !self.meets_at_further_seeds(entry, &here) {
                    gone.push(Gone {
                        entry: entry.id.clone(),
                        backend: self.platform.backend.clone(),
                        dtype: self.platform.target.dtype.name().to_owned(),
                        at: at.clone(),
                    });
                }
            }
        }
    }

    /// Whether one of these sites meets the entry at a seed that was not asked for.
    fn meets_at_further_seeds(&self, entry: &LedgerEntry, sites: &[&CheckedSite<'a>]) -> bool {
        let drawn = || sites.iter().filter(|here| here.site.is_drawn);
        let mut seeds = self.seeds.end..self.seeds.end.saturating_add(FURTHER_SEEDS);
        seeds.any(|seed| {
            drawn().any(|here| {
                let found = self.failed_check(here.check, seed, &mut self.blank_finding());
                let met = found.and_then(|found| found.listed(self.ledger, &here.site));
                met.is_some_and(|met| met.id == entry.id)
            })
        })
    }

    fn at_point(&self, point: &Point, finding: &mut OperationFinding) -> Option<FailedCheck> {
        let Target { device, dtype, .. } = &self.platform.target;
        let tolerance = self.platform.tolerance().map(|tolerance| tolerance.pair);
        let PointReport {
            gradient,
            verdict,
            error,
        } = point.run(device, *dtype, tolerance);
        finding.elements += gradient.len();
        if verdict == PointVerdict::Pass {
            finding.worst = larger(finding.worst, Some(error));
            if point.is_kink() {
                finding.conventions.push(Convention {
                    at: point.name.clone(),
                    gradient: gradient.clone(),
                    allowed: point.expected(),
                });
            }
        }
        let numbers = || {
            let got: Vec<String> = gradient
                .iter()
                .map(|&number| Full(number).to_string())
                .collect();
            format!("autodiff {}, expected {}", got.join(", "), point.expected())
        };
        let (kind, detail) = match verdict {
            PointVerdict::Pass => return None,
            PointVerdict::Mismatch => (DisagreementKind::Mismatch, numbers()),
            PointVerdict::NonFinite => (DisagreementKind::NonFinite, numbers()),
            PointVerdict::Unreached => {
                let detail = format!("autodiff gives none, expected {}", point.expected());
                (DisagreementKind::Unreached, detail)
            }
            PointVerdict::Shape(reason) => (DisagreementKind::Shape, reason),
            PointVerdict::Panicked(message) => (DisagreementKind::Panicked, message),
        };
        Some(FailedCheck {
            kind,
            detail,
            evidence: None,
            error: FoundError {
                relative: Some(error),
                ..FoundError::default()
            },
        })
    }

    fn at_drawn_points(
        &self,
        case: &Case,
        seed: u64,
        finding: &mut OperationFinding,
    ) -> Option<FailedCheck> {
        let report = self.report(case, seed);
        finding.elements += report.checked;
        let errors = |pairs: &Pairs| larger(pairs.manual_autodiff, pairs.autodiff_finite);
        let error = errors(&report.worst);
        finding.worst = larger(finding.worst, error);
        finding.median = larger(finding.median, errors(&report.median));
        finding.finite_error = larger(finding.finite_error, report.finite.worst_error_estimate);
        let evidence = evidence(&report);
        let worst_input = report.worst_element.as_ref().and_then(|element| {
            let mut inputs = report.inputs.iter();
            inputs.find(|input| input.name == element.input)
        });
        let kind = match &report.verdict {
            Verdict::Pass => return None,
            Verdict::Mismatch { .. } if evidence.is_none() => DisagreementKind::Unchecked,
            Verdict::Mismatch { .. } | Verdict::Severed { .. } => DisagreementKind::Mismatch,
            Verdict::NonFinite { .. } => DisagreementKind::NonFinite,
            Verdict::Kink => DisagreementKind::Kink,
            Verdict::Unchecked { .. } => DisagreementKind::Unchecked,
            Verdict::Shape { .. } => DisagreementKind::Shape,
            Verdict::Unlawful { .. } => DisagreementKind::Unlawful,
            Verdict::Panicked { .. } => DisagreementKind::Panicked,
            // Another value, a change from call to call, a case that is set up wrongly.
            _ => DisagreementKind::Unlawful,
        };
        Some(FailedCheck {
            kind,
            detail: report.to_string(),
            evidence,
            error: FoundError {
                relative: error,
                absolute: evidence.and_then(|evidence| evidence.largest_difference()),
                size: worst_input.map(|input| input.size),
            },
        })
    }

    /// Runs the check, at other points if finite differences are not precise enough, or if the slope is
    /// infinite by its formula, too: the point drawn happens to be one where there is no gradient.
    fn report(&self, case: &Case, seed: u64) -> Report {
        let mut case = case.clone();
        if let Some(tolerance) = self.platform.tolerance() {
            case = case.tolerance(self.platform.target.dtype, tolerance);
        }
        let mut options = Options::default()
            .seed(seed)
            .repetitions(2)
            .coarse_inside(false);
        loop {
            let report = case.run(&self.platform.target, &options);
            let is_unchecked = match report.verdict {
                Verdict::Unchecked { .. } => true,
                Verdict::Mismatch { .. } => evidence(&report).is_none(),
                Verdict::NonFinite { .. } => {
                    let by_formula = report.worst_element.as_ref().and_then(|it| it.manual);
                    by_formula.is_some_and(|slope| !slope.is_finite())
                }
                _ => false,
            };
            if !is_unchecked || report.draw >= REDRAWS {
                return report;
            }
            options = options.draw(report.draw + 1);
        }
    }
}

/// The numbers that show a mismatch, if they do.
fn evidence(report: &Report) -> Option<Evidence> {
    let is_mismatch = matches!(
        report.verdict,
        Verdict::Mismatch { .. } | Verdict::Severed { .. }
    );
    let element = report.worst_element.as_ref().filter(|_| is_mismatch);
    let evidence = element.map(Evidence::new);
    evidence.filter(Evidence::is_conclusive)
}

/// The larger of the numbers that are there; a NaN counts as larger than any number.
fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.is_nan() || a > b { a } else { b }),
        (one, other) => one.or(other),
    }
}
