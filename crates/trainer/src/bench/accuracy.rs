//! The time to an accuracy: training until the test set is answered well enough.

use std::time::{Duration, Instant};

use anyhow::Result;
use backends::{Backend, Opened};
use burn::module::Module;
use burn::optim::SgdConfig;
use burn::optim::momentum::MomentumConfig;
use datasets::ImageSet;
use mnist_mlp::MnistMlpConfig;
use serde::Serialize;

use crate::cli::{Engine, value_name};
use crate::engine::Team;
use crate::examples::{Examples, epoch_order};
use crate::net::Net;
use crate::settings::default_threads;

/// Test accuracies to reach.
pub(crate) const GOALS: [f64; 3] = [0.97, 0.98, 0.983];
/// The trainer's defaults.
const HIDDEN: [usize; 2] = [256, 128];
const BATCH: usize = 128;
const LEARNING_RATE: f64 = 0.05;
const SEED: u64 = 0;
/// Who has not arrived then is not waited for.
const MOST_EPOCHS: u64 = 40;
const JUDGED_AT_ONCE: usize = 1000;

/// Seconds of training until each goal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Race {
    pub(crate) name: String,
    pub(crate) seconds: [Option<f64>; 3],
    pub(crate) epochs: [Option<u64>; 3],
}

/// Trains until the last goal; judging is not counted.
///
/// # Errors
///
/// If the device fails.
pub(crate) fn race(
    backend: Backend,
    opened: &Opened,
    engine: Engine,
    train: &ImageSet,
    test: &ImageSet,
) -> Result<Race> {
    let mut net = MnistMlpConfig::new(train.image_size(), HIDDEN.to_vec(), train.class_count())
        .init(SEED, &opened.device)?
        .train();
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
    let [train, test] = [train, test].map(|set| Examples::from_images(set.clone(), opened));
    let rows = train.len();
    let mut race = Race {
        name: format!("{backend} {}", value_name(engine)),
        seconds: [None; 3],
        epochs: [None; 3],
    };
    let team = Team::new(opened, default_threads(Some(backend), BATCH))?;
    let mut time = Duration::ZERO;
    for epoch in 1..=MOST_EPOCHS {
        let started = Instant::now();
        let order = epoch_order(rows, SEED, epoch, &opened.device);
        for start in (0..rows).step_by(BATCH) {
            let batch = BATCH.min(rows - start);
            let take = train.taker(order.clone().narrow(0, start, batch));
            let (_, gradients) = team.gradients(engine, &net, batch, take);
            net = optimizer.step(LEARNING_RATE, net, gradients);
        }
        time += started.elapsed();
        let plain = net.valid();
        let right = test
            .parts(0..test.len(), JUDGED_AT_ONCE)
            .map(|(x, labels)| plain.judge(x, labels).1.into_scalar::<i64>())
            .sum::<i64>();
        let accuracy = right as f64 / test.len() as f64;
        for (i, goal) in GOALS.into_iter().enumerate() {
            if accuracy >= goal && race.seconds[i].is_none() {
                race.seconds[i] = Some(time.as_secs_f64());
                race.epochs[i] = Some(epoch);
            }
        }
        if race.seconds[2].is_some() {
            break;
        }
    }
    Ok(race)
}
