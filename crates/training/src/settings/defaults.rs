//! The defaults of each model.

use layers::Activation;

use crate::choice::{ModelName, OptimizerName};

/// The values of a model.
pub(super) struct Defaults {
    pub(super) hidden: &'static [usize],
    pub(super) activation: Option<Activation>,
    pub(super) epochs: usize,
    pub(super) batch_size: usize,
    /// Of plain descent, momentum and Adam.
    learning_rates: [f64; 3],
    pub(super) validation_fraction: Option<f64>,
    pub(super) log_every: usize,
}

impl Defaults {
    pub(super) fn of(model: ModelName) -> Self {
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
            OptimizerName::Momentum => momentum / per_row,
            OptimizerName::Adam => adam,
        }
    }
}
