//! The page "Gradients of Burn": one content, as Markdown and as HTML.

mod sections;

use std::collections::BTreeSet;

use backends::BURN_VERSION;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;
use thiserror::Error;

use self::sections::{
    ConventionRow, ExclusionRow, FamilyTable, Known, TriageCount, Unlisted, conventions, families,
    gone, known, place, triages, unlisted,
};
use crate::coverage::{Coverage, EXCLUSIONS, coverage};
use crate::ledger::Ledger;
use crate::operation::Operation;
use crate::run::AuditOutcome;

/// An error while making the page.
#[derive(Debug, Error)]
#[error("cannot make the page: {0}; report this as a defect")]
pub struct GradientsPageError(#[from] minijinja::Error);

/// The content of the page, before it is laid out.
#[derive(Debug, Serialize)]
pub struct GradientsPage {
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

impl GradientsPage {
    /// Gathers the findings of a run. The page has a column for each backend and float type.
    pub fn new(operations: &[Operation], ledger: &Ledger, outcome: &AuditOutcome) -> Self {
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
    /// If the template is faulty.
    pub fn markdown(&self) -> Result<String, GradientsPageError> {
        self.render("page.md", include_str!("page.md.jinja"))
    }

    /// The page in HTML, with its styles.
    ///
    /// # Errors
    ///
    /// If the template is faulty.
    pub fn html(&self) -> Result<String, GradientsPageError> {
        self.render("page.html", include_str!("page.html.jinja"))
    }

    /// Lays the content out. Text is escaped for a name that ends in `.html`.
    fn render(&self, name: &str, template: &str) -> Result<String, GradientsPageError> {
        let mut environment = Environment::new();
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).keep_trailing_newline(true);
        environment.set_syntax(syntax.build()?);
        let context = context! { page => Serde(self) };
        Ok(environment.render_named_str(name, template, context)?)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device};
    use burn_gradcheck::Target;

    use super::*;
    use crate::{Platform, RunProgress, TableSelection, operations, run};

    fn page() -> GradientsPage {
        page_of("elu")
    }

    fn page_of(pattern: &str) -> GradientsPage {
        let operations = operations();
        let ledger = Ledger::bundled(&operations).expect("the ledger is in order");
        let places = [DType::F64, DType::F32].map(|dtype| Platform {
            backend: "flex".to_owned(),
            target: Target::new(Device::flex(), dtype),
            by_shader: false,
            is_software: false,
        });
        let selection = TableSelection {
            pattern: Some(pattern.to_owned()),
            ..TableSelection::default()
        };
        let none = |_: RunProgress<'_>| Ok::<(), ()>(());
        let outcome = run(&operations, &ledger, &places, &selection, none).expect("no error");
        GradientsPage::new(&operations, &ledger, &outcome)
    }

    #[test]
    fn both_forms_have_the_same_content() {
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
    fn a_kink_has_one_row_with_every_platform() {
        let page = page();
        let mut rows = page.conventions.iter();
        let elu = rows.find(|row| row.operation == "activation::elu");
        let elu = elu.expect("elu has a kink at 0 for an alpha other than 1");
        assert_eq!(elu.at, "x = 0");
        assert_eq!(elu.gradients, ["0.75", "0.75"]);
        assert!(!elu.differ);
    }

    #[test]
    fn a_wrong_gradient_at_a_kink_differs_from_a_right_one() {
        let page = page_of("activation::hard_sigmoid");
        let mut rows = page.conventions.iter();
        let row = rows.find(|row| row.at == "x = 2.5");
        let row = row.expect("hard_sigmoid has a kink there");
        assert_eq!(row.gradients, ["mismatch", "0.2"]);
        assert!(row.differ);
    }

    #[test]
    fn a_cell_names_the_triage_of_a_known_disagreement() {
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
