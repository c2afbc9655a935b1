//! An existing run folder: its settings, its history and its net.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use backends::{Backend, BackendError};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use training::{AnyNet, Settings};

use crate::config::{CONFIG, Config};
use crate::entry::{Entry, METRICS};
use crate::error::RunFolderError;
use crate::files::WEIGHTS;

/// A run in its folder.
#[derive(Debug, Clone)]
pub struct SavedRun {
    path: PathBuf,
    config: Config,
}

/// The backend of a net: the requested one, otherwise its run's, otherwise ndarray.
///
/// # Errors
///
/// If the run names an unknown backend.
pub fn backend_of(asked: Option<Backend>, run: Option<&Settings>) -> Result<Backend, BackendError> {
    match (asked, run) {
        (Some(backend), _) => Ok(backend),
        (None, Some(run)) => run.backend.parse(),
        (None, None) => Ok(Backend::Ndarray),
    }
}

impl SavedRun {
    /// Reads a run folder's configuration.
    ///
    /// # Errors
    ///
    /// [`RunFolderError::NotARunFolder`] or [`RunFolderError::Configuration`].
    pub fn open(path: &Path) -> Result<Self, RunFolderError> {
        let file = path.join(CONFIG);
        let text = fs::read_to_string(&file).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => RunFolderError::NotARunFolder {
                path: path.to_owned(),
            },
            _ => RunFolderError::unreadable(&file)(error),
        })?;
        let config = serde_json::from_str(&text)
            .map_err(|cause| RunFolderError::Configuration { path: file, cause })?;
        Ok(Self {
            path: path.to_owned(),
            config,
        })
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The folder of its data, also if the run was started in another working directory.
    pub fn data_dir(&self) -> Option<PathBuf> {
        let folder = self.config.settings.data_dir.as_ref();
        folder.map(|folder| self.config.working_folder.join(folder))
    }

    /// The lines of `metrics.jsonl`, in order. An incomplete last line is left out.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or another line is not an entry.
    pub fn entries(&self) -> Result<Vec<Entry>, RunFolderError> {
        let path = self.path.join(METRICS);
        let unreadable = RunFolderError::unreadable(&path);
        let mut lines = BufReader::new(File::open(&path).map_err(&unreadable)?).lines();
        let mut entries = Vec::new();
        while let Some(line) = lines.next() {
            match serde_json::from_str(&line.map_err(&unreadable)?) {
                Ok(entry) => entries.push(entry),
                Err(_) if lines.next().is_none() => break,
                Err(cause) => {
                    let line = entries.len() + 1;
                    return Err(RunFolderError::Line {
                        line,
                        path: path.clone(),
                        cause,
                    });
                }
            }
        }
        Ok(entries)
    }

    /// The net with the weights of `model.bpk`, on a device without autodiff.
    ///
    /// # Errors
    ///
    /// If the file is missing or damaged, or has other sizes than the configuration.
    pub fn net(&self, device: &Device) -> Result<AnyNet, RunFolderError> {
        let Config {
            settings, sizes, ..
        } = &self.config;
        Ok(match AnyNet::build(settings, sizes, device)? {
            AnyNet::MnistMlp(net) => AnyNet::MnistMlp(self.load(net)?),
            AnyNet::XorNet(net) => AnyNet::XorNet(self.load(net)?),
            AnyNet::LinearRegression(net) => AnyNet::LinearRegression(self.load(net)?),
        })
    }

    fn load<M: Module>(&self, net: M) -> Result<M, RunFolderError> {
        let path = self.path.join(WEIGHTS);
        let record = ModuleRecord::load(&path);
        let loaded = record.and_then(|record| net.try_load_record(record));
        loaded.map_err(|error| RunFolderError::Weights {
            why: error.to_string(),
            path,
        })
    }
}
