//! One step of training (lecture item L17).

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use manual_backprop::gradient_norm::clipped;

use crate::choice::Engine;
use crate::examples::Batch;
use crate::net::Net;
use crate::team::Team;

/// How a step is taken.
#[derive(Debug, Clone, Copy)]
pub struct Stepping<'a> {
    /// Where gradients come from.
    pub engine: Engine,
    /// Largest norm of the whole gradient, if it is limited.
    pub clip_norm: Option<f64>,
    /// The workers that compute them.
    pub team: &'a Team,
    /// Step length α, greater than 0.
    pub learning_rate: f64,
}

/// Takes one step: forward and backward on the batch, clipping if asked for, update. Returns the net
/// after the step and the batch's loss before it (off autodiff, one element).
///
/// A net whose loss depends on the number of training rows must know it: see
/// [`Net::with_training_rows`]. [`Run`](crate::Run) sees to that.
///
/// `watch` sees the net and its gradients before the update and any clipping.
///
/// # Formula
///
/// ```text
/// θ ← θ - α · rule(∂L/∂θ)        over the rows of the batch, with the optimizer's rule
/// ```
///
/// # Source
///
/// Lecture item L17.
pub fn step<N: Net>(
    net: N,
    optimizer: &mut ModuleOptimizer,
    batch: &Batch<N::Targets>,
    how: &Stepping<'_>,
    watch: impl FnOnce(&N, &GradientsParams),
) -> (N, Tensor<1>) {
    let (loss, mut gradients) = how.team.gradients(how.engine, &net, batch);
    watch(&net, &gradients);
    if let Some(limit) = how.clip_norm {
        gradients = clipped(&net, gradients, limit);
    }
    (optimizer.step(how.learning_rate, net, gradients), loss)
}
