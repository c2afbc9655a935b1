//! One pass over the training set (lecture item L17): a step for every batch, in an order drawn for the
//! epoch.

use std::ops::Range;
use std::time::{Duration, Instant};

use burn::optim::GradientsParams;
use layers::Dropout;
use manual_backprop::Reduction;

use crate::average::Averaging;
use crate::choice::Engine;
use crate::error::TrainingError;
use crate::examples::{Batch, Examples};
use crate::learner::Learner;
use crate::loss::Loss;
use crate::net::Net;
use crate::ranks::Shared;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::state::{LossSum, State, nanoseconds};
use crate::step::{Look, Stepping, step};
use crate::team::Team;

/// Losses are read back from the device once every so many steps, because reading waits for the
/// device.
const STEPS_BETWEEN_READS: usize = 16;

/// How every epoch of a run goes.
#[derive(Debug, Clone)]
pub struct Pass<'a> {
    /// Where gradients come from.
    pub engine: Engine,
    /// Largest norm of the whole gradient, if it is limited.
    pub clip_norm: Option<f64>,
    /// The workers that compute the gradients.
    pub team: &'a Team,
    /// Rows per step; the last, shorter batch is used too.
    pub batch_size: usize,
    /// Decides the order of the rows, with the number of the epoch.
    pub seed: u64,
    /// Epochs that the average of the weights reaches back, if they are averaged.
    pub average: Option<f64>,
    /// Dropout of inputs and hidden layers.
    pub dropout: Dropout,
    /// All settings.
    settings: &'a Settings,
}

impl<'a> Pass<'a> {
    /// The epochs of a run with these settings.
    pub fn new(settings: &'a Settings, team: &'a Team) -> Self {
        Self {
            engine: settings.engine,
            clip_norm: settings.clip_norm,
            team,
            batch_size: settings.batch_size,
            seed: settings.seed,
            average: settings.average,
            dropout: settings.masks(0),
            settings,
        }
    }

    /// How to take a step of the run, counted from 0, at a learning rate.
    pub fn stepping(&self, learning_rate: f64, step: usize) -> Stepping<'a> {
        Stepping {
            engine: self.engine,
            clip_norm: self.clip_norm,
            team: self.team,
            learning_rate,
            dropout: self.dropout.at_step(step as u64),
        }
    }

    /// The batches of `rows` rows: their number, from 0, and their places in the epoch's order.
    pub(crate) fn batches(
        &self,
        rows: usize,
    ) -> impl Iterator<Item = (usize, Range<usize>)> + Clone + use<> {
        let size = self.batch_size;
        let starts = (0..rows).step_by(size);
        starts
            .map(move |start| start..rows.min(start + size))
            .enumerate()
    }
}

/// Observes an epoch.
pub trait Watch<N: Net> {
    /// Before every step: whether to take it. The time for this does not count as training time.
    ///
    /// # Errors
    ///
    /// Any error ends the epoch.
    fn may_step(
        &mut self,
        _state: &State<N>,
        _batch: &Batch<N::Targets>,
    ) -> Result<bool, TrainingError> {
        Ok(true)
    }

    /// After some steps: completed rows of this epoch, and their loss.
    fn rows_done(&mut self, _rows: usize, _loss: f64) {}

    /// After every step: whether the epoch should stop here.
    fn is_interrupted(&self) -> bool {
        false
    }

    /// Before every step: whether to show its gradients, which all processes must answer alike. With the fused engine, that
    /// costs as much as the step, unless processes share it.
    fn wants_gradients(&self, _is_last: bool) -> bool {
        false
    }

    /// In a step whose gradients are wanted: the net and its gradients before the update and any clipping.
    fn gradients(&mut self, _net: &N, _gradients: &GradientsParams) {}

    /// The same with the fused engine, whose gradients are not tensors: the norm of each, in the order of the parameters.
    fn gradient_norms(&mut self, _norms: &[f64]) {}
}

/// No observer.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl<N: Net> Watch<N> for Unwatched {}

/// How an epoch ended.
#[derive(Debug)]
pub enum EpochEnd {
    /// It is complete.
    Done(EpochDone),
    /// With a loss that is not finite; the state's step is the one that had it.
    NotFinite,
    /// A step was refused.
    Refused,
    /// In the middle; the state can continue from there.
    Interrupted,
}

/// A complete epoch.
#[derive(Debug)]
pub struct EpochDone {
    /// Loss over its rows, each batch's taken before its own step.
    pub loss: f64,
    /// Time of its steps.
    pub time: Duration,
    /// Of the last step.
    pub learning_rate: f64,
}

/// Trains a net on the whole training set once, or on the rest of it after an interruption.
///
/// # Errors
///
/// If the device fails, images that stay in their file cannot be read, or another process is lost.
pub fn epoch<N: Net>(
    mut state: State<N>,
    training: &Examples<N::Targets>,
    pass: &Pass<'_>,
    schedule: &mut Schedule,
    watch: &mut impl Watch<N>,
) -> Result<(State<N>, EpochEnd), TrainingError> {
    let rows = training.len();
    let order = training.order(pass.batch_size, pass.seed, state.progress.epoch as u64 + 1);
    let steps = rows.div_ceil(pass.batch_size);
    let averaging = pass.average.map(|epochs| Averaging::over(epochs, steps));
    let mut tally = Tally::after(&state);
    let shared = pass.team.shared();
    let apart = shared.filter(|shared| shared.apart.is_some());
    for (index, range) in pass.batches(rows).skip(state.progress.step_in_epoch) {
        let is_last = range.end == rows;
        let batch = training.batch(&order, range.clone());
        let mut may_step = tally.uncounted(|| watch.may_step(&state, &batch))?;
        if let Some(shared) = shared
            && pass.settings.checks(state.progress.step)
        {
            may_step = !shared.any(!may_step)?;
        }
        if !may_step {
            return Ok((state, EpochEnd::Refused));
        }
        if let Some(shared) = shared {
            shared.wish_to_stop(!is_last && watch.is_interrupted());
        }
        let how = pass.stepping(schedule.next_rate(), state.progress.step);
        let wants = watch.wants_gradients(is_last);
        let together = shared.filter(|shared| shared.apart.is_none());
        let is_fused = matches!(state.learner, Learner::Fused(_));
        if let (true, Learner::Fused(fused), None) = (wants, &mut state.learner, together) {
            let part = apart.map_or(0..batch.len(), |shared| shared.own_batch(batch.len()));
            watch.gradient_norms(&fused.gradient_norms(&batch, part, how.dropout)?);
        }
        let mut look = |net: &N, gradients: &GradientsParams| watch.gradients(net, gradients);
        let look: Option<Look<'_, N>> = if wants && !is_fused {
            Some(&mut look)
        } else {
            None
        };
        let loss;
        (state.learner, loss) = step(state.learner, &batch, &how, look)?;
        if let (true, Learner::Fused(fused), Some(shared)) = (wants, &mut state.learner, together) {
            watch.gradient_norms(&fused.norms_of_shared_step(shared)?);
        }
        state.progress.step += 1;
        let meets = shared.is_none_or(|shared| shared.meet(state.progress.step, is_last));
        if let Some(shared) = apart.filter(|_| meets) {
            state.learner = state.learner.averaged(shared, pass.settings)?;
        }
        if let Some(averaging) = averaging
            && state.progress.step.is_multiple_of(averaging.every)
        {
            state.take_average(averaging);
        }
        let rows_of_step = apart.map_or(batch.len(), |shared| shared.own_batch(batch.len()).len());
        tally.push(loss, rows_of_step, how.learning_rate);
        // Several processes stop after the same step.
        let is_interrupted = match shared {
            Some(shared) => meets && shared.is_to_stop(),
            None => !is_last && watch.is_interrupted(),
        };
        if let Some(shared) = shared
            && apart.is_none()
            && (is_last || is_interrupted)
        {
            state.learner.share_buffers(shared)?;
        }
        let is_due = match apart {
            Some(_) => meets,
            None => tally.is_due(),
        };
        if is_due || is_last || is_interrupted {
            if let Some(unread) = tally.read(N::REDUCTION, apart)? {
                state.progress.step -= unread;
                return Ok((state, EpochEnd::NotFinite));
            }
            watch.rows_done(range.end, tally.loss(N::REDUCTION));
        }
        if is_interrupted {
            return Ok((tally.pause(state, index + 1), EpochEnd::Interrupted));
        }
    }
    let done = tally.done(N::REDUCTION);
    state.progress.end_epoch(done.time);
    Ok((state, EpochEnd::Done(done)))
}

/// Losses and time of an epoch's steps; the newest losses may still be on the device.
struct Tally {
    unread: Vec<Loss>,
    rows_unread: Vec<usize>,
    /// Of those read so far.
    sum: LossSum,
    started: Instant,
    /// Of the steps before an interruption.
    earlier: Duration,
    uncounted: Duration,
    /// Of the last step.
    learning_rate: f64,
}

impl Tally {
    /// A tally that continues where the state's epoch was interrupted, if it was.
    fn after<N>(state: &State<N>) -> Self {
        Self {
            unread: vec![],
            rows_unread: vec![],
            sum: state.progress.losses,
            started: Instant::now(),
            earlier: Duration::from_nanos(state.progress.epoch_nanoseconds),
            uncounted: Duration::ZERO,
            learning_rate: 0.0,
        }
    }

    /// Runs something whose time does not count.
    fn uncounted<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let begun = Instant::now();
        let result = work();
        self.uncounted += begun.elapsed();
        result
    }

    fn push(&mut self, loss: Loss, rows: usize, learning_rate: f64) {
        self.learning_rate = learning_rate;
        self.unread.push(loss);
        self.rows_unread.push(rows);
    }

    fn is_due(&self) -> bool {
        self.unread.len() == STEPS_BETWEEN_READS
    }

    /// Reads the waiting losses back; if one is not finite, how many steps came after it. Ranks that went `apart`
    /// add theirs up.
    fn read(
        &mut self,
        reduction: Reduction,
        apart: Option<&Shared>,
    ) -> Result<Option<usize>, TrainingError> {
        let losses = Loss::read_all(std::mem::take(&mut self.unread))?;
        let rows = std::mem::take(&mut self.rows_unread);
        let steps = losses.len();
        let finite = losses.iter().take_while(|loss| loss.is_finite()).count();
        // One sum over all steps, wherever they were read.
        let mut sum = if apart.is_some() { 0.0 } else { self.sum.sum };
        let mut all_rows = 0.0;
        for (loss, &rows) in losses[..finite].iter().zip(&rows) {
            sum += match reduction {
                Reduction::Mean => loss * rows as f64,
                Reduction::Sum => *loss,
            };
            all_rows += rows as f64;
        }
        let mut not_finite = steps - finite;
        if let Some(shared) = apart {
            let mut of_all = [sum, all_rows, not_finite as f64];
            shared.ranks().add_up_f64(&mut of_all)?;
            sum = self.sum.sum + of_all[0];
            all_rows = of_all[1];
            not_finite = not_finite.max(usize::from(of_all[2] > 0.0));
        }
        if not_finite > 0 {
            return Ok(Some(not_finite - 1));
        }
        self.sum.sum = sum;
        self.sum.rows += all_rows as usize;
        self.sum.steps += steps;
        Ok(None)
    }

    /// Loss over the rows read so far.
    fn loss(&self, reduction: Reduction) -> f64 {
        match reduction {
            Reduction::Mean => self.sum.sum / self.sum.rows as f64,
            Reduction::Sum => self.sum.sum,
        }
    }

    /// The epoch, complete.
    fn done(&self, reduction: Reduction) -> EpochDone {
        EpochDone {
            loss: self.loss(reduction),
            time: self.time(),
            learning_rate: self.learning_rate,
        }
    }

    fn time(&self) -> Duration {
        self.earlier + self.started.elapsed() - self.uncounted
    }

    /// The state, with the progress of the interrupted epoch.
    fn pause<N>(&self, mut state: State<N>, steps: usize) -> State<N> {
        state.progress.step_in_epoch = steps;
        state.progress.losses = self.sum;
        state.progress.epoch_nanoseconds = nanoseconds(self.time());
        state
    }
}
