//! The training loop (lecture item L17): batch, forward, backward, update, and from time to time
//! the loss on training and validation data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use backends::{Hardware, Opened};
use burn::tensor::Tensor;
use manual_backprop::gradient_norm;

use crate::checkpoint::{Best, LossSum};
use crate::cli::value_name;
use crate::engine::Team;
use crate::examples::{Examples, Splits, epoch_order};
use crate::gradient_check;
use crate::net::{Net, Reduction};
use crate::optimizer::new_optimizer;
use crate::output::{Console, Epoch, Event, GradientCheck, RunResult, complain};
use crate::resume::is_over;
use crate::run_folder::{Config, RunFolder};
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::state::State;

/// Losses are read back from the device once in so many steps: reading waits for the device.
const STEPS_BETWEEN_READS: usize = 16;

/// Rows judged at once on a processor: bounds the memory that activations take.
const ROWS_JUDGED_AT_ONCE: usize = 1000;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outcome {
    /// All epochs done; accuracy on the test set.
    Finished { test_accuracy: f64 },
    /// The loss is not finite any more.
    NotFinite,
    /// Formulas, autodiff and finite differences gave different gradients.
    GradientsDisagree,
    /// Somebody asked it to stop.
    Interrupted,
}

/// One run: what it trains, on what, and where it reports.
pub(crate) struct Run<'a, N: Net> {
    pub(crate) config: &'a Config,
    pub(crate) opened: &'a Opened,
    pub(crate) splits: &'a Splits<N::Targets>,
    pub(crate) folder: &'a mut RunFolder,
    pub(crate) console: &'a mut Console,
    pub(crate) interrupt: &'a AtomicBool,
    pub(crate) team: &'a Team,
    /// The learning rates from the first step of the run on.
    pub(crate) schedule: Schedule,
}

/// A net whose loss was finite, and the epoch after which it was (0: before the first).
struct Good<N> {
    net: N,
    epoch: usize,
}

/// How the epochs ended.
enum Descent<N> {
    Ended(State<N>),
    Stopped(Outcome),
}

/// How an epoch ended.
enum Pass {
    Done(Passed),
    NotFinite,
    GradientsDisagree,
    Interrupted,
}

/// An epoch that is done.
struct Passed {
    loss: f64,
    time: Duration,
    /// Of the last step.
    learning_rate: f64,
    /// Of the last step, before any clipping; empty where nobody will hear of them.
    gradient_norms: Vec<Tensor<1>>,
}

impl<N: Net> Run<'_, N> {
    /// Trains the net from where it stands, judges it, and leaves its weights in the run folder.
    ///
    /// # Errors
    ///
    /// If the device or the run folder fails.
    pub(crate) fn train(mut self, state: State<N>) -> Result<Outcome> {
        let team = self.team;
        match team.run(|| self.descend(state))? {
            Descent::Ended(state) => self.finish(&state),
            Descent::Stopped(outcome) => Ok(outcome),
        }
    }

    /// Does every epoch that is to come.
    fn descend(&mut self, mut state: State<N>) -> Result<Descent<N>> {
        if self.opened.hardware != Hardware::Processor {
            self.warm_up(&state.net)?;
        }
        self.schedule.skip(state.progress.step);
        let mut good = Good {
            net: state.net.clone(),
            epoch: state.progress.epoch,
        };
        while !is_over(self.settings(), &state.progress) {
            let pass;
            (state, pass) = self.pass(state)?;
            let finite = match pass {
                Pass::Done(passed) => self.end_epoch(&mut state, &mut good, passed)?,
                Pass::NotFinite => false,
                Pass::GradientsDisagree => {
                    return Ok(Descent::Stopped(Outcome::GradientsDisagree));
                }
                Pass::Interrupted => return self.stop_interrupted(&state).map(Descent::Stopped),
            };
            if !finite {
                return self.stop_not_finite(&good, &state).map(Descent::Stopped);
            }
            let interrupted = self.interrupt.load(Ordering::Relaxed);
            if interrupted && !is_over(self.settings(), &state.progress) {
                return self.stop_interrupted(&state).map(Descent::Stopped);
            }
        }
        Ok(Descent::Ended(state))
    }

    fn settings(&self) -> &Settings {
        &self.config.settings
    }

    /// The rest of a pass over the training set, in an order drawn for the epoch.
    fn pass(&mut self, mut state: State<N>) -> Result<(State<N>, Pass)> {
        let Settings {
            engine,
            batch_size,
            seed,
            clip_norm,
            ..
        } = *self.settings();
        let training = &self.splits.training;
        let rows = training.len();
        let epoch = state.progress.epoch + 1;
        let is_heard_of = self.judges(epoch);
        let order = epoch_order(rows, seed, epoch as u64, &self.opened.device);
        let bar = self.console.bar(rows as u64, format!("epoch {epoch}"));
        let started = Instant::now();
        let earlier = Duration::from_nanos(state.progress.epoch_nanoseconds);
        let mut losses = Losses::after(state.progress.losses);
        let mut learning_rate = 0.0;
        let mut gradient_norms = vec![];
        let mut checking = Duration::ZERO;
        let steps = (0..rows).step_by(batch_size);
        for (step, start) in steps.enumerate().skip(state.progress.step_in_epoch) {
            let batch = batch_size.min(rows - start);
            let is_last = start + batch == rows;
            let take = training.taker(order.clone().narrow(0, start, batch));
            if self.checks_gradients(state.progress.step) {
                let begun = Instant::now();
                let (x, targets) = take(0..batch);
                if !self.gradients_agree(&state, &x, &targets)? {
                    bar.finish_and_clear();
                    return Ok((state, Pass::GradientsDisagree));
                }
                checking += begun.elapsed();
            }
            let (loss, mut gradients) = self.team.gradients(engine, &state.net, batch, take);
            if is_last && is_heard_of {
                gradient_norms = gradient_norm::norms(&state.net, &gradients);
            }
            if let Some(limit) = clip_norm {
                gradients = gradient_norm::clipped(&state.net, gradients, limit);
            }
            learning_rate = self.schedule.next_rate();
            state.net = state.optimizer.step(learning_rate, state.net, gradients);
            state.progress.step += 1;
            losses.push(loss, batch);

            let interrupted = self.interrupt.load(Ordering::Relaxed) && !is_last;
            if losses.unread() == STEPS_BETWEEN_READS || is_last || interrupted {
                if let Some(unread) = losses.read::<N>()? {
                    bar.finish_and_clear();
                    state.progress.step -= unread;
                    return Ok((state, Pass::NotFinite));
                }
                bar.set_message(format!("loss {:.4}", losses.value::<N>()));
                bar.set_position((start + batch) as u64);
            }
            if interrupted {
                bar.finish_and_clear();
                state.progress.step_in_epoch = step + 1;
                state.progress.losses = losses.sum;
                state.progress.epoch_nanoseconds =
                    nanoseconds(earlier + started.elapsed() - checking);
                return Ok((state, Pass::Interrupted));
            }
        }
        bar.finish_and_clear();
        let time = earlier + started.elapsed() - checking;
        state.progress.epoch = epoch;
        state.progress.step_in_epoch = 0;
        state.progress.losses = LossSum::default();
        state.progress.epoch_nanoseconds = 0;
        state.progress.train_nanoseconds += nanoseconds(time);
        let passed = Passed {
            loss: losses.value::<N>(),
            time,
            learning_rate,
            gradient_norms,
        };
        Ok((state, Pass::Done(passed)))
    }

    /// Whether more than the time is taken of an epoch (from 1).
    fn judges(&self, epoch: usize) -> bool {
        let settings = self.settings();
        settings.logs(epoch) || settings.saves(epoch) || settings.early_stop.is_some()
    }

    /// Judges the net, reports the epoch, and keeps weights and checkpoint, each where it is due,
    /// if the loss is finite, which is the answer.
    fn end_epoch(
        &mut self,
        state: &mut State<N>,
        good: &mut Good<N>,
        passed: Passed,
    ) -> Result<bool> {
        let epoch = state.progress.epoch;
        if !self.judges(epoch) {
            return Ok(true);
        }
        let Splits {
            validation, test, ..
        } = self.splits;
        let validation = match validation {
            Some(validation) => Some(self.judge(&state.net, validation)?),
            None => None,
        };
        let this = Best {
            epoch,
            loss: validation.map_or(passed.loss, |judgement| judgement.loss),
        };
        let stops_early = self.settings().early_stop.is_some();
        let progress = &mut state.progress;
        progress.epochs_without_better += 1;
        if Best::is_beaten_by(progress.best, this.loss) {
            progress.best = Some(this);
            progress.epochs_without_better = 0;
            state.best = stops_early.then(|| state.net.clone());
        }
        let over = is_over(self.settings(), progress);
        let (logs, saves) = (
            self.settings().logs(epoch) || over,
            self.settings().saves(epoch) || over,
        );
        let judged_by_test = logs && validation.is_none();
        let is_finite = this.loss.is_finite()
            && (!judged_by_test || self.judge(&state.net, test)?.loss.is_finite());
        if !is_finite {
            return Ok(false);
        }
        *good = Good {
            net: state.net.clone(),
            epoch,
        };
        if logs {
            self.folder.save_weights(result_of(state))?;
            self.say_epoch(epoch, passed, validation)?;
        }
        if let Some(best) = state.progress.best.filter(|_| over && stops_early)
            && epoch < self.settings().epochs
        {
            self.say(Event::EarlyStop {
                epoch,
                best_epoch: best.epoch,
                best_loss: best.loss,
            })?;
        }
        if saves {
            if Best::is_beaten_by(state.progress.best_checkpoint, this.loss) {
                state.progress.best_checkpoint = Some(this);
            }
            self.save_checkpoint(state)?;
        }
        Ok(true)
    }

    fn say_epoch(
        &mut self,
        epoch: usize,
        passed: Passed,
        validation: Option<Judgement>,
    ) -> Result<()> {
        let seconds = passed.time.as_secs_f64();
        self.say(Event::Epoch(Epoch {
            epoch,
            train_loss: passed.loss,
            val_loss: validation.map(|judgement| judgement.loss),
            val_accuracy: validation.map(|judgement| judgement.accuracy),
            seconds,
            images_per_second: self.splits.training.len() as f64 / seconds,
            learning_rate: passed.learning_rate,
            gradient_norms: match passed.gradient_norms.is_empty() {
                true => vec![],
                false => read_back(Tensor::cat(passed.gradient_norms, 0))?,
            },
        }))
    }

    fn save_checkpoint(&self, state: &State<N>) -> Result<()> {
        let metrics_bytes = self.folder.sync_metrics()?;
        let checkpoint = state.to_checkpoint(self.config, metrics_bytes)?;
        self.folder.save_checkpoint(&checkpoint)
    }

    /// Whether the gradients of the step after so many are checked.
    fn checks_gradients(&self, steps_done: usize) -> bool {
        let every = self.settings().check_gradients;
        every.is_some_and(|every| steps_done.is_multiple_of(every))
    }

    /// Checks the gradients of a batch, and reports that.
    fn gradients_agree(
        &mut self,
        state: &State<N>,
        x: &Tensor<2>,
        targets: &N::Targets,
    ) -> Result<bool> {
        let (epoch, step) = (state.progress.epoch + 1, state.progress.step + 1);
        let started = Instant::now();
        let seed = self.settings().seed.wrapping_add(step as u64);
        let report = gradient_check::check(&state.net, x.clone(), targets, self.opened, seed);
        let worst = report.worst_element.as_ref();
        self.say(Event::GradientCheck(GradientCheck {
            epoch,
            step,
            verdict: report.verdict.to_string(),
            worst_relative_error: report.worst.manual_autodiff,
            tolerance: report.tolerance.as_ref().map(|tolerance| tolerance.pair),
            worst_parameter: worst.map(|worst| worst.input.clone()),
            seconds: started.elapsed().as_secs_f64(),
        }))?;
        if !gradient_check::is_disagreement(&report) {
            return Ok(true);
        }
        complain(&report);
        self.say(Event::Stopped {
            reason: format!(
                "the gradients of step {step} disagree: {}",
                gradient_check::in_words(&report)
            ),
            epoch,
            step: state.progress.step,
            resume: None,
        })?;
        Ok(false)
    }

    /// Judges the net on the test set, beside the exact solution if there is one. Its weights are
    /// kept already: the last epoch is reported.
    fn finish(mut self, state: &State<N>) -> Result<Outcome> {
        let net = result_of(state);
        let time = Duration::from_nanos(state.progress.train_nanoseconds);
        let test = self.judge(net, &self.splits.test)?;
        let started = Instant::now();
        let training = &self.splits.training;
        let training = training.parts(0..training.len(), self.rows_judged_at_once());
        let exact = net.valid().closed_form(training)?;
        let exact_seconds = started.elapsed().as_secs_f64();
        let exact_test = match &exact {
            Some(exact) => Some(self.judge(&exact.net, &self.splits.test)?),
            None => None,
        };
        let rows = state.progress.epoch * self.splits.training.len();
        let best = state.best.as_ref().and(state.progress.best);
        let settings = self.settings();
        self.say(Event::Result(RunResult {
            model: value_name(settings.model),
            backend: settings.backend.clone(),
            engine: value_name(settings.engine),
            epochs: state.progress.epoch,
            best_epoch: best.map(|best| best.epoch),
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            closed_form_test_accuracy: exact_test.map(|judgement| judgement.accuracy),
            closed_form_loss: exact.as_ref().map(|exact| exact.loss),
            loss_above_closed_form: exact.as_ref().map(|exact| exact.loss_gap),
            distance_to_closed_form: exact.as_ref().map(|exact| exact.distance),
            closed_form_seconds: exact.as_ref().map(|_| exact_seconds),
            train_seconds: time.as_secs_f64(),
            images_per_second: rows as f64 / time.as_secs_f64(),
            seed: settings.seed,
            run_dir: self.folder.path().display().to_string(),
        }))?;
        match test.loss.is_finite() {
            true => Ok(Outcome::Finished {
                test_accuracy: test.accuracy,
            }),
            false => Ok(Outcome::NotFinite),
        }
    }

    /// Keeps everything that is needed to go on, and says how.
    fn stop_interrupted(&mut self, state: &State<N>) -> Result<Outcome> {
        self.save_checkpoint(state)?;
        self.folder.save_weights(result_of(state))?;
        let resume = self.folder.resume_command();
        self.say(Event::Stopped {
            reason: "interrupted".to_owned(),
            epoch: state.progress.epoch + 1,
            step: state.progress.step,
            resume: Some(resume),
        })?;
        self.console
            .note(&format!("weights kept in {}", self.folder.path().display()));
        Ok(Outcome::Interrupted)
    }

    fn stop_not_finite(&mut self, good: &Good<N>, state: &State<N>) -> Result<Outcome> {
        let kept = match good.epoch {
            0 => "the initial weights are kept".to_owned(),
            epoch => format!("the weights of epoch {epoch} are kept"),
        };
        self.folder.save_weights(&good.net)?;
        let step = state.progress.step;
        let steps_per_epoch = self
            .splits
            .training
            .len()
            .div_ceil(self.settings().batch_size);
        self.say(Event::Stopped {
            reason: format!(
                "the loss is not finite at step {step}; {kept} in {}; try a smaller --learning-rate",
                self.folder.path().display()
            ),
            epoch: step.div_ceil(steps_per_epoch),
            step,
            resume: None,
        })?;
        Ok(Outcome::NotFinite)
    }

    /// Compiles and tunes every kernel that the run needs, on batches of the sizes it will meet,
    /// and throws the results away.
    fn warm_up(&mut self, net: &N) -> Result<()> {
        self.console
            .note("warm-up: compiling and tuning kernels for this adapter ...");
        let started = Instant::now();
        let Settings {
            engine,
            batch_size,
            learning_rate,
            clip_norm,
            ..
        } = *self.settings();
        let training = &self.splits.training;
        let rows = training.len();
        let full = batch_size.min(rows);
        let mut batches = vec![full, rows % full];
        batches.retain(|&batch| batch > 0);
        let mut optimizer = new_optimizer(self.settings(), &self.opened.device);
        let mut trained = net.clone();
        for batch in batches {
            let take = training.taker(Tensor::arange(0..batch as i64, &self.opened.device));
            let (_, mut gradients) = self.team.gradients(engine, &trained, batch, take);
            if let Some(limit) = clip_norm {
                gradients = gradient_norm::clipped(&trained, gradients, limit);
            }
            trained = optimizer.step(learning_rate, trained, gradients);
        }
        for examples in self.splits.validation.iter().chain([&self.splits.test]) {
            let at_once = self.rows_judged_at_once();
            for length in [at_once.min(examples.len()), examples.len() % at_once] {
                if length > 0 {
                    let (x, targets) = examples.narrow(0, length);
                    judge_rows(&trained.valid(), x, targets)?;
                }
            }
        }
        self.opened
            .device
            .sync()
            .map_err(|error| anyhow!("the device failed: {error}"))?;
        self.say(Event::WarmUp {
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    /// Judges a net on examples, each worker a share of them, a part at a time.
    fn judge(&self, net: &N, examples: &Examples<N::Targets>) -> Result<Judgement> {
        let net = net.valid();
        let rows = examples.len();
        let at_once = self.rows_judged_at_once();
        let copy = examples.clone();
        let judge_share = move |share| -> Result<(f64, i64)> {
            let (mut loss, mut right) = (0.0, 0);
            for (x, targets) in copy.parts(share, at_once) {
                let length = x.dims()[0];
                let (part, part_right) = judge_rows(&net, x, targets)?;
                loss += match N::REDUCTION {
                    Reduction::Mean => part * length as f64 / rows as f64,
                    Reduction::Sum => part,
                };
                right += part_right;
            }
            Ok((loss, right))
        };
        let team = self.team;
        let shares = team.run(|| team.map(team.shards(rows), judge_share));
        let (mut loss, mut right) = (0.0, 0);
        for share in shares {
            let (share_loss, share_right) = share?;
            loss += share_loss;
            right += share_right;
        }
        Ok(Judgement {
            loss,
            accuracy: right as f64 / rows as f64,
        })
    }

    /// On a graphics adapter, as many as a training batch has: every other number of rows would
    /// have its matrix products tuned again, seconds each on a software adapter.
    fn rows_judged_at_once(&self) -> usize {
        match self.opened.hardware {
            Hardware::Processor => ROWS_JUDGED_AT_ONCE,
            Hardware::Graphics | Hardware::SoftwareGraphics => self.settings().batch_size,
        }
    }

    /// Says an event and keeps it.
    fn say(&mut self, event: Event) -> Result<()> {
        self.folder.record(&event)?;
        self.console.say(&event)
    }
}

/// The net whose weights the run leaves: the best where it stops early, else the last.
fn result_of<N>(state: &State<N>) -> &N {
    state.best.as_ref().unwrap_or(&state.net)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Losses of an epoch's steps, the newest still on the device.
#[derive(Debug)]
struct Losses {
    on_device: Vec<Tensor<1>>,
    rows_on_device: Vec<usize>,
    /// Of those read so far.
    sum: LossSum,
}

impl Losses {
    /// Losses that go on from those of earlier steps.
    fn after(sum: LossSum) -> Self {
        Self {
            on_device: vec![],
            rows_on_device: vec![],
            sum,
        }
    }

    fn push(&mut self, loss: Tensor<1>, rows: usize) {
        self.on_device.push(loss);
        self.rows_on_device.push(rows);
    }

    fn unread(&self) -> usize {
        self.on_device.len()
    }

    /// Reads the waiting losses back; if one is not finite, how many steps came after it.
    fn read<N: Net>(&mut self) -> Result<Option<usize>> {
        let losses = read_back(Tensor::cat(std::mem::take(&mut self.on_device), 0))?;
        let rows = std::mem::take(&mut self.rows_on_device);
        let mut left = losses.len();
        for (loss, rows) in losses.into_iter().zip(rows) {
            left -= 1;
            if !loss.is_finite() {
                return Ok(Some(left));
            }
            self.sum.sum += match N::REDUCTION {
                Reduction::Mean => loss * rows as f64,
                Reduction::Sum => loss,
            };
            self.sum.rows += rows;
            self.sum.steps += 1;
        }
        Ok(None)
    }

    /// Loss over the rows read so far.
    fn value<N: Net>(&self) -> f64 {
        match N::REDUCTION {
            Reduction::Mean => self.sum.sum / self.sum.rows as f64,
            Reduction::Sum => self.sum.sum,
        }
    }
}

/// What a net is worth on some examples.
#[derive(Debug, Clone, Copy)]
struct Judgement {
    loss: f64,
    /// Share of the rows that are answered rightly.
    accuracy: f64,
}

fn judge_rows<N: Net>(net: &N, x: Tensor<2>, targets: N::Targets) -> Result<(f64, i64)> {
    let (loss, right) = net.judge(x, targets);
    let right = right
        .try_into_scalar::<i64>()
        .map_err(|error| anyhow!("the device failed: {error}"))?;
    Ok((read_back(loss)?[0], right))
}

fn read_back(tensor: Tensor<1>) -> Result<Vec<f64>> {
    tensor
        .try_into_vec_as::<f64>()
        .map_err(|error| anyhow!("the device failed: {error}"))
}
