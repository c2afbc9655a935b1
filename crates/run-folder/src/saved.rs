//! An existing run folder: its settings, its history and its net.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use backends::{Backend, BackendError};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use training::{AnyNet, Settings};

use crate::checkpoint::Checkpoints;
use crate::checksum;
use crate::config::{CONFIG, Config};
use crate::entry::{Entry, METRICS};
use crate::error::RunFolderError;
use crate::files::{WEIGHTS, read_at_most};

/// Most bytes of a run's metrics: a million epochs of a small net.
const MOST_BYTES_OF_METRICS: u64 = 512 << 20;

/// Most bytes of a line: norms of some ten thousand tensors.
const MOST_BYTES_OF_A_LINE: usize = 1 << 20;

/// Most bytes of a configuration.
const MOST_BYTES_OF_CONFIG: u64 = 16 << 20;

/// A run in its folder.
#[derive(Debug, Clone)]
pub struct SavedRun {
    path: PathBuf,
    config: Config,
}

/// The backend of a net: the requested one, otherwise its run's if that is of this machine,
/// otherwise the preferred one.
///
/// # Errors
///
/// If the run names an unknown backend.
pub fn backend_of(asked: Option<Backend>, run: Option<&Settings>) -> Result<Backend, BackendError> {
    match (asked, run) {
        (Some(backend), _) => Ok(backend),
        (None, Some(run)) => run.backend.parse().map(Backend::here),
        (None, None) => Ok(Backend::preferred()),
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
        let text =
            read_at_most(&file, MOST_BYTES_OF_CONFIG).map_err(|error| match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => RunFolderError::NotARunFolder {
                    path: path.to_owned(),
                },
                _ => RunFolderError::unreadable(&file)(error),
            })?;
        let config = serde_json::from_slice(&text)
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
        self.config.data_dir()
    }

    /// The lines of `metrics.jsonl`, in order. An incomplete last line is left out.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or another line is not an entry.
    pub fn entries(&self) -> Result<Vec<Entry>, RunFolderError> {
        let path = self.path.join(METRICS);
        let file = File::open(&path).map_err(RunFolderError::unreadable(&path))?;
        entries_in(file, &path, MOST_BYTES_OF_METRICS)
    }

    /// The temperature of its probabilities, if the run is complete and had a validation set; see
    /// [`training::fitted_temperature`].
    ///
    /// # Errors
    ///
    /// If an earlier version made the run, which kept the temperature in `metrics.jsonl` alone, and that
    /// file cannot be read.
    pub fn temperature(&self) -> Result<Option<f64>, RunFolderError> {
        let keeps_it = self.config.data_digest.is_some() || self.config.is_imported();
        if keeps_it || self.config.temperature.is_some() {
            return Ok(self.config.temperature);
        }
        let entries = self.entries()?;
        Ok(entries.iter().rev().find_map(|entry| match entry {
            Entry::Result(result) => result.event.temperature,
            _ => None,
        }))
    }

    /// The digest of the training images and labels, if the run has kept it; see
    /// [`data_digest`](crate::data_digest).
    pub(crate) fn data_digest(&self) -> Option<String> {
        let of_checkpoint = || Checkpoints::of(&self.path).data_digest();
        let kept = self.config.data_digest.clone().or_else(of_checkpoint);
        kept.filter(|digest| !digest.is_empty())
    }

    /// The net with the weights of `model.bpk`, on a device without autodiff.
    ///
    /// # Errors
    ///
    /// If the file is missing or damaged, differs from its checksum, or has other sizes than the
    /// configuration.
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

    /// Whether the weights of [`SavedRun::net`] are there: they are written after the first epoch.
    pub fn has_weights(&self) -> bool {
        self.path.join(WEIGHTS).is_file()
    }

    fn load<M: Module>(&self, net: M) -> Result<M, RunFolderError> {
        let path = self.path.join(WEIGHTS);
        let bytes = checksum::read(&self.path, WEIGHTS)?;
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes));
        let loaded = record.and_then(|record| net.try_load_record(record));
        loaded.map_err(|error| RunFolderError::Weights {
            why: error.to_string(),
            path,
        })
    }
}

/// Reads entries, at most `limit` bytes of them: a file that grows without end, or has no line ends, must
/// not fill the memory.
fn entries_in(file: impl Read, path: &Path, limit: u64) -> Result<Vec<Entry>, RunFolderError> {
    let unreadable = RunFolderError::unreadable(path);
    // One byte more shows that the file is longer.
    let mut reader = BufReader::new(file.take(limit + 1));
    let (mut entries, mut bytes, mut line) = (Vec::new(), 0, Vec::new());
    let mut invalid = None;
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(&unreadable)?;
        bytes += length as u64;
        if bytes > limit || length > MOST_BYTES_OF_A_LINE {
            return Err(RunFolderError::MetricsTooLong {
                path: path.to_owned(),
            });
        }
        if length == 0 {
            // The last line of a killed run may be incomplete.
            return Ok(entries);
        }
        if let Some(cause) = invalid {
            return Err(RunFolderError::Line {
                line: entries.len() + 1,
                path: path.to_owned(),
                cause,
            });
        }
        match serde_json::from_slice(&line) {
            Ok(entry) => entries.push(entry),
            Err(cause) => invalid = Some(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    const LINE: &str = "{\"event\":\"warm_up\",\"seconds\":1.0}\n";

    fn read(file: impl Read) -> Result<usize, String> {
        let entries = entries_in(file, Path::new("m"), 1000);
        entries
            .map(|entries| entries.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_last_line_may_be_incomplete() {
        assert_eq!(read(format!("{LINE}{LINE}").as_bytes()), Ok(2));
        assert_eq!(read(format!("{LINE}{{\"ev").as_bytes()), Ok(1));
        let error = read(format!("{LINE}{{\"ev\n{LINE}").as_bytes()).unwrap_err();
        assert!(error.starts_with("line 2 of m"), "{error}");
    }

    #[test]
    fn metrics_without_an_end_are_refused_before_they_fill_the_memory() {
        let many = LINE.repeat(1000 / LINE.len() + 1);
        assert!(read(many.as_bytes()).unwrap_err().contains("MiB"));
        assert!(read(io::repeat(b'x')).unwrap_err().contains("MiB"));
    }
}
