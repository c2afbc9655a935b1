//! The training loop (lecture item L17): batch, forward, backward, update, and from time to time
//! the loss on training and validation data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use backends::{Hardware, Opened};
use burn::optim::ModuleOptimizer;
use burn::tensor::Tensor;

use crate::cli::value_name;
use crate::examples::{Examples, Splits, epoch_order};
use crate::net::{Net, Reduction};
use crate::output::{Console, Epoch, Event, RunResult};
use crate::run_folder::RunFolder;
use crate::settings::Settings;

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
    /// Somebody asked it to stop.
    Interrupted,
}

/// One run: what it trains, on what, and where it reports.
pub(crate) struct Run<'a, N: Net> {
    pub(crate) settings: &'a Settings,
    pub(crate) opened: &'a Opened,
    pub(crate) splits: &'a Splits<N::Targets>,
    pub(crate) folder: &'a mut RunFolder,
    pub(crate) console: &'a mut Console,
    pub(crate) interrupt: &'a AtomicBool,
}

/// A net whose loss was finite, and the epoch after which it was (0: before the first).
struct Good<N> {
    net: N,
    epoch: usize,
}

/// How an epoch ended.
enum Pass<N> {
    Done { net: N, loss: f64, time: Duration },
    NotFinite { step: usize },
    Interrupted { net: N, step: usize },
}

impl<N: Net> Run<'_, N> {
    /// Trains the net, judges it, and leaves its weights in the run folder.
    ///
    /// # Errors
    ///
    /// If the device or the run folder fails.
    pub(crate) fn train(mut self, net: N) -> Result<Outcome> {
        let mut net = net.train();
        if self.opened.hardware != Hardware::Processor {
            self.warm_up(&net)?;
        }
        let mut optimizer = self.settings.new_optimizer();
        let mut train_time = Duration::ZERO;
        let mut good = Good {
            net: net.clone(),
            epoch: 0,
        };
        for epoch in 1..=self.settings.epochs {
            match self.pass(net, &mut optimizer, epoch)? {
                Pass::Done {
                    net: trained,
                    loss,
                    time,
                } => {
                    net = trained;
                    train_time += time;
                    if self.settings.logs(epoch) {
                        if !self.report_epoch(&net, epoch, loss, time)? {
                            return self.stop_not_finite(&good, epoch, self.steps(epoch));
                        }
                        good = Good {
                            net: net.clone(),
                            epoch,
                        };
                    }
                }
                Pass::NotFinite { step } => return self.stop_not_finite(&good, epoch, step),
                Pass::Interrupted { net, step } => {
                    self.folder.save_weights(&net)?;
                    self.say(Event::Stopped {
                        reason: "interrupted".to_owned(),
                        epoch,
                        step,
                    })?;
                    self.console
                        .note(&format!("weights kept in {}", self.folder.path().display()));
                    return Ok(Outcome::Interrupted);
                }
            }
        }
        self.finish(&net, train_time)
    }

    /// Steps in so many epochs.
    fn steps(&self, epochs: usize) -> usize {
        epochs
            * self
                .splits
                .training
                .len()
                .div_ceil(self.settings.batch_size)
    }

    /// One pass over the training set in an order drawn for the epoch.
    fn pass(
        &mut self,
        mut net: N,
        optimizer: &mut ModuleOptimizer,
        epoch: usize,
    ) -> Result<Pass<N>> {
        let Settings {
            engine,
            batch_size,
            learning_rate,
            seed,
            ..
        } = *self.settings;
        let training = &self.splits.training;
        let rows = training.len();
        let order = epoch_order(rows, seed, epoch as u64, &self.opened.device);
        let steps_before = self.steps(epoch - 1);
        let bar = self.console.bar(rows as u64, format!("epoch {epoch}"));
        let started = Instant::now();
        let mut losses = Losses::default();
        for (step, start) in (0..rows).step_by(batch_size).enumerate() {
            let batch = batch_size.min(rows - start);
            let (x, targets) = match batch == rows {
                // Their order matters to nothing but rounding, and taking them by it copies them.
                true => training.narrow(0, rows),
                false => training.select(order.clone().narrow(0, start, batch)),
            };
            let (loss, gradients) = engine.gradients(&net, x, targets);
            net = optimizer.step(learning_rate, net, gradients);
            losses.push(loss, batch);

            let interrupted = self.interrupt.load(Ordering::Relaxed);
            if losses.unread() == STEPS_BETWEEN_READS || start + batch == rows || interrupted {
                if let Some(bad) = losses.read::<N>()? {
                    bar.finish_and_clear();
                    return Ok(Pass::NotFinite {
                        step: steps_before + bad + 1,
                    });
                }
                bar.set_message(format!("loss {:.4}", losses.value::<N>()));
                bar.set_position((start + batch) as u64);
            }
            if interrupted {
                bar.finish_and_clear();
                return Ok(Pass::Interrupted {
                    net,
                    step: steps_before + step + 1,
                });
            }
        }
        bar.finish_and_clear();
        Ok(Pass::Done {
            net,
            loss: losses.value::<N>(),
            time: started.elapsed(),
        })
    }

    /// Judges the net, and reports the epoch and keeps the weights if its loss is finite, which is
    /// the answer.
    fn report_epoch(
        &mut self,
        net: &N,
        epoch: usize,
        train_loss: f64,
        time: Duration,
    ) -> Result<bool> {
        let Splits {
            validation, test, ..
        } = self.splits;
        let judgement = self.judge(net, validation.as_ref().unwrap_or(test))?;
        if !judgement.loss.is_finite() {
            return Ok(false);
        }
        self.folder.save_weights(net)?;
        let validation = validation.is_some().then_some(judgement);
        self.say(Event::Epoch(Epoch {
            epoch,
            train_loss,
            val_loss: validation.map(|judgement| judgement.loss),
            val_accuracy: validation.map(|judgement| judgement.accuracy),
            seconds: time.as_secs_f64(),
            images_per_second: self.splits.training.len() as f64 / time.as_secs_f64(),
            learning_rate: self.settings.learning_rate,
            gradient_norms: vec![],
        }))?;
        Ok(true)
    }

    /// Judges the net on the test set, beside the exact solution if there is one. Its weights are
    /// kept already: the last epoch is reported.
    fn finish(mut self, net: &N, time: Duration) -> Result<Outcome> {
        let test = self.judge(net, &self.splits.test)?;
        let started = Instant::now();
        let training = self.splits.training.parts(self.rows_judged_at_once());
        let exact = net.valid().closed_form(training)?;
        let exact_seconds = started.elapsed().as_secs_f64();
        let exact_test = match &exact {
            Some(exact) => Some(self.judge(&exact.net, &self.splits.test)?),
            None => None,
        };
        let rows = self.settings.epochs * self.splits.training.len();
        self.say(Event::Result(RunResult {
            model: value_name(self.settings.model),
            backend: self.settings.backend.clone(),
            engine: value_name(self.settings.engine),
            epochs: self.settings.epochs,
            test_loss: test.loss,
            test_accuracy: test.accuracy,
            closed_form_test_accuracy: exact_test.map(|judgement| judgement.accuracy),
            closed_form_loss: exact.as_ref().map(|exact| exact.loss),
            loss_above_closed_form: exact.as_ref().map(|exact| exact.loss_gap),
            distance_to_closed_form: exact.as_ref().map(|exact| exact.distance),
            closed_form_seconds: exact.as_ref().map(|_| exact_seconds),
            train_seconds: time.as_secs_f64(),
            images_per_second: rows as f64 / time.as_secs_f64(),
            seed: self.settings.seed,
            run_dir: self.folder.path().display().to_string(),
        }))?;
        match test.loss.is_finite() {
            true => Ok(Outcome::Finished {
                test_accuracy: test.accuracy,
            }),
            false => Ok(Outcome::NotFinite),
        }
    }

    fn stop_not_finite(&mut self, good: &Good<N>, epoch: usize, step: usize) -> Result<Outcome> {
        let kept = match good.epoch {
            0 => "the initial weights are kept".to_owned(),
            epoch => format!("the weights of epoch {epoch} are kept"),
        };
        self.folder.save_weights(&good.net)?;
        self.say(Event::Stopped {
            reason: format!(
                "the loss is not finite at step {step}; {kept} in {}; try a smaller --learning-rate",
                self.folder.path().display()
            ),
            epoch,
            step,
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
            ..
        } = *self.settings;
        let training = &self.splits.training;
        let rows = training.len();
        let full = batch_size.min(rows);
        let mut batches = vec![full, rows % full];
        batches.retain(|&batch| batch > 0);
        let mut optimizer = self.settings.new_optimizer();
        let mut trained = net.clone();
        for batch in batches {
            let indices = Tensor::arange(0..batch as i64, &self.opened.device);
            let (x, targets) = training.select(indices);
            let (_, gradients) = engine.gradients(&trained, x, targets);
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

    /// Judges a net on examples, a part at a time.
    fn judge(&self, net: &N, examples: &Examples<N::Targets>) -> Result<Judgement> {
        let net = net.valid();
        let rows = examples.len();
        let (mut loss, mut right) = (0.0, 0);
        for (x, targets) in examples.parts(self.rows_judged_at_once()) {
            let length = x.dims()[0];
            let (part, part_right) = judge_rows(&net, x, targets)?;
            loss += match N::REDUCTION {
                Reduction::Mean => part * length as f64 / rows as f64,
                Reduction::Sum => part,
            };
            right += part_right;
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
            Hardware::Graphics | Hardware::SoftwareGraphics => self.settings.batch_size,
        }
    }

    /// Says an event and keeps it.
    fn say(&mut self, event: Event) -> Result<()> {
        self.folder.record(&event)?;
        self.console.say(&event)
    }
}

/// Losses of an epoch's steps, the newest still on the device.
#[derive(Debug, Default)]
struct Losses {
    on_device: Vec<Tensor<1>>,
    rows_on_device: Vec<usize>,
    /// Sum over the rows read so far, and their number.
    sum: f64,
    rows: usize,
    steps: usize,
}

impl Losses {
    fn push(&mut self, loss: Tensor<1>, rows: usize) {
        self.on_device.push(loss);
        self.rows_on_device.push(rows);
    }

    fn unread(&self) -> usize {
        self.on_device.len()
    }

    /// Reads the waiting losses back; the step (from 0 in this epoch) of the first that is not
    /// finite, if any.
    fn read<N: Net>(&mut self) -> Result<Option<usize>> {
        let losses = read_back(Tensor::cat(std::mem::take(&mut self.on_device), 0))?;
        for (loss, rows) in losses
            .into_iter()
            .zip(std::mem::take(&mut self.rows_on_device))
        {
            if !loss.is_finite() {
                return Ok(Some(self.steps));
            }
            self.sum += match N::REDUCTION {
                Reduction::Mean => loss * rows as f64,
                Reduction::Sum => loss,
            };
            self.rows += rows;
            self.steps += 1;
        }
        Ok(None)
    }

    /// Loss over the rows read so far.
    fn value<N: Net>(&self) -> f64 {
        match N::REDUCTION {
            Reduction::Mean => self.sum / self.rows as f64,
            Reduction::Sum => self.sum,
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
