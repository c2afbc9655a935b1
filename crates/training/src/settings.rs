//! From options to settings: defaults that depend on the model filled in, contradictions refused.

use std::path::PathBuf;

use anyhow::{Result, bail};
use backends::Backend;
use data_parallel::processor_cores;
use layers::Activation;
use serde::{Deserialize, Serialize};

use crate::cli::{
    Engine, ModelName, OptimizerName, Preset, ScheduleName, TrainOptions, value_name,
};
use crate::schedule::WarmUp;

/// Everything that decides the numbers of a run, as `config.json` keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// Which net.
    #[serde(with = "by_name")]
    pub(crate) model: ModelName,
    /// Name of the backend.
    pub(crate) backend: String,
    /// Name of the engine.
    #[serde(with = "by_name")]
    pub(crate) engine: Engine,
    /// Units of each hidden layer.
    pub(crate) hidden: Vec<usize>,
    /// Activation of the hidden layers; none for linear regression, which has no such layers.
    pub(crate) activation: Option<Activation>,
    /// The ridge term of linear regression; none for other models.
    #[serde(with = "crate::exact::optional", default)]
    pub(crate) ridge: Option<f64>,
    /// Passes over the training set.
    pub(crate) epochs: usize,
    /// Rows per step.
    pub(crate) batch_size: usize,
    /// Threads that share the rows of a step; 1 on a graphics adapter.
    #[serde(default = "one")]
    pub(crate) threads: usize,
    /// Step length, before the schedule's factor.
    #[serde(with = "crate::exact")]
    pub(crate) learning_rate: f64,
    /// How the step length changes.
    #[serde(with = "by_name", default = "constant")]
    pub(crate) schedule: ScheduleName,
    /// How long it rises first.
    #[serde(default)]
    pub(crate) warm_up: Option<WarmUp>,
    /// Update rule.
    #[serde(with = "by_name")]
    pub(crate) optimizer: OptimizerName,
    /// Factor of the L2 penalty.
    #[serde(with = "crate::exact")]
    pub(crate) weight_decay: f64,
    /// Largest norm of all gradients together.
    #[serde(with = "crate::exact::optional", default)]
    pub(crate) clip_norm: Option<f64>,
    /// Share of the targets that is spread over all classes.
    #[serde(with = "crate::exact", default)]
    pub(crate) label_smoothing: f64,
    /// Decides initial weights, validation set and batch order.
    pub(crate) seed: u64,
    /// Share of the training set kept for validation, if any.
    #[serde(with = "crate::exact::optional", default)]
    pub(crate) validation_fraction: Option<f64>,
    /// Folder of the data; none for XOR.
    pub(crate) data_dir: Option<PathBuf>,
    /// Names of the classes, by label, where the folders of the data name them; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) class_names: Vec<String>,
    /// Accuracy below which the run counts as failed.
    pub(crate) min_accuracy: Option<f64>,
    /// Every how many epochs a line is printed and kept.
    pub(crate) log_every: usize,
    /// Every how many epochs a checkpoint is made.
    #[serde(default = "one")]
    pub(crate) checkpoint_every: usize,
    /// How many of the last checkpoints are kept.
    #[serde(default = "two")]
    pub(crate) keep_checkpoints: usize,
    /// Epochs without a better loss after which the run ends.
    #[serde(default)]
    pub(crate) early_stop: Option<usize>,
    /// Every how many steps the gradients are checked.
    #[serde(default)]
    pub(crate) check_gradients: Option<usize>,
}

fn constant() -> ScheduleName {
    ScheduleName::Constant
}

fn one() -> usize {
    1
}

/// Fewest rows for which a thread of its own is worth its while.
const ROWS_OF_A_THREAD: usize = 32;

/// As many threads as are asked for, or else as suit the batch.
fn threads(options: &TrainOptions, batch_size: usize) -> Result<usize> {
    match options.threads {
        None => Ok(default_threads(options.backend, batch_size)),
        Some(_) if options.backend == Some(Backend::Wgpu) => {
            bail!("--threads does not apply to wgpu, where the adapter computes; leave it out")
        }
        Some(threads) if threads > batch_size => bail!(
            "--threads {threads} cannot share a batch of {batch_size} rows; give at most as many"
        ),
        Some(threads) => Ok(threads),
    }
}

/// As many threads as the processor has cores and the batch has work for.
pub(crate) fn default_threads(backend: Option<Backend>, batch_size: usize) -> usize {
    match backend {
        Some(Backend::Wgpu) => 1,
        Some(Backend::Ndarray | Backend::Flex) | None => {
            processor_cores().min(batch_size / ROWS_OF_A_THREAD).max(1)
        }
    }
}

fn two() -> usize {
    KEEP_CHECKPOINTS
}

/// Checkpoints that are kept beside the best one.
const KEEP_CHECKPOINTS: usize = 2;

/// What is chosen from a list on the command line, by the name that it has there.
mod by_name {
    use clap::ValueEnum;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::cli::value_name;

    pub(super) fn serialize<S: Serializer, T: ValueEnum + Copy>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value_name(*value))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: ValueEnum>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let name = String::deserialize(deserializer)?;
        T::from_str(&name, false).map_err(|_| D::Error::custom(format!("{name:?} is unknown")))
    }
}

impl Settings {
    /// Fills in what the model decides.
    ///
    /// # Errors
    ///
    /// If an option does not apply to the model.
    pub(crate) fn resolve(options: &TrainOptions) -> Result<Self> {
        let model = options.model.unwrap_or(ModelName::MnistMlp);
        refuse_what_does_not_apply(model, options)?;
        let options = &with_preset(options);
        let defaults = Defaults::of(model);
        let optimizer = options.optimizer.unwrap_or(OptimizerName::Momentum);
        let batch_size = options.batch_size.unwrap_or(defaults.batch_size);
        let default_rate = || defaults.learning_rate(model, optimizer, batch_size);
        let has_images = model != ModelName::XorNet;
        let log_every = options.log_every.unwrap_or(defaults.log_every);
        Ok(Self {
            model,
            backend: options
                .backend
                .unwrap_or(Backend::Ndarray)
                .name()
                .to_owned(),
            engine: options.engine.unwrap_or(Engine::Autodiff),
            hidden: options.hidden.clone().unwrap_or(defaults.hidden.to_vec()),
            activation: options.activation.or(defaults.activation),
            ridge: (model == ModelName::LinearRegression).then(|| options.ridge.unwrap_or(0.0)),
            epochs: options.epochs.unwrap_or(defaults.epochs),
            batch_size,
            threads: threads(options, batch_size)?,
            learning_rate: options.learning_rate.unwrap_or_else(default_rate),
            schedule: options.schedule.unwrap_or(constant()),
            warm_up: options.warm_up,
            optimizer,
            weight_decay: options.weight_decay.unwrap_or(0.0),
            clip_norm: options.clip_norm,
            label_smoothing: options.label_smoothing.unwrap_or(0.0),
            seed: options.seed.unwrap_or(0),
            validation_fraction: options.validation_fraction.or(defaults.validation_fraction),
            data_dir: has_images.then(|| {
                options
                    .data_dir
                    .clone()
                    .unwrap_or_else(datasets::bundled_mnist_dir)
            }),
            class_names: Vec::new(),
            min_accuracy: options.min_accuracy,
            log_every,
            checkpoint_every: options.checkpoint_every.unwrap_or(match model {
                ModelName::XorNet => log_every,
                ModelName::MnistMlp | ModelName::LinearRegression => 1,
            }),
            keep_checkpoints: options.keep_checkpoints.unwrap_or(KEEP_CHECKPOINTS),
            early_stop: options.early_stop,
            check_gradients: options.check_gradients,
        })
    }

    /// The settings of a run that goes on with other options.
    ///
    /// # Errors
    ///
    /// If an option contradicts what the run was begun with, or the number of epochs cannot be
    /// changed.
    pub(crate) fn continued(mut self, options: &TrainOptions) -> Result<Self> {
        self.refuse_contradictions(options)?;
        if let Some(epochs) = options.epochs.filter(|&epochs| epochs != self.epochs) {
            if self.schedule.depends_on_length() {
                bail!(
                    "--epochs {epochs} would bend the {} schedule of this run, which is laid out \
                     for {} epochs; leave --epochs out, or train again",
                    value_name(self.schedule),
                    self.epochs
                );
            }
            self.epochs = epochs;
        }
        self.log_every = options.log_every.unwrap_or(self.log_every);
        self.min_accuracy = options.min_accuracy.or(self.min_accuracy);
        Ok(self)
    }

    /// An error that names the first option that is not as the run was begun.
    fn refuse_contradictions(&self, options: &TrainOptions) -> Result<()> {
        fn differs<T: PartialEq>(given: Option<T>, here: T) -> bool {
            given.is_some_and(|given| given != here)
        }
        fn differs_where_given<T: PartialEq>(given: Option<T>, here: Option<T>) -> bool {
            given.is_some() && given != here
        }
        let backend = options.backend.map(Backend::name);
        let contradicted = [
            ("--backend", differs(backend, self.backend.as_str())),
            ("--model", differs(options.model, self.model)),
            ("--engine", differs(options.engine, self.engine)),
            ("--hidden", differs(options.hidden.as_ref(), &self.hidden)),
            (
                "--activation",
                differs_where_given(options.activation, self.activation),
            ),
            ("--ridge", differs_where_given(options.ridge, self.ridge)),
            ("--batch-size", differs(options.batch_size, self.batch_size)),
            ("--threads", differs(options.threads, self.threads)),
            (
                "--learning-rate",
                differs(options.learning_rate, self.learning_rate),
            ),
            ("--schedule", differs(options.schedule, self.schedule)),
            (
                "--warm-up",
                differs_where_given(options.warm_up, self.warm_up),
            ),
            ("--optimizer", differs(options.optimizer, self.optimizer)),
            (
                "--weight-decay",
                differs(options.weight_decay, self.weight_decay),
            ),
            (
                "--clip-norm",
                differs_where_given(options.clip_norm, self.clip_norm),
            ),
            (
                "--label-smoothing",
                differs(options.label_smoothing, self.label_smoothing),
            ),
            ("--seed", differs(options.seed, self.seed)),
            (
                "--validation-fraction",
                differs_where_given(options.validation_fraction, self.validation_fraction),
            ),
            (
                "--checkpoint-every",
                differs(options.checkpoint_every, self.checkpoint_every),
            ),
            (
                "--keep-checkpoints",
                differs(options.keep_checkpoints, self.keep_checkpoints),
            ),
            (
                "--early-stop",
                differs_where_given(options.early_stop, self.early_stop),
            ),
            (
                "--check-gradients",
                differs_where_given(options.check_gradients, self.check_gradients),
            ),
        ];
        match contradicted.into_iter().find(|(_, differs)| *differs) {
            Some((option, _)) => bail!(
                "{option} is not what the run was begun with, and cannot be changed under way; \
                 leave it out, or train again"
            ),
            None => Ok(()),
        }
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

/// What a model takes where nothing else is asked for.
struct Defaults {
    hidden: &'static [usize],
    activation: Option<Activation>,
    epochs: usize,
    batch_size: usize,
    /// Of plain descent, momentum and Adam.
    learning_rates: [f64; 3],
    validation_fraction: Option<f64>,
    log_every: usize,
}

impl Defaults {
    fn of(model: ModelName) -> Self {
        match model {
            ModelName::MnistMlp => Self {
                hidden: &[256, 128],
                activation: Some(Activation::Relu),
                epochs: 15,
                batch_size: 128,
                learning_rates: [0.1, 0.05, 0.001],
                validation_fraction: Some(datasets::DEFAULT_VALIDATION_FRACTION),
                log_every: 1,
            },
            ModelName::XorNet => Self {
                hidden: &[4],
                activation: Some(Activation::Sigmoid),
                epochs: 2000,
                batch_size: 4,
                learning_rates: [2.0, 0.5, 0.05],
                validation_fraction: None,
                log_every: 200,
            },
            ModelName::LinearRegression => Self {
                hidden: &[],
                activation: None,
                epochs: 15,
                batch_size: 1000,
                learning_rates: [0.02, 0.005, 0.001],
                validation_fraction: None,
                log_every: 1,
            },
        }
    }

    /// The loss of linear regression is a sum over the rows of a batch, and so are its gradients:
    /// the more rows, the shorter the steps that an update rule may take that does not scale its
    /// gradients itself.
    fn learning_rate(&self, model: ModelName, optimizer: OptimizerName, rows: usize) -> f64 {
        let [sgd, momentum, adam] = self.learning_rates;
        let per_row = match model {
            ModelName::LinearRegression => rows as f64,
            ModelName::MnistMlp | ModelName::XorNet => 1.0,
        };
        match optimizer {
            OptimizerName::Sgd => sgd / per_row,
            OptimizerName::Momentum => momentum / per_row,
            OptimizerName::Adam => adam,
        }
    }
}

/// The options, and where they leave something open that their preset decides, that.
fn with_preset(options: &TrainOptions) -> TrainOptions {
    let mut options = options.clone();
    match options.preset {
        Some(Preset::Fast) => {
            options.backend.get_or_insert(Backend::Flex);
            options.engine.get_or_insert(Engine::Manual);
            options.epochs.get_or_insert(6);
            options.learning_rate.get_or_insert(0.15);
            options.schedule.get_or_insert(ScheduleName::Linear);
            options.warm_up.get_or_insert(WarmUp::Epochs(0.5));
        }
        None => {}
    }
    options
}

/// An error that names the first option that does not apply to the model.
fn refuse_what_does_not_apply(model: ModelName, options: &TrainOptions) -> Result<()> {
    let hidden = &options.hidden;
    let linear = model == ModelName::LinearRegression;
    let xor = model == ModelName::XorNet;
    let truth_table = "which learns its whole truth table; leave it out";
    let no_hidden_layer = "which has no hidden layer; leave it out";
    let refused = [
        (
            "--preset",
            (linear || xor) && options.preset.is_some(),
            "but to mnist-mlp; leave it out",
        ),
        ("--data-dir", xor && options.data_dir.is_some(), truth_table),
        (
            "--validation-fraction",
            xor && options.validation_fraction.is_some(),
            truth_table,
        ),
        ("--hidden", linear && hidden.is_some(), no_hidden_layer),
        (
            "--activation",
            linear && options.activation.is_some(),
            no_hidden_layer,
        ),
        (
            "--weight-decay",
            linear && options.weight_decay.is_some_and(|factor| factor > 0.0),
            "whose bias it would shrink too, away from the closed form; use --ridge",
        ),
        (
            "--label-smoothing",
            (linear || xor) && options.label_smoothing.is_some(),
            "whose loss is no cross-entropy; leave it out",
        ),
        (
            "--ridge",
            !linear && options.ridge.is_some(),
            "which is no linear regression; use --weight-decay",
        ),
    ];
    if let Some((option, _, why)) = refused.into_iter().find(|(_, given, _)| *given) {
        bail!("{option} does not apply to {}, {why}", value_name(model));
    }
    match hidden {
        Some(hidden) if xor && hidden.len() != 1 => bail!(
            "--hidden names {} layers, but xor-net has one hidden layer; give one number, for \
             example --hidden 4",
            hidden.len()
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn options(arguments: &str) -> TrainOptions {
        let arguments = arguments.split_whitespace();
        Cli::parse_from(["trainer"].into_iter().chain(arguments)).options
    }

    /// The settings of a command line, options parted by spaces.
    pub(crate) fn settings(arguments: &str) -> Settings {
        Settings::resolve(&options(arguments)).expect("legal options")
    }

    #[test]
    fn settings_come_back_from_json_with_every_bit() {
        let rate = "0.12345678901234567";
        let written = settings(&format!(
            "--learning-rate {rate} --warm-up 0.1 --clip-norm 0.3"
        ));
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
    }

    #[test]
    fn a_preset_decides_what_is_left_open() {
        let fast = settings("--preset fast");
        assert_eq!(
            (fast.backend.as_str(), fast.engine),
            ("flex", Engine::Manual)
        );
        assert_eq!((fast.epochs, fast.learning_rate), (6, 0.15));
        let other = settings("--preset fast --backend ndarray --epochs 2");
        assert_eq!(
            (other.backend.as_str(), other.engine),
            ("ndarray", Engine::Manual)
        );
        assert_eq!((other.epochs, other.learning_rate), (2, 0.15));
        let error = Settings::resolve(&options("--preset fast --model xor-net"));
        let error = error.expect_err("a preset for another model").to_string();
        assert!(
            error.starts_with("--preset does not apply to xor-net"),
            "{error}"
        );
    }

    #[test]
    fn threads_are_as_many_as_have_work() {
        assert_eq!(settings("--batch-size 40").threads, 1);
        assert_eq!(settings("--model xor-net").threads, 1);
        assert_eq!(settings("--backend wgpu --batch-size 4096").threads, 1);
        assert_eq!(settings("--batch-size 40 --threads 5").threads, 5);
        assert_eq!(settings("--batch-size 1000000").threads, processor_cores());
        let error = Settings::resolve(&options("--batch-size 4 --threads 5"));
        let error = error.expect_err("a thread without a row").to_string();
        assert!(error.starts_with("--threads 5 cannot share"), "{error}");
        let error = Settings::resolve(&options("--backend wgpu --threads 2"));
        let error = error.expect_err("threads of an adapter").to_string();
        assert!(
            error.starts_with("--threads does not apply to wgpu"),
            "{error}"
        );
    }

    #[test]
    fn a_run_goes_on_only_with_what_it_was_begun_with() {
        let begun = || settings("--model xor-net --backend flex --seed 3 --epochs 50");
        let same = "--model xor-net --backend flex --seed 3 --hidden 4 --learning-rate 0.5";
        assert!(begun().continued(&options(same)).is_ok());
        for other in [
            "--backend ndarray",
            "--model mnist-mlp",
            "--engine manual",
            "--hidden 5",
            "--activation relu",
            "--ridge 1",
            "--batch-size 3",
            "--threads 3",
            "--learning-rate 0.25",
            "--schedule linear",
            "--warm-up 3",
            "--optimizer adam",
            "--weight-decay 1",
            "--clip-norm 1",
            "--label-smoothing 0.1",
            "--seed 4",
            "--validation-fraction 0.1",
            "--checkpoint-every 7",
            "--keep-checkpoints 9",
            "--early-stop 3",
            "--check-gradients 9",
        ] {
            let error = begun().continued(&options(other)).expect_err(other);
            let option = other.split(' ').next().expect("an option");
            assert!(error.to_string().starts_with(option), "{other}: {error}");
        }
        let allowed = "--epochs 70 --log-every 5 --min-accuracy 0.5";
        let continued = begun()
            .continued(&options(allowed))
            .expect("all may change");
        assert_eq!(
            (
                continued.epochs,
                continued.log_every,
                continued.min_accuracy
            ),
            (70, 5, Some(0.5))
        );
    }

    #[test]
    fn a_schedule_that_depends_on_the_length_keeps_it() {
        for (schedule, may_change) in [("constant", true), ("cosine", false), ("step", false)] {
            let begun = settings(&format!("--schedule {schedule} --warm-up 1 --epochs 5"));
            let longer = begun.continued(&options("--epochs 6"));
            assert_eq!(longer.is_ok(), may_change, "{schedule}");
        }
    }
}
