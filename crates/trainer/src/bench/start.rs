//! From nothing to the first step, and the memory that takes: a run of this program of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use backends::Backend;
use serde::Serialize;
use serde_json::Value;

use crate::cli::{Engine, value_name};

/// What a run of one epoch took.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Start {
    pub(crate) name: String,
    /// Seconds from the start of the program until data and net are ready.
    pub(crate) setup_seconds: f64,
    /// Largest resident memory in bytes; where the system does not tell, nothing.
    pub(crate) peak_memory: Option<u64>,
}

/// How often the memory is looked at; it only grows, so the last look is the peak but for the end.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs one epoch of the default net in a process of its own.
///
/// # Errors
///
/// If the run fails.
pub(crate) fn measure(backend: Backend, engine: Engine) -> Result<Start> {
    let folder = std::env::temp_dir().join(format!("trainer-bench-{}", std::process::id()));
    let engine = value_name(engine);
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--backend", backend.name(), "--engine", &engine])
        .args(["--epochs", "1", "--format", "json", "--out-dir"])
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start a run of its own")?;
    let output = BufReader::new(child.stdout.take().context("its output is piped")?);
    let reader = std::thread::spawn(move || -> Result<Option<f64>> {
        let mut seconds = None;
        for line in output.lines() {
            let event = serde_json::from_str::<Value>(&line?)?;
            seconds = seconds.or(event["setup_seconds"].as_f64());
        }
        Ok(seconds)
    });
    let mut peak_memory = None;
    let status = loop {
        peak_memory = resident_peak(child.id()).or(peak_memory);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK_EVERY),
        }
    };
    let setup = reader.join().expect("the reader does not panic")?;
    // What is left behind lies in the system's temporary folder.
    let _ = fs::remove_dir_all(&folder);
    if !status.success() {
        bail!("a run on {backend} failed; try it with `trainer --backend {backend} --epochs 1`");
    }
    Ok(Start {
        name: format!("{backend} {engine}"),
        setup_seconds: setup.context("a run tells when it is ready")?,
        peak_memory,
    })
}

/// Largest resident memory of a process so far, as Linux tells it.
fn resident_peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(1024 * kilobytes)
}
