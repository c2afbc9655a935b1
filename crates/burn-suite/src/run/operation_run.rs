//! The checks of one operation on one platform.

use burn_gradcheck::{Case, Options, Pairs, Report, Target, Verdict};

use super::finding::{Convention, Disagreement, Evidence, Gone, OperationFinding};
use super::platform::Platform;
use crate::ledger::{DisagreementKind, Ledger, LedgerEntry, Site, Triage};
use crate::number::Full;
use crate::operation::{CheckKind, Operation};
use crate::point::{Point, PointReport, PointVerdict};

/// How often a point is drawn again, at most, because finite differences are not precise enough
/// there.
const REDRAWS: u32 = 8;

/// A disagreement, before it is looked up in the ledger.
struct FailedCheck {
    kind: DisagreementKind,
    detail: String,
    evidence: Option<Evidence>,
    /// The largest relative error.
    error: Option<f64>,
}

impl FailedCheck {
    /// The entry that lists it. An entry that blames Burn needs evidence that does so too.
    fn listed<'a>(&self, ledger: &'a Ledger, site: &Site<'_>) -> Option<&'a LedgerEntry> {
        let entry = ledger.find(site, self.kind, self.error)?;
        let blames = self
            .evidence
            .is_none_or(|evidence| evidence.blames_autodiff());
        (blames || entry.triage != Triage::WrongInBurn).then_some(entry)
    }
}

/// An operation on a platform.
pub(super) struct OperationRun<'a> {
    pub(super) operation: &'a Operation,
    pub(super) platform: &'a Platform,
    pub(super) ledger: &'a Ledger,
    pub(super) seed: u64,
}

impl OperationRun<'_> {
    /// Runs all checks, and adds ledger entries that no longer occur to `gone`.
    pub(super) fn run(&self, gone: &mut Vec<Gone>) -> OperationFinding {
        let dtype = self.platform.target.dtype;
        let mut finding = OperationFinding {
            operation: self.operation.name,
            family: self.operation.family,
            backend: self.platform.backend.clone(),
            dtype: dtype.name(),
            checks: 0,
            elements: 0,
            worst: None,
            median: None,
            finite_error: None,
            conventions: Vec::new(),
            disagreements: Vec::new(),
        };
        let mut sites = Vec::new();
        for check in &self.operation.checks {
            if self.platform.by_shader && !check.in_short {
                continue;
            }
            let found = match &check.kind {
                CheckKind::At(point) if point.dtype.is_none_or(|only| only == dtype) => {
                    self.at_point(point, &mut finding)
                }
                CheckKind::At(_) => continue,
                CheckKind::Drawn(case) => self.at_drawn_points(case, &mut finding),
            };
            let site = Site {
                operation: self.operation.name,
                backend: &self.platform.backend,
                dtype: dtype.name(),
                check: &check.name,
                is_drawn: matches!(check.kind, CheckKind::Drawn(_)),
                is_software: self.platform.is_software,
            };
            finding.checks += 1;
            let entry = found
                .as_ref()
                .and_then(|found| found.listed(self.ledger, &site));
            sites.push((site, entry));
            finding
                .disagreements
                .extend(found.map(|found| Disagreement {
                    check: check.name.clone(),
                    kind: found.kind,
                    detail: found.detail,
                    evidence: found.evidence,
                    listed: entry.map(|entry| (entry.id.clone(), entry.triage)),
                }));
        }
        self.look_for_gone(&sites, gone);
        finding
    }

    /// Finds the entries that list a site here where nothing disagrees.
    fn look_for_gone(&self, sites: &[(Site<'_>, Option<&LedgerEntry>)], gone: &mut Vec<Gone>) {
        let steady = self.ledger.entries.iter().filter(|entry| !entry.unsteady);
        for entry in steady {
            for at in &entry.at {
                let mut here = sites
                    .iter()
                    .filter(|(site, _)| entry.lists(site, at))
                    .peekable();
                let was_checked = here.peek().is_some();
                let is_found =
                    here.any(|(_, found)| found.is_some_and(|other| other.id == entry.id));
                if was_checked && !is_found {
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
            error: Some(error),
        })
    }

    fn at_drawn_points(&self, case: &Case, finding: &mut OperationFinding) -> Option<FailedCheck> {
        let report = self.report(case);
        finding.elements += report.checked;
        let errors = |pairs: &Pairs| larger(pairs.manual_autodiff, pairs.autodiff_finite);
        let error = errors(&report.worst);
        finding.worst = larger(finding.worst, error);
        finding.median = larger(finding.median, errors(&report.median));
        finding.finite_error = larger(finding.finite_error, report.finite.worst_error_estimate);
        let evidence = evidence(&report);
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
            error,
        })
    }

    /// Runs the check, at other points if finite differences are not precise enough.
    fn report(&self, case: &Case) -> Report {
        let mut case = case.clone();
        if let Some(tolerance) = self.platform.tolerance() {
            case = case.tolerance(self.platform.target.dtype, tolerance);
        }
        let mut options = Options::default().seed(self.seed);
        loop {
            let report = case.run(&self.platform.target, &options);
            let is_unchecked = match report.verdict {
                Verdict::Unchecked { .. } => true,
                Verdict::Mismatch { .. } => evidence(&report).is_none(),
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
    let is_mismatch = matches!(report.verdict, Verdict::Mismatch { .. });
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
