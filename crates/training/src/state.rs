//! A run in the making: net, optimizer and progress, as a checkpoint keeps them.

use anyhow::{Result, anyhow};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};

use crate::checkpoint::{Checkpoint, Progress};
use crate::net::Net;
use crate::optimizer::new_optimizer;
use crate::run_folder::Config;
use crate::settings::Settings;

/// All that changes from step to step.
pub(crate) struct State<N> {
    /// On the autodiff side of its device.
    pub(crate) net: N,
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) progress: Progress,
    /// The net of the best epoch so far, where the run stops early.
    pub(crate) best: Option<N>,
}

impl<N: Net> State<N> {
    /// Before the first step. `data_digest` tells the rows to learn from.
    pub(crate) fn fresh(net: N, settings: &Settings, device: &Device, data_digest: &str) -> Self {
        Self {
            net: net.train(),
            optimizer: new_optimizer(settings, device),
            progress: Progress {
                data_digest: data_digest.to_owned(),
                ..Progress::default()
            },
            best: None,
        }
    }

    /// As a checkpoint has it; `net` is a net of the same sizes.
    ///
    /// # Errors
    ///
    /// If the checkpoint is of another net.
    pub(crate) fn restored(
        net: N,
        checkpoint: Checkpoint,
        settings: &Settings,
        device: &Device,
    ) -> Result<Self> {
        let load = |bytes: Vec<u8>| -> Result<N> {
            let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes));
            let loaded = record.and_then(|record| net.clone().try_load_record(record));
            Ok(loaded.map_err(|error| misfit(&error))?.train())
        };
        let optimizer = new_optimizer(settings, device)
            .from_bytes(Bytes::from_bytes_vec(checkpoint.optimizer))
            .map_err(|error| misfit(&error))?;
        Ok(Self {
            net: load(checkpoint.model)?,
            optimizer,
            progress: checkpoint.progress,
            best: checkpoint.best_model.map(load).transpose()?,
        })
    }

    /// What goes on from here. `metrics_bytes` is the length of the metrics so far.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub(crate) fn to_checkpoint(&self, config: &Config, metrics_bytes: u64) -> Result<Checkpoint> {
        let optimizer = self
            .optimizer
            .into_bytes()
            .map_err(|error| anyhow!("cannot encode the optimizer: {error}"))?;
        Ok(Checkpoint {
            config: config.clone(),
            progress: self.progress.clone(),
            metrics_bytes,
            model: encoded(&self.net)?,
            optimizer: optimizer.to_vec(),
            best_model: self.best.as_ref().map(encoded).transpose()?,
        })
    }
}

fn encoded<M: Module>(net: &M) -> Result<Vec<u8>> {
    let bytes = net.valid().into_record().into_bytes();
    let bytes = bytes.map_err(|error| anyhow!("cannot encode the weights: {error}"))?;
    Ok(bytes.to_vec())
}

fn misfit(error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("the checkpoint does not fit the net of the run: {error}; train again")
}
