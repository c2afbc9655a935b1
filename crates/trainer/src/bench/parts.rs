//! Where the time of a training step goes.

use std::time::{Duration, Instant};

use anyhow::Result;
use backends::{Backend, Hardware, Opened};
use burn::optim::GradientsParams;
use datasets::ImageSet;
use mnist_mlp::MnistMlp;
use serde::Serialize;
use training::{Engine, Learner, leaves_of_its_own, shard_loss};

use super::contest::Contestant;
use super::size::Size;
use super::training_run::TrainingRun;

/// Number of steps to average over, after the same number of steps that do not count.
const STEPS: usize = 100;

/// Microseconds per step.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parts {
    pub(crate) name: String,
    pub(crate) size: Size,
    /// The parts; none where a step has no parts.
    #[serde(flatten)]
    pub(crate) stages: Option<Stages>,
    /// Of several ranks: adding up the gradients, which is in part of all stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) adding_up: Option<f64>,
    /// All of a step.
    pub(crate) all: f64,
}

/// Microseconds of a step's parts.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Stages {
    /// Handing work to the workers and waiting for them. Here every stage includes it; in training only
    /// two do, because a worker does all stages before the update at once.
    pub(crate) hand_over: f64,
    /// Taking the batch from the data, without the hand-over.
    pub(crate) gather: f64,
    /// The loss; with the manual engine part of the gradients.
    pub(crate) forward: Option<f64>,
    /// The gradients; with the manual engine forward and backward together.
    pub(crate) gradients: f64,
    /// The optimizer's step.
    pub(crate) update: f64,
}

/// Measures each part of a step.
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
    let mut run = TrainingRun::mnist(backend, opened, engine, size, train)?;
    if engine == Engine::Fused {
        return whole(run, size);
    }
    let rows = run.examples.len();
    let order = run.examples.order(size.batch, run.settings.seed, 0);
    let [mut gather, mut forward, mut gradients, mut update] = [Duration::ZERO; 4];
    let mut longest_taking = Duration::ZERO;
    let starts = (0..rows).step_by(size.batch).cycle();
    for (index, start) in starts.take(2 * STEPS).enumerate() {
        let counts = index >= STEPS;
        let mut clock = Instant::now();
        let mut lap = |total: &mut Duration, run: &TrainingRun<MnistMlp>| -> Result<()> {
            run.wait()?;
            if counts {
                *total += clock.elapsed();
            }
            clock = Instant::now();
            Ok(())
        };
        let batch_rows = size.batch.min(rows - start);
        let batch = run.examples.batch(&order, start..start + batch_rows);
        let shards = run.team.map(run.team.shards(batch_rows), move |shard| {
            let started = Instant::now();
            batch.part(shard).map(|rows| (rows, started.elapsed()))
        });
        let shards = shards.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (shards, taking): (Vec<_>, Vec<_>) = shards.into_iter().unzip();
        let taking = taking.into_iter().max().unwrap_or_default();
        lap(&mut gather, &run)?;
        if counts && run.hardware == Hardware::Processor {
            longest_taking += taking;
        }
        let mut state = run.state.take().expect("a net is there between steps");
        let Learner::Tensors { net, mut optimizer } = state.learner else {
            unreachable!("only the fused engine learns without tensors");
        };
        let copy = net.clone();
        let of_shards = match engine {
            Engine::Autodiff => {
                let losses = run.team.map(shards, move |(x, labels)| {
                    let net = leaves_of_its_own(&copy);
                    let loss = shard_loss(&net, x, labels, batch_rows);
                    (net, loss)
                });
                lap(&mut forward, &run)?;
                run.team.map(losses, |(net, loss)| {
                    let gradients = GradientsParams::from_grads(loss.backward(), &net);
                    (loss.without_autodiff(), gradients)
                })
            }
            Engine::Manual | Engine::Fused => run.team.map(shards, move |(x, labels)| {
                engine.gradients(&copy, x, labels, batch_rows)
            }),
        };
        let (_, sum) = run.team.sum(&net, of_shards);
        lap(&mut gradients, &run)?;
        let learning_rate = run.settings.learning_rate;
        let net = optimizer.step(learning_rate, net, sum);
        state.learner = Learner::Tensors { net, optimizer };
        run.state = Some(state);
        lap(&mut update, &run)?;
    }
    let hand_over = match run.hardware {
        Hardware::Processor => gather - longest_taking,
        Hardware::Graphics | Hardware::SoftwareGraphics | Hardware::Remote => Duration::ZERO,
    };
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / STEPS as f64;
    Ok(Parts {
        name: run.name.clone(),
        size,
        stages: Some(Stages {
            hand_over: micros(hand_over),
            gather: micros(gather - hand_over),
            forward: (engine == Engine::Autodiff).then(|| micros(forward)),
            gradients: micros(gradients),
            update: micros(update),
        }),
        adding_up: None,
        all: micros(gather + forward + gradients + update),
    })
}

/// Measures whole steps, of an engine that does everything at once.
fn whole(mut run: TrainingRun<MnistMlp>, size: Size) -> Result<Parts> {
    let mut time = Duration::ZERO;
    for _ in 0..2 {
        let (rows, of_all) = run.segment()?;
        time = of_all / rows.div_ceil(size.batch) as u32;
    }
    Ok(Parts {
        name: run.name.clone(),
        size,
        stages: None,
        adding_up: None,
        all: time.as_secs_f64() * 1e6,
    })
}
