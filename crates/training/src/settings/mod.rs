//! Turns choices into settings: fills in the defaults of the model and refuses contradictions.

mod augment;
mod choices;
mod continued;
mod defaults;
mod dropout;
mod hidden;
mod images;
mod preset;
mod ranges;
mod warm_up;

use std::collections::BTreeMap;
use std::path::PathBuf;

use backends::Backend;
use data_parallel::processor_cores;
use datasets::ClassMap;
use layers::Activation;
use serde::{Deserialize, Serialize};

pub use augment::{Augmentation, ClassShare, ClassShares};
pub use choices::Choices;
pub use hidden::HiddenUnits;
pub use images::{ImageSize, treatment};
pub use warm_up::WarmUp;

use crate::choice::{Augment, Engine, ImageKind, ModelName, OptimizerName, ScheduleName};
use choices::{
    refuse_distortions_of_nothing, refuse_epochs_and_minutes, refuse_fused_on_adapters,
    refuse_two_averages, refuse_what_does_not_apply,
};
use defaults::Defaults;
use preset::with_preset;

/// Choices that contradict each other, or the run that is to continue. The message names the choice as
/// the command line does and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl SettingsError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Everything that determines the numbers of a run, as in `config.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// Which net.
    pub model: ModelName,
    /// Name of the backend.
    pub backend: String,
    /// Name of the engine.
    pub engine: Engine,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers; none if there are none.
    pub activation: Option<Activation>,
    /// The weights that the run started from: a run folder, a file or the bundled net's name; none for
    /// random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// Whether the last of these layers was drawn again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_head: bool,
    /// The ridge term of linear regression; none for other models.
    #[serde(with = "crate::number::exact::optional", default)]
    pub ridge: Option<f64>,
    /// Passes over the training set.
    pub epochs: usize,
    /// Rows per step.
    pub batch_size: usize,
    /// Threads that share the work of a step; 1 on a GPU. With the fused engine they change no number.
    #[serde(default = "one")]
    pub threads: usize,
    /// Step length, before the schedule's factor.
    #[serde(with = "crate::number::exact")]
    pub learning_rate: f64,
    /// The learning-rate schedule.
    #[serde(default = "constant")]
    pub schedule: ScheduleName,
    /// The length of the warm-up.
    #[serde(default)]
    pub warm_up: Option<WarmUp>,
    /// Update rule.
    pub optimizer: OptimizerName,
    /// Factor of the L2 penalty.
    #[serde(with = "crate::number::exact")]
    pub weight_decay: f64,
    /// Largest norm of all gradients together.
    #[serde(with = "crate::number::exact::optional", default)]
    pub clip_norm: Option<f64>,
    /// Share of the targets that is spread over all classes.
    #[serde(with = "crate::number::exact", default)]
    pub label_smoothing: f64,
    /// Probability that a unit of a hidden layer is left out of a row's step.
    #[serde(
        with = "crate::number::exact",
        default,
        skip_serializing_if = "dropout::is_none"
    )]
    pub dropout: f64,
    /// Probability that an input is left out of a row's step.
    #[serde(
        with = "crate::number::exact",
        default,
        skip_serializing_if = "dropout::is_none"
    )]
    pub dropout_input: f64,
    /// Epochs that the average of the weights reaches back, if they are averaged.
    #[serde(
        with = "crate::number::exact::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub average: Option<f64>,
    /// Steps after which several ranks average their nets, if they do not add up gradients in every step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_every: Option<usize>,
    /// Minutes that the number of epochs was chosen for, if it was.
    #[serde(
        with = "crate::number::exact::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub minutes: Option<f64>,
    /// How the training images are distorted, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<Augment>,
    /// The factor of the distortions.
    #[serde(
        with = "crate::number::exact::optional",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub augment_strength: Option<f64>,
    /// Classes that are turned less.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub augment_rotation: Vec<ClassShare>,
    /// Decides initial weights, validation set, batch order, distortions and dropout.
    pub seed: u64,
    /// Share of the training set kept for validation, if any.
    #[serde(with = "crate::number::exact::optional", default)]
    pub validation_fraction: Option<f64>,
    /// Folder of the data; none for XOR.
    pub data_dir: Option<PathBuf>,
    /// Names of the classes, by label, where the folders of the data name them; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// Other spellings of the classes in the data: what they call a class, and its name here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub class_map: BTreeMap<String, String>,
    /// Leave out images that cannot be read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skip_bad: bool,
    /// Leave the images to learn from in their file.
    #[serde(default, skip_serializing_if = "is_false")]
    pub data_in_file: bool,
    /// What is done to images of any size; none where the data have one size, and in runs of earlier
    /// versions, which knew only strokes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<ImageKind>,
    /// The size of plain images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_size: Option<ImageSize>,
    /// Accuracy below which the run counts as failed.
    pub min_accuracy: Option<f64>,
    /// Number of epochs between two reported lines.
    pub log_every: usize,
    /// Number of epochs between two checkpoints.
    #[serde(default = "one")]
    pub checkpoint_every: usize,
    /// Number of recent checkpoints to keep.
    #[serde(default = "two")]
    pub keep_checkpoints: usize,
    /// Epochs without a better loss after which the run ends.
    #[serde(default)]
    pub early_stop: Option<usize>,
    /// Number of steps between two gradient checks.
    #[serde(default)]
    pub check_gradients: Option<usize>,
}

/// The pairs of a map, on their own.
fn pairs(map: &ClassMap) -> impl Iterator<Item = (String, String)> {
    let pairs = map.pairs();
    pairs.map(|(name, class)| (name.to_owned(), class.to_owned()))
}

fn constant() -> ScheduleName {
    ScheduleName::Constant
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

fn one() -> usize {
    1
}

fn two() -> usize {
    KEEP_CHECKPOINTS
}

/// Checkpoints kept in addition to the best one.
const KEEP_CHECKPOINTS: usize = 2;

impl Settings {
    /// The defaults of a model.
    ///
    /// ```
    /// use training::{ModelName, Settings};
    ///
    /// let settings = Settings::default_for(ModelName::MnistMlp);
    /// assert_eq!((settings.hidden, settings.batch_size), (vec![256, 128], 128));
    /// ```
    pub fn default_for(model: ModelName) -> Self {
        let choices = Choices {
            model: Some(model),
            ..Choices::default()
        };
        Self::resolve(&choices).expect("the defaults of a model do not contradict each other")
    }

    /// Fills in what the model decides.
    ///
    /// # Errors
    ///
    /// If an option does not apply to the model.
    pub fn resolve(choices: &Choices) -> Result<Self, SettingsError> {
        let model = choices.model.unwrap_or(ModelName::MnistMlp);
        refuse_what_does_not_apply(model, choices)?;
        treatment(choices.images, choices.image_size)?;
        let choices = &with_preset(choices)?;
        refuse_fused_on_adapters(choices)?;
        refuse_epochs_and_minutes(choices)?;
        refuse_distortions_of_nothing(choices)?;
        refuse_two_averages(choices)?;
        let schedule = choices.schedule.unwrap_or(defaults::schedule(model));
        let defaults = Defaults::of(model, schedule);
        let optimizer = choices.optimizer.unwrap_or(OptimizerName::Momentum);
        let batch_size = choices.batch_size.unwrap_or(defaults.batch_size);
        let default_rate = || defaults.learning_rate(model, optimizer, batch_size);
        let has_images = model != ModelName::XorNet;
        let hidden = choices.hidden.clone();
        let hidden = hidden.unwrap_or_else(|| defaults.hidden.to_vec());
        let log_every = choices.log_every.unwrap_or(defaults.log_every);
        let settings = Self {
            model,
            backend: choices
                .backend
                .unwrap_or_else(Backend::preferred)
                .name()
                .to_owned(),
            engine: choices.engine.unwrap_or(Engine::Autodiff),
            activation: choices
                .activation
                .or(defaults.activation)
                .filter(|_| !hidden.is_empty()),
            hidden,
            init: choices.init.clone(),
            new_head: choices.new_head,
            ridge: (model == ModelName::LinearRegression).then(|| choices.ridge.unwrap_or(0.0)),
            epochs: choices.epochs.unwrap_or(defaults.epochs),
            batch_size,
            threads: threads(choices, batch_size)?,
            learning_rate: choices.learning_rate.unwrap_or_else(default_rate),
            schedule,
            warm_up: match choices.warm_up {
                Some(chosen) => chosen.if_any(),
                None => defaults.warm_up,
            },
            optimizer,
            weight_decay: choices.weight_decay.unwrap_or(0.0),
            clip_norm: choices.clip_norm,
            label_smoothing: choices.label_smoothing.unwrap_or(0.0),
            dropout: choices.dropout.unwrap_or(0.0),
            dropout_input: choices.dropout_input.unwrap_or(0.0),
            average: choices.average,
            average_every: choices.average_every,
            minutes: choices.minutes,
            augment: choices.augment,
            augment_strength: choices
                .augment
                .map(|_| choices.augment_strength.unwrap_or(1.0)),
            augment_rotation: choices.augment_rotation.clone().unwrap_or_default(),
            seed: choices.seed.unwrap_or(0),
            validation_fraction: choices.validation_fraction.or(defaults.validation_fraction),
            data_dir: has_images.then(|| {
                choices
                    .data_dir
                    .clone()
                    .unwrap_or_else(datasets::bundled_mnist_dir)
            }),
            class_names: Vec::new(),
            class_map: choices.class_map.iter().flat_map(pairs).collect(),
            skip_bad: choices.skip_bad,
            data_in_file: choices.data_in_file,
            images: choices.images,
            image_size: choices.image_size,
            min_accuracy: choices.min_accuracy,
            log_every,
            checkpoint_every: choices.checkpoint_every.unwrap_or(match model {
                ModelName::XorNet => log_every,
                ModelName::MnistMlp | ModelName::LinearRegression => 1,
            }),
            keep_checkpoints: choices.keep_checkpoints.unwrap_or(KEEP_CHECKPOINTS),
            early_stop: choices.early_stop,
            check_gradients: choices.check_gradients,
        };
        settings.check_ranges()?;
        Ok(settings)
    }

    /// Whether gradients are checked before a step, counted from 0.
    pub(crate) fn checks(&self, step: usize) -> bool {
        self.check_gradients
            .is_some_and(|every| step.is_multiple_of(every))
    }

    /// Whether the line of an epoch (from 1) is printed and kept.
    pub(crate) fn logs(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.log_every) || epoch == self.epochs
    }

    /// Whether a checkpoint is made after an epoch (from 1).
    pub(crate) fn saves(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.checkpoint_every) || epoch == self.epochs
    }
}

/// The smallest number of rows that is worth a thread.
const ROWS_OF_A_THREAD: usize = 32;

/// The requested number of threads, or the number that suits the batch.
fn threads(choices: &Choices, batch_size: usize) -> Result<usize, SettingsError> {
    match choices.threads {
        None => Ok(default_threads(choices.backend, batch_size)),
        Some(threads) if choices.engine == Some(Engine::Fused) => Ok(threads),
        Some(_) if choices.backend == Some(Backend::Remote) => Err(SettingsError::new(
            "--threads does not apply to remote, because another machine computes; leave it out",
        )),
        Some(_) if choices.backend.unwrap_or_else(Backend::preferred) == Backend::Wgpu => {
            Err(SettingsError::new(
                "--threads does not apply to wgpu, because the GPU computes; leave it out",
            ))
        }
        Some(threads) if threads > batch_size => Err(SettingsError::new(format!(
            "--threads {threads} cannot share a batch of {batch_size} rows; use at most one thread per row"
        ))),
        Some(threads) => Ok(threads),
    }
}

/// The number of CPU cores, or fewer if the batch is small.
pub fn default_threads(backend: Option<Backend>, batch_size: usize) -> usize {
    match backend.unwrap_or_else(Backend::preferred) {
        Backend::Wgpu | Backend::Remote => 1,
        Backend::Ndarray | Backend::Flex => {
            processor_cores().min(batch_size / ROWS_OF_A_THREAD).max(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(choices: Choices) -> Settings {
        Settings::resolve(&choices).expect("legal choices")
    }

    #[test]
    fn settings_come_back_from_json_with_every_bit() {
        let written = settings(Choices {
            learning_rate: Some(0.123_456_789_012_345_67),
            warm_up: Some(WarmUp::Epochs(0.1)),
            clip_norm: Some(0.3),
            dropout: Some(0.123_456_789_012_345_67),
            dropout_input: Some(0.2),
            ..Choices::default()
        });
        let json = serde_json::to_string(&written).expect("settings are JSON");
        let read: Settings = serde_json::from_str(&json).expect("settings");
        assert_eq!(
            read.learning_rate.to_bits(),
            written.learning_rate.to_bits()
        );
        assert_eq!(
            (read.warm_up, read.clip_norm),
            (written.warm_up, written.clip_norm)
        );
        assert_eq!(
            [read.dropout.to_bits(), read.dropout_input.to_bits()],
            [written.dropout.to_bits(), written.dropout_input.to_bits()]
        );
    }

    #[test]
    fn a_rate_that_declines_begins_higher_and_needs_fewer_epochs() {
        let of = |optimizer, schedule| {
            let chosen = settings(Choices {
                optimizer,
                schedule,
                ..Choices::default()
            });
            (chosen.epochs, chosen.learning_rate, chosen.warm_up)
        };
        use OptimizerName::{Adam, Sgd};
        use ScheduleName::{Constant, Cosine, Linear, Step};
        let half = Some(WarmUp::Epochs(0.5));
        for (optimizer, declining, constant) in [
            (None, 0.15, 0.05),
            (Some(Sgd), 0.3, 0.1),
            (Some(Adam), 0.003, 0.001),
        ] {
            for schedule in [None, Some(Linear), Some(Cosine)] {
                assert_eq!(of(optimizer, schedule), (6, declining, half));
            }
            for schedule in [Constant, Step] {
                assert_eq!(of(optimizer, Some(schedule)), (15, constant, None));
            }
        }
        assert_eq!(settings(Choices::default()).schedule, Linear);
    }

    #[test]
    fn without_a_hidden_layer_there_is_no_activation() {
        let softmax_regression = Choices {
            hidden: Some(vec![]),
            ..Choices::default()
        };
        let chosen = settings(softmax_regression.clone());
        assert_eq!((chosen.hidden, chosen.activation), (vec![], None));
        let error = Settings::resolve(&Choices {
            activation: Some(Activation::Tanh),
            ..softmax_regression
        });
        let error = error.expect_err("nothing to activate").to_string();
        assert!(error.contains("--hidden none"), "{error}");
        let error = Settings::resolve(&Choices {
            new_head: true,
            ..Choices::default()
        });
        let error = error.expect_err("no old head").to_string();
        assert!(error.contains("--init"), "{error}");
    }

    #[test]
    fn threads_are_as_many_as_have_work() {
        let threads = |backend, batch_size, threads| {
            let choices = Choices {
                backend,
                batch_size: Some(batch_size),
                threads,
                ..Choices::default()
            };
            Settings::resolve(&choices).map(|settings| settings.threads)
        };
        assert_eq!(threads(None, 40, None), Ok(1));
        assert_eq!(threads(Some(Backend::Wgpu), 4096, None), Ok(1));
        assert_eq!(threads(None, 40, Some(5)), Ok(5));
        assert_eq!(threads(None, 1_000_000, None), Ok(processor_cores()));
        let error = threads(None, 4, Some(5)).expect_err("a thread without a row");
        assert!(error.to_string().starts_with("--threads 5 cannot share"));
        let error = threads(None, 60_000, Some(20_000)).expect_err("more than a system starts");
        assert!(error.to_string().contains("from 1 to 1024"), "{error}");
        let error = threads(Some(Backend::Wgpu), 4, Some(2)).expect_err("threads of an adapter");
        assert!(error.to_string().starts_with("--threads does not apply"));
    }

    #[test]
    fn a_schedule_that_depends_on_the_length_keeps_it() {
        for &schedule in ScheduleName::ALL {
            let started = settings(Choices {
                schedule: Some(schedule),
                warm_up: Some(WarmUp::Epochs(1.0)),
                epochs: Some(5),
                ..Choices::default()
            });
            let longer = started.continued(&Choices {
                epochs: Some(6),
                ..Choices::default()
            });
            assert_eq!(longer.is_err(), schedule.depends_on_length(), "{schedule}");
        }
    }
}
