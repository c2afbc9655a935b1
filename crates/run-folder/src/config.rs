//! `config.json`: everything needed to repeat a run.

use std::path::PathBuf;

use datasets::Treatment;
use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use training::Settings;

use crate::entry::one;

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
    /// The words before it that started several processes of the program, if there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub launcher: Vec<String>,
    /// The number of processes that shared the run from its start.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub ranks: usize,
    /// The working directory: relative paths start there.
    #[serde(default)]
    pub working_folder: PathBuf,
    /// The digest of the training images and labels ([`data_digest`](crate::data_digest)); none for the truth
    /// table, imported weights, and runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_digest: Option<String>,
    /// What the logits are divided by, so that probabilities mean what they say, once a run is complete;
    /// see [`training::fitted_temperature`].
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "temperature"
    )]
    pub temperature: Option<f64>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_one(ranks: &usize) -> bool {
    *ranks == 1
}

/// A temperature from a file that anyone may have edited.
fn temperature<'de, D: Deserializer<'de>>(source: D) -> Result<Option<f64>, D::Error> {
    let number = Option::<f64>::deserialize(source)?;
    match number {
        Some(number) if !(number.is_finite() && number > 0.0) => Err(D::Error::custom(format!(
            "the temperature is {number}, expected a number greater than 0"
        ))),
        number => Ok(number),
    }
}

/// The program that trains, and how it was started.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Invocation {
    /// Version of the program.
    pub version: String,
    /// The command line, the program first.
    pub command: Vec<String>,
    /// The words before it that started several processes of the program, if there are several.
    pub launcher: Vec<String>,
    /// The working directory.
    pub working_folder: PathBuf,
}

impl Config {
    /// What was done to the images that the net was trained on, if it is known, and whether the run itself
    /// says so: no other treatment will do then.
    pub(crate) fn treatment(&self) -> (Option<Treatment>, bool) {
        let settings = &self.settings;
        let said = settings.treatment();
        // Nobody knows what imported weights were trained on, unless their file says it.
        if said.is_some() || self.is_imported() {
            return (said, said.is_some());
        }
        // Earlier versions knew only strokes, and said nothing of them. MNIST's digits are strokes.
        let is_old = self.data_digest.is_none();
        let made_of_folders = is_old && !settings.class_names.is_empty();
        let is_mnist = self.data_dir() == Some(datasets::bundled_mnist_dir());
        let strokes = (made_of_folders || is_mnist).then_some(Treatment::Strokes);
        (strokes, made_of_folders)
    }

    /// The folder of the data, also for who is in another working directory.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        let folder = self.settings.data_dir.as_ref();
        folder.map(|folder| self.working_folder.join(folder))
    }

    /// Whether the weights came from a file, and no run trained them.
    pub(crate) fn is_imported(&self) -> bool {
        self.settings.epochs == 0
    }

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
            launcher: invocation.launcher.clone(),
            ranks: 1,
            working_folder: invocation.working_folder.clone(),
            data_digest: None,
            temperature: None,
        }
    }
}
