//! The nets that the engine can train.

use burn::nn::Linear;
use fused_mlp::{Architecture, Output, OutputUnit, Ridge};
use linear_regression::LinearRegression;
use mnist_mlp::{Dropout, MnistMlp};
use xor_net::XorNet;

/// A net of dense layers, each with a bias.
pub trait FusedNet {
    /// Sizes, activation, output and loss.
    fn architecture(&self) -> Architecture;

    /// The masks of inputs and hidden layers in a training step.
    fn dropout(&self) -> Dropout;

    /// The layers, from input to output.
    fn layers(&self) -> Vec<&Linear>;

    /// The layers, for replacement.
    fn layers_mut(&mut self) -> Vec<&mut Linear>;
}

impl FusedNet for MnistMlp {
    fn architecture(&self) -> Architecture {
        Architecture {
            sizes: sizes(&self.layers()),
            hidden: vec![self.activation; self.layers.len().saturating_sub(1)],
            output: Output::SoftmaxCrossEntropy {
                smoothing: self.label_smoothing,
            },
        }
    }

    fn dropout(&self) -> Dropout {
        self.dropout
    }

    fn layers(&self) -> Vec<&Linear> {
        self.layers.iter().collect()
    }

    fn layers_mut(&mut self) -> Vec<&mut Linear> {
        self.layers.iter_mut().collect()
    }
}

impl FusedNet for XorNet {
    fn architecture(&self) -> Architecture {
        Architecture {
            sizes: sizes(&self.layers()),
            hidden: vec![self.activation],
            output: Output::HalfSquaredError {
                unit: match self.output_unit {
                    xor_net::OutputUnit::Sigmoid => OutputUnit::Sigmoid,
                    xor_net::OutputUnit::Linear => OutputUnit::Linear,
                },
                ridge: None,
            },
        }
    }

    fn dropout(&self) -> Dropout {
        self.dropout
    }

    fn layers(&self) -> Vec<&Linear> {
        vec![&self.hidden, &self.output]
    }

    fn layers_mut(&mut self) -> Vec<&mut Linear> {
        vec![&mut self.hidden, &mut self.output]
    }
}

impl FusedNet for LinearRegression {
    fn architecture(&self) -> Architecture {
        Architecture {
            sizes: sizes(&self.layers()),
            hidden: vec![],
            output: Output::HalfSquaredError {
                unit: OutputUnit::Linear,
                ridge: (self.ridge > 0.0).then_some(Ridge {
                    gamma: self.ridge,
                    training_rows: self.training_rows,
                }),
            },
        }
    }

    fn dropout(&self) -> Dropout {
        self.dropout
    }

    fn layers(&self) -> Vec<&Linear> {
        vec![&self.linear]
    }

    fn layers_mut(&mut self) -> Vec<&mut Linear> {
        vec![&mut self.linear]
    }
}

/// Units of every layer, inputs first.
fn sizes(layers: &[&Linear]) -> Vec<usize> {
    let shapes = layers.iter().map(|layer| layer.weight.val().dims());
    let outputs = shapes.clone().map(|[_, outputs]| outputs);
    let inputs = shapes.take(1).map(|[inputs, _]| inputs);
    inputs.chain(outputs).collect()
}
