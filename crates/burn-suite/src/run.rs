//! Running the table: every operation on every backend in every float type, held to the ledger.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Options, Pairs, Report, Target, Tolerance, Verdict};

use crate::ledger::{Entry, Kind, Ledger, Site, Triage};
use crate::operation::{CheckKind, Family, Operation};
use crate::point::{Full, Point, PointReport, PointVerdict};

/// Points drawn anew, at most, because finite differences could not tell at one.
const REDRAWS: u32 = 8;

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
    /// The ledger's entry that lists it, and its triage.
    pub listed: Option<(String, Triage)>,
}

/// An entry of the ledger that is no longer true at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The entry.
    pub entry: String,
    /// The backend.
    pub backend: String,
    /// The float type.
    pub dtype: &'static str,
    /// The special point, or `drawn`.
    pub at: String,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// One for each operation and place, place by place in the table's order.
    pub findings: Vec<Finding>,
    /// Entries of the ledger to be deleted.
    pub gone: Vec<Gone>,
    /// Places where the device stopped working, with the operation after which it did.
    pub abandoned: Vec<(String, &'static str)>,
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
        let pattern = self.pattern.as_ref();
        pattern.is_none_or(|pattern| operation.name.contains(pattern))
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
/// let selection = Selection { pattern: Some("Tensor::exp".to_owned()), seed: 0 };
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
                outcome.abandoned.push((place.name(), operation.name));
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
    /// The largest relative error.
    error: Option<f64>,
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
                .and_then(|found| self.ledger.find(&site, found.kind, found.error));
            sites.push((site, entry));
            finding
                .disagreements
                .extend(found.map(|found| Disagreement {
                    check: check.name.clone(),
                    kind: found.kind,
                    detail: found.detail,
                    listed: entry.map(|entry| (entry.id.clone(), entry.triage)),
                }));
        }
        self.look_for_gone(&sites, gone);
        finding
    }

    /// Entries that list a site here, of which nothing was found.
    fn look_for_gone(&self, sites: &[(Site<'_>, Option<&Entry>)], gone: &mut Vec<Gone>) {
        for entry in &self.ledger.entries {
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
                        dtype: self.place.target.dtype.name(),
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
            PointVerdict::Panicked(message) => (Kind::Panicked, message),
        };
        Some(Found {
            kind,
            detail,
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
        let kind = match &report.verdict {
            Verdict::Pass => return None,
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
            let is_unchecked = matches!(report.verdict, Verdict::Unchecked { .. });
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
            at: vec![at.to_owned()],
            kinds: vec![kind],
            backends: vec!["flex".to_owned()],
            dtypes: vec!["f64".to_owned()],
            at_most: None,
            software_only: false,
            burn: crate::BURN_VERSION.to_owned(),
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
    fn a_listed_one_does_not_and_listing_one_does_not_hide_another() {
        let point = entry("point", "spoiled", "x = 0", Kind::Mismatch);
        let drawn = Entry {
            at_most: Some(0.6),
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
            seed: 0,
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
