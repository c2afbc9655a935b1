//! Whole runs of this program, each in a process of its own: the time to the first step, the memory,
//! and the result of a preset.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use backends::Backend;
use serde::Serialize;
use serde_json::Value;
use training::Engine;

use crate::arguments::DeviceOption;

/// The cost of a run of one epoch.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Start {
    pub(crate) name: String,
    /// Seconds from the start of the program until data and net are ready.
    pub(crate) setup_seconds: f64,
    /// Largest resident memory in bytes; `None` if the system does not say.
    pub(crate) peak_memory: Option<u64>,
}

/// The preset's run for one seed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Preset {
    pub(crate) name: String,
    pub(crate) seed: u64,
    /// Seconds of training, without evaluation.
    pub(crate) train_seconds: f64,
    pub(crate) test_accuracy: f64,
}

/// How often the memory is read. It only grows, so the last reading is close to the peak.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs one epoch of the default net.
///
/// # Errors
///
/// If the run fails.
pub(crate) fn measure(
    backend: Backend,
    DeviceOption { device }: DeviceOption,
    engine: Engine,
) -> Result<Start> {
    let device = device.filter(|_| backend == Backend::Wgpu);
    let device = device.map(|device| format!("--device={device}"));
    let mut options = vec![
        "--backend",
        backend.name(),
        "--engine",
        engine.name(),
        "--epochs",
        "1",
    ];
    options.extend(device.as_deref());
    let run = run(&options)?;
    Ok(Start {
        name: format!("{backend} {engine}"),
        setup_seconds: run.number("setup_seconds")?,
        peak_memory: run.peak_memory,
    })
}

/// Runs a preset.
///
/// # Errors
///
/// If the run fails.
pub(crate) fn preset(name: &str, seed: u64) -> Result<Preset> {
    let run = run(&["--preset", name, "--seed", &seed.to_string()])?;
    Ok(Preset {
        name: name.to_owned(),
        seed,
        train_seconds: run.number("train_seconds")?,
        test_accuracy: run.number("test_accuracy")?,
    })
}

/// A run of this program in a process of its own.
pub(super) struct Run {
    events: Vec<Value>,
    /// What it has printed beside.
    pub(super) notes: String,
    peak_memory: Option<u64>,
}

impl Run {
    /// The number of this name in the first event that has it.
    pub(super) fn number(&self, name: &str) -> Result<f64> {
        let number = self.events.iter().find_map(|event| event[name].as_f64());
        number.with_context(|| format!("the run reports no {name}"))
    }
}

fn run(options: &[&str]) -> Result<Run> {
    run_by(Command::new(std::env::current_exe()?), options)
}

/// Runs this program by a command that names it last.
pub(super) fn run_by(mut command: Command, options: &[&str]) -> Result<Run> {
    let folder = std::env::temp_dir().join(format!("trainer-bench-{}", std::process::id()));
    command.args(options);
    let shown = format!("{command:?}").replace('"', "");
    let mut child = command
        .args(["--format", "json", "--out-dir"])
        .arg(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let output = BufReader::new(child.stdout.take().context("its output is piped")?);
    let events = thread::spawn(move || -> Result<Vec<Value>> {
        let event = |line: std::io::Result<String>| Ok(serde_json::from_str(&line?)?);
        output.lines().map(event).collect()
    });
    let errors = child.stderr.take().context("its output is piped")?;
    let notes = thread::spawn(move || std::io::read_to_string(errors));
    let mut peak_memory = None;
    let status = loop {
        peak_memory = resident_peak(child.id()).or(peak_memory);
        match child.try_wait()? {
            Some(status) => break status,
            None => thread::sleep(LOOK_EVERY),
        }
    };
    let events = events.join().expect("the reader does not panic");
    let notes = notes.join().expect("the reader does not panic")?;
    // Leftovers are in the system's temporary folder.
    let _ = fs::remove_dir_all(&folder);
    if !status.success() {
        let why = complaint(&notes).map(|why| format!(": {why}"));
        bail!(
            "the run `{shown}` failed ({status}){}",
            why.unwrap_or_default()
        );
    }
    Ok(Run {
        events: events?,
        notes,
        peak_memory,
    })
}

/// What a run, or what starts it, complains about: the line of an error, or the first paragraph without a note.
fn complaint(notes: &str) -> Option<String> {
    const NOTES: [&str; 3] = ["note: ", "warning: ", "warm-up: "];
    let error = notes.lines().find_map(|line| line.strip_prefix("error: "));
    let is_text = |line: &&str| !line.trim_matches('-').is_empty();
    let is_note = |line: &&str| NOTES.iter().any(|note| line.starts_with(note));
    let lines = notes.lines().map(str::trim);
    let paragraph = lines.skip_while(|line| is_note(line) || !is_text(line));
    let paragraph = paragraph.take_while(is_text).collect::<Vec<_>>();
    let complaint = error.map_or_else(|| paragraph.join(" "), str::to_owned);
    let complaint = complaint.trim_end_matches(':');
    (!complaint.is_empty()).then(|| complaint.to_owned())
}

/// Largest resident memory of a process so far, on Linux.
fn resident_peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(1024 * kilobytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_found_among_rules_and_notes() {
        let said = complaint("note: one\nerror: too few rows\n---\nmore\n");
        assert_eq!(said.as_deref(), Some("too few rows"));
        let by_mpirun =
            "note: one\n------\nThere are not enough slots\nfor this:\n\n  trainer\n------\n";
        let said = complaint(by_mpirun);
        assert_eq!(said.as_deref(), Some("There are not enough slots for this"));
        assert_eq!(complaint("\n---\n"), None);
    }
}
