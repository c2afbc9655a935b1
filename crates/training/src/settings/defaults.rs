//! The defaults of each model.

use layers::Activation;

use super::WarmUp;
use crate::choice::{ModelName, OptimizerName, ScheduleName};

/// The values of a model.
pub(super) struct Defaults {
    pub(super) hidden: &'static [usize],
    pub(super) activation: Option<Activation>,
    pub(super) epochs: usize,
    pub(super) batch_size: usize,
    /// Of plain descent, of both kinds of momentum, and of both kinds of Adam.
    learning_rates: [f64; 3],
    pub(super) warm_up: Option<WarmUp>,
    pub(super) validation_fraction: Option<f64>,
    pub(super) log_every: usize,
}

/// The schedule of a model.
pub(super) fn schedule(model: ModelName) -> ScheduleName {
    match model {
        ModelName::MnistMlp => ScheduleName::Linear,
        ModelName::XorNet | ModelName::LinearRegression => ScheduleName::Constant,
    }
}

impl Defaults {
    /// A rate that declines to 0 may begin three times as high, and needs fewer epochs to a smaller loss on
    /// the validation set (measured in docs/performance.md).
    pub(super) fn of(model: ModelName, schedule: ScheduleName) -> Self {
        let declines = matches!(schedule, ScheduleName::Linear | ScheduleName::Cosine);
        match model {
            ModelName::MnistMlp if declines => Self {
                epochs: 6,
                learning_rates: [0.3, 0.15, 0.003],
                warm_up: Some(WarmUp::Epochs(0.5)),
                ..Self::of(model, ScheduleName::Constant)
            },
            ModelName::MnistMlp => Self {
                hidden: &[256, 128],
                activation: Some(Activation::Relu),
                epochs: 15,
                batch_size: 128,
                learning_rates: [0.1, 0.05, 0.001],
                warm_up: None,
                validation_fraction: Some(datasets::DEFAULT_VALIDATION_FRACTION),
                log_every: 1,
            },
            ModelName::XorNet => Self {
                hidden: &[4],
                activation: Some(Activation::Sigmoid),
                epochs: 2000,
                batch_size: 4,
                learning_rates: [2.0, 0.5, 0.05],
                warm_up: None,
                validation_fraction: None,
                log_every: 200,
            },
            ModelName::LinearRegression => Self {
                hidden: &[],
                activation: None,
                epochs: 15,
                batch_size: 1000,
                learning_rates: [0.02, 0.005, 0.001],
                warm_up: None,
                validation_fraction: None,
                log_every: 1,
            },
        }
    }

    /// The loss of linear regression is a sum over the rows of a batch, and so are its gradients:
    /// the more rows, the shorter the steps must be for an update rule that does not scale its
    /// gradients.
    pub(super) fn learning_rate(
        &self,
        model: ModelName,
        optimizer: OptimizerName,
        rows: usize,
    ) -> f64 {
        let [sgd, momentum, adam] = self.learning_rates;
        let per_row = match model {
            ModelName::LinearRegression => rows as f64,
            ModelName::MnistMlp | ModelName::XorNet => 1.0,
        };
        match optimizer {
            OptimizerName::Sgd => sgd / per_row,
            OptimizerName::Momentum | OptimizerName::Nesterov => momentum / per_row,
            OptimizerName::Adam | OptimizerName::Adamw => adam,
        }
    }
}
