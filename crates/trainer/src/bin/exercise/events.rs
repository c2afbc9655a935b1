//! Verdicts as JSON.

use exercise_judge::{Exercise, PartVerdict, Verdict, Words};
use serde::Serialize;

/// A verdict on an exercise: a point for every result that is right.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    submission: Option<String>,
    name: &'static str,
    pub(crate) points: usize,
    pub(crate) of: usize,
    /// `right`, `wrong`, `does-not-compile`, `failed`, `no-file` or `refused`.
    pub(crate) verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    parts: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    points: usize,
    of: usize,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mistake: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sentences: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    evidence: String,
}

impl Event {
    pub(crate) fn of(submission: Option<&str>, exercise: &Exercise, verdict: &Verdict) -> Self {
        let Verdict::Judged { diagnosis, .. } = verdict else {
            return Self::without(submission, exercise, ("does-not-compile", None));
        };
        let parts: Vec<Part> = diagnosis.parts.iter().map(Part::of).collect();
        let failure = diagnosis.failure.as_ref().map(Words::failure);
        let word = match (diagnosis.is_right(), &failure) {
            (true, _) => "right",
            (false, Some(_)) => "failed",
            (false, None) => "wrong",
        };
        Self {
            points: parts.iter().map(|part| part.points).sum(),
            reason: failure,
            parts,
            ..Self::without(submission, exercise, (word, None))
        }
    }

    /// The verdict on what was not run.
    pub(crate) fn without(
        submission: Option<&str>,
        exercise: &Exercise,
        (verdict, reason): (&'static str, Option<String>),
    ) -> Self {
        Self {
            event: "exercise",
            submission: submission.map(str::to_owned),
            name: exercise.name,
            points: 0,
            of: exercise.results.len(),
            verdict,
            reason,
            parts: vec![],
        }
    }
}

impl Part {
    fn of(part: &exercise_judge::Part) -> Self {
        let (verdict, mistake, sentences, evidence) = match &part.verdict {
            PartVerdict::Right => ("right", None, vec![], String::new()),
            PartVerdict::Unknown | PartVerdict::RightSoFar => {
                ("unknown", None, vec![], String::new())
            }
            PartVerdict::Wrong {
                known,
                sentences,
                evidence,
            } => ("wrong", known.clone(), sentences.clone(), evidence.clone()),
        };
        Self {
            name: part.name,
            points: usize::from(part.verdict == PartVerdict::Right),
            of: 1,
            verdict,
            mistake,
            sentences,
            evidence,
        }
    }
}
