//! The folder that keeps a run: its configuration, its metrics and its weights.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::files::Staged;
use crate::output::Event;
use crate::settings::Settings;

/// A folder of its own under the out-dir.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    metrics: File,
}

/// `config.json`: everything needed to repeat the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Config {
    /// When the run began, in UTC.
    pub(crate) started: Timestamp,
    #[serde(flatten)]
    pub(crate) settings: Settings,
    /// Units of every layer, inputs first.
    pub(crate) sizes: Vec<usize>,
    /// What computed.
    pub(crate) device: String,
    pub(crate) trainer_version: String,
    pub(crate) burn_version: String,
    /// The command line, the program first.
    pub(crate) command: Vec<String>,
}

impl RunFolder {
    /// Makes the folder `name` under `out_dir` (or `name-2`, `name-3`, ... if it exists).
    ///
    /// # Errors
    ///
    /// If `out_dir` cannot be made or written.
    pub(crate) fn create(out_dir: &Path, name: &str) -> Result<Self> {
        let unwritable = || {
            format!(
                "cannot write to out-dir {}; name a folder that you may write to with --out-dir",
                out_dir.display()
            )
        };
        fs::create_dir_all(out_dir).with_context(unwritable)?;
        let names = std::iter::once(name.to_owned()).chain((2..).map(|i| format!("{name}-{i}")));
        for candidate in names {
            let path = out_dir.join(candidate);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made.with_context(unwritable)?,
            }
            let metrics = OpenOptions::new()
                .create_new(true)
                .append(true)
                .open(path.join("metrics.jsonl"))
                .with_context(unwritable)?;
            return Ok(Self { path, metrics });
        }
        unreachable!("the candidate names never end")
    }

    /// `<UTC time>-<model>-<backend>-<engine>`.
    pub(crate) fn default_name(model: &str, backend: &str, engine: &str) -> String {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        format!("{time}-{model}-{backend}-{engine}")
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `config.json`; `sizes` are the units of every layer, inputs first.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn write_config(
        &self,
        settings: &Settings,
        sizes: &[usize],
        device: &str,
    ) -> Result<()> {
        let config = Config {
            started: Timestamp::now(),
            settings: settings.clone(),
            sizes: sizes.to_vec(),
            device: device.to_owned(),
            trainer_version: env!("CARGO_PKG_VERSION").to_owned(),
            burn_version: backends::BURN_VERSION.to_owned(),
            command: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
        };
        let json = serde_json::to_string_pretty(&config)?;
        self.replace("config.json", format!("{json}\n").as_bytes())
    }

    /// Adds a line to `metrics.jsonl`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub(crate) fn record(&mut self, event: &Event) -> Result<()> {
        writeln!(self.metrics, "{}", event.to_json())
            .with_context(|| format!("cannot write {}", self.path.join("metrics.jsonl").display()))
    }

    /// Writes the weights as `model.bpk` (Burn's record) and `model.safetensors` (weights as
    /// `[d_in, d_out]`, as Burn has them). Each file is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub(crate) fn save_weights<M: Module>(&self, net: &M) -> Result<()> {
        let record = net.valid().into_record();
        let bytes = record
            .into_bytes()
            .map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
        self.replace("model.bpk", &bytes)?;

        let mut store =
            SafetensorsStore::from_bytes(None).metadata("layout", "weights are [d_in, d_out]");
        net.valid()
            .save_into(&mut store)
            .map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
        let bytes = store
            .get_bytes()
            .map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
        self.replace("model.safetensors", &bytes)
    }

    /// Writes a file as a whole or not at all.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        Staged::write(&path, bytes)
            .and_then(Staged::publish)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}
