//! A net that learns MNIST in the fused engine.

use std::sync::Arc;
use std::thread;

use datasets::{ImageSet, Mnist};
use fused_mlp::{Architecture, Inputs, LayerValues, Output, State, Step, Targets, Trainer};
use layers::{Activation, dense};
use mnist_mlp::{Dropout, MnistMlp};
use rayon::ThreadPool;
use weight_exchange::{Dense, DenseStack};

use crate::digits::plan::Settings;
use crate::error::RequestError;
use crate::place::Place;
use crate::playground::order;
use crate::watch::Learns;

/// A net and where it is in its data.
pub(crate) struct Learner {
    trainer: Trainer<f32>,
    settings: Settings,
    mnist: Arc<Mnist>,
    steps: u64,
    epoch: u64,
    /// The order of the epoch, and the place in it.
    rows: Vec<u32>,
    place: usize,
    /// Losses of batches since the last moment: their sum and number.
    losses: (f64, u64),
}

/// Everything that a net knows after some steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) layers: Vec<LayerValues<f32>>,
    state: State<f32>,
    pub(crate) steps: u64,
    pub(crate) epoch: u64,
    place: usize,
}

/// What a page is shown of a moment.
pub(crate) struct Moment {
    pub(crate) snapshot: Arc<Snapshot>,
    /// The activation of the hidden layers.
    pub(crate) f: Activation,
    /// The mean of the batches' losses since the moment before; NaN if there was none.
    pub(crate) batch_loss: f64,
}

impl Learner {
    /// A net with its first weights: those of `MnistMlpConfig::init` with the same seed.
    pub(crate) fn new(
        place: &Place,
        settings: &Settings,
        mnist: &Arc<Mnist>,
    ) -> Result<Self, RequestError> {
        let mut learner = Self::empty(settings, mnist)?;
        let sizes = settings.sizes();
        for (layer, sizes) in sizes.windows(2).enumerate() {
            let [d_in, d_out] = [sizes[0], sizes[1]];
            let path = format!("layers.{layer}");
            let seed = settings.seed.into();
            let options = (&place.device, place.dtype);
            let drawn = dense(d_in, d_out, settings.initializer(), seed, &path, options);
            let weights = drawn
                .weight
                .val()
                .to_data()
                .iter::<f32>()
                .collect::<Vec<_>>();
            let zeros = vec![0.0; d_out];
            learner.trainer.set_layer(layer, &weights, &zeros)?;
        }
        Ok(learner)
    }

    /// A net as it was.
    pub(crate) fn resume(
        settings: &Settings,
        mnist: &Arc<Mnist>,
        snapshot: &Snapshot,
    ) -> Result<Self, RequestError> {
        let mut learner = Self::empty(settings, mnist)?;
        for (layer, values) in snapshot.layers.iter().enumerate() {
            learner
                .trainer
                .set_layer(layer, &values.weights, &values.biases)?;
        }
        if snapshot.state.buffers.len() == settings.rule.buffers() {
            learner.trainer.set_state(&snapshot.state)?;
        }
        learner.steps = snapshot.steps;
        learner.epoch = snapshot.epoch;
        learner.begin_epoch();
        learner.place = snapshot.place;
        Ok(learner)
    }

    /// Goes on with other settings. An optimizer of another kind begins with an empty state.
    pub(crate) fn change(self, settings: &Settings) -> Result<Self, RequestError> {
        if *settings == self.settings {
            return Ok(self);
        }
        let changed = Self::resume(settings, &self.mnist, &self.snapshot()?)?;
        Ok(Self {
            losses: self.losses,
            ..changed
        })
    }

    fn empty(settings: &Settings, mnist: &Arc<Mnist>) -> Result<Self, RequestError> {
        let architecture = Architecture {
            sizes: settings.sizes(),
            hidden: vec![settings.f; settings.hidden.len()],
            output: Output::SoftmaxCrossEntropy { smoothing: 0.0 },
        };
        // One processor stays free for the page.
        let threads = thread::available_parallelism().map_or(1, |count| count.get() - 1);
        let threads = threads.clamp(1, 8);
        let mut learner = Self {
            trainer: Trainer::new(
                architecture,
                settings.rule,
                settings.decay,
                settings.batch,
                threads,
            )?,
            settings: settings.clone(),
            mnist: Arc::clone(mnist),
            steps: 0,
            epoch: 0,
            rows: vec![],
            place: 0,
            losses: (0.0, 0),
        };
        learner.begin_epoch();
        Ok(learner)
    }

    /// The engine's own threads: a step there need not wake them.
    pub(crate) fn pool(&self) -> Arc<ThreadPool> {
        self.trainer.pool()
    }

    fn snapshot(&self) -> Result<Snapshot, RequestError> {
        let count = self.trainer.architecture().layers();
        let layers = (0..count).map(|layer| self.trainer.layer(layer));
        Ok(Snapshot {
            layers: layers.collect::<Result<_, _>>()?,
            state: self.trainer.state(),
            steps: self.steps,
            epoch: self.epoch,
            place: self.place,
        })
    }

    fn begin_epoch(&mut self) {
        let count = self.mnist.train.len();
        order(self.settings.seed, self.epoch, count, &mut self.rows);
        self.place = 0;
    }
}

impl Learns for Learner {
    type Moment = Moment;

    fn steps(&self) -> u64 {
        self.steps
    }

    fn step(&mut self) -> Result<f64, RequestError> {
        if self.place == self.rows.len() {
            self.epoch += 1;
            self.begin_epoch();
        }
        let end = (self.place + self.settings.batch).min(self.rows.len());
        let rows = &self.rows[self.place..end];
        let train: &ImageSet = &self.mnist.train;
        let inputs = Inputs::Bytes {
            images: train.pixels(),
            rows,
        };
        let targets = Targets::Labels {
            labels: train.labels(),
            rows,
        };
        let how = Step {
            learning_rate: self.settings.rate,
            clip_norm: None,
            dropout: Dropout::NONE,
        };
        let loss = f64::from(self.trainer.step(inputs, targets, &how)?);
        self.place = end;
        self.steps += 1;
        self.losses.0 += loss;
        self.losses.1 += 1;
        Ok(loss)
    }

    fn moment(&mut self) -> Result<Moment, RequestError> {
        let (sum, count) = std::mem::take(&mut self.losses);
        Ok(Moment {
            snapshot: Arc::new(self.snapshot()?),
            f: self.settings.f,
            batch_loss: sum / count as f64,
        })
    }
}

impl Snapshot {
    /// The layers as numbers under the names of `MnistMlp`.
    pub(crate) fn stack(&self, f: Activation) -> Result<DenseStack, RequestError> {
        let layers = self.layers.iter().enumerate().map(|(place, values)| {
            let d_out = values.biases.len();
            let sizes = [values.weights.len() / d_out, d_out];
            let (weights, biases) = (values.weights.clone(), values.biases.clone());
            Dense::new(format!("layers.{place}"), sizes, weights, biases)
        });
        let layers = layers.collect::<Result<_, _>>()?;
        Ok(DenseStack::new(layers)?.with_activation(Some(f)))
    }

    /// The net on a device.
    pub(crate) fn net(&self, f: Activation, place: &Place) -> Result<MnistMlp, RequestError> {
        let stack = self.stack(f)?;
        let layers = stack.layers().iter();
        Ok(MnistMlp {
            layers: layers.map(|layer| layer.to_linear(&place.device)).collect(),
            activation: f,
            label_smoothing: 0.0,
            dropout: Dropout::NONE,
        })
    }
}
