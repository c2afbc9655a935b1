//! `config.json`: everything needed to repeat a run.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use training::Settings;

/// Name of the file.
pub(crate) const CONFIG: &str = "config.json";

/// What is needed to repeat the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Config {
    /// When the run started, in UTC.
    pub started: Timestamp,
    /// The settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// Units of every layer, inputs first.
    pub sizes: Vec<usize>,
    /// The hardware that computed.
    pub device: String,
    /// Version of the program.
    pub trainer_version: String,
    /// Version of Burn.
    pub burn_version: String,
    /// The command line, the program first.
    pub command: Vec<String>,
    /// The working directory: relative paths start there.
    #[serde(default)]
    pub working_folder: PathBuf,
}

/// The program that trains, and how it was started.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// Version of the program.
    pub version: String,
    /// The command line, the program first.
    pub command: Vec<String>,
    /// The working directory.
    pub working_folder: PathBuf,
}

impl Config {
    /// The configuration of a run that starts now; `sizes` are the units of every layer, inputs first.
    pub fn now(
        settings: &Settings,
        sizes: &[usize],
        device: &str,
        invocation: &Invocation,
    ) -> Self {
        Self {
            started: Timestamp::now(),
            settings: settings.clone(),
            sizes: sizes.to_vec(),
            device: device.to_owned(),
            trainer_version: invocation.version.clone(),
            burn_version: backends::BURN_VERSION.to_owned(),
            command: invocation.command.clone(),
            working_folder: invocation.working_folder.clone(),
        }
    }
}
