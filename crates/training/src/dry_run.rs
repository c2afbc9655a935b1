//! One batch through the whole training step, to check that it works before a long run.

use backends::Opened;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use manual_backprop::gradient_norm::global_norm;

use crate::error::TrainingError;
use crate::evaluation::read_back;
use crate::event::{DryRun, TensorShape};
use crate::examples::{Examples, Order, Splits};
use crate::gradient_check;
use crate::net::Net;
use crate::parameters::parameters;
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::state::State;
use crate::step::{Stepping, step};
use crate::team::Team;

/// Bytes of a number in f32.
const NUMBER: usize = 4;

/// Takes a first step of training, evaluates a part of the other rows, and encodes a checkpoint. If
/// the settings ask for it, the gradients are checked.
///
/// # Errors
///
/// If the device fails, or images that stay in their file cannot be read.
pub fn dry_run<N: Net>(
    settings: &Settings,
    opened: &Opened,
    splits: &Splits<N::Targets>,
    state: State<N>,
) -> Result<DryRun, TrainingError> {
    let mut state = state.prepared(settings, splits.training.len())?;
    let steps_per_epoch = splits.training.len().div_ceil(settings.batch_size);
    let mut schedule = Schedule::new(settings, steps_per_epoch)?;
    let rows = settings.batch_size.min(splits.training.len());
    let batch = splits.training.batch(&Order::storage(1), 0..rows);
    let (x, targets) = batch.all()?;
    let checked = settings.check_gradients.map(|_| {
        gradient_check::check(
            &state.net().clone().with_dropout(settings.masks(0)),
            x.clone(),
            &targets,
            settings.engine,
            opened,
            settings.seed,
        )
    });
    let [_, inputs] = x.dims();
    let team = Team::new(opened, settings.threads)?;
    let stepping = Stepping {
        engine: settings.engine,
        clip_norm: settings.clip_norm,
        team: &team,
        learning_rate: schedule.next_rate(),
        dropout: settings.masks(0),
    };
    let mut norm = Tensor::empty([1], &opened.device);
    let mut look = |net: &N, gradients: &GradientsParams| norm = global_norm(net, gradients);
    let loss;
    (state.learner, loss) = step(state.learner, &batch, &stepping, Some(&mut look))?;
    let evaluated = splits.validation.as_ref().unwrap_or(&splits.test);
    let (x, targets) = evaluated.first(rows).all()?;
    let outputs = state.net().valid().outputs(x);
    let loss_after = N::output_loss(outputs, targets);

    let shapes = parameters(state.net())
        .into_iter()
        .map(|tensor| TensorShape {
            name: tensor.path,
            shape: tensor.shape,
        });
    let shapes = shapes.collect::<Vec<_>>();
    let biases = shapes.iter().filter(|tensor| tensor.shape.len() == 1);
    let units = biases.map(|tensor| tensor.shape[0]).sum::<usize>();
    let parameters = state.net().num_params();
    let records = state.records()?;
    let all = splits
        .validation
        .iter()
        .chain([&splits.training, &splits.test]);
    let data_bytes = all.map(Examples::bytes).sum::<usize>();
    let parameter_bytes = NUMBER * parameters;
    let optimizer_bytes = records.optimizer.len();
    // Every unit's value before and after its activation, and the gradients of both.
    let batch_bytes = NUMBER * rows * (inputs + 4 * units);
    Ok(DryRun {
        model: settings.model.to_string(),
        backend: settings.backend.clone(),
        device: opened.description(),
        engine: settings.engine.to_string(),
        batch: [rows, inputs],
        training_rows: splits.training.len(),
        validation_rows: splits.validation.as_ref().map(Examples::len),
        test_rows: splits.test.len(),
        parameters,
        shapes,
        loss: loss.read()?,
        loss_after_a_step: one(loss_after)?,
        learning_rate: stepping.learning_rate,
        gradient_norm: one(norm)?,
        data_bytes,
        parameter_bytes,
        gradient_bytes: parameter_bytes,
        optimizer_bytes,
        batch_bytes,
        total_bytes: data_bytes + 2 * parameter_bytes + optimizer_bytes + batch_bytes,
        checkpoint_bytes: records.model.len() + optimizer_bytes,
        gradients_agree: checked
            .as_ref()
            .map(|report| !gradient_check::is_disagreement(report)),
        gradients_checked: checked.as_ref().map(gradient_check::in_words),
    })
}

fn one(tensor: Tensor<1>) -> Result<f64, TrainingError> {
    Ok(read_back(tensor)?[0])
}
