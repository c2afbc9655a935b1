//! The table's rows: an operation of Burn and the checks that it has to stand.

use burn_gradcheck::Case;
use serde::Serialize;

use crate::point::Point;

/// What belongs together on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Sums, products, quotients, remainders, by tensor and by number.
    Arithmetic,
    /// Exponentials, logarithms, roots and powers.
    Powers,
    /// Trigonometric and hyperbolic functions and their inverses.
    Trigonometry,
    /// Rounding, signs, bounds, the larger of two.
    Pieces,
    /// Masks, comparisons and casts.
    Masks,
    /// `burn::tensor::activation`, as far as it works element by element.
    Activations,
    /// Sums, means, products and extremes over dimensions, also cumulative.
    Reductions,
    /// Matrix products and the cross product.
    Products,
    /// What moves elements: reshapes, slices, gathers, scatters, sorts.
    Shapes,
    /// Layers: linear, convolutions, poolings, embeddings, norms, attention, losses.
    Layers,
    /// The layers of `burn::nn` as modules: their parameters are checked, too.
    Modules,
    /// The losses of `burn::nn`.
    Losses,
}

impl Family {
    /// All families, in the order of the page.
    pub const ALL: [Self; 12] = [
        Self::Arithmetic,
        Self::Powers,
        Self::Trigonometry,
        Self::Pieces,
        Self::Masks,
        Self::Activations,
        Self::Reductions,
        Self::Products,
        Self::Shapes,
        Self::Layers,
        Self::Modules,
        Self::Losses,
    ];

    /// The name as the page's heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Arithmetic => "Arithmetic",
            Self::Powers => "Exponentials, logarithms, powers",
            Self::Trigonometry => "Trigonometric and hyperbolic functions",
            Self::Pieces => "Rounding, signs, bounds",
            Self::Masks => "Masks, comparisons, casts",
            Self::Activations => "Activations",
            Self::Reductions => "Reductions",
            Self::Products => "Matrix products",
            Self::Shapes => "Shapes and indices",
            Self::Layers => "Functions behind layers",
            Self::Modules => "Layers of burn::nn",
            Self::Losses => "Losses of burn::nn",
        }
    }
}

/// An operation of Burn, named as its users call it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The name: `Tensor::exp`, `activation::gelu`.
    pub name: &'static str,
    /// Where it stands on the page.
    pub family: Family,
    /// The methods of burn-autodiff whose backward pass its checks go through.
    pub covers: &'static [&'static str],
    /// What to know about its domain and its kinks; may be empty.
    pub note: &'static str,
    /// What it has to stand.
    pub checks: Vec<Check>,
}

/// One thing that an operation has to stand.
#[derive(Clone, Debug)]
pub struct Check {
    /// What sets it apart from the operation's other checks: `[3, 5] transposed`, `x = 0`.
    pub name: String,
    /// Whether a short selection has it.
    pub in_short: bool,
    /// What is done.
    pub kind: CheckKind,
}

/// Two ways to check a gradient.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// At drawn points: autodiff, finite differences, and a formula evaluated without Burn.
    Drawn(Box<Case>),
    /// At a special point, where finite differences do not apply: autodiff and the derivative.
    At(Point),
}

impl Operation {
    /// An operation without checks yet.
    pub(crate) fn new(name: &'static str, family: Family, covers: &'static [&'static str]) -> Self {
        Self {
            name,
            family,
            covers,
            note: "",
            checks: Vec::new(),
        }
    }

    /// Sets the note.
    #[must_use]
    pub(crate) fn note(mut self, note: &'static str) -> Self {
        self.note = note;
        self
    }

    /// Adds a special point.
    #[must_use]
    pub(crate) fn at(mut self, point: Point) -> Self {
        self.add_point(point);
        self
    }

    /// Adds a special point to the table's operation.
    pub(crate) fn add_point(&mut self, point: Point) {
        self.checks.push(Check {
            name: point.name.clone(),
            in_short: true,
            kind: CheckKind::At(point),
        });
    }

    /// Adds a check at drawn points; the case's name is the operation's and the check's.
    pub(crate) fn drawn(&mut self, name: String, in_short: bool, case: impl FnOnce(Case) -> Case) {
        let case = case(Case::new(format!("{} {name}", self.name)));
        self.checks.push(Check {
            name,
            in_short,
            kind: CheckKind::Drawn(Box::new(case)),
        });
    }
}
