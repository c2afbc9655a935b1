//! How many epochs fit a time.

use std::time::{Duration, Instant};

use backends::Opened;

use crate::epoch::Pass;
use crate::error::TrainingError;
use crate::evaluation::{evaluate, rows_at_once};
use crate::examples::Splits;
use crate::loss::Loss;
use crate::net::Net;
use crate::settings::Settings;
use crate::state::State;
use crate::step::step;
use crate::team::Team;

/// Share of the time for which the pace is measured, and the limits of that.
const SHARE: u32 = 50;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);

/// Steps after which the clock is read. The first of them are not counted: they fill caches, and on an adapter
/// have kernels compiled.
const STEPS: usize = 16;

/// The number of epochs, at least 1, that a run with these settings takes about this time for, evaluation included.
/// It is measured by steps of another net like `net`, whose results are dropped.
///
/// # Errors
///
/// If the device fails, or the settings do not fit the net.
pub fn epochs_in<N: Net>(
    time: Duration,
    settings: &Settings,
    opened: &Opened,
    splits: &Splits<N::Targets>,
    net: N,
) -> Result<usize, TrainingError> {
    let team = Team::new(opened, settings.threads)?;
    let state = State::fresh(net, settings, &opened.device);
    let state = state.prepared(settings, splits.training.len())?;
    let measured = |state| measure(time, settings, splits, &team, state);
    let (state, steps) = state.at_work(&team, measured)?;
    let evaluated = splits.validation.as_ref().unwrap_or(&splits.test);
    let rows_at_once = rows_at_once(opened, settings.batch_size);
    let started = Instant::now();
    evaluate(state.net(), evaluated, &team, rows_at_once)?;
    let nets = if settings.average.is_some() { 2.0 } else { 1.0 };
    let epoch = steps + nets * started.elapsed().as_secs_f64();
    Ok(((time.as_secs_f64() / epoch) as usize).max(1))
}

/// Seconds that the steps of an epoch take, and the state after some of them.
fn measure<N: Net>(
    time: Duration,
    settings: &Settings,
    splits: &Splits<N::Targets>,
    team: &Team,
    mut state: State<N>,
) -> Result<(State<N>, f64), TrainingError> {
    let pass = Pass::new(settings, team);
    let how = pass.stepping(settings.learning_rate, 0);
    let rows = splits.training.len();
    let order = splits.training.order(pass.batch_size, pass.seed, 0);
    let mut batches = pass.batches(rows).map(|(_, places)| places).cycle();
    let mut take_steps = |mut state: State<N>| {
        let mut rows = 0;
        let mut last = None;
        for places in batches.by_ref().take(STEPS) {
            rows += places.len();
            let batch = splits.training.batch(&order, places);
            let loss;
            (state.learner, loss) = step(state.learner, &batch, &how, None)?;
            last = Some(loss);
        }
        // Reading waits for the device.
        last.map(Loss::read).transpose()?;
        Ok::<_, TrainingError>((state, rows))
    };
    (state, _) = take_steps(state)?;
    let least = (time / SHARE).clamp(SHORTEST, LONGEST);
    let started = Instant::now();
    let mut done = 0;
    while started.elapsed() < least {
        let taken;
        (state, taken) = take_steps(state)?;
        done += taken;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok((state, seconds * rows as f64 / done as f64))
}
