//! The commands of a student.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use backends::Backend;
use burn::tensor::Device;
use exercise_judge::{
    Exercise, ExerciseError, Folder, Limits, Verdict, Words, check, exercise, exercises,
};
use programs::{Exit, Format, Results};

use crate::events::Event;

/// The student's folder, and how results are printed.
pub(crate) struct Practice<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) format: Format,
}

impl Practice<'_> {
    /// Checks the exercise of this name, or the next one.
    pub(crate) fn check(&self, name: Option<&str>) -> Result<Exit> {
        let Some(wanted) = self.named_or_next(name)? else {
            print("all exercises are solved; `cargo xtask exercise NAME` checks one again")?;
            return Ok(Exit::Success);
        };
        let is_right = self.check_one(wanted)?;
        Ok(if is_right {
            Exit::Success
        } else {
            Exit::Negative
        })
    }

    /// Checks an exercise, says what is wrong and keeps the progress.
    pub(crate) fn check_one(&self, exercise: &Exercise) -> Result<bool> {
        let verdict = check(self.folder, exercise, &device()?, Limits::default())?;
        let is_right = verdict.is_right();
        let mut progress = self.folder.progress()?;
        if is_right != progress.has(exercise.name) {
            if is_right {
                progress.add(exercise.name);
            } else {
                progress.forget(exercise.name);
            }
            self.folder.keep(&progress)?;
        }
        match self.format {
            Format::Json => print(&serde_json::to_string(&Event::of(
                None, exercise, &verdict,
            ))?)?,
            Format::Text if verdict == Verdict::DoesNotCompile => {}
            Format::Text => {
                let mut text = format!("{}\n", self.folder.file(exercise).display());
                text += &Words::of(exercise, &verdict);
                if is_right {
                    let (count, all) = (progress.count(), exercises().len());
                    write!(text, "\n{count} of {all} are solved")?;
                    if let Some(next) = self.next()? {
                        let file = self.folder.file(next);
                        write!(text, "; next: {}, {}", next.title(), file.display())?;
                    }
                }
                print(&text)?;
            }
        }
        Ok(is_right)
    }

    fn named_or_next(&self, name: Option<&str>) -> Result<Option<&'static Exercise>> {
        match name {
            Some(name) => Ok(Some(exercise(name)?)),
            None => self.next(),
        }
    }

    /// The first exercise that is not solved.
    pub(crate) fn next(&self) -> Result<Option<&'static Exercise>> {
        let progress = self.folder.progress()?;
        let mut all = exercises().iter();
        Ok(all.find(|exercise| !progress.has(exercise.name)))
    }

    pub(crate) fn list(&self) -> Result<Exit> {
        let progress = self.folder.progress()?;
        for exercise in exercises() {
            let (name, is_solved) = (exercise.name, progress.has(exercise.name));
            let line = match self.format {
                Format::Text => {
                    let mark = if is_solved { "x" } else { " " };
                    format!("[{mark}] {name:20} {}", exercise.title())
                }
                Format::Json => serde_json::json!({
                    "event": "listed", "name": name, "title": exercise.title(),
                    "of": exercise.results.len(), "solved": is_solved,
                })
                .to_string(),
            };
            print(&line)?;
        }
        if self.format == Format::Text {
            let (count, all) = (progress.count(), exercises().len());
            print(&format!("{count} of {all} are solved"))?;
        }
        Ok(Exit::Success)
    }

    /// A hint on the exercise of this name, or on the next one; a number in the place of the name is the level.
    pub(crate) fn hint(&self, name: Option<&str>, level: usize) -> Result<Exit> {
        let number = name.and_then(|name| name.parse().ok());
        let (name, level) = number.map_or((name, level), |number| (None, number));
        let Some(exercise) = self.named_or_next(name)? else {
            print(
                "all exercises are solved; `cargo xtask exercise hint NAME` gives a hint on one of them",
            )?;
            return Ok(Exit::Success);
        };
        let hints = exercise.hints();
        let hint = level.checked_sub(1).and_then(|at| hints.get(at));
        let hint = hint.ok_or(ExerciseError::NoHint {
            name: exercise.name,
            level,
            count: hints.len(),
        })?;
        print(hint)?;
        Ok(Exit::Success)
    }

    pub(crate) fn reset(&self, name: &str) -> Result<Exit> {
        let exercise = exercise(name)?;
        let backup = self.folder.reset(exercise)?;
        let file = self.folder.file(exercise);
        let kept = backup.map(|path| format!("; what was there is in {}", path.display()));
        print(&format!(
            "{} is blank again{}",
            file.display(),
            kept.unwrap_or_default()
        ))?;
        Ok(Exit::Success)
    }

    pub(crate) fn solution(&self, name: &str, give_up: bool) -> Result<Exit> {
        let exercise = exercise(name)?;
        if !give_up && !self.folder.progress()?.has(exercise.name) {
            return Err(ExerciseError::NotSolved {
                name: exercise.name,
            }
            .into());
        }
        print(exercise.solution().trim_end())?;
        Ok(Exit::Success)
    }
}

/// A processor that computes in f64.
pub(crate) fn device() -> Result<Device> {
    let processors = [Backend::Flex, Backend::Ndarray];
    let found = processors
        .into_iter()
        .find(|backend| backend.is_compiled_in());
    let backend = found.context("the judge computes in f64: build it with the feature flex")?;
    Ok(backend.open()?.device)
}

pub(crate) fn print(text: &str) -> Result<()> {
    Results::default().print(text)
}
