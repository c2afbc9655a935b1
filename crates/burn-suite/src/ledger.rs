//! The ledger of known disagreements.

use backends::{BURN_VERSION, Backend};
use burn::tensor::DType;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::operation::{Check, Operation};
use crate::site::{FoundError, Site};

/// Stands for all checks at drawn points, of which at least one disagrees.
const DRAWN: &str = "drawn";

/// Whose fault a disagreement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Triage {
    /// The gradient is not the derivative, or not one of the subgradients.
    WrongInBurn,
    /// Burn's choice is defensible, though the table expects another.
    Convention,
    /// The backend has no backward pass for it, or the operation panics in a float type that is not
    /// the device's default.
    Unsupported,
    /// The derivative is right, but this way of computing it loses digits in this float type.
    IllConditioned,
}

impl Triage {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::WrongInBurn,
        Self::Convention,
        Self::Unsupported,
        Self::IllConditioned,
    ];

    /// The name on the page.
    pub fn title(self) -> &'static str {
        match self {
            Self::WrongInBurn => "wrong in Burn",
            Self::Convention => "convention",
            Self::Unsupported => "unsupported",
            Self::IllConditioned => "ill-conditioned",
        }
    }
}

/// The kind of a disagreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisagreementKind {
    /// A finite gradient is wrong.
    Mismatch,
    /// A NaN or an infinity where a number is right.
    NonFinite,
    /// No gradient at all for an argument that the function depends on.
    Unreached,
    /// A shape is wrong.
    Shape,
    /// The gradient is not repeatable or not linear in the upstream gradient, or the value is not that of
    /// the formula.
    Unlawful,
    /// A panic.
    Panicked,
    /// Every drawn point lies on a kink.
    Kink,
    /// Finite differences cannot tell.
    Unchecked,
}

impl DisagreementKind {
    /// The name, as in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::NonFinite => "non-finite",
            Self::Unreached => "unreached",
            Self::Shape => "shape",
            Self::Unlawful => "unlawful",
            Self::Panicked => "panicked",
            Self::Kink => "kink",
            Self::Unchecked => "unchecked",
        }
    }
}

/// A known disagreement. Every combination of its backends, float types and checks has it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// A short, unique name.
    pub id: String,
    /// The operation.
    pub operation: String,
    /// Layers that call it and have the same disagreement in the checks that they share.
    #[serde(default)]
    pub through: Vec<String>,
    /// The checks that disagree, by name, or `drawn` for any check at drawn points.
    pub at: Vec<String>,
    /// The kinds of disagreement found there.
    pub kinds: Vec<DisagreementKind>,
    /// The largest error of a mismatch at drawn points, relative to the element's size or, where terms
    /// cancel, to the root mean square of its tensor. A larger one is another disagreement.
    #[serde(default)]
    pub at_most: Option<f64>,
    /// The largest absolute difference there, by analysis. It counts where the relative error is large
    /// only because the right gradient is near zero.
    #[serde(default)]
    pub at_most_absolute: Option<f64>,
    /// Whether the function's value is wrong in the same way: finite differences then may side with autodiff
    /// against the formula.
    #[serde(default)]
    pub in_value: bool,
    /// The backends that have it.
    pub backends: Vec<String>,
    /// The float types that have it.
    pub dtypes: Vec<String>,
    /// Whether only graphics drivers that compute on the CPU have it.
    #[serde(default)]
    pub software_only: bool,
    /// Whether it comes and goes, for example because it reads uninitialised memory. Then not finding
    /// it proves nothing.
    #[serde(default)]
    pub unsteady: bool,
    /// The version of Burn in which it was last seen.
    pub burn: String,
    /// Whose fault it is.
    pub triage: Triage,
    /// What is wrong, and why.
    pub wrong: String,
    /// The smallest example with the witnesses' values.
    pub example: String,
    /// The test in `tests/upstream` that shows it with Burn alone.
    pub reproduction: String,
    /// How it could be mended, where that is clear.
    pub fix: Option<String>,
    /// Address of the upstream issue; empty if none was found.
    pub upstream: String,
    /// The day of the entry.
    pub since: String,
    /// Whether one of the lecture's nets uses it.
    pub touches_lecture: bool,
    /// Why, or why not.
    pub lecture: String,
}

/// All known disagreements.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// In the order of the file.
    #[serde(default, rename = "disagreement")]
    pub entries: Vec<LedgerEntry>,
}

/// A defect of the ledger itself.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// It is not TOML of the expected form.
    #[error("cannot read the ledger: {0}; correct crates/burn-suite/ledger.toml")]
    Syntax(#[from] toml::de::Error),
    /// An entry names something that does not exist.
    #[error("ledger entry '{id}' names the unknown {what} '{got}'; correct or delete it")]
    Unknown {
        /// The entry.
        id: String,
        /// What kind of thing.
        what: &'static str,
        /// The name.
        got: String,
    },
    /// An entry is about another version of Burn.
    #[error(
        "ledger entry '{id}' is about Burn {got}, but this is {BURN_VERSION}; run its reproduction \
         and state the new version, or delete it"
    )]
    Version {
        /// The entry.
        id: String,
        /// The version there.
        got: String,
    },
    /// An entry is incomplete, or two entries have the same name.
    #[error("ledger entry '{id}': {what}")]
    Incomplete {
        /// The entry.
        id: String,
        /// What is missing, with the remedy.
        what: &'static str,
    },
}

impl Ledger {
    /// The ledger of this crate, checked against the table.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or names an operation, check, backend or float type that does not exist.
    pub fn bundled(operations: &[Operation]) -> Result<Self, LedgerError> {
        Self::parse(include_str!("../ledger.toml"), operations)
    }

    /// Reads a ledger and checks it against a table.
    ///
    /// # Errors
    ///
    /// As [`Ledger::bundled`].
    pub fn parse(text: &str, operations: &[Operation]) -> Result<Self, LedgerError> {
        let ledger: Self = toml::from_str(text)?;
        for (number, entry) in ledger.entries.iter().enumerate() {
            entry.check(operations)?;
            let earlier = &ledger.entries[..number];
            if earlier.iter().any(|other| other.id == entry.id) {
                return Err(entry.incomplete("another has the same id; choose a new one"));
            }
        }
        Ok(ledger)
    }

    /// The entry that lists a disagreement of this kind and size.
    pub(crate) fn find(
        &self,
        site: &Site<'_>,
        kind: DisagreementKind,
        error: &FoundError,
    ) -> Option<&LedgerEntry> {
        self.entries.iter().find(|entry| {
            let is_small = |most| error.absolute.is_some_and(|difference| difference <= most);
            let is_small_by_size = |most: f64| error.size.is_some_and(|size| is_small(most * size));
            let is_within =
                |most| error.relative.is_some_and(|error| error <= most) || is_small_by_size(most);
            let is_near = kind != DisagreementKind::Mismatch
                || entry.at_most.is_none_or(is_within)
                || entry.at_most_absolute.is_some_and(is_small);
            is_near
                && entry.kinds.contains(&kind)
                && entry.at.iter().any(|at| entry.lists(site, at))
        })
    }
}

impl LedgerEntry {
    /// The operation, and the layers with its disagreement.
    fn operations(&self) -> impl Iterator<Item = &str> {
        let layers = self.through.iter().map(String::as_str);
        std::iter::once(self.operation.as_str()).chain(layers)
    }

    /// Whether it lists a site under `at`, one of its checks.
    pub(crate) fn lists(&self, site: &Site<'_>, at: &str) -> bool {
        let is_at = match at {
            DRAWN => site.is_drawn,
            name => name == site.check,
        };
        is_at
            && (site.is_software || !self.software_only)
            && self
                .operations()
                .any(|operation| operation == site.operation)
            && self.backends.iter().any(|backend| backend == site.backend)
            && self.dtypes.iter().any(|dtype| dtype == site.dtype)
    }

    fn check(&self, operations: &[Operation]) -> Result<(), LedgerError> {
        let unknown = |what, got: &str| {
            Err(LedgerError::Unknown {
                id: self.id.clone(),
                what,
                got: got.to_owned(),
            })
        };
        let named = |name: &str| operations.iter().find(|operation| operation.name == name);
        let Some(operation) = named(&self.operation) else {
            return unknown("operation", &self.operation);
        };
        if let Some(layer) = self.through.iter().find(|layer| named(layer).is_none()) {
            return unknown("layer", layer);
        }
        let layers = self.through.iter().filter_map(|layer| named(layer));
        let checks = layers.flat_map(|layer| &layer.checks);
        for at in &self.at {
            let is_it = |check: &Check| check.name == *at;
            let is_check = operation.checks.iter().any(is_it) || checks.clone().any(is_it);
            if at != DRAWN && !is_check {
                return unknown("check", at);
            }
        }
        for backend in &self.backends {
            if backend.parse::<Backend>().is_err() {
                return unknown("backend", backend);
            }
        }
        for dtype in &self.dtypes {
            if ![DType::F64.name(), DType::F32.name()].contains(&dtype.as_str()) {
                return unknown("float type", dtype);
            }
        }
        if self.burn != BURN_VERSION {
            return Err(LedgerError::Version {
                id: self.id.clone(),
                got: self.burn.clone(),
            });
        }
        let lists = [
            self.at.len(),
            self.kinds.len(),
            self.backends.len(),
            self.dtypes.len(),
        ];
        if lists.contains(&0) {
            return Err(
                self.incomplete("an empty list matches nothing; fill it or delete the entry")
            );
        }
        let is_drawn = self.at.iter().any(|at| at == DRAWN);
        if is_drawn && self.kinds.contains(&DisagreementKind::Mismatch) && self.at_most.is_none() {
            return Err(
                self.incomplete("a mismatch at drawn points has a largest error; state `at_most`")
            );
        }
        let texts = [
            &self.wrong,
            &self.example,
            &self.reproduction,
            &self.since,
            &self.lecture,
        ];
        if texts.iter().any(|text| text.trim().is_empty()) {
            return Err(self.incomplete("only `upstream` may be empty; fill in the rest"));
        }
        Ok(())
    }

    fn incomplete(&self, what: &'static str) -> LedgerError {
        LedgerError::Incomplete {
            id: self.id.clone(),
            what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    fn entry(change: impl Fn(String) -> String) -> Result<Ledger, LedgerError> {
        let text = r#"
            [[disagreement]]
            id = "exp"
            operation = "Tensor::exp"
            at = ["x = 0"]
            kinds = ["mismatch"]
            backends = ["flex"]
            dtypes = ["f64"]
            burn = "BURN"
            triage = "wrong-in-burn"
            wrong = "the slope is 2"
            example = "exp'(0) = 2"
            reproduction = "exp_at_zero"
            upstream = ""
            since = "2026-11-22"
            touches_lecture = false
            lecture = "the lecture has no exponential at zero"
        "#;
        Ledger::parse(&change(text.replace("BURN", BURN_VERSION)), &operations())
    }

    #[test]
    fn an_entry_lists_one_site_and_kind() {
        let ledger = entry(|text| text).expect("nothing is wrong with it");
        let site = Site {
            operation: "Tensor::exp",
            backend: "flex",
            dtype: "f64",
            check: "x = 0",
            is_drawn: false,
            is_software: false,
        };
        assert!(
            ledger
                .find(&site, DisagreementKind::Mismatch, &FoundError::default())
                .is_some()
        );
        assert!(
            ledger
                .find(&site, DisagreementKind::NonFinite, &FoundError::default())
                .is_none()
        );
        assert!(
            ledger
                .find(
                    &Site {
                        dtype: "f32",
                        ..site
                    },
                    DisagreementKind::Mismatch,
                    &FoundError::default()
                )
                .is_none()
        );
        assert!(
            ledger
                .find(
                    &Site {
                        backend: "ndarray",
                        ..site
                    },
                    DisagreementKind::Mismatch,
                    &FoundError::default()
                )
                .is_none()
        );
        assert!(
            ledger
                .find(
                    &Site {
                        check: "[3, 5]",
                        is_drawn: true,
                        ..site
                    },
                    DisagreementKind::Mismatch,
                    &FoundError::default()
                )
                .is_none()
        );
    }

    #[test]
    fn entries_and_reproductions_belong_together() {
        let source = [
            include_str!("../tests/upstream/main.rs"),
            include_str!("../tests/upstream/ndarray.rs"),
            include_str!("../tests/upstream/wgpu.rs"),
            include_str!("../tests/upstream/layers.rs"),
            include_str!("../tests/upstream/losses.rs"),
        ]
        .concat();
        let ledger = Ledger::bundled(&operations()).expect("the ledger is in order");
        for entry in &ledger.entries {
            let test = format!("fn {}()", entry.reproduction);
            assert!(source.contains(&test), "{}: there is no {test}", entry.id);
        }
        let mut lines = source.lines();
        while lines.by_ref().any(|line| line.trim() == "#[test]") {
            let line = lines.next().expect("a test has a function");
            let of = |entry: &LedgerEntry| line.contains(&format!("fn {}()", entry.reproduction));
            assert!(ledger.entries.iter().any(of), "not in the ledger: {line}");
        }
    }

    #[test]
    fn what_an_entry_names_must_exist() {
        for (from, to, what) in [
            ("Tensor::exp", "Tensor::expp", "operation"),
            ("x = 0", "x = 7", "check"),
            ("flex", "cuda", "backend"),
            ("f64", "f16", "float type"),
        ] {
            let error = entry(|text| text.replace(from, to)).expect_err(to);
            assert!(
                error
                    .to_string()
                    .contains(&format!("unknown {what} '{to}'")),
                "{error}"
            );
        }
    }

    #[test]
    fn an_entry_is_about_this_burn_and_complete() {
        let error = entry(|text| text.replace(BURN_VERSION, "0.1.0")).expect_err("an old version");
        assert!(error.to_string().contains("is about Burn 0.1.0"), "{error}");
        let error = entry(|text| text.replace("exp'(0) = 2", "")).expect_err("no example");
        assert!(error.to_string().contains("fill in the rest"), "{error}");
        let error = entry(|text| text.clone() + &text).expect_err("twice");
        assert!(error.to_string().contains("same id"), "{error}");
        let error = entry(|text| text.replace("triage", "trriage")).expect_err("a misspelling");
        assert!(matches!(error, LedgerError::Syntax(_)), "{error}");
    }
}
