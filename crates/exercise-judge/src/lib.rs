#![doc = include_str!("../README.md")]

mod catalog;
mod child;
mod diagnosis;
mod error;
mod export;
mod figures;
mod files;
mod grade;
mod patterns;
mod question;
mod quiet;
mod rules;
mod solutions;
mod source;
mod support;
mod text;
mod verdict;

pub use catalog::{Exercise, exercise, exercises};
pub use child::{Limits, Outcome};
pub use diagnosis::{Diagnosis, Part, PartVerdict, diagnose};
pub use error::ExerciseError;
pub use export::export;
pub use files::{Folder, Progress};
pub use grade::{Finding, Graded, Submission, grade, submissions};
pub use question::{Known, Question, Task, Testimony};
pub use text::Words;
pub use verdict::{Verdict, check};
