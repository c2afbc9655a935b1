//! Training in turns.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use backends::{Backend, Hardware, Opened};
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor};
use datasets::ImageSet;
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use serde::Serialize;
use xor_net::{XorNet, XorNetConfig};

use crate::cli::{Engine, value_name};
use crate::engine::Team;
use crate::examples::{Examples, epoch_order};
use crate::net::Net;
use crate::output::Console;
use crate::settings::default_threads;

/// Decides weights and batch order.
pub(super) const SEED: u64 = 0;
/// Step length of plain gradient descent; the time does not depend on it.
const LEARNING_RATE: f64 = 0.01;
/// Steps of a segment of the XOR net.
pub(super) const XOR_STEPS: usize = 2000;
/// Steps over which the parts of a step are averaged, after as many that do not count.
const PART_STEPS: usize = 100;

/// Hidden layers and batch size of the MNIST net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Size {
    pub(crate) hidden: [usize; 2],
    pub(crate) batch: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [h1, h2] = self.hidden;
        write!(f, "784-{h1}-{h2}-10, batch {}", self.batch)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected HIDDEN-HIDDEN:BATCH, for example 256-128:128".to_owned();
        let number = |text: &str| text.parse().ok().filter(|&n: &usize| n > 0);
        let (hidden, batch) = text.split_once(':').ok_or_else(expected)?;
        let (h1, h2) = hidden.split_once('-').ok_or_else(expected)?;
        match (number(h1), number(h2), number(batch)) {
            (Some(h1), Some(h2), Some(batch)) => Ok(Self {
                hidden: [h1, h2],
                batch,
            }),
            _ => Err(expected()),
        }
    }
}

/// Whoever takes part.
pub(crate) trait Contestant {
    /// Its name in the table.
    fn name(&self) -> String;
    /// What it is, for sorting out ratios.
    fn kind(&self) -> Kind;
    /// Works for a while: how many items (rows or steps), in how long.
    ///
    /// # Errors
    ///
    /// If the device or the peer fails.
    fn segment(&mut self) -> Result<(usize, Duration)>;
}

/// What takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Training by this project.
    Training,
    /// A step's matrix products and nothing else, on the same backend: what no training exceeds.
    Products,
    /// Training by another framework.
    Peer,
}

/// What a contestant did in every round.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Score {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Items a second, round by round.
    pub(crate) rates: Vec<f64>,
}

impl Score {
    /// The middle of the rates.
    pub(crate) fn median(&self) -> f64 {
        median(&self.rates)
    }
}

/// The middle value; of two, their mean.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Holds the contest: in every round a segment of each, after one that does not count.
///
/// # Errors
///
/// If a device or a peer fails.
pub(crate) fn hold(
    mut contestants: Vec<Box<dyn Contestant>>,
    rounds: usize,
    console: &Console,
) -> Result<Vec<Score>> {
    let mut scores = contestants
        .iter()
        .map(|contestant| Score {
            name: contestant.name(),
            kind: contestant.kind(),
            rates: vec![],
        })
        .collect::<Vec<_>>();
    for round in 0..=rounds {
        for (contestant, score) in contestants.iter_mut().zip(&mut scores) {
            let (items, time) = contestant.segment()?;
            if round > 0 {
                score.rates.push(items as f64 / time.as_secs_f64());
            }
        }
        if round > 0 {
            console.note(&format!("round {round} of {rounds}"));
        }
    }
    Ok(scores)
}

/// A net in training.
pub(crate) struct Lane<N: Net> {
    name: String,
    device: Device,
    hardware: Hardware,
    engine: Engine,
    team: Arc<Team>,
    examples: Examples<N::Targets>,
    batch: usize,
    /// Passes over the examples in a segment.
    passes: usize,
    net: Option<N>,
    optimizer: ModuleOptimizer,
    passes_done: u64,
}

impl Lane<MnistMlp> {
    /// The MNIST net of a size; a segment is one pass over all training images.
    pub(crate) fn mnist(
        backend: Backend,
        opened: &Opened,
        engine: Engine,
        size: Size,
        train: &ImageSet,
    ) -> Result<Self> {
        let net = MnistMlpConfig::new(
            train.image_size(),
            size.hidden.to_vec(),
            train.class_count(),
        )
        .init(SEED, &opened.device)?;
        let examples = Examples::from_images(train.clone(), opened);
        Self::new((backend, opened), engine, net, examples, size.batch, 1)
    }
}

impl Lane<XorNet> {
    /// The XOR net on its truth table; a segment has 2000 steps.
    pub(crate) fn xor(backend: Backend, opened: &Opened, engine: Engine) -> Result<Self> {
        let net = XorNetConfig::new().init(SEED, &opened.device)?;
        let examples = Examples::truth_table(&opened.device);
        let batch = examples.len();
        Self::new((backend, opened), engine, net, examples, batch, XOR_STEPS)
    }
}

impl<N: Net> Lane<N> {
    fn new(
        (backend, opened): (Backend, &Opened),
        engine: Engine,
        net: N,
        examples: Examples<N::Targets>,
        batch: usize,
        passes: usize,
    ) -> Result<Self> {
        let team = Arc::new(Team::new(opened, default_threads(Some(backend), batch))?);
        Ok(Self {
            name: format!("{backend} {}", value_name(engine)),
            device: opened.device.clone(),
            hardware: opened.hardware,
            engine,
            team,
            examples,
            batch,
            passes,
            net: Some(net.train()),
            optimizer: SgdConfig::new().init(),
            passes_done: 0,
        })
    }

    /// Passes over the examples.
    fn train(&mut self) {
        let rows = self.examples.len();
        let mut net = self.net.take().expect("a net is there between segments");
        for _ in 0..self.passes {
            let order = self.order();
            for start in (0..rows).step_by(self.batch) {
                let batch = self.batch.min(rows - start);
                let take = self.examples.taker(order.clone().narrow(0, start, batch));
                let (_, gradients) = self.team.gradients(self.engine, &net, batch, take);
                net = self.optimizer.step(LEARNING_RATE, net, gradients);
            }
        }
        self.net = Some(net);
    }

    /// A new order of the rows, on the device.
    fn order(&mut self) -> Tensor<1, Int> {
        let rows = self.examples.len();
        let order = epoch_order(rows, SEED, self.passes_done, &self.device);
        self.passes_done += 1;
        order
    }

    /// Waits until the device has done everything; processors have already.
    fn wait(&self) -> Result<()> {
        match self.hardware {
            Hardware::Processor => Ok(()),
            Hardware::Graphics | Hardware::SoftwareGraphics => self
                .device
                .sync()
                .map_err(|error| anyhow!("the device failed: {error}")),
        }
    }
}

impl<N: Net> Contestant for Lane<N> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Training
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let rows = self.examples.len();
        let started = Instant::now();
        let team = Arc::clone(&self.team);
        team.run(|| self.train());
        self.wait()?;
        // A pass of XOR is one step on all four rows: what counts there are steps.
        let items = if self.passes > 1 { 1 } else { rows };
        Ok((self.passes * items, started.elapsed()))
    }
}

/// Where the time of a training step goes, in microseconds a step.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) size: Size,
    /// Giving the workers something to do, and hearing that it is done: part of every stage here, and
    /// of two in training, where a worker does the stages before the update in one go.
    pub(crate) hand_over: f64,
    /// Taking the batch from the data, without that.
    pub(crate) gather: f64,
    /// The loss; with the manual engine not told apart from the gradients.
    pub(crate) forward: Option<f64>,
    /// The gradients; with the manual engine forward and backward together.
    pub(crate) gradients: f64,
    /// The optimizer's step.
    pub(crate) update: f64,
}

/// Takes a step apart.
///
/// # Errors
///
/// If the device fails.
pub(crate) fn parts(
    backend: Backend,
    opened: &Opened,
    engine: Engine,
    size: Size,
    train: &ImageSet,
) -> Result<Parts> {
    let mut lane = Lane::mnist(backend, opened, engine, size, train)?;
    let order = lane.order();
    let [mut gather, mut forward, mut gradients, mut update] = [Duration::ZERO; 4];
    let mut longest_taking = Duration::ZERO;
    let rows = lane.examples.len();
    let starts = (0..rows).step_by(size.batch).cycle();
    for (step, start) in starts.take(2 * PART_STEPS).enumerate() {
        let counts = step >= PART_STEPS;
        let mut clock = Instant::now();
        let mut lap = |total: &mut Duration, lane: &Lane<MnistMlp>| -> Result<()> {
            lane.wait()?;
            if counts {
                *total += clock.elapsed();
            }
            clock = Instant::now();
            Ok(())
        };
        let batch = size.batch.min(rows - start);
        let take = lane.examples.taker(order.clone().narrow(0, start, batch));
        let batches = lane.team.map(lane.team.shards(batch), move |rows| {
            let started = Instant::now();
            (take(rows), started.elapsed())
        });
        let (batches, taking): (Vec<_>, Vec<_>) = batches.into_iter().unzip();
        let taking = taking.into_iter().max().unwrap_or_default();
        lap(&mut gather, &lane)?;
        if counts && lane.hardware == Hardware::Processor {
            longest_taking += taking;
        }
        let net = lane.net.take().expect("a net is there between steps");
        let copy = net.clone();
        let parts = match engine {
            Engine::Autodiff => {
                let losses = lane.team.map(batches, move |(x, labels)| {
                    let net = copy.valid().train();
                    let loss = Net::loss(&net, x.autodiff(), labels.autodiff());
                    (net, loss)
                });
                lap(&mut forward, &lane)?;
                lane.team.map(losses, |(net, loss)| {
                    let gradients = GradientsParams::from_grads(loss.backward(), &net);
                    (loss.without_autodiff(), gradients)
                })
            }
            Engine::Manual => lane.team.map(batches, move |(x, labels)| {
                engine.gradients(&copy, x, labels, batch)
            }),
        };
        let (_, grads) = lane.team.sum(&net, parts);
        lap(&mut gradients, &lane)?;
        lane.net = Some(lane.optimizer.step(LEARNING_RATE, net, grads));
        lap(&mut update, &lane)?;
    }
    let hand_over = match lane.hardware {
        Hardware::Processor => gather - longest_taking,
        Hardware::Graphics | Hardware::SoftwareGraphics => Duration::ZERO,
    };
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / PART_STEPS as f64;
    Ok(Parts {
        name: lane.name.clone(),
        size,
        hand_over: micros(hand_over),
        gather: micros(gather - hand_over),
        forward: (engine == Engine::Autodiff).then(|| micros(forward)),
        gradients: micros(gradients),
        update: micros(update),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_others_refused() {
        let size = "256-128:64".parse::<Size>().unwrap();
        assert_eq!((size.hidden, size.batch), ([256, 128], 64));
        assert_eq!(size.to_string(), "784-256-128-10, batch 64");
        for bad in ["", "256", "256-128", "0-1:2", "1-2:0", "1-2-3:4", "a-b:c"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
