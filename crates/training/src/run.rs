//! A run: epochs, with evaluation, early stopping, checkpoints and gradient checks in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use backends::{Hardware, Opened};
use burn::tensor::Tensor;

use crate::epoch::{EpochDone, EpochEnd, Pass, epoch};
use crate::epoch_watch::EpochWatch;
use crate::error::TrainingError;
use crate::evaluation::{Evaluation, evaluate, read_back, rows_at_once};
use crate::event::{Epoch, Event, RunResult, StopReason, Stopped};
use crate::examples::{Examples, Splits};
use crate::net::Net;
use crate::ranks::{Ranks, ensure_same};
use crate::recorder::{Now, Recorder};
use crate::same_run::ensure_same_run;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::state::{Best, Progress, State};
use crate::team::Team;
use crate::warm_up::Rehearsal;

/// Evaluated epochs without a better validation loss after which a run says so.
const PLATEAU: usize = 3;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Finished {
        /// Accuracy on the test set.
        test_accuracy: f64,
    },
    /// The loss is not finite.
    NotFinite,
    /// Formulas, autodiff and finite differences gave different gradients.
    GradientsDisagree,
    /// The recorder requested it.
    Interrupted,
    /// The recorder requested it during the warm-up. The run is as before; the device is still at work
    /// and must not be used any more.
    InterruptedInWarmUp,
}

/// What a run trains on, and how.
pub struct Run<'a, N: Net> {
    settings: &'a Settings,
    opened: &'a Opened,
    splits: &'a Splits<N::Targets>,
    team: Team,
    /// The learning rates from the first step of the run on.
    schedule: Schedule,
}

/// A net with a finite loss, and the epoch after which it had that loss (0: before the first).
struct LastFinite<N> {
    net: N,
    epoch: usize,
}

impl<'a, N: Net> Run<'a, N> {
    /// A run with these settings on an opened device.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range, the schedule does not fit the number of steps, or the threads
    /// cannot start.
    pub fn new(
        settings: &'a Settings,
        opened: &'a Opened,
        splits: &'a Splits<N::Targets>,
    ) -> Result<Self, TrainingError> {
        settings.check_ranges()?;
        let steps_per_epoch = splits.training.len().div_ceil(settings.batch_size);
        Ok(Self {
            settings,
            opened,
            splits,
            team: Team::new(opened, settings.threads)?,
            schedule: Schedule::new(settings, steps_per_epoch)?,
        })
    }

    /// The same run as one of several processes, which share every batch and every evaluation. Each reports to its
    /// recorder; usually that of one keeps the results, and the others' keep nothing.
    ///
    /// # Errors
    ///
    /// If there are more ranks than rows of a batch.
    pub fn among(mut self, ranks: Arc<dyn Ranks>) -> Result<Self, TrainingError> {
        let batch = self.settings.batch_size.min(self.splits.training.len());
        if ranks.count() > batch {
            let ranks = ranks.count();
            return Err(TrainingError::MoreRanksThanRows { ranks, batch });
        }
        self.team = self.team.among(ranks, self.settings.average_every);
        Ok(self)
    }

    /// Makes sure that every process would train this run, from this state. [`train`](Self::train) does so as well.
    ///
    /// # Errors
    ///
    /// If another process is lost or has other options, data or weights; or if there is none, and this run is to
    /// average the nets of several.
    pub fn ensure_same(&self, state: &State<N>) -> Result<(), TrainingError> {
        match self.team.shared() {
            Some(shared) => {
                let Splits {
                    validation, test, ..
                } = self.splits;
                ensure_same_run(shared.ranks(), self.settings, state)?;
                let validation = validation.as_ref().map(Examples::digest).transpose()?;
                ensure_same(
                    shared.ranks(),
                    "another validation set",
                    validation.unwrap_or_default(),
                )?;
                ensure_same(shared.ranks(), "another test set", test.digest()?)
            }
            None if self.settings.average_every.is_some() => Err(TrainingError::Alone),
            None => Ok(()),
        }
    }

    /// Trains a net from its current state, evaluates it, and reports.
    ///
    /// # Errors
    ///
    /// If the device or the recorder fails, or if another process is lost or trains another run.
    pub fn train(
        &self,
        state: State<N>,
        recorder: &mut (impl Recorder<N> + Send),
    ) -> Result<Outcome, TrainingError> {
        self.ensure_same(&state)?;
        let state = state.prepared(self.settings, self.splits.training.len())?;
        state.at_work(&self.team, |state| self.descend(state, recorder))
    }

    /// Trains all remaining epochs.
    fn descend(
        &self,
        mut state: State<N>,
        recorder: &mut impl Recorder<N>,
    ) -> Result<Outcome, TrainingError> {
        if self.opened.hardware != Hardware::Processor && !self.warm_up(state.net(), recorder)? {
            // Nothing has changed yet, and the device is too busy to be asked for weights.
            recorder.event(&stopped_by_interrupt(&state.progress))?;
            return Ok(Outcome::InterruptedInWarmUp);
        }
        let mut schedule = self.schedule.clone();
        schedule.skip(state.progress.step);
        let mut last_finite = LastFinite {
            net: state.candidate().clone(),
            epoch: state.progress.epoch,
        };
        while !state.progress.is_over(self.settings) {
            let (end, norms);
            (state, end, norms) = self.epoch(state, &mut schedule, recorder)?;
            let is_finite = match end {
                EpochEnd::Done(done) => {
                    self.end_epoch(&mut state, &mut last_finite, (done, norms), recorder)?
                }
                EpochEnd::NotFinite => false,
                EpochEnd::Refused => return Ok(Outcome::GradientsDisagree),
                EpochEnd::Interrupted => return interrupted(&state, recorder),
            };
            if !is_finite {
                return self.not_finite(&last_finite, &state, recorder);
            }
            let wants_to_stop = recorder.is_interrupted();
            let is_to_stop = match self.team.shared() {
                Some(shared) => shared.any(wants_to_stop)?,
                None => wants_to_stop,
            };
            if is_to_stop && !state.progress.is_over(self.settings) {
                return interrupted(&state, recorder);
            }
        }
        self.finish(&state, recorder)
    }

    /// One pass over the training set, watched, with the norms of the last step's gradients.
    fn epoch(
        &self,
        state: State<N>,
        schedule: &mut Schedule,
        recorder: &mut impl Recorder<N>,
    ) -> Result<(State<N>, EpochEnd, Vec<Tensor<1>>), TrainingError> {
        let number = state.progress.epoch + 1;
        recorder.progress(Now::EpochBegins {
            epoch: number,
            rows: self.splits.training.len(),
        });
        let mut watch = EpochWatch {
            settings: self.settings,
            opened: self.opened,
            keeps_norms: self.evaluates(number),
            gradient_norms: vec![],
            recorder,
        };
        let training = &self.splits.training;
        let (state, end) = epoch(state, training, &self.pass(), schedule, &mut watch)?;
        let gradient_norms = watch.gradient_norms;
        recorder.progress(Now::EpochEnds);
        Ok((state, end, gradient_norms))
    }

    fn pass(&self) -> Pass<'_> {
        Pass::new(self.settings, &self.team)
    }

    /// Whether an epoch (from 1) is evaluated and reported.
    fn evaluates(&self, epoch: usize) -> bool {
        let settings = self.settings;
        settings.logs(epoch) || settings.saves(epoch) || settings.early_stop.is_some()
    }

    fn evaluate(
        &self,
        net: &N,
        examples: &Examples<N::Targets>,
    ) -> Result<Evaluation, TrainingError> {
        evaluate(net, examples, &self.team, self.rows_at_once())
    }

    fn rows_at_once(&self) -> usize {
        rows_at_once(self.opened, self.settings.batch_size)
    }

    /// Evaluates the net, reports the epoch, and records weights and checkpoint when they are due.
    /// Returns whether the loss is finite.
    fn end_epoch(
        &self,
        state: &mut State<N>,
        last_finite: &mut LastFinite<N>,
        (done, gradient_norms): (EpochDone, Vec<Tensor<1>>),
        recorder: &mut impl Recorder<N>,
    ) -> Result<bool, TrainingError> {
        let epoch = state.progress.epoch;
        if !self.evaluates(epoch) {
            return Ok(true);
        }
        let Splits {
            validation, test, ..
        } = self.splits;
        let evaluated = |net: Option<&N>| {
            let pair = net.zip(validation.as_ref());
            pair.map(|(net, examples)| self.evaluate(net, examples))
                .transpose()
        };
        let average = evaluated(state.average.as_ref())?;
        let validation = evaluated(Some(state.net()))?;
        let this = Best {
            epoch,
            loss: average
                .or(validation)
                .map_or(done.loss, |evaluation| evaluation.loss),
        };
        self.compare_with_best(state, this);
        let is_over = state.progress.is_over(self.settings);
        let logs = self.settings.logs(epoch) || is_over;
        let needs_test = logs && validation.is_none();
        let is_finite = this.loss.is_finite()
            && (!needs_test || self.evaluate(state.candidate(), test)?.loss.is_finite());
        if !is_finite {
            return Ok(false);
        }
        *last_finite = LastFinite {
            net: state.candidate().clone(),
            epoch,
        };
        if logs {
            recorder.weights(state.result())?;
            let report = self.report(epoch, &done, gradient_norms, [validation, average])?;
            recorder.event(&Event::Epoch(report))?;
        }
        if validation.is_some() && !is_over {
            self.report_plateau(&state.progress, recorder)?;
        }
        if is_over && epoch < self.settings.epochs {
            report_early_stop(&state.progress, recorder)?;
        }
        if self.settings.saves(epoch) || is_over {
            if Best::is_beaten_by(state.progress.best_checkpoint, this.loss) {
                state.progress.best_checkpoint = Some(this);
            }
            recorder.checkpoint(state)?;
        }
        Ok(true)
    }

    fn compare_with_best(&self, state: &mut State<N>, this: Best) {
        state.progress.epochs_without_better += 1;
        if Best::is_beaten_by(state.progress.best, this.loss) {
            state.progress.best = Some(this);
            state.progress.epochs_without_better = 0;
            let stops_early = self.settings.early_stop.is_some();
            state.best = stops_early.then(|| state.candidate().clone());
        }
    }

    /// Reports that the validation loss no longer improves, once; early stopping would report itself.
    fn report_plateau(
        &self,
        progress: &Progress,
        recorder: &mut impl Recorder<N>,
    ) -> Result<(), TrainingError> {
        let is_due =
            progress.epochs_without_better == PLATEAU && self.settings.early_stop.is_none();
        if let Some(best) = progress.best.filter(|_| is_due) {
            recorder.event(&Event::Plateau {
                epoch: progress.epoch,
                best_epoch: best.epoch,
                best_loss: best.loss,
            })?;
        }
        Ok(())
    }

    fn report(
        &self,
        epoch: usize,
        done: &EpochDone,
        gradient_norms: Vec<Tensor<1>>,
        [validation, average]: [Option<Evaluation>; 2],
    ) -> Result<Epoch, TrainingError> {
        let seconds = done.time.as_secs_f64();
        Ok(Epoch {
            epoch,
            train_loss: done.loss,
            val_loss: validation.map(|evaluation| evaluation.loss),
            val_accuracy: validation.map(|evaluation| evaluation.accuracy),
            average_val_loss: average.map(|evaluation| evaluation.loss),
            average_val_accuracy: average.map(|evaluation| evaluation.accuracy),
            seconds,
            images_per_second: self.splits.training.len() as f64 / seconds,
            learning_rate: done.learning_rate,
            gradient_norms: if gradient_norms.is_empty() {
                vec![]
            } else {
                read_back(Tensor::cat(gradient_norms, 0))?
            },
        })
    }

    /// Evaluates the net on the test set and compares it with the exact solution if there is one. Its
    /// weights are recorded already: the last epoch is reported.
    fn finish(
        &self,
        state: &State<N>,
        recorder: &mut impl Recorder<N>,
    ) -> Result<Outcome, TrainingError> {
        let net = state.result();
        let time = Duration::from_nanos(state.progress.train_nanoseconds);
        let test = self.evaluate(net, &self.splits.test)?;
        let started = Instant::now();
        let training = &self.splits.training;
        let exact = self.with_all(training, |parts| net.valid().closed_form(parts))?;
        let exact_seconds = started.elapsed().as_secs_f64();
        let exact_test = exact
            .as_ref()
            .map(|exact| self.evaluate(&exact.net, &self.splits.test))
            .transpose()?;
        let validation = self.splits.validation.as_ref();
        let temperature =
            validation.map(|rows| self.with_all(rows, |parts| net.valid().temperature(parts)));
        let temperature = temperature.transpose()?.flatten();
        let rows = state.progress.epoch * training.len();
        let best = state.best.as_ref().and(state.progress.best);
        let settings = self.settings;
        recorder.event(&Event::Finished(RunResult {
            model: settings.model.to_string(),
            backend: settings.backend.clone(),
            engine: settings.engine.to_string(),
            epochs: state.progress.epoch,
            best_epoch: best.map(|best| best.epoch),
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            temperature,
            temperature_rows: temperature.and(validation).map(Examples::len),
            closed_form_test_accuracy: exact_test.map(|evaluation| evaluation.accuracy),
            closed_form_loss: exact.as_ref().map(|exact| exact.loss),
            loss_above_closed_form: exact.as_ref().map(|exact| exact.loss_gap),
            distance_to_closed_form: exact.as_ref().map(|exact| exact.distance),
            closed_form_seconds: exact.as_ref().map(|_| exact_seconds),
            train_seconds: time.as_secs_f64(),
            images_per_second: rows as f64 / time.as_secs_f64(),
            seed: settings.seed,
        }))?;
        Ok(if test.loss.is_finite() {
            Outcome::Finished {
                test_accuracy: test.accuracy,
            }
        } else {
            Outcome::NotFinite
        })
    }

    /// Passes all rows on, in parts, to what has no use for errors: it gets no further part after one that cannot be
    /// read, and its result is dropped.
    fn with_all<R>(
        &self,
        examples: &Examples<N::Targets>,
        work: impl FnOnce(&mut dyn Iterator<Item = (Tensor<2>, N::Targets)>) -> Result<R, TrainingError>,
    ) -> Result<R, TrainingError> {
        let mut error = None;
        let parts = examples.parts(0..examples.len(), self.rows_at_once());
        let mut parts = parts.map_while(|part| part.map_err(|cause| error = Some(cause)).ok());
        let result = work(&mut parts)?;
        error.map_or(Ok(result), |cause| Err(cause.into()))
    }

    fn not_finite(
        &self,
        last_finite: &LastFinite<N>,
        state: &State<N>,
        recorder: &mut impl Recorder<N>,
    ) -> Result<Outcome, TrainingError> {
        recorder.weights(&last_finite.net)?;
        let step = state.progress.step;
        let rows = self.splits.training.len();
        recorder.event(&Event::Stopped(Stopped {
            reason: StopReason::NotFinite {
                kept_epoch: last_finite.epoch,
                too_large: self.settings.too_large(rows),
            },
            epoch: step.div_ceil(rows.div_ceil(self.settings.batch_size)),
            step,
        }))?;
        Ok(Outcome::NotFinite)
    }

    /// Has the device compile and tune every kernel of the run. Returns whether that was completed.
    fn warm_up(&self, net: &N, recorder: &mut impl Recorder<N>) -> Result<bool, TrainingError> {
        let rehearsal = Rehearsal {
            net: net.clone(),
            settings: self.settings.clone(),
            opened: self.opened.clone(),
            splits: self.splits.clone(),
        };
        rehearsal.run(recorder)
    }
}

fn report_early_stop<N>(
    progress: &Progress,
    recorder: &mut impl Recorder<N>,
) -> Result<(), TrainingError> {
    if let Some(best) = progress.best {
        recorder.event(&Event::EarlyStop {
            epoch: progress.epoch,
            best_epoch: best.epoch,
            best_loss: best.loss,
        })?;
    }
    Ok(())
}

/// Records everything that is needed to continue.
fn interrupted<N: Net>(
    state: &State<N>,
    recorder: &mut impl Recorder<N>,
) -> Result<Outcome, TrainingError> {
    recorder.checkpoint(state)?;
    recorder.weights(state.result())?;
    recorder.event(&stopped_by_interrupt(&state.progress))?;
    Ok(Outcome::Interrupted)
}

fn stopped_by_interrupt(progress: &Progress) -> Event {
    Event::Stopped(Stopped {
        reason: StopReason::Interrupted,
        epoch: progress.epoch + 1,
        step: progress.step,
    })
}
