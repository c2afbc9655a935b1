//! The nets that read a drawing: the bundled one, those of runs, and the one that is trained on the page.

use burn::tensor::Device;
use mnist_mlp::{MnistMlp, PRETRAINED_TEMPERATURE, PRETRAINED_TEST_ACCURACY};
use weight_exchange::{Dense, DenseStack};

use crate::digits::plan::{CLASSES, INPUTS};
use crate::error::{LiveError, RequestError};

/// A net that reads images of digits: 784 pixels from 0 to 1, ink on nothing, as MNIST has them.
#[derive(Debug, Clone)]
pub struct DigitNet {
    name: String,
    net: MnistMlp,
    temperature: f64,
    accuracy: Option<f64>,
}

impl DigitNet {
    /// A net under the name that the page calls it by. Its logits are divided by the temperature before they
    /// become probabilities; 1 leaves them as they are.
    ///
    /// # Errors
    ///
    /// [`LiveError::NotDigits`] if its inputs are not 784 pixels or its classes not ten, [`LiveError::Weights`] if a
    /// weight is not finite.
    pub fn new(name: String, mut net: MnistMlp, temperature: f64) -> Result<Self, LiveError> {
        let first = net.layers.first().map(|layer| layer.weight.dims()[0]);
        let last = net.layers.last().map(|layer| layer.weight.dims()[1]);
        if (first, last) != (Some(INPUTS), Some(CLASSES)) {
            return Err(LiveError::NotDigits {
                name,
                inputs: first.unwrap_or(0),
                classes: last.unwrap_or(0),
            });
        }
        // In f32, and each layer with a bias.
        for layer in &mut net.layers {
            let device = layer.weight.val().device();
            match Dense::from_linear("layer", layer) {
                Ok(dense) => *layer = dense.to_linear(&device),
                Err(error) => {
                    let reason = error.to_string();
                    return Err(LiveError::Weights { name, reason });
                }
            }
        }
        Ok(Self {
            name,
            net,
            temperature,
            accuracy: None,
        })
    }

    /// The bundled net.
    pub(crate) fn pretrained(device: &Device) -> Self {
        Self {
            name: "pretrained".to_owned(),
            net: MnistMlp::pretrained(device),
            temperature: PRETRAINED_TEMPERATURE,
            accuracy: Some(PRETRAINED_TEST_ACCURACY),
        }
    }

    /// A net that was trained on the page.
    pub(crate) fn trained(net: MnistMlp) -> Self {
        Self {
            name: "trained".to_owned(),
            net,
            temperature: 1.0,
            accuracy: None,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn net(&self) -> &MnistMlp {
        &self.net
    }

    pub(crate) fn temperature(&self) -> f64 {
        self.temperature
    }

    /// The share of MNIST's test images that it classifies correctly, if that is known.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        self.accuracy
    }

    /// Its layers as numbers.
    pub(crate) fn stack(&self) -> Result<DenseStack, RequestError> {
        let layers = self.net.layers.iter().enumerate();
        let layers =
            layers.map(|(place, layer)| Dense::from_linear(&format!("layers.{place}"), layer));
        let stack = DenseStack::new(layers.collect::<Result<_, _>>()?)?;
        Ok(stack.with_activation(Some(self.net.activation)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mnist_mlp::MnistMlpConfig;

    #[test]
    fn a_net_for_other_images_is_refused() {
        let of = |inputs, classes| {
            let config = MnistMlpConfig::new(inputs, vec![5], classes);
            let net = config.init(0, &Device::flex()).unwrap();
            DigitNet::new("mine".to_owned(), net, 1.0)
        };
        assert_eq!(of(784, 10).unwrap().name(), "mine");
        assert_eq!(
            of(100, 3).unwrap_err().to_string(),
            "run 'mine': expected a net of 784 inputs and 10 classes, got 100 and 3; name a run that was trained on MNIST"
        );
    }
}
