#![doc = include_str!("../README.md")]

mod case;
mod check;
mod condition;
mod differences;
mod finite;
mod flat;
mod input;
mod judge;
mod laws;
mod layout;
mod measure;
mod module;
mod mutant;
mod number;
mod report;
mod results;
mod sample;
mod target;
mod tolerance;
mod values;
mod verdict;
mod witness;

pub use case::Case;
pub use laws::LawReport;
pub use layout::Layout;
pub use measure::{FLOOR, Pairs, relative_error};
pub use mutant::{Alternative, Mutant};
pub use report::{ElementReport, FiniteReport, InputReport, Report};
pub use results::{Gradients, Masks, Outputs, Upstream};
pub use sample::Sample;
pub use target::{Mode, Options, Target};
pub use tolerance::Tolerance;
pub use values::Values;
pub use verdict::{Law, Verdict, Witness};
