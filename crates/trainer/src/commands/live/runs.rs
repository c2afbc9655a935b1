//! The nets of runs, for the live page.

use std::path::{Path, PathBuf};

use ::live::{Accuracy, DigitNet, Run, Runs};
use anyhow::{Context, Result, bail};
use backends::Opened;
use burn::tensor::Device;
use jiff::Timestamp;
use run_folder::{History, NetData, SavedRun};
use training::{AnyNet, ModelName};

use crate::commands::runs::{name, run_folders};

/// Inputs and classes of a net that reads digits.
const DIGITS: [usize; 2] = [784, 10];

/// The net of a run, under the name of its folder.
pub(super) fn net_of_run(folder: &Path, backend: &Opened) -> Result<DigitNet> {
    let name = folder.canonicalize().ok();
    let name = name.as_deref().and_then(Path::file_name).map_or_else(
        || folder.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    read(folder, name, &backend.device)
}

fn read(folder: &Path, name: String, device: &Device) -> Result<DigitNet> {
    let run = SavedRun::open(folder)?;
    let temperature = NetData::of_run(&run).temperature().unwrap_or(1.0);
    match run.net(device)? {
        AnyNet::MnistMlp(net) => Ok(DigitNet::new(name, net, temperature)?),
        _ => bail!(
            "{}: expected a run of mnist-mlp; name another one",
            folder.display()
        ),
    }
}

/// A folder with run folders, which the page lists again whenever somebody looks.
#[derive(Debug)]
pub(super) struct RunsFolder {
    pub(super) folder: PathBuf,
    pub(super) device: Device,
}

impl RunsFolder {
    /// The runs of the folder, the latest first, at the end those without a configuration.
    fn found(&self) -> Result<Vec<Found>> {
        let folders = run_folders(&self.folder)?;
        let root = self.folder.canonicalize();
        let root = root.with_context(|| format!("cannot read {}", self.folder.display()))?;
        // A link may lead out of the folder.
        let is_below = |folder: &PathBuf| {
            folder
                .canonicalize()
                .is_ok_and(|folder| folder.starts_with(&root))
        };
        let folders = folders.into_iter().filter(is_below);
        let found = folders.map(|folder| Found {
            name: name(&self.folder, &folder),
            run: SavedRun::open(&folder).map_err(|error| error.to_string()),
            folder,
        });
        let mut found = found.collect::<Vec<_>>();
        found.sort_by(|a, b| (b.start(), &a.name).cmp(&(a.start(), &b.name)));
        Ok(found)
    }
}

impl Runs for RunsFolder {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    fn list(&self, at_most: usize) -> Result<(Vec<Run>, usize), String> {
        let found = self.found().map_err(|error| format!("{error:#}"))?;
        let more = found.len().saturating_sub(at_most);
        let runs = found.into_iter().take(at_most).map(Found::describe);
        Ok((runs.collect(), more))
    }

    fn open(&self, name: &str, folder: &Path) -> Result<DigitNet, String> {
        read(folder, name.to_owned(), &self.device).map_err(|error| format!("{error:#}"))
    }
}

/// A folder of the folder with runs.
struct Found {
    name: String,
    folder: PathBuf,
    run: Result<SavedRun, String>,
}

impl Found {
    fn start(&self) -> Option<Timestamp> {
        self.run.as_ref().ok().map(|run| run.config().started)
    }

    fn describe(self) -> Run {
        let started = self.start().map(|at| at.strftime("%Y-%m-%d %H:%M:%S"));
        Run {
            name: self.name,
            folder: self.folder,
            started: started.map(|at| at.to_string()),
            accuracy: self.run.as_ref().ok().and_then(accuracy),
            problem: self.run.map_or_else(Some, |run| problem(&run)),
        }
    }
}

/// What the run's history says of its accuracy, if it can be read.
fn accuracy(run: &SavedRun) -> Option<Accuracy> {
    let history = History::of(run).ok()?;
    let test = history.result.map(|result| result.test_accuracy);
    let last = history.epochs.last().and_then(|epoch| epoch.val_accuracy);
    test.map(Accuracy::Test).or(last.map(Accuracy::Validation))
}

/// Why the net of a run cannot read digits.
fn problem(run: &SavedRun) -> Option<String> {
    let config = run.config();
    if config.settings.model != ModelName::MnistMlp {
        return Some(format!(
            "its net is {}, and only mnist-mlp reads digits",
            config.settings.model
        ));
    }
    let ends = [config.sizes.first(), config.sizes.last()].map(|size| size.copied().unwrap_or(0));
    if ends != DIGITS {
        let [inputs, classes] = ends;
        return Some(format!(
            "its net has {inputs} inputs and {classes} classes, not 784 and 10"
        ));
    }
    (!run.has_weights()).then(|| "it has no weights yet: its first epoch has not ended".to_owned())
}
