//! The choices for a run; the model decides the rest.

use std::path::PathBuf;

use backends::Backend;
use datasets::ClassMap;
use layers::Activation;

use super::SettingsError;
use super::augment::ClassShare;
use super::images::ImageSize;
use super::warm_up::WarmUp;
use crate::choice::{Augment, Engine, ImageKind, ModelName, OptimizerName, Preset, ScheduleName};

/// What was chosen; [`Settings::resolve`](super::Settings::resolve) fills in the rest. Messages name a
/// choice as the command line does: `--batch-size` for `batch_size`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    /// Which net.
    pub model: Option<ModelName>,
    /// The backend.
    pub backend: Option<Backend>,
    /// Where gradients come from.
    pub engine: Option<Engine>,
    /// Recommended settings; what is given here takes precedence.
    pub preset: Option<Preset>,
    /// Units of each hidden layer.
    pub hidden: Option<Vec<usize>>,
    /// Activation of the hidden layers.
    pub activation: Option<Activation>,
    /// Weights to start from: a run folder, a file, or the bundled net's name.
    pub init: Option<PathBuf>,
    /// Whether the last layer of these weights is drawn again.
    pub new_head: bool,
    /// Factor γ of the penalty γ/2 ‖W‖² of linear regression.
    pub ridge: Option<f64>,
    /// Passes over the training set.
    pub epochs: Option<usize>,
    /// Rows per step.
    pub batch_size: Option<usize>,
    /// CPU threads that share the rows of a step.
    pub threads: Option<usize>,
    /// Step length.
    pub learning_rate: Option<f64>,
    /// The learning-rate schedule.
    pub schedule: Option<ScheduleName>,
    /// How long the learning rate rises first.
    pub warm_up: Option<WarmUp>,
    /// Update rule.
    pub optimizer: Option<OptimizerName>,
    /// Factor of the L2 penalty added to every gradient.
    pub weight_decay: Option<f64>,
    /// Largest norm of all gradients together.
    pub clip_norm: Option<f64>,
    /// Share of the targets spread over all classes.
    pub label_smoothing: Option<f64>,
    /// Probability that a unit of a hidden layer is left out of a row's step.
    pub dropout: Option<f64>,
    /// Probability that an input is left out of a row's step.
    pub dropout_input: Option<f64>,
    /// Epochs that an average of the weights reaches back.
    pub average: Option<f64>,
    /// Steps after which several ranks average their nets, instead of adding up gradients in every step.
    pub average_every: Option<usize>,
    /// Minutes that the run is to take, instead of a number of epochs.
    pub minutes: Option<f64>,
    /// How training images are distorted.
    pub augment: Option<Augment>,
    /// The factor of the distortions.
    pub augment_strength: Option<f64>,
    /// Classes that are turned less.
    pub augment_rotation: Option<Vec<ClassShare>>,
    /// Decides initial weights, validation set, batch order, distortions and dropout.
    pub seed: Option<u64>,
    /// Folder of the data.
    pub data_dir: Option<PathBuf>,
    /// Other spellings of the classes in the data.
    pub class_map: Option<ClassMap>,
    /// Leave out images that cannot be read.
    pub skip_bad: bool,
    /// Leave the images to learn from in their file.
    pub data_in_file: bool,
    /// What is done to images of any size; none leaves it to the images.
    pub images: Option<ImageKind>,
    /// The size of plain images.
    pub image_size: Option<ImageSize>,
    /// Share of the training set kept for validation.
    pub validation_fraction: Option<f64>,
    /// Test accuracy below which a run counts as failed.
    pub min_accuracy: Option<f64>,
    /// Number of epochs between two reported lines.
    pub log_every: Option<usize>,
    /// Number of epochs between two checkpoints.
    pub checkpoint_every: Option<usize>,
    /// Number of recent checkpoints to keep.
    pub keep_checkpoints: Option<usize>,
    /// Epochs without a better loss after which the run ends.
    pub early_stop: Option<usize>,
    /// Number of steps between two gradient checks.
    pub check_gradients: Option<usize>,
}

impl Choices {
    /// These choices, and for what they leave open those of `fallback`.
    pub fn or(self, fallback: Self) -> Self {
        Self {
            model: self.model.or(fallback.model),
            backend: self.backend.or(fallback.backend),
            engine: self.engine.or(fallback.engine),
            preset: self.preset.or(fallback.preset),
            hidden: self.hidden.or(fallback.hidden),
            activation: self.activation.or(fallback.activation),
            init: self.init.or(fallback.init),
            new_head: self.new_head || fallback.new_head,
            ridge: self.ridge.or(fallback.ridge),
            epochs: self.epochs.or(fallback.epochs),
            batch_size: self.batch_size.or(fallback.batch_size),
            threads: self.threads.or(fallback.threads),
            learning_rate: self.learning_rate.or(fallback.learning_rate),
            schedule: self.schedule.or(fallback.schedule),
            warm_up: self.warm_up.or(fallback.warm_up),
            optimizer: self.optimizer.or(fallback.optimizer),
            weight_decay: self.weight_decay.or(fallback.weight_decay),
            clip_norm: self.clip_norm.or(fallback.clip_norm),
            average_every: self.average_every.or(fallback.average_every),
            label_smoothing: self.label_smoothing.or(fallback.label_smoothing),
            dropout: self.dropout.or(fallback.dropout),
            dropout_input: self.dropout_input.or(fallback.dropout_input),
            average: self.average.or(fallback.average),
            minutes: self.minutes.or(fallback.minutes),
            augment: self.augment.or(fallback.augment),
            augment_strength: self.augment_strength.or(fallback.augment_strength),
            augment_rotation: self.augment_rotation.or(fallback.augment_rotation),
            seed: self.seed.or(fallback.seed),
            data_dir: self.data_dir.or(fallback.data_dir),
            class_map: self.class_map.or(fallback.class_map),
            skip_bad: self.skip_bad || fallback.skip_bad,
            data_in_file: self.data_in_file || fallback.data_in_file,
            images: self.images.or(fallback.images),
            image_size: self.image_size.or(fallback.image_size),
            validation_fraction: self.validation_fraction.or(fallback.validation_fraction),
            min_accuracy: self.min_accuracy.or(fallback.min_accuracy),
            log_every: self.log_every.or(fallback.log_every),
            checkpoint_every: self.checkpoint_every.or(fallback.checkpoint_every),
            keep_checkpoints: self.keep_checkpoints.or(fallback.keep_checkpoints),
            early_stop: self.early_stop.or(fallback.early_stop),
            check_gradients: self.check_gradients.or(fallback.check_gradients),
        }
    }
}

/// An error if the fused engine, which computes on the processor, is to train on a graphics adapter.
pub(super) fn refuse_fused_on_adapters(choices: &Choices) -> Result<(), SettingsError> {
    let backend = choices.backend.unwrap_or_else(Backend::preferred);
    if choices.engine == Some(Engine::Fused) && matches!(backend, Backend::Wgpu | Backend::Remote) {
        return Err(SettingsError::new(format!(
            "--engine fused does not apply to {backend}, because it computes in the processor's memory; use \
             --backend flex, or --engine manual",
        )));
    }
    Ok(())
}

/// Whether a factor or a probability is chosen that is not 0.
fn some_of(choice: Option<f64>) -> bool {
    choice.is_some_and(|x| x > 0.0)
}

/// An error that names the first option that does not apply to the model.
pub(super) fn refuse_what_does_not_apply(
    model: ModelName,
    choices: &Choices,
) -> Result<(), SettingsError> {
    let hidden = &choices.hidden;
    let linear = model == ModelName::LinearRegression;
    let xor = model == ModelName::XorNet;
    let truth_table = "which learns its whole truth table; leave it out";
    let no_hidden_layer = "which has no hidden layer; leave it out";
    let refused = [
        (
            "--preset",
            (linear || xor) && choices.preset.is_some(),
            "but to mnist-mlp; leave it out",
        ),
        ("--data-dir", xor && choices.data_dir.is_some(), truth_table),
        (
            "--class-map",
            xor && choices.class_map.is_some(),
            truth_table,
        ),
        ("--images", xor && choices.images.is_some(), truth_table),
        ("--augment", xor && choices.augment.is_some(), truth_table),
        ("--skip-bad", xor && choices.skip_bad, truth_table),
        ("--data-in-file", xor && choices.data_in_file, truth_table),
        (
            "--validation-fraction",
            xor && choices.validation_fraction.is_some(),
            truth_table,
        ),
        ("--hidden", linear && hidden.is_some(), no_hidden_layer),
        (
            "--activation",
            linear && choices.activation.is_some(),
            no_hidden_layer,
        ),
        (
            "--average-every",
            (linear || xor) && choices.average_every.is_some(),
            "whose loss is a sum over the rows of a batch; leave it out",
        ),
        (
            "--weight-decay",
            linear && some_of(choices.weight_decay),
            "whose bias it would also shrink, away from the exact solution; use --ridge",
        ),
        (
            "--label-smoothing",
            (linear || xor) && choices.label_smoothing.is_some(),
            "whose loss is not cross-entropy; leave it out",
        ),
        (
            "--dropout",
            linear && some_of(choices.dropout),
            no_hidden_layer,
        ),
        (
            "--dropout-input",
            linear && some_of(choices.dropout_input),
            "whose exact solution knows no dropout; use --ridge, which shrinks the weights as dropout does",
        ),
        (
            "--dropout-input",
            xor && some_of(choices.dropout_input),
            "where a dropped input makes another row of the truth table; use --dropout",
        ),
        (
            "--ridge",
            !linear && choices.ridge.is_some(),
            "which is not linear regression; use --weight-decay",
        ),
    ];
    if let Some((option, _, why)) = refused.into_iter().find(|(_, given, _)| *given) {
        return Err(SettingsError::new(format!(
            "{option} does not apply to {model}, {why}"
        )));
    }
    if choices.new_head && choices.init.is_none() {
        return Err(SettingsError::new(
            "--new-head draws the last layer of the weights that --init names again; pass --init too",
        ));
    }
    match hidden {
        Some(hidden) if hidden.is_empty() && !xor && some_of(choices.dropout) => {
            Err(SettingsError::new(
                "--dropout does not apply to --hidden none, since there is no hidden layer; use \
                 --dropout-input",
            ))
        }
        Some(hidden) if hidden.is_empty() && !xor && choices.activation.is_some() => {
            Err(SettingsError::new(
                "--activation does not apply to --hidden none, since there is no hidden layer; leave \
                 it out",
            ))
        }
        Some(hidden) if xor && hidden.len() != 1 => Err(SettingsError::new(format!(
            "--hidden names {} layers, but xor-net has one hidden layer; give one number, for \
             example --hidden 4",
            hidden.len()
        ))),
        _ => Ok(()),
    }
}

/// An error if both the epochs and the time of a run are given.
pub(super) fn refuse_epochs_and_minutes(choices: &Choices) -> Result<(), SettingsError> {
    if choices.minutes.is_some() && choices.epochs.is_some() {
        return Err(SettingsError::new(
            "--minutes decides the number of epochs by the time that they take; leave --minutes or --epochs \
             out",
        ));
    }
    Ok(())
}

/// An error if nets are averaged over ranks and over steps.
pub(super) fn refuse_two_averages(choices: &Choices) -> Result<(), SettingsError> {
    if choices.average.is_some() && choices.average_every.is_some() {
        return Err(SettingsError::new(
            "--average is of the weights of every step, which the ranks do not share with --average-every; leave \
             one of them out",
        ));
    }
    Ok(())
}

/// An error if distortions are described that there are not.
pub(super) fn refuse_distortions_of_nothing(choices: &Choices) -> Result<(), SettingsError> {
    let described = [
        ("--augment-strength", choices.augment_strength.is_some()),
        ("--augment-rotation", choices.augment_rotation.is_some()),
    ];
    let Some((option, _)) = described.into_iter().find(|(_, given)| *given) else {
        return Ok(());
    };
    match choices.augment {
        None => Err(SettingsError::new(format!(
            "{option} says how training images are distorted; say which distortions too, for example \
             --augment both"
        ))),
        Some(Augment::Elastic) if choices.augment_rotation.is_some() => Err(SettingsError::new(
            "--augment-rotation does not apply to --augment elastic, which turns nothing; use --augment both",
        )),
        Some(_) => Ok(()),
    }
}
