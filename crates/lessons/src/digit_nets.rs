//! The training of an MNIST net, epoch by epoch, with the gradients derived by hand.

use anyhow::{Result, bail};
use burn::tensor::{Int, Tensor};
use mnist_mlp::MnistMlp;
use training::{
    Engine, EpochEnd, Examples, ModelName, OptimizerName, Pass, Schedule, Settings, State, Team,
    Watch, epoch,
};

use crate::setup::{NotFinite, Setup};

/// Images on the device, with their classes.
pub(crate) type Images = Examples<Tensor<1, Int>>;

/// Settings of a training with momentum; a lesson chooses rate, schedule and regularisation.
pub(crate) fn settings(epochs: usize, batch_size: usize, setup: &Setup) -> Settings {
    Settings {
        engine: Engine::Manual,
        epochs,
        batch_size,
        seed: setup.seed,
        optimizer: OptimizerName::Momentum,
        warm_up: None,
        ..Settings::default_for(ModelName::MnistMlp)
    }
}

/// Trains a net and gives what it has become, to `after` after each epoch and in the end.
///
/// # Errors
///
/// As [`not_finite`], and what `after` fails with.
pub(crate) fn train(
    net: MnistMlp,
    settings: &Settings,
    images: &Images,
    setup: &Setup,
    remedy: &str,
    watch: &mut impl Watch<MnistMlp>,
    mut after: impl FnMut(&State<MnistMlp>) -> Result<()>,
) -> Result<State<MnistMlp>> {
    let team = Team::undivided();
    let pass = Pass::new(settings, &team);
    let mut schedule = Schedule::new(settings, images.len().div_ceil(settings.batch_size))?;
    let mut state = State::fresh(net, settings, &setup.opened.device);
    for _ in 0..settings.epochs {
        let end;
        (state, end) = epoch(state, images, &pass, &mut schedule, watch)?;
        match end {
            EpochEnd::Done(_) => {}
            EpochEnd::NotFinite => return Err(not_finite(state.progress.step, remedy)),
            EpochEnd::Refused | EpochEnd::Interrupted => {
                bail!("training was stopped; this is a defect, please report it")
            }
        }
        after(&state)?;
    }
    Ok(state)
}

/// The error of a training whose loss left the numbers; the remedy is "try a --learning-rate below 0.05", for example.
pub(crate) fn not_finite(step: usize, remedy: &str) -> anyhow::Error {
    NotFinite(format!("the loss is not finite at step {step}; {remedy}")).into()
}
