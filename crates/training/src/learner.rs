//! A net with what updates it.

use burn::optim::ModuleOptimizer;

use crate::error::TrainingError;
use crate::fused::Fused;
use crate::net::Net;
use crate::ranks::Shared;
use crate::settings::Settings;

/// A net that learns, with the update rule and its state.
pub enum Learner<N> {
    /// As tensors: an engine gives gradients, and a Burn optimizer takes the step.
    Tensors {
        /// On the autodiff side of its device.
        net: N,
        /// The update rule and its state.
        optimizer: ModuleOptimizer,
    },
    /// In the fused engine, which takes whole steps.
    Fused(Box<Fused<N>>),
}

impl<N: Net> Learner<N> {
    /// The net as it is now, on the autodiff side of its device.
    pub fn net(&self) -> &N {
        match self {
            Self::Tensors { net, .. } => net,
            Self::Fused(fused) => fused.net(),
        }
    }

    /// Net and optimizer as they are now.
    pub(crate) fn into_tensors(self) -> (N, ModuleOptimizer) {
        match self {
            Self::Tensors { net, optimizer } => (net, optimizer),
            Self::Fused(fused) => (fused.net().clone(), fused.optimizer()),
        }
    }

    /// Brings together what the ranks have divided, for the optimizer's state.
    pub(crate) fn share_buffers(&mut self, shared: &Shared) -> Result<(), TrainingError> {
        match self {
            Self::Tensors { .. } => Ok(()),
            Self::Fused(fused) => fused.share_buffers(shared),
        }
    }

    /// Makes net and optimizer the mean over the ranks.
    pub(crate) fn averaged(
        self,
        shared: &Shared,
        settings: &Settings,
    ) -> Result<Self, TrainingError> {
        match self {
            Self::Tensors { net, optimizer } => {
                // The fused engine has both as lists of numbers.
                let settings = Settings {
                    threads: 1,
                    ..settings.clone()
                };
                let mut fused = Fused::new(net, &optimizer, &settings, 1)?;
                fused.average(shared)?;
                Ok(Self::Tensors {
                    net: fused.net().clone(),
                    optimizer: fused.optimizer(),
                })
            }
            Self::Fused(mut fused) => {
                fused.average(shared)?;
                Ok(Self::Fused(fused))
            }
        }
    }

    /// Burn's optimizer as it is now.
    pub(crate) fn optimizer(&self) -> ModuleOptimizer {
        match self {
            Self::Tensors { optimizer, .. } => optimizer.clone(),
            Self::Fused(fused) => fused.optimizer(),
        }
    }
}
