//! Verdicts in words.

use crate::catalog::Exercise;
use crate::child::Outcome;
use crate::diagnosis::{Diagnosis, PartVerdict};
use crate::verdict::Verdict;

/// A verdict as text: what is wrong first, what helps last.
pub struct Words;

impl Words {
    /// The verdict on an exercise. Empty if it does not compile, about which cargo has spoken.
    pub fn of(exercise: &Exercise, verdict: &Verdict) -> String {
        let Verdict::Judged { diagnosis, printed } = verdict else {
            return String::new();
        };
        let mut lines = vec![];
        if !printed.is_empty() {
            lines.push("your function printed:".to_owned());
            lines.extend(printed.lines().take(LINES).map(|line| format!("  {line}")));
            let more = printed.lines().count().saturating_sub(LINES);
            if more > 0 {
                lines.push(format!("  and {more} more lines"));
            }
        }
        let name = exercise.name;
        if diagnosis.is_right() {
            lines.push(format!("{name}: right"));
            return lines.join("\n");
        }
        if let Some(Outcome::Blank { what, place }) = &diagnosis.failure {
            lines.push(format!("{name}: still a blank at {place}"));
            lines.push(format!("  write {what}"));
            return lines.join("\n");
        }
        lines.push(format!("{name}: not right yet"));
        lines.extend(
            diagnosis
                .failure
                .iter()
                .map(|failure| format!("  {}", Self::failure(failure))),
        );
        lines.extend(Self::parts(diagnosis));
        lines.push(format!("  hint: {}", Self::hint(exercise, diagnosis)));
        lines.join("\n")
    }

    /// The verdict in a line.
    pub fn short(verdict: &Verdict) -> String {
        let Verdict::Judged { diagnosis, .. } = verdict else {
            return "it does not compile".to_owned();
        };
        if diagnosis.is_right() {
            return "right".to_owned();
        }
        let wrong = diagnosis
            .parts
            .iter()
            .filter_map(|part| match &part.verdict {
                PartVerdict::Wrong { sentences, .. } if sentences.is_empty() => {
                    Some(format!("{}: wrong", part.name))
                }
                PartVerdict::Wrong { sentences, .. } => Some(named(part.name, sentences)),
                _ => None,
            });
        let failure = diagnosis.failure.iter().map(Self::failure);
        failure.chain(wrong).collect::<Vec<_>>().join("; ")
    }

    /// Why a function gave no results.
    pub fn failure(failure: &Outcome) -> String {
        match failure {
            Outcome::Results(_) => String::new(),
            Outcome::Blank { what, place } => format!("still a blank at {place}: {what}"),
            Outcome::Panicked { message, place } => format!("it panicked at {place}: {message}"),
            Outcome::OtherArguments => {
                "its function takes other arguments: leave its first line and `main` as they were".to_owned()
            }
            Outcome::TooLong(limit) => {
                format!("it did not end within {} s and was stopped: is there a loop without an end?", limit.as_secs())
            }
            Outcome::TooMuchMemory(limit) => {
                format!("it needs more than {limit} MiB of memory and was stopped")
            }
            Outcome::TooDeep => "it calls itself without an end".to_owned(),
            Outcome::WroteFile => "it writes to a file, which no exercise needs, and was stopped".to_owned(),
            Outcome::PrintedWithoutEnd => "it prints without an end and was stopped".to_owned(),
            Outcome::NoResults => {
                "it gives no results, or not as many as the exercise asks for: leave `main` as it was".to_owned()
            }
        }
    }

    fn parts(diagnosis: &Diagnosis) -> Vec<String> {
        let mut lines = vec![];
        for part in &diagnosis.parts {
            let name = part.name;
            match &part.verdict {
                PartVerdict::Right => lines.push(format!("  {name}: right")),
                PartVerdict::RightSoFar => {
                    lines.push(format!("  {name}: right where the function did not fail"));
                }
                PartVerdict::Unknown => {}
                PartVerdict::Wrong {
                    sentences,
                    evidence,
                    ..
                } => {
                    let what = if sentences.is_empty() {
                        format!("{name}: wrong, and by no mistake that the judge knows")
                    } else {
                        named(name, sentences)
                    };
                    lines.push(format!("  {what}"));
                    lines.push(format!("    {evidence}"));
                }
            }
        }
        lines
    }

    /// What helps with this mistake.
    fn hint(exercise: &Exercise, diagnosis: &Diagnosis) -> String {
        let name = exercise.name;
        let sentences = diagnosis
            .parts
            .iter()
            .filter_map(|part| match &part.verdict {
                PartVerdict::Wrong { sentences, .. } => Some(sentences.join(" ")),
                _ => None,
            });
        let text = sentences.collect::<Vec<_>>().join(" ");
        let about = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let has_loss = exercise.has_loss();
        let is_gradient = exercise
            .results
            .iter()
            .any(|name| name.starts_with("grad_"));
        let panicked = matches!(&diagnosis.failure, Some(Outcome::Panicked { message, .. }) if message.contains("times") || message.contains("do not fit"));
        let fitting = if panicked || about(&["transpose", "shape", "exchanged"]) {
            "write the shape below every factor; a gradient has the shape of what it belongs to"
        } else if has_loss
            && about(&[
                "divided by n",
                "divided by the number",
                "1/n",
                "sum stands for a mean",
            ])
        {
            "look where n is in the loss, and count where it is in your formula"
        } else if has_loss && about(&["sign"]) {
            "go through the signs, from the loss backward"
        } else if is_gradient && about(&["'", "factor", "forgotten", "missing", "mask"]) {
            "go backward one operation at a time: each multiplies by its own derivative"
        } else {
            exercise.hints()[0]
        };
        let fitting = fitting.trim_end_matches('.');
        let end = if fitting.ends_with('?') { "" } else { "." };
        format!("{fitting}{end} More: `cargo xtask exercise hint {name}`")
    }
}

/// What is wrong with a result, after its name; a sentence that begins with the name needs it only once.
fn named(name: &str, sentences: &[String]) -> String {
    let text = sentences.join("; ");
    match text.strip_prefix(name).filter(|rest| rest.starts_with(' ')) {
        Some(_) => text,
        None => format!("{name}: {text}"),
    }
}

/// Lines of an exercise's own output that are shown.
const LINES: usize = 20;
