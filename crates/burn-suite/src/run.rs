//! Running the table: every operation on every backend in every float type, held to the ledger.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, ElementReport, Options, Pairs, Report, Target, Tolerance, Verdict};
use serde::{Deserialize, Serialize};

use crate::ledger::{Entry, Kind, Ledger, Site, Triage};
use crate::operation::{CheckKind, Family, Operation};
use crate::point::{Full, Point, PointReport, PointVerdict};

/// Points drawn anew, at most, because finite differences could not tell at one.
const REDRAWS: u32 = 8;
/// How far below a disagreement the finite differences' estimate of their own error has to be for
/// the disagreement to rest on them.
const MARGIN: f64 = 10.0;

/// A backend in one float type.
#[derive(Clone, Debug)]
pub struct Place {
    /// The backend's name, as in the ledger.
    pub backend: String,
    /// Device, float type, and a device with f64 for the finite differences.
    pub target: Target,
    /// Whether shaders compute: the standards of graphics let them be off by far more than a
    /// rounding (Vulkan: `sin` by 2⁻¹¹), so gradients are held to burn-gradcheck's own tolerance,
    /// and only the checks of the short selection are made.
    pub by_shader: bool,
    /// Whether the shaders are computed by a processor (lavapipe, WARP).
    pub is_software: bool,
}

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Operations with this text in their name; all without.
    pub pattern: Option<String>,
    /// Operations of this family; all without.
    pub family: Option<Family>,
    /// Seed of the drawn points.
    pub seed: u64,
}

/// One operation at one place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The operation.
    pub operation: &'static str,
    /// Its family.
    pub family: Family,
    /// The backend.
    pub backend: String,
    /// The float type.
    pub dtype: &'static str,
    /// Checks made.
    pub checks: usize,
    /// Elements of gradients compared.
    pub elements: usize,
    /// Largest relative error of autodiff, against the formula and against finite differences.
    pub worst: Option<f64>,
    /// Largest median of these over the checks at drawn points.
    pub median: Option<f64>,
    /// Largest error, absolute, that the finite differences estimate of themselves.
    pub finite_error: Option<f64>,
    /// What autodiff gives at kinks.
    pub conventions: Vec<Convention>,
    /// What disagrees, listed in the ledger or not.
    pub disagreements: Vec<Disagreement>,
}

/// A gradient at a kink, where more than one is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Convention {
    /// The point.
    pub at: String,
    /// What autodiff gives, for each argument.
    pub gradient: Vec<f64>,
    /// What would be right.
    pub allowed: String,
}

/// A check that failed.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The check.
    pub check: String,
    /// What kind of failure.
    pub kind: Kind,
    /// The witnesses' values, for people.
    pub detail: String,
    /// What a mismatch at drawn points rests on.
    pub evidence: Option<Evidence>,
    /// The ledger's entry that lists it, and its triage.
    pub listed: Option<(String, Triage)>,
}

/// The witnesses at the element on which a mismatch rests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Autodiff's gradient.
    pub autodiff: f64,
    /// The formula's, evaluated on the host in f64.
    pub formula: Option<f64>,
    /// The finite differences' estimate.
    pub finite: Option<f64>,
    /// The error, absolute, that the finite differences estimate of themselves.
    pub finite_error: Option<f64>,
}

/// An entry of the ledger that is no longer true at one place.
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

/// Operations of which no result is to be had.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Abandoned {
    /// Backend and float type: `wgpu f32`.
    pub place: String,
    /// What was being done.
    pub operation: String,
    /// Why it, and what would have followed, was given up.
    pub why: String,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// One for each operation and place, place by place in the table's order.
    pub findings: Vec<Finding>,
    /// Entries of the ledger to be deleted.
    pub gone: Vec<Gone>,
    /// Where a device or a process stopped working.
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
            "the disagreement '{entry}' has gone away on {backend} in {dtype} ({at}); delete it \
             there from crates/burn-suite/ledger.toml, and its test if that fails too"
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
            "{place}: {operation} and what follows it was not checked: {why}"
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
    fn new(element: &ElementReport) -> Self {
        Self {
            autodiff: element.autodiff,
            formula: element.manual,
            finite: element.finite,
            finite_error: element.finite_error,
        }
    }

    /// How far autodiff is from finite differences, or from the formula where there are none.
    pub fn difference(&self) -> Option<f64> {
        let other = self.finite.or(self.formula);
        other.map(|other| (self.autodiff - other).abs())
    }

    /// Whether there is a disagreement at all: with a formula, or with finite differences by far
    /// more than these can err.
    fn is_conclusive(&self) -> bool {
        let by_finite = || match (self.finite, self.finite_error) {
            (Some(finite), Some(error)) => (self.autodiff - finite).abs() >= MARGIN * error,
            _ => false,
        };
        self.formula.is_some() || by_finite()
    }

    /// Whether autodiff may be called wrong for it: it is farther from finite differences than
    /// these can err, or from a formula that is no farther from them than autodiff.
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

impl Finding {
    /// Whether nothing disagrees.
    pub fn is_pass(&self) -> bool {
        self.disagreements.is_empty()
    }

    /// What disagrees and is not in the ledger.
    pub fn unlisted(&self) -> impl Iterator<Item = &Disagreement> {
        let disagreements = self.disagreements.iter();
        disagreements.filter(|disagreement| disagreement.listed.is_none())
    }
}

impl Outcome {
    /// Whether all disagreements are in the ledger and all its entries are still true.
    pub fn is_good(&self) -> bool {
        let unlisted = self
            .findings
            .iter()
            .any(|finding| finding.unlisted().count() > 0);
        !unlisted && self.gone.is_empty() && self.abandoned.is_empty()
    }

    /// Elements of gradients compared.
    pub fn elements(&self) -> usize {
        self.findings.iter().map(|finding| finding.elements).sum()
    }

    /// Checks made.
    pub fn checks(&self) -> usize {
        self.findings.iter().map(|finding| finding.checks).sum()
    }
}

impl Selection {
    /// Whether an operation is selected.
    pub fn has(&self, operation: &Operation) -> bool {
        let Self {
            pattern, family, ..
        } = self;
        let is_named = |pattern: &String| operation.name.contains(pattern);
        pattern.as_ref().is_none_or(is_named)
            && family.is_none_or(|family| family == operation.family)
    }
}

/// Runs what is selected at every place and tells `progress` of each finding as it comes.
///
/// A panic in an operation is a disagreement. Where the device does not work after one (a graphics
/// driver's worker thread has died), the rest of the place is left and named as abandoned.
///
/// # Errors
///
/// Those of `progress`, which end the run.
///
/// # Example
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::Target;
/// use burn_suite::{Ledger, Place, Selection, operations, run};
///
/// let operations = operations();
/// let ledger = Ledger::bundled(&operations)?;
/// let place = Place {
///     backend: "flex".to_owned(),
///     target: Target::new(Device::flex(), DType::F64),
///     by_shader: false,
///     is_software: false,
/// };
/// let selection = Selection { pattern: Some("Tensor::exp".to_owned()), ..Selection::default() };
/// let outcome = run(&operations, &ledger, &[place], &selection, |_| Ok::<(), ()>(())).unwrap();
/// assert!(outcome.is_good());
/// # Ok::<(), burn_suite::LedgerError>(())
/// ```
pub fn run<E>(
    operations: &[Operation],
    ledger: &Ledger,
    places: &[Place],
    selection: &Selection,
    mut progress: impl FnMut(&Finding) -> Result<(), E>,
) -> Result<Outcome, E> {
    let mut outcome = Outcome::default();
    for place in places {
        for operation in operations
            .iter()
            .filter(|operation| selection.has(operation))
        {
            let visit = Visit {
                operation,
                place,
                ledger,
                seed: selection.seed,
            };
            let finding = visit.run(&mut outcome.gone);
            let mut kinds = finding
                .disagreements
                .iter()
                .map(|disagreement| disagreement.kind);
            let panicked = kinds.any(|kind| kind == Kind::Panicked);
            progress(&finding)?;
            outcome.findings.push(finding);
            if panicked && !place.is_alive() {
                outcome.abandoned.push(Abandoned {
                    place: place.name(),
                    operation: operation.name.to_owned(),
                    why: "the device stopped working".to_owned(),
                });
                break;
            }
        }
    }
    Ok(outcome)
}

impl Place {
    /// Backend and float type: `flex f64`.
    pub fn name(&self) -> String {
        format!("{} {}", self.backend, self.target.dtype.name())
    }

    /// Whether the device still computes.
    fn is_alive(&self) -> bool {
        let sum = || {
            let ones = Tensor::<1>::ones([3], (&self.target.device, self.target.dtype));
            ones.sum().into_data().iter::<f64>().sum::<f64>()
        };
        catch_unwind(AssertUnwindSafe(sum)).is_ok_and(|sum| sum == 3.0)
    }
}

/// A disagreement, before the ledger is asked.
struct Found {
    kind: Kind,
    detail: String,
    evidence: Option<Evidence>,
    /// The largest relative error.
    error: Option<f64>,
}

impl Found {
    /// The entry that lists it. One that blames Burn does not, where the evidence does not.
    fn listed<'a>(&self, ledger: &'a Ledger, site: &Site<'_>) -> Option<&'a Entry> {
        let entry = ledger.find(site, self.kind, self.error)?;
        let blames = self
            .evidence
            .is_none_or(|evidence| evidence.blames_autodiff());
        (blames || entry.triage != Triage::WrongInBurn).then_some(entry)
    }
}

/// An operation at a place.
struct Visit<'a> {
    operation: &'a Operation,
    place: &'a Place,
    ledger: &'a Ledger,
    seed: u64,
}

impl Visit<'_> {
    fn run(&self, gone: &mut Vec<Gone>) -> Finding {
        let dtype = self.place.target.dtype;
        let mut finding = Finding {
            operation: self.operation.name,
            family: self.operation.family,
            backend: self.place.backend.clone(),
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
            if self.place.by_shader && !check.in_short {
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
                backend: &self.place.backend,
                dtype: dtype.name(),
                check: &check.name,
                is_drawn: matches!(check.kind, CheckKind::Drawn(_)),
                is_software: self.place.is_software,
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

    /// Entries that list a site here, of which nothing was found.
    fn look_for_gone(&self, sites: &[(Site<'_>, Option<&Entry>)], gone: &mut Vec<Gone>) {
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
                        backend: self.place.backend.clone(),
                        dtype: self.place.target.dtype.name().to_owned(),
                        at: at.clone(),
                    });
                }
            }
        }
    }

    fn at_point(&self, point: &Point, finding: &mut Finding) -> Option<Found> {
        let Target { device, dtype, .. } = &self.place.target;
        let tolerance = self.place.tolerance().map(|tolerance| tolerance.pair);
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
            PointVerdict::Mismatch => (Kind::Mismatch, numbers()),
            PointVerdict::NonFinite => (Kind::NonFinite, numbers()),
            PointVerdict::Unreached => {
                let detail = format!("autodiff gives none, expected {}", point.expected());
                (Kind::Unreached, detail)
            }
            PointVerdict::Shape(reason) => (Kind::Shape, reason),
            PointVerdict::Panicked(message) => (Kind::Panicked, message),
        };
        Some(Found {
            kind,
            detail,
            evidence: None,
            error: Some(error),
        })
    }

    fn at_drawn_points(&self, case: &Case, finding: &mut Finding) -> Option<Found> {
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
            Verdict::Mismatch { .. } if evidence.is_none() => Kind::Unchecked,
            Verdict::Mismatch { .. } => Kind::Mismatch,
            Verdict::NonFinite { .. } => Kind::NonFinite,
            Verdict::Kink => Kind::Kink,
            Verdict::Unchecked { .. } => Kind::Unchecked,
            Verdict::Shape { .. } => Kind::Shape,
            Verdict::Unlawful { .. } => Kind::Unlawful,
            Verdict::Panicked { .. } => Kind::Panicked,
        };
        Some(Found {
            kind,
            detail: report.to_string(),
            evidence,
            error,
        })
    }

    /// The check, at another point where finite differences could not tell.
    fn report(&self, case: &Case) -> Report {
        let mut case = case.clone();
        if let Some(tolerance) = self.place.tolerance() {
            case = case.tolerance(self.place.target.dtype, tolerance);
        }
        let mut options = Options::default().seed(self.seed);
        loop {
            let report = case.run(&self.place.target, &options);
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

impl Place {
    /// The tolerance instead of each case's own.
    fn tolerance(&self) -> Option<Tolerance> {
        let by_shader = self.by_shader && self.target.dtype == DType::F32;
        by_shader.then(|| Tolerance::of(DType::F32, 1)).flatten()
    }
}

/// What a mismatch rests on, if it is enough to rest on.
fn evidence(report: &Report) -> Option<Evidence> {
    let is_mismatch = matches!(report.verdict, Verdict::Mismatch { .. });
    let element = report.worst_element.as_ref().filter(|_| is_mismatch);
    let evidence = element.map(Evidence::new);
    evidence.filter(Evidence::is_conclusive)
}

/// The larger of what is there; a NaN is larger than anything.
fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.is_nan() || a > b { a } else { b }),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use burn_gradcheck::Gradients;

    use super::*;
    use crate::operations;
    use crate::point::Expected;

    fn flex(dtype: DType) -> Place {
        Place {
            backend: "flex".to_owned(),
            target: Target::new(Device::flex(), dtype),
            by_shader: false,
            is_software: false,
        }
    }

    fn run_one(operation: Operation, ledger: &Ledger) -> Outcome {
        let places = [flex(DType::F64)];
        let none = |_: &Finding| Ok::<(), ()>(());
        run(&[operation], ledger, &places, &Selection::default(), none).expect("no error")
    }

    fn entry(id: &str, operation: &str, at: &str, kind: Kind) -> Entry {
        Entry {
            id: id.to_owned(),
            operation: operation.to_owned(),
            through: Vec::new(),
            at: vec![at.to_owned()],
            kinds: vec![kind],
            backends: vec!["flex".to_owned()],
            dtypes: vec!["f64".to_owned()],
            at_most: None,
            software_only: false,
            unsteady: false,
            burn: backends::BURN_VERSION.to_owned(),
            triage: Triage::WrongInBurn,
            wrong: String::new(),
            example: String::new(),
            reproduction: String::new(),
            upstream: String::new(),
            since: String::new(),
            touches_lecture: false,
            lecture: String::new(),
        }
    }

    /// An operation whose gradient autodiff gets right, among expectations that are wrong.
    fn spoiled() -> Operation {
        let mut operation = Operation::new("spoiled", Family::Powers, &[]).at(Point::of_one(
            0.0,
            Expected::Is(2.0),
            |x| x.exp(),
        ));
        operation.drawn("[3]".to_owned(), true, |case| {
            case.input("x", [3])
                .function(|v| v.get::<1>("x").exp())
                .vjp(|v, grad_out| {
                    let grad = v.get::<1>("x").exp() * grad_out.get::<1>(0) * 2.0;
                    Gradients::new().with("x", grad)
                })
        });
        operation
    }

    #[test]
    fn an_unlisted_disagreement_fails_the_run() {
        let outcome = run_one(spoiled(), &Ledger::default());
        assert!(!outcome.is_good());
        let unlisted: Vec<_> = outcome.findings[0].unlisted().collect();
        assert_eq!(unlisted.len(), 2);
        assert_eq!(unlisted[0].detail, "autodiff 1, expected 2");
    }

    #[test]
    fn a_mismatch_carries_what_it_rests_on() {
        let outcome = run_one(spoiled(), &Ledger::default());
        let mut unlisted = outcome.findings[0].unlisted();
        let at_a_point = unlisted.next().expect("two disagree");
        assert_eq!(at_a_point.evidence, None, "analysis needs no estimate");
        let drawn = unlisted.next().expect("two disagree").evidence;
        let drawn = drawn.expect("finite differences were taken");
        let formula = drawn.formula.expect("a formula");
        assert!((formula / drawn.autodiff - 2.0).abs() < 1e-12, "{drawn}");
        let error = drawn.finite_error.expect("an estimate");
        assert!(error < 1e-8, "{drawn}");
    }

    #[test]
    fn autodiff_is_not_blamed_for_what_finite_differences_cannot_tell() {
        let evidence = Evidence {
            autodiff: 1.0,
            formula: None,
            finite: Some(1.5),
            finite_error: Some(0.01),
        };
        assert!(evidence.blames_autodiff());
        let coarse = Evidence {
            finite_error: Some(0.06),
            ..evidence
        };
        assert!(
            !coarse.blames_autodiff(),
            "half a unit is not far above 0.06"
        );
        assert!(!coarse.is_conclusive());
        let of_two = Evidence {
            formula: Some(1.4),
            ..coarse
        };
        assert!(of_two.blames_autodiff(), "the formula decides");
        let wrong_formula = Evidence {
            autodiff: 1.5,
            formula: Some(2.5),
            ..coarse
        };
        assert!(wrong_formula.is_conclusive());
        assert!(!wrong_formula.blames_autodiff(), "the table is to blame");
        let alone = Evidence {
            finite: None,
            ..coarse
        };
        assert!(!alone.is_conclusive());
    }

    /// A gradient that leaves out a part of the function, and a rounding to f32 in the function that
    /// makes finite differences coarse.
    fn incomplete(part: f64) -> Outcome {
        let mut operation = Operation::new("incomplete", Family::Powers, &[]);
        operation.drawn("[3]".to_owned(), true, |case| {
            case.input("x", [3]).function(move |v| {
                let x = v.get::<1>("x");
                let coarse = x.clone().exp().cast(DType::F32).cast(DType::F64);
                coarse + (x * part).detach()
            })
        });
        run_one(operation, &Ledger::default())
    }

    #[test]
    fn nothing_is_called_wrong_below_what_finite_differences_resolve() {
        let kinds = |outcome: Outcome| -> Vec<Kind> {
            let disagreements = outcome.findings[0].disagreements.iter();
            disagreements
                .map(|disagreement| disagreement.kind)
                .collect()
        };
        assert_eq!(kinds(incomplete(1e-2)), [Kind::Mismatch]);
        assert_eq!(kinds(incomplete(1e-8)), [Kind::Unchecked]);
    }

    #[test]
    fn an_entry_blames_burn_only_for_what_burn_is_to_blame_for() {
        let blames = Entry {
            at_most: Some(0.6),
            ..entry("drawn", "spoiled", "drawn", Kind::Mismatch)
        };
        let point = entry("point", "spoiled", "x = 0", Kind::Mismatch);
        let good = |triage| {
            let drawn = Entry {
                triage,
                ..blames.clone()
            };
            let entries = vec![point.clone(), drawn];
            run_one(spoiled(), &Ledger { entries }).is_good()
        };
        assert!(good(Triage::Convention));
        assert!(
            !good(Triage::WrongInBurn),
            "the formula is wrong, not autodiff"
        );
    }

    #[test]
    fn a_listed_one_does_not_and_listing_one_does_not_hide_another() {
        let point = entry("point", "spoiled", "x = 0", Kind::Mismatch);
        let drawn = Entry {
            at_most: Some(0.6),
            triage: Triage::Convention,
            ..entry("drawn", "spoiled", "drawn", Kind::Mismatch)
        };
        let nearer = Entry {
            at_most: Some(0.4),
            ..drawn.clone()
        };
        let both = Ledger {
            entries: vec![point.clone(), drawn],
        };
        let outcome = run_one(spoiled(), &both);
        assert!(outcome.is_good(), "{outcome:?}");
        assert!(!outcome.findings[0].is_pass());
        let entries = vec![point.clone(), nearer];
        assert!(
            !run_one(spoiled(), &Ledger { entries }).is_good(),
            "farther off than listed"
        );
        let outcome = run_one(
            spoiled(),
            &Ledger {
                entries: vec![point],
            },
        );
        assert!(!outcome.is_good());
        let of_another_kind = entry("kind", "spoiled", "x = 0", Kind::NonFinite);
        let outcome = run_one(
            spoiled(),
            &Ledger {
                entries: vec![of_another_kind],
            },
        );
        assert_eq!(outcome.findings[0].unlisted().count(), 2);
    }

    #[test]
    fn a_listed_one_that_has_gone_away_fails_the_run() {
        let right = Operation::new("right", Family::Powers, &[]).at(Point::of_one(
            0.0,
            Expected::Is(1.0),
            |x| x.exp(),
        ));
        let stale = entry("stale", "right", "x = 0", Kind::Mismatch);
        let elsewhere = Entry {
            id: "elsewhere".to_owned(),
            backends: vec!["wgpu".to_owned()],
            ..stale.clone()
        };
        let outcome = run_one(
            right,
            &Ledger {
                entries: vec![stale, elsewhere],
            },
        );
        assert!(!outcome.is_good());
        let gone: Vec<_> = outcome
            .gone
            .iter()
            .map(|gone| gone.entry.as_str())
            .collect();
        assert_eq!(gone, ["stale"]);
    }

    #[test]
    fn a_panic_is_a_disagreement_and_the_run_goes_on() {
        let operation = Operation::new("panics", Family::Powers, &[])
            .at(Point::of_one(0.0, Expected::Is(1.0), |_| {
                panic!("on purpose")
            }))
            .at(Point::of_one(1.0, Expected::Is(2.0), |x| x.clone() * x));
        let outcome = run_one(operation, &Ledger::default());
        let finding = &outcome.findings[0];
        assert_eq!(finding.checks, 2);
        assert_eq!(finding.disagreements.len(), 1);
        assert_eq!(finding.disagreements[0].kind, Kind::Panicked);
        assert!(outcome.abandoned.is_empty());
    }

    #[test]
    fn a_convention_is_told() {
        let selection = Selection {
            pattern: Some("activation::relu".to_owned()),
            ..Selection::default()
        };
        let ledger = Ledger::default();
        let none = |_: &Finding| Ok::<(), ()>(());
        let places = [flex(DType::F32)];
        let outcome = run(&operations(), &ledger, &places, &selection, none).expect("no error");
        let relu = &outcome.findings[0];
        assert_eq!(relu.operation, "activation::relu");
        assert_eq!(relu.conventions[0].at, "x = 0");
        assert_eq!(relu.conventions[0].gradient, [0.0]);
    }

    #[test]
    fn every_name_in_the_table_is_its_own() {
        let operations = operations();
        let mut names: Vec<_> = operations.iter().map(|operation| operation.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), operations.len());
        for operation in &operations {
            let mut checks: Vec<_> = operation.checks.iter().map(|check| &check.name).collect();
            checks.sort_unstable();
            checks.dedup();
            assert_eq!(checks.len(), operation.checks.len(), "{}", operation.name);
            assert!(
                operation.checks.iter().any(|check| check.in_short),
                "{}",
                operation.name
            );
        }
    }
}
