//! A run folder that is there already: what was asked for, what happened, the net that came of it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use backends::Backend;
use burn::module::Module;
use burn::nn::Linear;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use linear_regression::{LinearRegression, LinearRegressionConfig};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use xor_net::{XorNet, XorNetConfig};

use crate::cli::ModelName;
use crate::output::Event;
use crate::run_folder::Config;
use crate::settings::Settings;

/// A run as its folder keeps it.
#[derive(Debug)]
pub(crate) struct SavedRun {
    path: PathBuf,
    config: Config,
}

/// Any net that can be trained here.
#[derive(Debug, Clone)]
pub(crate) enum AnyNet {
    MnistMlp(MnistMlp),
    XorNet(XorNet),
    LinearRegression(LinearRegression),
}

impl AnyNet {
    /// Which net it is.
    pub(crate) fn model(&self) -> ModelName {
        match self {
            Self::MnistMlp(_) => ModelName::MnistMlp,
            Self::XorNet(_) => ModelName::XorNet,
            Self::LinearRegression(_) => ModelName::LinearRegression,
        }
    }

    /// The dense layers, from input to output.
    pub(crate) fn layers(&self) -> Vec<&Linear> {
        match self {
            Self::MnistMlp(net) => net.layers.iter().collect(),
            Self::XorNet(net) => vec![&net.hidden, &net.output],
            Self::LinearRegression(net) => vec![&net.linear],
        }
    }

    /// Units of every layer, inputs first.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let layers = self.layers();
        let shape = |layer: &&Linear| layer.weight.val().dims();
        let inputs = layers.first().map(|layer| shape(layer)[0]);
        let outputs = layers.iter().map(|layer| shape(layer)[1]);
        inputs.into_iter().chain(outputs).collect()
    }
}

/// Where a net computes: on the backend that is asked for, else on its run's, else on ndarray.
///
/// # Errors
///
/// If the run names no backend that this program knows.
pub(crate) fn backend_of(asked: Option<Backend>, run: Option<&Settings>) -> Result<Backend> {
    Ok(match (asked, run) {
        (Some(backend), _) => backend,
        (None, Some(run)) => run.backend.parse()?,
        (None, None) => Backend::Ndarray,
    })
}

impl SavedRun {
    /// Reads a run folder's configuration.
    ///
    /// # Errors
    ///
    /// If there is no such folder, or it is no run folder.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = path.join("config.json");
        let text = fs::read_to_string(&file).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => anyhow!(
                "{} is no run folder: it has no config.json; name a folder that trainer wrote, one \
                 of those under runs",
                path.display()
            ),
            _ => anyhow!("cannot read {}: {error}", file.display()),
        })?;
        let config = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is damaged or of another version of trainer; train again",
                file.display()
            )
        })?;
        Ok(Self {
            path: path.to_owned(),
            config,
        })
    }

    /// Where the folder is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was asked for.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The folder of its data, also where the run was begun from another place.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        let folder = self.config.settings.data_dir.as_ref();
        folder.map(|folder| self.config.working_folder.join(folder))
    }

    /// What `metrics.jsonl` has, in order. A last line that was cut off while it was written is
    /// left out.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or another line is no event.
    pub(crate) fn events(&self) -> Result<Vec<Event>> {
        let path = self.path.join("metrics.jsonl");
        let unreadable = || {
            format!(
                "cannot read {}, without which nothing is known of the run; leave this run out",
                path.display()
            )
        };
        let mut lines = BufReader::new(File::open(&path).with_context(unreadable)?).lines();
        let mut events = Vec::new();
        let mut number = 0;
        while let Some(line) = lines.next() {
            number += 1;
            match serde_json::from_str(&line.with_context(unreadable)?) {
                Ok(event) => events.push(event),
                Err(_) if lines.next().is_none() => break,
                Err(error) => bail!(
                    "line {number} of {} is no event of a run: {error}; delete that line",
                    path.display()
                ),
            }
        }
        Ok(events)
    }

    /// The net with the weights of `model.bpk`, on a device without autodiff.
    ///
    /// # Errors
    ///
    /// If the file is missing or damaged, or has other sizes than the configuration.
    pub(crate) fn net(&self, device: &Device) -> Result<AnyNet> {
        let Config {
            settings, sizes, ..
        } = &self.config;
        let [inputs, hidden @ .., outputs] = &sizes[..] else {
            bail!(
                "config.json in {} names no sizes; train again",
                self.path.display()
            );
        };
        let activation = || settings.activation.context("the model has an activation");
        Ok(match settings.model {
            ModelName::MnistMlp => AnyNet::MnistMlp(
                self.load(
                    MnistMlpConfig::new(*inputs, hidden.to_vec(), *outputs)
                        .with_activation(activation()?)
                        .init(settings.seed, device)?,
                )?,
            ),
            ModelName::XorNet => AnyNet::XorNet(
                self.load(
                    XorNetConfig::new()
                        .with_hidden(*hidden.first().context("xor-net has a hidden layer")?)
                        .with_activation(activation()?)
                        .init(settings.seed, device)?,
                )?,
            ),
            ModelName::LinearRegression => AnyNet::LinearRegression(
                self.load(
                    LinearRegressionConfig::new(*inputs, *outputs)
                        .with_ridge(settings.ridge.unwrap_or(0.0))
                        .init(settings.seed, device)?,
                )?,
            ),
        })
    }

    fn load<M: Module>(&self, net: M) -> Result<M> {
        let path = self.path.join("model.bpk");
        let damaged = |error: &dyn std::fmt::Display| {
            anyhow!(
                "cannot take the weights of {}: {error}; train again",
                path.display()
            )
        };
        let record = ModuleRecord::load(&path).map_err(|error| damaged(&error))?;
        net.try_load_record(record).map_err(|error| damaged(&error))
    }
}
