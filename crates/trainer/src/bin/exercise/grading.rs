//! The command of a lecturer.

use std::path::Path;

use anyhow::{Context, Result};
use exercise_judge::{Finding, Folder, Graded, Limits, Words, grade, submissions};
use programs::{Exit, Format};

use crate::events::Event;
use crate::practice::{device, print};

/// Grades every submission in a folder.
pub(crate) fn run(folder: &Folder, path: &Path, format: Format) -> Result<Exit> {
    let work = std::env::temp_dir().join(format!("exercises-{}", std::process::id()));
    let device = device()?;
    let graded = submissions(path)
        .map_err(anyhow::Error::from)
        .and_then(|submissions| {
            submissions.iter().try_for_each(|submission| {
                let graded = grade(folder, submission, &work, (&device, Limits::default()))?;
                report(&submission.name, &graded, format)
            })
        });
    if work.exists() {
        let removed = std::fs::remove_dir_all(&work);
        removed.with_context(|| format!("cannot remove {}", work.display()))?;
    }
    graded.map(|()| Exit::Success)
}

fn report(submission: &str, graded: &[Graded], format: Format) -> Result<()> {
    let events = graded
        .iter()
        .map(|graded| (graded, event(submission, graded)));
    let events: Vec<(&Graded, Event)> = events.collect();
    for (graded, event) in &events {
        match format {
            Format::Json => print(&serde_json::to_string(event)?)?,
            Format::Text => print(&line(submission, graded, event))?,
        }
    }
    let points: usize = events.iter().map(|(_, event)| event.points).sum();
    let of: usize = events.iter().map(|(_, event)| event.of).sum();
    match format {
        Format::Json => print(
            &serde_json::json!({
                "event": "total", "submission": submission, "points": points, "of": of,
            })
            .to_string(),
        ),
        Format::Text => print(&format!("{submission}: {points} of {of} points")),
    }
}

fn event(submission: &str, graded: &Graded) -> Event {
    let (submission, exercise) = (Some(submission), graded.exercise);
    match &graded.finding {
        Finding::Verdict(verdict) => Event::of(submission, exercise, verdict),
        Finding::NoFile => {
            let reason = Some(format!("expected one file {}", exercise.file));
            Event::without(submission, exercise, ("no-file", reason))
        }
        Finding::Refused(reason) => {
            Event::without(submission, exercise, ("refused", Some(reason.clone())))
        }
    }
}

fn line(submission: &str, graded: &Graded, event: &Event) -> String {
    let Graded { exercise, finding } = graded;
    let what = match finding {
        Finding::Verdict(verdict) => Words::short(verdict),
        Finding::NoFile => format!("expected one file {}", exercise.file),
        Finding::Refused(reason) => reason.clone(),
    };
    let (points, of) = (event.points, event.of);
    format!("{submission}: {:20} {points}/{of}  {what}", exercise.name)
}
