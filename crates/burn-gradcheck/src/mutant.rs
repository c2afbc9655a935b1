//! Tests of the checker itself: wrong gradients that it must catch, right ones that it must not flag.

use crate::case::Case;
use crate::report::Report;
use crate::target::{Options, Target};
use crate::verdict::Verdict;

/// A wrong gradient of the kind that people write. A checker proves nothing if it catches none: keep
/// some of these next to the formulas that you verify.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Case, Gradients, Mutant, Options, Target, Witness};
///
/// let square = Case::new("square")
///     .input("x", [3, 2])
///     .function(|v| v.get::<2>("x").square())
///     .vjp(|v, grad_out| Gradients::new().with("x", v.get::<2>("x") * grad_out.get(0)));
/// let mutant = Mutant::new("square: factor", "the factor 2 is missing", [square]);
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Rule and mistake, short: `matmul: sign`.
    pub name: &'static str,
    /// The mistake in words.
    pub mistake: &'static str,
    cases: Vec<Case>,
}

impl Mutant {
    /// A mutant with cases whose hand-written gradient is wrong.
    pub fn new(
        name: &'static str,
        mistake: &'static str,
        cases: impl IntoIterator<Item = Case>,
    ) -> Self {
        Self {
            name,
            mistake,
            cases: cases.into_iter().collect(),
        }
    }

    /// The cases with the wrong gradient.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Checks the mutant: the first report with a mismatch, or `None` if there is none.
    pub fn caught(&self, target: &Target, options: &Options) -> Option<Report> {
        let mut reports = self.cases.iter().map(|case| case.run(target, options));
        reports.find(|report| matches!(report.verdict, Verdict::Mismatch { .. }))
    }
}

/// A right gradient by another formula than the rule's: a checker that flags it raises a false alarm.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Alternative, Case, Gradients, Options, Target};
///
/// let square = Case::new("square")
///     .input("x", [3, 2])
///     .function(|v| v.get::<2>("x").square())
///     .vjp(|v, grad_out| {
///         let x = v.get::<2>("x");
///         Gradients::new().with("x", (x.clone() + x) * grad_out.get(0))
///     });
/// let alternative = Alternative::new("square: a sum", "x + x", [square]);
///
/// let target = Target::new(Device::flex(), DType::F64);
/// assert!(alternative.false_alarm(&target, &Options::default()).is_none());
/// ```
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Rule and difference, short: `matmul: transposed twice`.
    pub name: &'static str,
    /// The formula.
    pub formula: &'static str,
    cases: Vec<Case>,
}

impl Alternative {
    /// An alternative with cases whose hand-written gradient is the other formula.
    pub fn new(
        name: &'static str,
        formula: &'static str,
        cases: impl IntoIterator<Item = Case>,
    ) -> Self {
        Self {
            name,
            formula,
            cases: cases.into_iter().collect(),
        }
    }

    /// The cases with the other formula.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Checks the formula: the first report that does not pass, or `None` if there is no false alarm.
    pub fn false_alarm(&self, target: &Target, options: &Options) -> Option<Report> {
        let mut reports = self.cases.iter().map(|case| case.run(target, options));
        reports.find(|report| !report.is_pass())
    }
}
