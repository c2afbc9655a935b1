#![doc = include_str!("../README.md")]

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorCreationOptions};
use serde::{Deserialize, Serialize};

pub use layers::{Activation, ConfigError, Dropout, Initializer, half_squared_error};

/// What follows the last layer's affine map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputUnit {
    /// `yp = σ(z5)`: the XOR net of item L3.
    Sigmoid,
    /// `yp = z5`: the general net of item L6.
    Linear,
}

/// Sizes and functions of an [`XorNet`]; the default is the lecture's 2-4-1 net of sigmoids.
#[derive(Config, Debug)]
pub struct XorNetConfig {
    /// Number of inputs.
    #[config(default = 2)]
    pub inputs: usize,
    /// Number of hidden units.
    #[config(default = 4)]
    pub hidden: usize,
    /// Number of outputs.
    #[config(default = 1)]
    pub outputs: usize,
    /// Activation of the hidden layer.
    #[config(default = "Activation::Sigmoid")]
    pub activation: Activation,
    /// What follows the output layer's affine map.
    #[config(default = "OutputUnit::Sigmoid")]
    pub output_unit: OutputUnit,
    /// Initial weights; `None` chooses by the activation ([`Initializer::for_activation`]).
    pub initializer: Option<Initializer>,
}

impl XorNetConfig {
    /// Builds the net with weights drawn from `seed` on a device, or on a device with a float
    /// dtype: `init(0, &device)` or `init(0, (&device, DType::F64))`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a size is zero or a layer too large.
    pub fn init(
        &self,
        seed: u64,
        options: impl Into<TensorCreationOptions>,
    ) -> Result<XorNet, ConfigError> {
        ConfigError::check_size("the input", self.inputs)?;
        ConfigError::check_size("the hidden layer", self.hidden)?;
        ConfigError::check_size("the output", self.outputs)?;
        ConfigError::check_weights(&[self.inputs, self.hidden, self.outputs])?;
        let options = options.into();
        let initializer = self
            .initializer
            .unwrap_or_else(|| Initializer::for_activation(self.activation));
        let dense = |d_in, d_out, path| {
            layers::dense(d_in, d_out, initializer, seed, path, options.clone())
        };
        Ok(XorNet {
            hidden: dense(self.inputs, self.hidden, "hidden"),
            output: dense(self.hidden, self.outputs, "output"),
            activation: self.activation,
            output_unit: self.output_unit,
            dropout: Dropout::NONE,
        })
    }
}

/// The net: one hidden layer and an output layer.
#[derive(Module, Debug)]
pub struct XorNet {
    /// `W1: [inputs, hidden]` and `b1: [hidden]`.
    pub hidden: Linear,
    /// `W2: [hidden, outputs]` and `b2: [outputs]`.
    pub output: Linear,
    /// Activation of the hidden layer.
    #[module(skip)]
    pub activation: Activation,
    /// What follows the output layer's affine map.
    #[module(skip)]
    pub output_unit: OutputUnit,
    /// The masks of inputs and hidden layer in the loss: those of one training step.
    #[module(skip)]
    pub dropout: Dropout,
}

impl XorNet {
    /// The net with the masks of a training step in its loss.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout, ..self }
    }

    /// The net's outputs, without dropout.
    ///
    /// # Formula
    ///
    /// ```text
    /// z1 = x·W1    z2 = z1 + b1    z3 = f(z2)
    /// z4 = z3·W2   z5 = z4 + b2    yp = σ(z5)   (linear output: yp = z5)
    /// ```
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]` gives `yp: [n, outputs]`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `inputs` columns.
    ///
    /// # Source
    ///
    /// Lecture items L3 (sigmoid output) and L6 (linear output).
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward_with(Dropout::NONE, x)
    }

    /// The outputs with these masks: `z3 ∘ m/(1 - p)` goes on in place of `z3`, and the same of `x`.
    fn forward_with(&self, dropout: Dropout, x: Tensor<2>) -> Tensor<2> {
        let z2 = self.hidden.forward(dropout.apply(0, x));
        let z3 = dropout.apply(1, self.activation.forward(z2));
        let z5 = self.output.forward(z3);
        match self.output_unit {
            OutputUnit::Sigmoid => layers::sigmoid(z5),
            OutputUnit::Linear => z5,
        }
    }

    /// Half the squared error, summed over all rows: `½‖yp - y‖²` (item L3), with the masks of `dropout`.
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]`, `y: [n, outputs]`; the loss is a tensor of one element.
    ///
    /// # Panics
    ///
    /// If the shapes of `x` or `y` do not fit the net or each other.
    pub fn loss(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        half_squared_error(self.forward_with(self.dropout, x), y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::tensor::{DType, Device, TensorData};

    /// Weights that solve XOR exactly with two steep sigmoids: OR and AND.
    fn solved() -> XorNet {
        let device = Device::flex();
        let tensor = |values: Vec<f64>, shape: [usize; 2]| {
            Tensor::<2>::from_data(TensorData::new(values, shape), (&device, DType::F64))
        };
        let linear = |weight, bias: Tensor<2>| Linear {
            weight: Param::from_tensor(weight),
            bias: Some(Param::from_tensor(bias.flatten(0, 1))),
        };
        XorNet {
            hidden: linear(
                tensor(vec![20.0, 20.0, 20.0, 20.0], [2, 2]),
                tensor(vec![-10.0, -30.0], [1, 2]),
            ),
            output: linear(
                tensor(vec![20.0, -20.0], [2, 1]),
                tensor(vec![-10.0], [1, 1]),
            ),
            activation: Activation::Sigmoid,
            output_unit: OutputUnit::Sigmoid,
            dropout: Dropout::NONE,
        }
    }

    fn truth_table() -> (Tensor<2>, Tensor<2>) {
        let options = (&Device::flex(), DType::F64);
        let x = vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
        let y = vec![0.0, 1.0, 1.0, 0.0];
        (
            Tensor::from_data(TensorData::new(x, [4, 2]), options),
            Tensor::from_data(TensorData::new(y, [4, 1]), options),
        )
    }

    #[test]
    fn known_weights_compute_xor() {
        let (x, y) = truth_table();
        let loss = solved().loss(x, y).into_scalar::<f64>();
        assert!(loss < 1e-7, "{loss}");
    }

    #[test]
    fn loss_is_half_the_sum_of_squares() {
        let (_, y) = truth_table();
        let loss = half_squared_error(y.clone() * 3.0, y).into_scalar::<f64>();
        assert_eq!(loss, 0.5 * (4.0 + 4.0));
    }

    #[test]
    fn dropout_is_in_the_loss_alone() {
        let (x, y) = truth_table();
        let dropout = Dropout::new(0.5, 0.0, 2).expect("a probability");
        let dropped = solved().with_dropout(dropout);
        let outputs = |net: XorNet| net.forward(x.clone()).try_into_vec_as::<f64>();
        assert_eq!(
            outputs(dropped.clone()).expect("f64"),
            outputs(solved()).expect("f64")
        );
        let hidden = solved().hidden.forward(x.clone());
        let z3 = dropout.apply(1, layers::sigmoid(hidden));
        let yp = layers::sigmoid(solved().output.forward(z3));
        let expected = half_squared_error(yp, y.clone()).into_scalar::<f64>();
        assert_eq!(dropped.loss(x, y).into_scalar::<f64>(), expected);
        assert!(expected > 0.1, "{expected}");
    }

    #[test]
    fn linear_output_is_not_squashed() {
        let (x, _) = truth_table();
        let net = XorNet {
            output_unit: OutputUnit::Linear,
            ..solved()
        };
        let outputs = net.forward(x).try_into_vec_as::<f64>().expect("f64");
        assert!(outputs[1] > 9.0 && outputs[0] < -9.0, "{outputs:?}");
    }

    #[test]
    fn an_empty_layer_is_refused() {
        let error = XorNetConfig::new()
            .with_hidden(0)
            .init(0, &Device::flex())
            .expect_err("no hidden units");
        assert_eq!(
            error.to_string(),
            "the hidden layer has size 0, expected at least 1; give every layer one unit or more"
        );
    }
}
