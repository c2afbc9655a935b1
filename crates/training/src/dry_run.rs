//! One batch through everything, to see that it fits before hours are spent.

use std::ops::Range;

use anyhow::{Result, anyhow};
use backends::Opened;
use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;
use manual_backprop::gradient_norm;

use crate::cli::value_name;
use crate::engine::Team;
use crate::examples::{Examples, Splits};
use crate::gradient_check;
use crate::net::Net;
use crate::output::{DryRun, TensorShape};
use crate::run_folder::Config;
use crate::schedule::Schedule;
use crate::state::State;

/// Bytes of a number in f32.
const NUMBER: usize = 4;

/// Takes a first step of training, judges a part of the other rows, and encodes a checkpoint; no
/// file is written. If the gradients were to be checked and disagree, that is said in what it gives.
///
/// # Errors
///
/// If the device fails.
pub(crate) fn dry_run<N: Net>(
    config: &Config,
    opened: &Opened,
    splits: &Splits<N::Targets>,
    mut state: State<N>,
    mut schedule: Schedule,
) -> Result<DryRun> {
    let settings = &config.settings;
    let rows = settings.batch_size.min(splits.training.len());
    let (x, targets) = splits.training.narrow(0, rows);
    let checked = settings
        .check_gradients
        .map(|_| gradient_check::check(&state.net, x.clone(), &targets, opened, settings.seed));
    let [_, inputs] = x.dims();
    let team = Team::new(opened, settings.threads)?;
    let training = splits.training.clone();
    let take = move |part: Range<usize>| training.narrow(part.start, part.len());
    let (loss, mut gradients) = team.gradients(settings.engine, &state.net, rows, take);
    let gradient_norm = one(gradient_norm::global_norm(&state.net, &gradients))?;
    if let Some(limit) = settings.clip_norm {
        gradients = gradient_norm::clipped(&state.net, gradients, limit);
    }
    let learning_rate = schedule.next_rate();
    state.net = state.optimizer.step(learning_rate, state.net, gradients);
    let judged = splits.validation.as_ref().unwrap_or(&splits.test);
    let (x, targets) = judged.narrow(0, rows.min(judged.len()));
    let (judged_loss, _) = state.net.valid().judge(x, targets);

    let mut shapes = Shapes::default();
    state.net.visit(&mut shapes);
    let parameters = state.net.num_params();
    let checkpoint = state.to_checkpoint(config, 0)?;
    let units: usize = config.sizes.iter().skip(1).sum();
    let all = splits
        .validation
        .iter()
        .chain([&splits.training, &splits.test]);
    let data_bytes = all.map(Examples::bytes).sum::<usize>();
    let parameter_bytes = NUMBER * parameters;
    let optimizer_bytes = checkpoint.optimizer.len();
    // Every unit's value before and after its activation, and the gradients of both.
    let batch_bytes = NUMBER * rows * (inputs + 4 * units);
    Ok(DryRun {
        model: value_name(settings.model),
        backend: settings.backend.clone(),
        device: opened.description(),
        engine: value_name(settings.engine),
        batch: [rows, inputs],
        training_rows: splits.training.len(),
        validation_rows: splits.validation.as_ref().map(Examples::len),
        test_rows: splits.test.len(),
        parameters,
        shapes: shapes.found,
        loss: one(loss)?,
        loss_after_a_step: one(judged_loss)?,
        learning_rate,
        gradient_norm,
        data_bytes,
        parameter_bytes,
        gradient_bytes: parameter_bytes,
        optimizer_bytes,
        batch_bytes,
        total_bytes: data_bytes + 2 * parameter_bytes + optimizer_bytes + batch_bytes,
        checkpoint_bytes: checkpoint.model.len() + optimizer_bytes,
        gradients_agree: checked
            .as_ref()
            .map(|report| !gradient_check::is_disagreement(report)),
        gradients_checked: checked.as_ref().map(gradient_check::in_words),
    })
}

fn one(tensor: Tensor<1>) -> Result<f64> {
    tensor
        .try_into_scalar::<f64>()
        .map_err(|error| anyhow!("the device failed: {error}"))
}

#[derive(Default)]
struct Shapes {
    path: Vec<String>,
    found: Vec<TensorShape>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push(TensorShape {
            name: self.path.join("."),
            shape: param.val().dims().to_vec(),
        });
    }
}
