//! From options to settings: defaults that depend on the model filled in, contradictions refused.

use std::path::PathBuf;

use anyhow::{Result, bail};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, ModuleOptimizer, SgdConfig};
use layers::Activation;
use serde::Serialize;

use crate::cli::{Engine, ModelName, OptimizerName, TrainOptions, value_name};

/// Everything that decides the numbers of a run, as `config.json` keeps it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    /// Name of the model.
    pub(crate) model: String,
    /// Name of the backend.
    pub(crate) backend: String,
    /// Name of the engine.
    #[serde(serialize_with = "by_name")]
    pub(crate) engine: Engine,
    /// Units of each hidden layer.
    pub(crate) hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub(crate) activation: Activation,
    /// Passes over the training set.
    pub(crate) epochs: usize,
    /// Rows per step.
    pub(crate) batch_size: usize,
    /// Step length.
    pub(crate) learning_rate: f64,
    /// Update rule.
    #[serde(serialize_with = "by_name")]
    pub(crate) optimizer: OptimizerName,
    /// Factor of the L2 penalty.
    pub(crate) weight_decay: f64,
    /// Decides initial weights, validation set and batch order.
    pub(crate) seed: u64,
    /// Share of the training set kept for validation; none for XOR.
    pub(crate) validation_fraction: Option<f64>,
    /// Folder of the data; none for XOR.
    pub(crate) data_dir: Option<PathBuf>,
    /// Accuracy below which the run counts as failed.
    pub(crate) min_accuracy: Option<f64>,
    /// Every how many epochs a line is printed and kept.
    pub(crate) log_every: usize,
}

fn by_name<S: serde::Serializer, T: clap::ValueEnum + Copy>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value_name(*value))
}

impl Settings {
    /// Fills in what the model decides.
    ///
    /// # Errors
    ///
    /// If an option does not apply to the model.
    pub(crate) fn resolve(options: &TrainOptions) -> Result<Self> {
        let mnist = options.model == ModelName::MnistMlp;
        if !mnist {
            refuse_for_xor(options)?;
        }
        let optimizer = options.optimizer.unwrap_or(OptimizerName::Momentum);
        let learning_rate = options
            .learning_rate
            .unwrap_or(match (options.model, optimizer) {
                (ModelName::MnistMlp, OptimizerName::Sgd) => 0.1,
                (ModelName::MnistMlp, OptimizerName::Momentum) => 0.05,
                (ModelName::MnistMlp, OptimizerName::Adam) => 0.001,
                (ModelName::XorNet, OptimizerName::Sgd) => 2.0,
                (ModelName::XorNet, OptimizerName::Momentum) => 0.5,
                (ModelName::XorNet, OptimizerName::Adam) => 0.05,
            });
        let by_model = |for_mnist, for_xor| if mnist { for_mnist } else { for_xor };
        Ok(Self {
            model: value_name(options.model),
            backend: options.backend.name().to_owned(),
            engine: options.engine,
            hidden: options
                .hidden
                .clone()
                .unwrap_or_else(|| if mnist { vec![256, 128] } else { vec![4] }),
            activation: options.activation.unwrap_or(if mnist {
                Activation::Relu
            } else {
                Activation::Sigmoid
            }),
            epochs: options.epochs.unwrap_or(by_model(15, 2000)),
            batch_size: options.batch_size.unwrap_or(by_model(128, 4)),
            learning_rate,
            optimizer,
            weight_decay: options.weight_decay,
            seed: options.seed,
            validation_fraction: mnist.then(|| {
                options
                    .validation_fraction
                    .unwrap_or(datasets::DEFAULT_VALIDATION_FRACTION)
            }),
            data_dir: mnist.then(|| {
                options
                    .data_dir
                    .clone()
                    .unwrap_or_else(datasets::bundled_mnist_dir)
            }),
            min_accuracy: options.min_accuracy,
            log_every: options.log_every.unwrap_or(by_model(1, 200)),
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

fn refuse_for_xor(options: &TrainOptions) -> Result<()> {
    let refused = [
        ("--data-dir", options.data_dir.is_some()),
        (
            "--validation-fraction",
            options.validation_fraction.is_some(),
        ),
    ];
    if let Some((option, _)) = refused.into_iter().find(|(_, given)| *given) {
        bail!(
            "{option} does not apply to xor-net, which learns its whole truth table; leave it out"
        );
    }
    if let Some(hidden) = &options.hidden
        && hidden.len() != 1
    {
        bail!(
            "--hidden names {} layers, but xor-net has one hidden layer; give one number, for \
             example --hidden 4",
            hidden.len()
        );
    }
    Ok(())
}
