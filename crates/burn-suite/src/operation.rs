//! The table's rows: an operation of Burn, and the checks that it must pass.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Device;
use burn_gradcheck::{Case, Outputs, Values};
use serde::Serialize;

use crate::point::Point;
use crate::witness::{Formula, FormulaInputs, MemoryLayout, arguments};

/// A section of the page.
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
    /// The elementwise functions of `burn::tensor::activation`, and softmaxes.
    Activations,
    /// Sums, means, products and extremes over dimensions, also cumulative.
    Reductions,
    /// Matrix products and the cross product.
    Products,
    /// Operations that move elements: reshapes, slices, gathers, scatters, sorts.
    Shapes,
    /// The functions of `burn::tensor::module`: convolutions, poolings, norms, attention, losses.
    Layers,
    /// The layers of `burn::nn` as modules, whose parameters are checked as well.
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

    /// The heading on the page.
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

/// An operation of Burn, under the name that its users call.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The name: `Tensor::exp`, `activation::gelu`.
    pub name: &'static str,
    /// The section of the page.
    pub family: Family,
    /// The methods of burn-autodiff whose backward pass the checks go through.
    pub covers: &'static [&'static str],
    /// A remark on the domain and the kinks; may be empty.
    pub note: &'static str,
    /// The checks that it must pass.
    pub checks: Vec<Check>,
}

/// One check of an operation.
#[derive(Clone, Debug)]
pub struct Check {
    /// The name, unique in the operation: `[3, 5]`, `x = 0`.
    pub name: String,
    /// Whether the short selection has it.
    pub in_short: bool,
    /// How the gradient is checked.
    pub kind: CheckKind,
}

/// The two ways to check a gradient.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// At drawn points: autodiff is compared with finite differences and a formula without Burn.
    Drawn(Box<Case>),
    /// At a special point, where finite differences do not apply: autodiff is compared with the
    /// derivative.
    At(Point),
}

/// A layer of `burn::nn`, under the name that it has there: `nn::Linear`.
pub(crate) fn layer(name: &'static str) -> Operation {
    Operation::new(name, Family::Modules)
}

impl Operation {
    /// An operation without checks yet.
    pub(crate) fn new(name: &'static str, family: Family) -> Self {
        Self {
            name,
            family,
            covers: &[],
            note: "",
            checks: Vec::new(),
        }
    }

    /// Sets the methods of burn-autodiff that it goes through.
    #[must_use]
    pub(crate) fn covers(mut self, methods: &'static [&'static str]) -> Self {
        self.covers = methods;
        self
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

    /// Adds a special point to an operation of the table.
    pub(crate) fn add_point(&mut self, point: Point) {
        self.checks.push(Check {
            name: point.name.clone(),
            in_short: true,
            kind: CheckKind::At(point),
        });
    }

    /// Adds a check at drawn points. The case is named by the operation and the check.
    #[must_use]
    pub(crate) fn drawn(
        mut self,
        name: impl Into<String>,
        case: impl FnOnce(Case) -> Case,
    ) -> Self {
        let name = name.into();
        let case = case(Case::new(format!("{} {name}", self.name)));
        self.checks.push(Check {
            name,
            in_short: true,
            kind: CheckKind::Drawn(Box::new(case)),
        });
        self
    }

    /// Adds a check of a function of Burn at drawn points, with a formula as witness.
    #[must_use]
    pub(crate) fn check<O: Into<Outputs>>(
        self,
        name: impl Into<String>,
        formula: &Formula,
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Self {
        self.drawn(name, |case| formula.case(case, function))
    }

    /// As [`Operation::check`], and the same once more for each layout of the inputs in memory.
    #[must_use]
    pub(crate) fn check_stored<O: Into<Outputs>>(
        self,
        name: &str,
        layouts: &[MemoryLayout],
        formula: &Formula,
        function: impl Fn(&FormulaInputs<'_>) -> O + Send + Sync + 'static,
    ) -> Self {
        let function = Arc::new(function);
        let again = |operation: Self, name: String, formula: &Formula| {
            let function = Arc::clone(&function);
            operation.check(name, formula, move |v| function(v))
        };
        let plain = again(self, name.to_owned(), formula);
        layouts.iter().fold(plain, |operation, &layout| {
            let stored = formula.clone().stored(layout);
            again(operation, format!("{name}, {layout}"), &stored)
        })
    }

    /// Adds a check of the module that `build` makes, without a formula. `inputs` are those of
    /// `forward`, by name and shape; the module's parameters are inputs too, by their paths.
    #[must_use]
    pub(crate) fn module<M: Module + 'static, O: Into<Outputs>>(
        self,
        name: impl Into<String>,
        inputs: &[(&str, &[usize])],
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, &Values) -> O + Send + Sync + 'static,
    ) -> Self {
        let formula = Formula::unknown(arguments(inputs));
        self.drawn(name, |case| formula.witness(case).module(build, forward))
    }

    /// Leaves the last check out of the short selection: shaders are compiled for each shape.
    #[must_use]
    pub(crate) fn in_full_only(self) -> Self {
        self.in_short_if(false)
    }

    /// Whether the short selection has the last check.
    #[must_use]
    pub(crate) fn in_short_if(mut self, condition: bool) -> Self {
        if let Some(check) = self.checks.last_mut() {
            check.in_short = condition;
        }
        self
    }
}
