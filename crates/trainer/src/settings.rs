//! From options to settings: defaults that depend on the model filled in, contradictions refused.

use std::path::PathBuf;

use anyhow::{Result, bail};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, ModuleOptimizer, SgdConfig};
use layers::Activation;
use serde::{Deserialize, Serialize};

use crate::cli::{Engine, ModelName, OptimizerName, TrainOptions, value_name};

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
    pub(crate) ridge: Option<f64>,
    /// Passes over the training set.
    pub(crate) epochs: usize,
    /// Rows per step.
    pub(crate) batch_size: usize,
    /// Step length.
    pub(crate) learning_rate: f64,
    /// Update rule.
    #[serde(with = "by_name")]
    pub(crate) optimizer: OptimizerName,
    /// Factor of the L2 penalty.
    pub(crate) weight_decay: f64,
    /// Decides initial weights, validation set and batch order.
    pub(crate) seed: u64,
    /// Share of the training set kept for validation, if any.
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
}

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
        let model = options.model;
        refuse_what_does_not_apply(options)?;
        let defaults = Defaults::of(model);
        let optimizer = options.optimizer.unwrap_or(OptimizerName::Momentum);
        let batch_size = options.batch_size.unwrap_or(defaults.batch_size);
        let default_rate = || defaults.learning_rate(model, optimizer, batch_size);
        let has_images = model != ModelName::XorNet;
        Ok(Self {
            model,
            backend: options.backend.name().to_owned(),
            engine: options.engine,
            hidden: options.hidden.clone().unwrap_or(defaults.hidden.to_vec()),
            activation: options.activation.or(defaults.activation),
            ridge: (model == ModelName::LinearRegression).then(|| options.ridge.unwrap_or(0.0)),
            epochs: options.epochs.unwrap_or(defaults.epochs),
            batch_size,
            learning_rate: options.learning_rate.unwrap_or_else(default_rate),
            optimizer,
            weight_decay: options.weight_decay,
            seed: options.seed,
            validation_fraction: options.validation_fraction.or(defaults.validation_fraction),
            data_dir: has_images.then(|| {
                options
                    .data_dir
                    .clone()
                    .unwrap_or_else(datasets::bundled_mnist_dir)
            }),
            class_names: Vec::new(),
            min_accuracy: options.min_accuracy,
            log_every: options.log_every.unwrap_or(defaults.log_every),
        })
    }

    /// The update rule, with nothing remembered yet.
    ///
    /// Momentum is undampened, Adam's ε is 1e-8: the textbook's rules and PyTorch's defaults,
    /// where Burn's own defaults differ.
    pub(crate) fn new_optimizer(&self) -> ModuleOptimizer {
        let weight_decay =
            (self.weight_decay > 0.0).then(|| WeightDecayConfig::new(self.weight_decay as f32));
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
        match self.optimizer {
            OptimizerName::Sgd => SgdConfig::new().with_weight_decay(weight_decay).init(),
            OptimizerName::Momentum => SgdConfig::new()
                .with_weight_decay(weight_decay)
                .with_momentum(Some(momentum))
                .init(),
            OptimizerName::Adam => AdamConfig::new()
                .with_weight_decay(weight_decay)
                .with_epsilon(1e-8)
                .init(),
        }
    }

    /// Whether the line of an epoch (from 1) is printed and kept.
    pub(crate) fn logs(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.log_every) || epoch == self.epochs
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

/// An error that names the first option that does not apply to the model.
fn refuse_what_does_not_apply(options: &TrainOptions) -> Result<()> {
    let TrainOptions { model, hidden, .. } = options;
    let linear = *model == ModelName::LinearRegression;
    let xor = *model == ModelName::XorNet;
    let truth_table = "which learns its whole truth table; leave it out";
    let no_hidden_layer = "which has no hidden layer; leave it out";
    let refused = [
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
            linear && options.weight_decay > 0.0,
            "whose bias it would shrink too, away from the closed form; use --ridge",
        ),
        (
            "--ridge",
            !linear && options.ridge.is_some(),
            "which is no linear regression; use --weight-decay",
        ),
    ];
    if let Some((option, _, why)) = refused.into_iter().find(|(_, given, _)| *given) {
        bail!("{option} does not apply to {}, {why}", value_name(*model));
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
