//! The page "Gradients of Burn": one content, as Markdown and as HTML.

use std::collections::BTreeSet;

use backends::BURN_VERSION;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;
use thiserror::Error;

use crate::coverage::{Coverage, EXCLUSIONS, Reason, coverage};
use crate::ledger::{Entry, Ledger, Triage};
use crate::operation::Operation;
use crate::point::Short;
use crate::run::{Disagreement, Finding, Outcome};

/// A page that cannot be made.
#[derive(Debug, Error)]
#[error("the page cannot be made: {0}; report this as a defect")]
pub struct PageError(#[from] minijinja::Error);

/// What the page says, before it is laid out.
#[derive(Debug, Serialize)]
pub struct Page {
    burn: &'static str,
    is_good: bool,
    operations: usize,
    checks: usize,
    elements: usize,
    coverage: Coverage,
    places: Vec<String>,
    families: Vec<FamilyTable>,
    conventions: Vec<ConventionRow>,
    triages: Vec<TriageCount>,
    known: Vec<Known>,
    unlisted: Vec<Unlisted>,
    gone: Vec<String>,
    exclusions: Vec<ExclusionRow>,
}

#[derive(Debug, Serialize)]
struct FamilyTable {
    title: &'static str,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    operation: &'static str,
    note: &'static str,
    cells: Vec<Cell>,
}

/// One operation at one place.
#[derive(Debug, Serialize)]
struct Cell {
    /// `pass`, `known`, `wrong` or `none`.
    state: &'static str,
    text: String,
    /// What is known there, by triage.
    known: Vec<KnownThere>,
}

/// Entries of the ledger that one cell shows, all with the same triage.
#[derive(Debug, Serialize)]
struct KnownThere {
    triage: &'static str,
    ids: BTreeSet<String>,
}

/// A kink, and what autodiff gives there at each place.
#[derive(Debug, Serialize)]
struct ConventionRow {
    operation: &'static str,
    at: String,
    allowed: String,
    gradients: Vec<String>,
    differ: bool,
}

/// How many entries of the ledger have a triage, and how often a run found them.
#[derive(Debug, Serialize)]
struct TriageCount {
    title: &'static str,
    entries: usize,
    found: usize,
}

#[derive(Debug, Serialize)]
struct Known {
    triage: &'static str,
    places: String,
    /// Where this run found it most off: the witnesses, with the finite differences' own error.
    measured: Option<String>,
    entry: Entry,
}

#[derive(Debug, Serialize)]
struct Unlisted {
    operation: &'static str,
    place: String,
    check: String,
    kind: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
struct ExclusionRow {
    reason: String,
    methods: String,
    count: usize,
}

impl Page {
    /// Gathers what a run found. Each place's backend and float type stand over its column.
    pub fn new(operations: &[Operation], ledger: &Ledger, outcome: &Outcome) -> Self {
        let mut places: Vec<String> = Vec::new();
        for finding in &outcome.findings {
            let place = place(finding);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let run: BTreeSet<_> = outcome.findings.iter().map(|f| f.operation).collect();
        let operations: Vec<_> = operations.iter().filter(|o| run.contains(o.name)).collect();
        Self {
            burn: BURN_VERSION,
            is_good: outcome.is_good(),
            operations: operations.len(),
            checks: outcome.checks(),
            elements: outcome.elements(),
            coverage: coverage(&crate::operations()),
            families: families(&operations, &places, outcome),
            conventions: conventions(&operations, &places, outcome),
            triages: triages(ledger, outcome),
            known: known(ledger, outcome),
            unlisted: unlisted(outcome),
            gone: gone(outcome),
            exclusions: EXCLUSIONS.iter().map(ExclusionRow::new).collect(),
            places,
        }
    }

    /// The page in Markdown.
    ///
    /// # Errors
    ///
    /// If the template has a defect.
    pub fn markdown(&self) -> Result<String, PageError> {
        self.render("page.md", include_str!("page/page.md.jinja"))
    }

    /// The page in HTML, complete in itself.
    ///
    /// # Errors
    ///
    /// If the template has a defect.
    pub fn html(&self) -> Result<String, PageError> {
        self.render("page.html", include_str!("page/page.html.jinja"))
    }

    /// Markup is escaped where the name ends in `.html`.
    fn render(&self, name: &str, template: &str) -> Result<String, PageError> {
        let mut environment = Environment::new();
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).keep_trailing_newline(true);
        environment.set_syntax(syntax.build()?);
        let context = context! { page => Serde(self) };
        Ok(environment.render_named_str(name, template, context)?)
    }
}

fn place(finding: &Finding) -> String {
    format!("{} {}", finding.backend, finding.dtype)
}

fn at<'a>(outcome: &'a Outcome, operation: &str, name: &str) -> Option<&'a Finding> {
    let mut findings = outcome.findings.iter();
    findings.find(|finding| finding.operation == operation && place(finding) == name)
}

fn families(operations: &[&Operation], places: &[String], outcome: &Outcome) -> Vec<FamilyTable> {
    let mut tables: Vec<FamilyTable> = Vec::new();
    for operation in operations {
        let cell = |place: &String| Cell::new(at(outcome, operation.name, place));
        let row = Row {
            operation: operation.name,
            note: operation.note,
            cells: places.iter().map(cell).collect(),
        };
        let title = operation.family.title();
        match tables.iter_mut().find(|table| table.title == title) {
            Some(table) => table.rows.push(row),
            None => tables.push(FamilyTable {
                title,
                rows: vec![row],
            }),
        }
    }
    tables
}

impl Cell {
    fn new(finding: Option<&Finding>) -> Self {
        let of = |state, text| Self {
            state,
            text,
            known: Vec::new(),
        };
        let Some(finding) = finding else {
            return of("none", "not run".to_owned());
        };
        if let Some(disagreement) = finding.unlisted().next() {
            let kind = disagreement.kind.name();
            return of("wrong", format!("{kind} at {}", disagreement.check));
        }
        let error = match finding.worst {
            Some(error) if error > 0.0 => format!("{error:.0e}"),
            _ => String::new(),
        };
        let known = KnownThere::all(finding);
        if !known.is_empty() {
            let mut disagreements = finding.disagreements.iter();
            let is_measured = disagreements.any(|disagreement| disagreement.evidence.is_some());
            let text = match (error.is_empty(), is_measured) {
                (true, _) => error,
                (false, true) => format!("up to {error} at drawn points"),
                (false, false) => format!("elsewhere right, {error}"),
            };
            let state = "known";
            return Self { state, text, known };
        }
        match error.is_empty() {
            true => of("pass", "right".to_owned()),
            false => of("pass", format!("right, {error}")),
        }
    }
}

impl KnownThere {
    fn all(finding: &Finding) -> Vec<Self> {
        let of = |triage: Triage| {
            let disagreements = finding.disagreements.iter();
            let listed = disagreements.filter_map(|disagreement| disagreement.listed.as_ref());
            let listed = listed.filter(|(_, other)| *other == triage);
            Self {
                triage: triage.title(),
                ids: listed.map(|(id, _)| id.clone()).collect(),
            }
        };
        let all = Triage::ALL.map(of).into_iter();
        all.filter(|known| !known.ids.is_empty()).collect()
    }
}

fn conventions(
    operations: &[&Operation],
    places: &[String],
    outcome: &Outcome,
) -> Vec<ConventionRow> {
    let mut rows = Vec::new();
    for operation in operations {
        let found = places
            .iter()
            .filter_map(|place| at(outcome, operation.name, place));
        let mut points: Vec<(&str, &str)> = Vec::new();
        for convention in found.flat_map(|finding| &finding.conventions) {
            let point = (convention.at.as_str(), convention.allowed.as_str());
            if !points.contains(&point) {
                points.push(point);
            }
        }
        for (point, allowed) in points {
            let gradient = |place: &String| {
                let finding = at(outcome, operation.name, place)?;
                given(finding, point)
            };
            let gradients: Vec<Option<String>> = places.iter().map(gradient).collect();
            let kinds: BTreeSet<&String> = gradients.iter().flatten().collect();
            rows.push(ConventionRow {
                operation: operation.name,
                at: point.to_owned(),
                allowed: allowed.to_owned(),
                differ: kinds.len() > 1,
                gradients: gradients
                    .into_iter()
                    .map(|given| given.unwrap_or_else(|| "not checked".to_owned()))
                    .collect(),
            });
        }
    }
    rows
}

/// The gradient at a kink, or how it disagrees there with all that are right; none if that was not
/// checked.
fn given(finding: &Finding, point: &str) -> Option<String> {
    let mut conventions = finding.conventions.iter();
    let found = conventions.find(|convention| convention.at == point);
    if let Some(found) = found {
        return Some(numbers(&found.gradient));
    }
    let mut disagreements = finding.disagreements.iter();
    let wrong = disagreements.find(|disagreement| disagreement.check == point)?;
    Some(wrong.kind.name().to_owned())
}

/// In seven digits, so that f32 and f64 read alike; without the sign of a zero.
fn numbers(gradient: &[f64]) -> String {
    let short = |&number: &f64| Short(number + 0.0).to_string();
    gradient.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// The disagreements that the ledger lists, each with its finding.
fn listed(outcome: &Outcome) -> impl Iterator<Item = (&Finding, &Disagreement, &str, Triage)> {
    let findings = outcome.findings.iter();
    let all =
        findings.flat_map(|finding| finding.disagreements.iter().map(move |it| (finding, it)));
    all.filter_map(|(finding, disagreement)| {
        let (id, triage) = disagreement.listed.as_ref()?;
        Some((finding, disagreement, id.as_str(), *triage))
    })
}

fn triages(ledger: &Ledger, outcome: &Outcome) -> Vec<TriageCount> {
    let count = |triage: Triage| TriageCount {
        title: triage.title(),
        entries: ledger
            .entries
            .iter()
            .filter(|entry| entry.triage == triage)
            .count(),
        found: listed(outcome)
            .filter(|(.., other)| *other == triage)
            .count(),
    };
    let triages = Triage::ALL.map(count).into_iter();
    triages.filter(|triage| triage.entries > 0).collect()
}

/// The finding of an entry that is most off.
fn measured(entry: &Entry, outcome: &Outcome) -> Option<String> {
    let of_entry = listed(outcome).filter(|(_, _, id, _)| *id == entry.id);
    let with_evidence = of_entry.filter_map(|(finding, disagreement, ..)| {
        let evidence = disagreement.evidence?;
        Some((evidence.difference()?, finding, disagreement, evidence))
    });
    let (_, finding, disagreement, evidence) = with_evidence.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!(
        "{} on {}, {}: {evidence}",
        finding.operation,
        place(finding),
        disagreement.check
    ))
}

fn known(ledger: &Ledger, outcome: &Outcome) -> Vec<Known> {
    let known = |entry: &Entry| Known {
        triage: entry.triage.title(),
        measured: measured(entry, outcome),
        places: format!(
            "{} in {}{}",
            entry.backends.join(", "),
            entry.dtypes.join(" and "),
            if entry.software_only {
                ", software adapters"
            } else {
                ""
            }
        ),
        entry: entry.clone(),
    };
    ledger.entries.iter().map(known).collect()
}

fn unlisted(outcome: &Outcome) -> Vec<Unlisted> {
    let of = |finding: &Finding| -> Vec<Unlisted> {
        let row = |disagreement: &Disagreement| Unlisted {
            operation: finding.operation,
            place: place(finding),
            check: disagreement.check.clone(),
            kind: disagreement.kind.name(),
            detail: disagreement.detail.clone(),
        };
        finding.unlisted().map(row).collect()
    };
    outcome.findings.iter().flat_map(of).collect()
}

fn gone(outcome: &Outcome) -> Vec<String> {
    let gone = outcome.gone.iter().map(ToString::to_string);
    let abandoned = outcome.abandoned.iter().map(ToString::to_string);
    gone.chain(abandoned).collect()
}

impl ExclusionRow {
    fn new((reason, methods): &(Reason, &[&str])) -> Self {
        Self {
            reason: match reason {
                Reason::NotDifferentiable(why) => format!("no gradient: {why}"),
                Reason::Unreachable(why) => format!("out of reach: {why}"),
            },
            methods: methods.join(", "),
            count: methods.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};
    use burn_gradcheck::Target;

    use super::*;
    use crate::{Place, Selection, operations, run};

    fn page() -> Page {
        page_of("elu")
    }

    fn page_of(pattern: &str) -> Page {
        let operations = operations();
        let ledger = Ledger::bundled(&operations).expect("the ledger is in order");
        let places = [DType::F64, DType::F32].map(|dtype| Place {
            backend: "flex".to_owned(),
            target: Target::new(Device::flex(), dtype),
            by_shader: false,
            is_software: false,
        });
        let selection = Selection {
            pattern: Some(pattern.to_owned()),
            ..Selection::default()
        };
        let none = |_: &Finding| Ok::<(), ()>(());
        let outcome = run(&operations, &ledger, &places, &selection, none).expect("no error");
        Page::new(&operations, &ledger, &outcome)
    }

    #[test]
    fn both_forms_say_the_same() {
        let page = page();
        let (markdown, html) = (page.markdown().unwrap(), page.html().unwrap());
        for text in [&markdown, &html] {
            assert!(text.contains(&format!("Gradients of Burn {BURN_VERSION}")));
            assert!(text.contains("elu-overflow"));
            assert!(text.contains("activation::leaky_relu"));
            assert!(text.contains("flex f32"));
            assert!(text.contains("no gradient: gives whole numbers"));
        }
        assert!(html.starts_with("<!doctype html>"));
        assert!(html.ends_with("</html>\n"));
    }

    #[test]
    fn a_known_disagreement_shows_the_finite_differences_own_error() {
        let page = page_of("Tensor::div_scalar");
        let mut known = page.known.iter();
        let entry = known.find(|known| known.entry.id == "div-scalar-f32");
        let measured = entry.and_then(|known| known.measured.as_deref());
        let measured = measured.expect("it is found at drawn points");
        assert!(
            measured.starts_with("Tensor::div_scalar on flex f64, "),
            "{measured}"
        );
        assert!(measured.contains(" ± "), "{measured}");
        let (markdown, html) = (page.markdown().unwrap(), page.html().unwrap());
        assert!(markdown.contains(measured) && html.contains(" ± "));
        let entries: usize = page.triages.iter().map(|triage| triage.entries).sum();
        assert_eq!(entries, page.known.len());
        assert!(page.triages.iter().any(|triage| triage.found > 0));
    }

    #[test]
    fn rows_of_a_markdown_table_have_the_same_cells() {
        let markdown = page().markdown().unwrap();
        let mut columns = None;
        for line in markdown.lines() {
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            let cells = line.matches('|').count();
            assert_eq!(*columns.get_or_insert(cells), cells, "{line}");
        }
    }

    #[test]
    fn a_kink_has_one_row_with_every_place() {
        let page = page();
        let mut rows = page.conventions.iter();
        let elu = rows.find(|row| row.operation == "activation::elu");
        let elu = elu.expect("elu has a kink at 0 for an alpha other than 1");
        assert_eq!(elu.at, "x = 0");
        assert_eq!(elu.gradients, ["0.75", "0.75"]);
        assert!(!elu.differ);
    }

    #[test]
    fn a_place_that_is_wrong_at_a_kink_differs_from_one_that_is_right() {
        let page = page_of("activation::hard_sigmoid");
        let mut rows = page.conventions.iter();
        let row = rows.find(|row| row.at == "x = 2.5");
        let row = row.expect("hard_sigmoid has a kink there");
        assert_eq!(row.gradients, ["mismatch", "0.2"]);
        assert!(row.differ);
    }

    #[test]
    fn a_cell_says_whose_fault_a_known_disagreement_is() {
        let page = page_of("Tensor::hypot");
        let html = page.html().unwrap();
        assert!(html.contains("wrong in Burn: <a href=\"#hypot-origin\">hypot-origin</a>"));
        assert!(html.contains("convention: <a href=\"#hypot-infinity\">hypot-infinity</a>"));
        let markdown = page.markdown().unwrap();
        let cell = "wrong in Burn: hypot-origin; convention: hypot-infinity; elsewhere right, ";
        assert!(markdown.contains(cell));
        let markdown = page_of("Tensor::div_scalar").markdown().unwrap();
        assert!(markdown.contains("wrong in Burn: div-scalar-f32; up to 3e-8 at drawn points"));
    }
}
