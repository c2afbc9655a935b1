//! The state of a run: net, optimizer and progress, which a checkpoint stores.

use std::time::Duration;

use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use serde::{Deserialize, Serialize};

use crate::average::Averaging;
use crate::choice::Engine;
use crate::error::TrainingError;
use crate::fused::Fused;
use crate::learner::Learner;
use crate::net::Net;
use crate::optimizer::new_optimizer;
use crate::settings::Settings;
use crate::team::Team;

/// All that changes from step to step.
pub struct State<N> {
    /// The net, with its update rule and the state of that.
    pub learner: Learner<N>,
    /// The progress of the run.
    pub progress: Progress,
    /// The average of the weights so far, if they are averaged.
    pub average: Option<N>,
    /// The net of the best epoch so far, if the run may stop early.
    pub best: Option<N>,
}

/// The progress of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Completed epochs.
    pub epoch: usize,
    /// Completed steps of the next epoch.
    pub step_in_epoch: usize,
    /// Completed steps in total.
    pub step: usize,
    /// Updates of the average.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub averaged: u64,
    /// Losses of those steps of the next epoch.
    pub losses: LossSum,
    /// Time of those steps.
    pub epoch_nanoseconds: u64,
    /// Training time of all completed epochs.
    pub train_nanoseconds: u64,
    /// The digest of the training images and labels; empty for the truth table.
    pub data_digest: String,
    /// The best evaluated epoch.
    pub best: Option<Best>,
    /// The best evaluated epoch with a checkpoint.
    pub best_checkpoint: Option<Best>,
    /// Epochs evaluated since the best one.
    pub epochs_without_better: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The losses of an epoch's steps, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LossSum {
    /// Sum over the rows.
    #[serde(with = "crate::number::exact")]
    pub sum: f64,
    /// Rows.
    pub rows: usize,
    /// Steps.
    pub steps: usize,
}

/// The smallest loss, and the epoch after which the net had it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// From 1.
    pub epoch: usize,
    /// On the validation set, or on the training set if there is none.
    #[serde(with = "crate::number::exact")]
    pub loss: f64,
}

impl Best {
    /// Whether `loss` is better than `best`, if there is a best one.
    pub fn is_beaten_by(best: Option<Self>, loss: f64) -> bool {
        best.is_none_or(|best| loss < best.loss)
    }
}

impl Progress {
    /// Whether all steps are done.
    pub fn is_over(&self, settings: &Settings) -> bool {
        let out_of_patience = settings
            .early_stop
            .is_some_and(|patience| self.epochs_without_better >= patience);
        self.step_in_epoch == 0 && (self.epoch >= settings.epochs || out_of_patience)
    }

    /// Ends an epoch of this duration.
    pub(crate) fn end_epoch(&mut self, time: Duration) {
        self.epoch += 1;
        self.step_in_epoch = 0;
        self.losses = LossSum::default();
        self.epoch_nanoseconds = 0;
        self.train_nanoseconds += nanoseconds(time);
    }
}

/// A duration, as stored in a checkpoint.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Nets and optimizer of a [`State`] in Burn's own form.
#[derive(Debug, Clone, PartialEq)]
pub struct Records {
    /// The net, parameter ids included.
    pub model: Vec<u8>,
    /// The optimizer's state, by those ids.
    pub optimizer: Vec<u8>,
    /// The average of the weights, if they are averaged.
    pub average: Option<Vec<u8>>,
    /// The best net so far, if the run may stop early.
    pub best_model: Option<Vec<u8>>,
}

impl<N: Net> State<N> {
    /// A net before its first step.
    pub fn new(net: N, optimizer: ModuleOptimizer) -> Self {
        Self {
            learner: Learner::Tensors {
                net: net.train(),
                optimizer,
            },
            progress: Progress::default(),
            average: None,
            best: None,
        }
    }

    /// The net as it is now, on the autodiff side of its device.
    pub fn net(&self) -> &N {
        self.learner.net()
    }

    /// The state, ready to learn from `rows` training rows in all: the loss knows their number
    /// ([`Net::with_training_rows`]), and with the fused engine the parameters move there.
    ///
    /// # Errors
    ///
    /// If the engine cannot train the net, or its threads cannot start.
    pub fn prepared(mut self, settings: &Settings, rows: usize) -> Result<Self, TrainingError> {
        let (net, optimizer) = self.learner.into_tensors();
        let net = net.with_training_rows(rows);
        self.learner = match settings.engine {
            Engine::Autodiff | Engine::Manual => Learner::Tensors { net, optimizer },
            Engine::Fused => {
                let rows_at_most = settings.batch_size.min(rows);
                let fused = Fused::new(net, &optimizer, settings, rows_at_most)?;
                Learner::Fused(Box::new(fused))
            }
        };
        Ok(self)
    }

    /// Runs a training loop where its steps begin without a delay: on a thread of the fused engine, or of the
    /// team.
    pub fn at_work<R: Send>(self, team: &Team, work: impl FnOnce(Self) -> R + Send) -> R {
        match &self.learner {
            Learner::Tensors { .. } => team.run(|| work(self)),
            Learner::Fused(fused) => {
                let threads = fused.threads();
                threads.install(|| work(self))
            }
        }
    }

    /// A net before its first step, with the optimizer of the settings.
    pub fn fresh(net: N, settings: &Settings, device: &Device) -> Self {
        Self::new(net, new_optimizer(settings, device))
    }

    /// The recorded state; `net` is a net of the same sizes.
    ///
    /// # Errors
    ///
    /// If the records are those of another net.
    pub fn restored(
        net: N,
        records: Records,
        progress: Progress,
        settings: &Settings,
        device: &Device,
    ) -> Result<Self, TrainingError> {
        fn misfit(error: impl std::fmt::Display) -> TrainingError {
            TrainingError::Misfit(error.to_string())
        }
        let load = |bytes: Vec<u8>| -> Result<N, TrainingError> {
            let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes));
            let loaded = record.and_then(|record| net.clone().try_load_record(record));
            Ok(loaded.map_err(misfit)?.train())
        };
        let optimizer = new_optimizer(settings, device)
            .from_bytes(Bytes::from_bytes_vec(records.optimizer))
            .map_err(misfit)?;
        Ok(Self {
            average: records.average.map(load).transpose()?,
            best: records.best_model.map(load).transpose()?,
            learner: Learner::Tensors {
                net: load(records.model)?,
                optimizer,
            },
            progress,
        })
    }

    /// Nets and optimizer, to restore later.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn records(&self) -> Result<Records, TrainingError> {
        fn encoded<E: std::fmt::Display>(
            what: &'static str,
            bytes: Result<Bytes, E>,
        ) -> Result<Vec<u8>, TrainingError> {
            let why = |error: E| TrainingError::Encode {
                what,
                why: error.to_string(),
            };
            Ok(bytes.map_err(why)?.to_vec())
        }
        let net = |net: &N| encoded("weights", net.valid().into_record().into_bytes());
        Ok(Records {
            model: net(self.net())?,
            optimizer: encoded("optimizer", self.learner.optimizer().into_bytes())?,
            average: self.average.as_ref().map(net).transpose()?,
            best_model: self.best.as_ref().map(net).transpose()?,
        })
    }

    /// Takes the weights of now into their average.
    pub(crate) fn take_average(&mut self, averaging: Averaging) {
        self.progress.averaged += 1;
        let net = self.net().valid();
        let average = match &self.average {
            Some(average) => averaging.updated(average.valid(), &net, self.progress.averaged),
            None => net,
        };
        self.average = Some(average.train());
    }

    /// The net that the run is about: the average of the weights if they are averaged, else the net as it is
    /// now.
    pub fn candidate(&self) -> &N {
        self.average.as_ref().unwrap_or_else(|| self.net())
    }

    /// The net whose weights are the result: the best candidate if the run may stop early, else the last.
    pub fn result(&self) -> &N {
        self.best.as_ref().unwrap_or_else(|| self.candidate())
    }
}
