//! Checking again after every change.

use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use exercise_judge::{Exercise, exercises};
use programs::Exit;

use crate::practice::{Practice, print};

/// How often the files are looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Checks the next exercise, then whichever file changes, until all are solved.
pub(crate) fn run(practice: &Practice<'_>) -> Result<Exit> {
    let mut seen = times(practice);
    while let Some(next) = practice.next()? {
        if practice.check_one(next)? {
            continue;
        }
        print("waiting for a change; Ctrl-C ends")?;
        loop {
            let changed = wait(practice, &mut seen);
            // Another exercise may be worked on, too; the next one is checked when that one is solved.
            if changed.name == next.name || practice.check_one(changed)? {
                break;
            }
        }
    }
    print("all exercises are solved")?;
    Ok(Exit::Success)
}

type Times = Vec<Option<SystemTime>>;

fn times(practice: &Practice<'_>) -> Times {
    let time = |exercise| {
        let data = practice.folder.file(exercise).metadata();
        data.and_then(|data| data.modified()).ok()
    };
    exercises().iter().map(time).collect()
}

/// Waits until a file is written.
fn wait(practice: &Practice<'_>, seen: &mut Times) -> &'static Exercise {
    loop {
        thread::sleep(PAUSE);
        let now = times(practice);
        let mut pairs = now.iter().zip(seen.iter());
        // An editor may remove a file before it writes it again.
        let changed = pairs.position(|(now, seen)| now != seen && now.is_some());
        *seen = now;
        if let Some(at) = changed {
            return &exercises()[at];
        }
    }
}
