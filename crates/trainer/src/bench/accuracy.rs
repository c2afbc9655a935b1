//! The time to an accuracy: training until the test accuracy is high enough.

use std::time::Duration;

use anyhow::{Result, bail};
use backends::{Backend, Opened};
use datasets::ImageSet;
use mnist_mlp::MnistMlpConfig;
use serde::Serialize;
use training::{
    Choices, Engine, EpochEnd, Examples, Pass, Schedule, ScheduleName, Settings, State, Team,
    Unwatched, epoch, evaluate, rows_at_once,
};

/// Test accuracies to reach.
pub(crate) const GOALS: [f64; 3] = [0.97, 0.98, 0.983];
/// Number of epochs after which training gives up.
const MOST_EPOCHS: usize = 40;

/// Seconds of training until each goal.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Race {
    pub(crate) name: String,
    pub(crate) seconds: [Option<f64>; 3],
    pub(crate) epochs: [Option<u64>; 3],
}

/// Trains the default net until the last goal; evaluation is not counted.
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
    let settings = Settings::resolve(&Choices {
        backend: Some(backend),
        engine: Some(engine),
        epochs: Some(MOST_EPOCHS),
        schedule: Some(ScheduleName::Constant),
        ..Choices::default()
    })?;
    let [inputs, classes] = [train.image_size(), train.class_count()];
    let net = MnistMlpConfig::new(inputs, settings.hidden.clone(), classes)
        .init(settings.seed, &opened.device)?;
    let [train, test] = [train, test].map(|set| Examples::from_images(set.clone(), opened));
    let team = Team::new(opened, settings.threads)?;
    let pass = Pass::new(&settings, &team);
    let mut schedule = Schedule::new(&settings, train.len().div_ceil(settings.batch_size))?;
    let state = State::fresh(net, &settings, &opened.device);
    let mut state = state.prepared(&settings, train.len())?;
    let mut race = Race {
        name: format!("{backend} {engine}"),
        seconds: [None; 3],
        epochs: [None; 3],
    };
    let mut time = Duration::ZERO;
    while state.progress.epoch < MOST_EPOCHS && race.seconds[2].is_none() {
        let end;
        (state, end) = state.at_work(&team, |state| {
            epoch(state, &train, &pass, &mut schedule, &mut Unwatched)
        })?;
        let EpochEnd::Done(done) = end else {
            bail!("the loss is not finite");
        };
        time += done.time;
        let at_once = rows_at_once(opened, settings.batch_size);
        let accuracy = evaluate(state.net(), &test, &team, at_once)?.accuracy;
        for (i, goal) in GOALS.into_iter().enumerate() {
            if accuracy >= goal && race.seconds[i].is_none() {
                race.seconds[i] = Some(time.as_secs_f64());
                race.epochs[i] = Some(state.progress.epoch as u64);
            }
        }
    }
    Ok(race)
}
