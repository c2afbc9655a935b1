//! Checking an exercise: build it, call it, compare.

use std::path::Path;

use burn::tensor::Device;

use crate::catalog::Exercise;
use crate::child::{Limits, Outcome, call};
use crate::diagnosis::{Diagnosis, diagnose};
use crate::error::ExerciseError;
use crate::files::Folder;

/// The judge's result.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It does not compile.
    DoesNotCompile,
    /// It was called.
    Judged {
        /// What is right and wrong.
        diagnosis: Diagnosis,
        /// What it printed in its first call.
        printed: String,
    },
}

impl Verdict {
    /// Whether everything is right.
    pub fn is_right(&self) -> bool {
        match self {
            Self::DoesNotCompile => false,
            Self::Judged { diagnosis, .. } => diagnosis.is_right(),
        }
    }
}

/// Builds and judges an exercise; the device computes in f64.
///
/// # Errors
///
/// If its file is missing, or cargo or the exercise cannot be started.
pub fn check(
    folder: &Folder,
    exercise: &Exercise,
    device: &Device,
    limits: Limits,
) -> Result<Verdict, ExerciseError> {
    match folder.build(exercise)? {
        None => Ok(Verdict::DoesNotCompile),
        Some(program) => judge(&program, exercise, device, limits),
    }
}

/// Judges the program of an exercise.
pub(crate) fn judge(
    program: &Path,
    exercise: &Exercise,
    device: &Device,
    limits: Limits,
) -> Result<Verdict, ExerciseError> {
    let task = exercise.task(device);
    let (mut outcomes, mut printed) = (Vec::<Outcome>::new(), None);
    for question in &task.questions {
        // What never ends is not asked again.
        if let Some(last) = outcomes.last().filter(|last| last.is_final()) {
            outcomes.push(last.clone());
            continue;
        }
        let (outcome, text) = call(program, &question.arguments, limits)?;
        let count = outcome.results().map(<[_]>::len);
        outcomes.push(match count {
            Some(count) if count != exercise.results.len() => Outcome::NoResults,
            _ => outcome,
        });
        printed.get_or_insert(text);
    }
    Ok(Verdict::Judged {
        diagnosis: diagnose(&task, exercise.results, &outcomes),
        printed: printed.unwrap_or_default(),
    })
}
