#![doc = include_str!("../README.md")]

mod case;
mod check;
mod finite;
mod flat;
mod judge;
mod laws;
mod measure;
mod module;
mod number;
mod referee;
mod report;
mod sample;
mod target;
mod tolerance;
mod trial;
mod values;
mod verdict;
mod witness;

pub use case::Case;
pub use laws::LawReport;
pub use measure::{FLOOR, Pairs, relative_error};
pub use report::{ElementReport, FiniteReport, InputReport, Report};
pub use sample::Sample;
pub use target::{Mode, Options, Target};
pub use tolerance::Tolerance;
pub use trial::{Alternative, Mutant};
pub use values::{Gradients, Masks, Outputs, Upstream, Values};
pub use verdict::{Law, Verdict, Witness};
