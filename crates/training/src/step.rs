//! One step of training (lecture item L17).

use burn::optim::GradientsParams;
use fused_mlp::Step;
use layers::Dropout;
use manual_backprop::gradient_norm::clipped;

use crate::choice::Engine;
use crate::error::TrainingError;
use crate::examples::Batch;
use crate::learner::Learner;
use crate::loss::Loss;
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
    /// The masks of the step.
    pub dropout: Dropout,
}

/// Sees a net and its gradients before the update and any clipping.
pub type Look<'a, N> = &'a mut dyn FnMut(&N, &GradientsParams);

/// Takes one step: forward and backward on the batch, clipping if asked for, update. Returns the net
/// after the step and the batch's loss before it.
///
/// A net whose loss depends on the number of training rows must know it: see
/// [`Net::with_training_rows`]. [`State::prepared`](crate::State::prepared) sees to that.
///
/// The fused engine does all of it at once. It has no gradients to `look` at: they are computed for that,
/// in addition.
///
/// # Errors
///
/// If the rows cannot be read, or do not fit the fused engine; or if another process is lost.
///
/// # Formula
///
/// ```text
/// θ ← θ - α · rule(∂L/∂θ)        over the rows of the batch, with their masks and the optimizer's rule
/// ```
///
/// # Source
///
/// Lecture item L17.
pub fn step<N: Net>(
    learner: Learner<N>,
    batch: &Batch<N::Targets>,
    how: &Stepping<'_>,
    look: Option<Look<'_, N>>,
) -> Result<(Learner<N>, Loss), TrainingError> {
    match learner {
        Learner::Tensors { net, mut optimizer } => {
            let (loss, mut gradients) = gradients(&net, batch, how)?;
            if let Some(look) = look {
                look(&net, &gradients);
            }
            if let Some(limit) = how.clip_norm {
                gradients = clipped(&net, gradients, limit);
            }
            let net = optimizer.step(how.learning_rate, net, gradients);
            Ok((Learner::Tensors { net, optimizer }, loss))
        }
        Learner::Fused(mut fused) => {
            if let Some(look) = look {
                let gradients = fused.gradients(batch, how.dropout)?;
                look(fused.net(), &gradients);
            }
            let step = Step {
                learning_rate: how.learning_rate,
                clip_norm: how.clip_norm,
                dropout: how.dropout,
            };
            let loss = match how.team.shared() {
                Some(shared) if shared.apart.is_some() => {
                    fused.step(batch, shared.own_batch(batch.len()), &step)?
                }
                Some(shared) => fused.shared_step(batch, &step, shared)?,
                None => fused.step(batch, 0..batch.len(), &step)?,
            };
            Ok((Learner::Fused(fused), Loss::Known(loss)))
        }
    }
}

/// Loss and gradients of a batch, of which other processes may have a part.
fn gradients<N: Net>(
    net: &N,
    batch: &Batch<N::Targets>,
    how: &Stepping<'_>,
) -> Result<(Loss, GradientsParams), TrainingError> {
    let (team, engine) = (how.team, how.engine);
    let Some(shared) = team.shared() else {
        let (loss, gradients) = team.gradients(engine, net, batch, how.dropout)?;
        return Ok((Loss::OnDevice(Box::new(loss)), gradients));
    };
    if shared.apart.is_some() {
        let part = shared.own_batch(batch.len());
        let whole = part.len();
        let (loss, gradients) =
            team.gradients_of_part(engine, net, (batch, part, whole), how.dropout)?;
        return Ok((Loss::OnDevice(Box::new(loss)), gradients));
    }
    let part = shared.part(batch.len());
    let own = (!part.is_empty()).then(|| {
        let rows = (batch, part, batch.len());
        team.gradients_of_part(engine, net, rows, how.dropout)
    });
    let (loss, gradients) = shared.add_up_gradients(&net.valid(), own.transpose()?)?;
    Ok((Loss::Known(f64::from(loss)), gradients))
}
