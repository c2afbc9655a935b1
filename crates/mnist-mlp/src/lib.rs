#![doc = include_str!("../README.md")]
//!
//! Burn's own records load the weights that the trainer saves:
//!
//! ```no_run
//! use burn::module::Module;
//! use burn::store::ModuleRecord;
//! use burn::tensor::Device;
//! use mnist_mlp::MnistMlpConfig;
//!
//! let net = MnistMlpConfig::new(784, vec![256, 128], 10).init(0, &Device::flex())?;
//! let net = net.load_record(ModuleRecord::load("runs/my-run/model.bpk")?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Int, Tensor, TensorCreationOptions, activation};

#[cfg(feature = "pretrained")]
mod pretrained;

pub use layers::{Activation, ConfigError, Dropout, Initializer};
#[cfg(feature = "pretrained")]
pub use pretrained::{PRETRAINED_TEMPERATURE, PRETRAINED_TEST_ACCURACY, PRETRAINED_WEIGHTS};

/// Sizes and functions of an [`MnistMlp`].
#[derive(Config, Debug)]
pub struct MnistMlpConfig {
    /// Number of inputs: pixels of an image, 784 for MNIST.
    pub inputs: usize,
    /// Units of each hidden layer from input to output; empty for softmax regression.
    pub hidden: Vec<usize>,
    /// Number of classes, 10 for MNIST.
    pub classes: usize,
    /// Activation of the hidden layers.
    #[config(default = "Activation::Relu")]
    pub activation: Activation,
    /// Share ε of the targets that [`MnistMlp::loss`] spreads over all classes, at least 0 and below
    /// 1; see [`smoothed_cross_entropy`].
    #[config(default = 0.0)]
    pub label_smoothing: f64,
    /// Initial weights; `None` chooses by the activation ([`Initializer::for_activation`]).
    pub initializer: Option<Initializer>,
}

impl MnistMlpConfig {
    /// Builds the net with weights drawn from `seed` on a device, or on a device with a float
    /// dtype: `init(0, &device)` or `init(0, (&device, DType::F64))`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a size is zero, a layer is too large, or the label smoothing is not at
    /// least 0 and below 1.
    pub fn init(
        &self,
        seed: u64,
        options: impl Into<TensorCreationOptions>,
    ) -> Result<MnistMlp, ConfigError> {
        ConfigError::check_size("the input", self.inputs)?;
        for (i, &size) in self.hidden.iter().enumerate() {
            ConfigError::check_size(format!("hidden layer {}", i + 1), size)?;
        }
        ConfigError::check_size("the output", self.classes)?;
        ConfigError::check_share("the label smoothing", self.label_smoothing)?;
        let options = options.into();
        let initializer = self
            .initializer
            .unwrap_or_else(|| Initializer::for_activation(self.activation));
        let sizes = [&[self.inputs], &self.hidden[..], &[self.classes]].concat();
        ConfigError::check_weights(&sizes)?;
        let layers = sizes
            .windows(2)
            .enumerate()
            .map(|(i, size)| {
                let path = format!("layers.{i}");
                layers::dense(size[0], size[1], initializer, seed, &path, options.clone())
            })
            .collect();
        Ok(MnistMlp {
            layers,
            activation: self.activation,
            label_smoothing: self.label_smoothing,
            dropout: Dropout::NONE,
        })
    }
}

/// Dense layers with an activation between them; the last one gives the logits.
#[derive(Module, Debug)]
pub struct MnistMlp {
    /// Layer `l` holds `W: [d_l, d_(l+1)]` and `b: [d_(l+1)]`.
    pub layers: Vec<Linear>,
    /// Activation after every layer but the last.
    #[module(skip)]
    pub activation: Activation,
    /// Share ε of the targets that the loss spreads over all classes.
    #[module(skip)]
    pub label_smoothing: f64,
    /// The masks of inputs and hidden layers in the loss: those of one training step.
    #[module(skip)]
    pub dropout: Dropout,
}

/// The most probable class of each row, and its probability.
#[derive(Debug, Clone)]
pub struct Predictions {
    /// Class of each row, `[n]`.
    pub classes: Tensor<1, Int>,
    /// Softmax probability of that class, `[n]`.
    pub probabilities: Tensor<1>,
}

impl MnistMlp {
    /// The net with the masks of a training step in its loss.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout, ..self }
    }

    /// The logits, one row per image, without dropout.
    ///
    /// # Formula
    ///
    /// ```text
    /// z1 = f(x·W1 + b1)    z2 = f(z1·W2 + b2)    ...    logits = z·W + b
    /// ```
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]` gives `logits: [n, classes]`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `inputs` columns.
    ///
    /// # Source
    ///
    /// Lecture item L7.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward_with(Dropout::NONE, x)
    }

    /// The logits with these masks: `d_l = z_l ∘ m_l/(1 - p)` goes on in place of `z_l`, and `d_0` in place of `x`.
    fn forward_with(&self, dropout: Dropout, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let hidden = self.layers[..last].iter().zip(1..);
        let hidden = hidden.fold(dropout.apply(0, x), |d, (layer, l)| {
            dropout.apply(l, self.activation.forward(layer.forward(d)))
        });
        self.layers[last].forward(hidden)
    }

    /// Mean softmax cross-entropy of the batch, in nats, against targets smoothed by
    /// `label_smoothing`, with the masks of `dropout`.
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]`, `labels: [n]` with classes from 0; the loss is a tensor of one element.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit the net or each other.
    ///
    /// # Source
    ///
    /// Lecture items L7 and L8.
    pub fn loss(&self, x: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        let logits = self.forward_with(self.dropout, x);
        smoothed_cross_entropy(logits, labels, self.label_smoothing)
    }

    /// Class and probability of each row.
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]`; both parts of the result are `[n]`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `inputs` columns.
    pub fn predict(&self, x: Tensor<2>) -> Predictions {
        let (probabilities, classes) =
            activation::softmax(self.forward(x), 1).max_dim_with_indices(1);
        Predictions {
            classes: classes.squeeze_dim(1),
            probabilities: probabilities.squeeze_dim(1),
        }
    }
}

/// Mean softmax cross-entropy of logits, in nats.
///
/// # Formula
///
/// ```text
/// L = -1/n Σ_rows log softmax(logits)[label]
/// log softmax(z)_k = z_k - m - log Σ_j e^(z_j - m),  m = max z
/// ```
///
/// The maximum is subtracted first, so that logits of any size give a finite loss.
///
/// # Shapes
///
/// `logits: [n, classes]`, `labels: [n]` with classes from 0; the loss is a tensor of one element.
///
/// # Panics
///
/// If the numbers of rows differ.
///
/// # Source
///
/// Lecture items L7 and L8.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    assert_eq!(
        logits.dims()[0],
        labels.dims()[0],
        "logits and labels differ in rows"
    );
    activation::log_softmax(logits, 1)
        .gather(1, labels.unsqueeze_dim(1))
        .mean()
        .neg()
}

/// Mean softmax cross-entropy of logits against smoothed targets, in nats; [`cross_entropy`] where
/// `smoothing` is 0.
///
/// # Formula
///
/// ```text
/// y_k = (1 - ε) [k = label] + ε/K                    targets, K classes
/// L = -1/n Σ_rows Σ_k y_k ln yp_k,  yp = softmax(logits)
///   = (1 - ε) cross_entropy(logits, labels) + ε (-1/(n K) Σ_rows Σ_k ln yp_k)
/// ```
///
/// # Shapes
///
/// `logits: [n, classes]`, `labels: [n]` with classes from 0; the loss is a tensor of one element.
///
/// # Panics
///
/// If the numbers of rows differ.
///
/// # Source
///
/// Szegedy et al., *Rethinking the Inception Architecture for Computer Vision*, 2016, section 7;
/// PyTorch's `CrossEntropyLoss(label_smoothing=ε)`.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use mnist_mlp::smoothed_cross_entropy;
///
/// let logits = Tensor::<2>::from_data([[3f32.ln(), 0.0]], &Device::flex()); // yp = ¾, ¼
/// let labels = Tensor::<1, Int>::from_data([0], &Device::flex());
/// let loss = smoothed_cross_entropy(logits, labels, 0.5).into_scalar::<f32>();
/// assert!((loss + 0.75 * 0.75f32.ln() + 0.25 * 0.25f32.ln()).abs() < 1e-6);
/// ```
pub fn smoothed_cross_entropy(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
    smoothing: f64,
) -> Tensor<1> {
    if smoothing == 0.0 {
        return cross_entropy(logits, labels);
    }
    let uniform = activation::log_softmax(logits.clone(), 1).mean().neg();
    cross_entropy(logits, labels).mul_scalar(1.0 - smoothing) + uniform.mul_scalar(smoothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn matrix(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(values, shape),
            (&Device::flex(), DType::F64),
        )
    }

    fn labels<const N: usize>(values: [i32; N]) -> Tensor<1, Int> {
        Tensor::from_data(values, &Device::flex())
    }

    #[test]
    fn cross_entropy_by_hand() {
        let logits = matrix(vec![2f64.ln(), 0.0, 0.0, 0.0, 0.0, 6f64.ln()], [2, 3]);
        let loss = cross_entropy(logits, labels([0, 2])).into_scalar::<f64>();
        let expected = -((2.0f64 / 4.0).ln() + (6.0f64 / 8.0).ln()) / 2.0;
        assert!((loss - expected).abs() < 1e-15, "{loss} {expected}");
    }

    #[test]
    fn smoothed_targets_by_hand() {
        // Probabilities 1/2, 1/4, 1/4 of the label 0; targets 1 - ε + ε/3, ε/3, ε/3.
        let logits = matrix(vec![2f64.ln(), 0.0, 0.0], [1, 3]);
        let loss = |smoothing| {
            smoothed_cross_entropy(logits.clone(), labels([0]), smoothing).into_scalar::<f64>()
        };
        let (half, quarter) = (2f64.ln(), 4f64.ln());
        let expected = (0.7 + 0.1) * half + 2.0 * 0.1 * quarter;
        assert!((loss(0.3) - expected).abs() < 1e-15);
        let plain = cross_entropy(logits.clone(), labels([0])).into_scalar::<f64>();
        assert_eq!(loss(0.0), plain);
    }

    #[test]
    fn a_label_smoothing_of_one_is_refused() {
        for share in [1.0, -0.1, f64::NAN] {
            let config = MnistMlpConfig::new(3, vec![], 2).with_label_smoothing(share);
            assert!(config.init(0, &Device::flex()).is_err(), "{share}");
        }
    }

    #[test]
    fn dropout_is_in_the_loss_alone() {
        let net = MnistMlpConfig::new(3, vec![4], 2)
            .init(0, (&Device::flex(), DType::F64))
            .expect("a legal configuration");
        let dropout = Dropout::new(0.5, 0.5, 2).expect("probabilities");
        let dropped = net.clone().with_dropout(dropout);
        let x = matrix(vec![0.5, -1.0, 2.0, 1.5, 0.25, -0.75], [2, 3]);
        let logits = |net: &MnistMlp| {
            let logits = net.forward(x.clone());
            logits.try_into_vec_as::<f64>().expect("f64")
        };
        assert_eq!(logits(&dropped), logits(&net));
        let d0 = dropout.apply(0, x.clone());
        let z1 = net.activation.forward(net.layers[0].forward(d0));
        let expected = cross_entropy(net.layers[1].forward(dropout.apply(1, z1)), labels([0, 1]));
        let loss = |net: &MnistMlp| net.loss(x.clone(), labels([0, 1])).into_scalar::<f64>();
        assert_eq!(loss(&dropped), expected.into_scalar::<f64>());
        assert_ne!(loss(&dropped), loss(&net));
    }

    #[test]
    fn huge_logits_give_a_finite_loss() {
        let logits = matrix(vec![1000.0, -1000.0], [1, 2]);
        let right = cross_entropy(logits.clone(), labels([0])).into_scalar::<f64>();
        let wrong = cross_entropy(logits, labels([1])).into_scalar::<f64>();
        assert_eq!((right, wrong), (0.0, 2000.0));
    }

    #[test]
    fn depth_and_sizes_follow_the_configuration() {
        for (hidden, parameters) in [
            (vec![], 5 * 3 + 3),
            (vec![7], 5 * 7 + 7 + 7 * 3 + 3),
            (vec![7, 2, 4], 5 * 7 + 7 + 7 * 2 + 2 + 2 * 4 + 4 + 4 * 3 + 3),
        ] {
            let net = MnistMlpConfig::new(5, hidden, 3)
                .init(0, &Device::flex())
                .expect("a legal configuration");
            assert_eq!(net.num_params(), parameters);
            let x = Tensor::<2>::ones([4, 5], &Device::flex());
            assert_eq!(net.forward(x).dims(), [4, 3]);
        }
    }

    #[test]
    fn predictions_pick_the_largest_logit() {
        let net = MnistMlpConfig::new(3, vec![], 3)
            .with_initializer(Some(Initializer::Zeros))
            .init(0, (&Device::flex(), DType::F64))
            .expect("a legal configuration");
        let mut layer = net.layers[0].clone();
        let identity = Tensor::<2>::eye(3, &Device::flex()).cast(DType::F64);
        layer.weight = burn::module::Param::from_tensor(identity);
        let net = MnistMlp {
            layers: vec![layer],
            ..net
        };
        let predictions = net.predict(matrix(vec![0.0, 1.0, 0.0, 5.0, 0.0, 0.0], [2, 3]));
        let classes = predictions
            .classes
            .try_into_vec_as::<i64>()
            .expect("classes");
        let probabilities = predictions
            .probabilities
            .try_into_vec_as::<f64>()
            .expect("probabilities");
        assert_eq!(classes, [1, 0]);
        let e = 1f64.exp();
        assert!((probabilities[0] - e / (e + 2.0)).abs() < 1e-15);
    }

    #[test]
    fn an_empty_layer_is_refused() {
        let error = MnistMlpConfig::new(784, vec![16, 0], 10)
            .init(0, &Device::flex())
            .expect_err("no units in the second layer");
        assert_eq!(
            error.to_string(),
            "hidden layer 2 has size 0, expected at least 1; give every layer one unit or more"
        );
    }
}
