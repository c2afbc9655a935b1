//! The net that a command uses: that of a run or a file, or the bundled one.

use anyhow::Result;
use backends::{Backend, Opened};
use programs::complain;
use run_folder::{NetData, SavedRun, backend_of, weights};
use training::{AnyNet, Settings};

use crate::arguments::{DeviceOption, NetOptions};

/// A net on its device.
pub(super) struct TrainedNet {
    /// Its run, if it comes from one.
    pub(super) run: Option<SavedRun>,
    /// The backend.
    pub(super) backend: Backend,
    /// The device.
    pub(super) opened: Opened,
    /// The net.
    pub(super) net: AnyNet,
    /// What the net knows about its data.
    pub(super) known: NetData,
    /// What its logits are divided by, so that its probabilities mean what they say; 1 if unknown.
    pub(super) temperature: f64,
}

impl TrainedNet {
    /// Opens the net that the options name, or the bundled one if they name none, on a given backend or
    /// on the run's, and there on a given device.
    ///
    /// # Errors
    ///
    /// If there is no such net, or the backend cannot run.
    pub(super) fn open(
        options: &NetOptions,
        backend: Option<Backend>,
        DeviceOption { device }: DeviceOption,
    ) -> Result<Self> {
        let run = options.run.as_deref().map(SavedRun::open).transpose()?;
        let settings = run.as_ref().map(|run| &run.config().settings);
        let backend = backend_of(backend, settings)?;
        let opened = backend.open_on(device)?;
        let net = match (&run, &options.weights) {
            (Some(run), _) => run.net(&opened.device)?,
            (None, Some(file)) => weights::load(file, &opened.device)?,
            (None, None) => weights::load(weights::PRETRAINED.as_ref(), &opened.device)?,
        };
        let known = match (&run, &options.weights) {
            (Some(run), _) => NetData::of_run(run),
            (None, Some(file)) => NetData::of_weights(&net, file)?,
            (None, None) => NetData::of_pretrained(),
        };
        if let Some(why) = known.temperature_gap() {
            complain(format_args!(
                "warning: the temperature of the probabilities is not known, so they are as the net gives \
                 them: {why}"
            ));
        }
        Ok(Self {
            temperature: known.temperature().unwrap_or(1.0),
            run,
            backend,
            opened,
            net,
            known,
        })
    }

    /// The settings of its run, if it comes from one.
    pub(super) fn settings(&self) -> Option<&Settings> {
        self.run.as_ref().map(|run| &run.config().settings)
    }
}
