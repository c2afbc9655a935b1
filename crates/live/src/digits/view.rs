//! What a page shows of a net that learns MNIST: its first weights, its accuracy, its worst mistakes.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use burn::tensor::{DType, Tensor, TensorData};
use datasets::{ImageSet, Mnist};
use fused_mlp::LayerValues;
use mnist_mlp::MnistMlp;
use serde_json::{Value, json};

use crate::digits::learner::Moment;
use crate::digits::plan::{CLASSES, INPUTS};
use crate::error::RequestError;
use crate::numbers::{elements, number};
use crate::place::Place;

/// Test images that are looked at while a net learns; all of them at its end.
const FEW: usize = 1000;
/// Units of the first layer whose weights are shown.
const UNITS: usize = 64;
/// The worst mistakes that are shown.
const MISTAKES: usize = 12;

/// Turns moments into frames.
pub(crate) struct Viewer {
    place: Place,
    mnist: Arc<Mnist>,
    /// The first test images.
    few: Tensor<2>,
}

impl Viewer {
    pub(crate) fn new(place: &Place, mnist: &Arc<Mnist>) -> Self {
        // The net is trained in f32.
        let place = Place {
            device: place.device.clone(),
            dtype: DType::F32,
        };
        Self {
            few: inputs(&place, &mnist.test, FEW),
            place,
            mnist: Arc::clone(mnist),
        }
    }

    /// The frame of a moment, without what test images say.
    pub(crate) fn frame(&self, moment: &Moment) -> Value {
        let snapshot = &moment.snapshot;
        let units = snapshot.layers.iter().map(|layer| layer.biases.len());
        let sizes = std::iter::once(INPUTS).chain(units).collect::<Vec<_>>();
        json!({
            "step": snapshot.steps,
            "epoch": snapshot.epoch,
            "sizes": sizes,
            "batchLoss": number(moment.batch_loss),
            "weights": first_weights(&snapshot.layers[0]),
        })
    }

    /// Loss, accuracy and worst mistakes of the first test images.
    pub(crate) fn evaluate_some(&self, net: &MnistMlp) -> Value {
        self.evaluate(net, self.few.clone())
    }

    /// Loss, accuracy and worst mistakes of all test images.
    pub(crate) fn evaluate_all(&self, net: &MnistMlp) -> Value {
        let test = &self.mnist.test;
        self.evaluate(net, inputs(&self.place, test, test.len()))
    }

    /// The moment's net on the device.
    pub(crate) fn net(&self, moment: &Moment) -> Result<MnistMlp, RequestError> {
        moment.snapshot.net(moment.f, &self.place)
    }

    fn evaluate(&self, net: &MnistMlp, x: Tensor<2>) -> Value {
        let [count, _] = x.dims();
        let probabilities = elements(&manual_backprop::softmax::forward(net.forward(x)));
        let test = &self.mnist.test;
        let mut answers = probabilities
            .chunks_exact(CLASSES)
            .enumerate()
            .map(|(image, row)| Answer::new(image, usize::from(test.label(image)), row))
            .collect::<Vec<_>>();
        let loss = answers.iter().map(|answer| answer.loss).sum::<f64>() / count as f64;
        let right = answers.iter().filter(|answer| answer.is_right()).count();
        answers.retain(|answer| !answer.is_right());
        answers.sort_by(|a, b| b.loss.total_cmp(&a.loss));
        let worst = answers.iter().take(MISTAKES);
        json!({
            "images": count,
            "loss": number(loss),
            "accuracy": right as f64 / count as f64,
            "mistakes": worst.map(|answer| answer.value(test)).collect::<Value>(),
        })
    }
}

/// What the net says of a test image.
struct Answer {
    image: usize,
    label: usize,
    predicted: usize,
    probability: f64,
    /// The cross-entropy.
    loss: f64,
}

impl Answer {
    fn new(image: usize, label: usize, probabilities: &[f64]) -> Self {
        let predicted = (0..probabilities.len()).fold(0, |best, k| {
            if probabilities[k] > probabilities[best] {
                k
            } else {
                best
            }
        });
        Self {
            image,
            label,
            predicted,
            probability: probabilities[predicted],
            loss: -probabilities[label].max(f64::MIN_POSITIVE).ln(),
        }
    }

    fn is_right(&self) -> bool {
        self.predicted == self.label
    }

    fn value(&self, test: &ImageSet) -> Value {
        json!({
            "image": self.image,
            "label": self.label,
            "predicted": self.predicted,
            "probability": number(self.probability),
            "loss": number(self.loss),
            "pixels": BASE64_STANDARD.encode(test.image(self.image)),
        })
    }
}

/// The first images of a set, `[n, 784]`, from 0 to 1.
fn inputs(place: &Place, images: &ImageSet, at_most: usize) -> Tensor<2> {
    let count = images.len().min(at_most);
    let pixels = images.pixels()[..count * INPUTS].iter();
    let values = pixels.map(|&pixel| f32::from(pixel) / 255.0);
    let data = TensorData::new(values.collect::<Vec<_>>(), [count, INPUTS]);
    Tensor::from_data(data, (&place.device, place.dtype))
}

/// The weights of the first units, each as an image of bytes: 127 is zero, and the unit's largest weight is 0 or
/// 254.
fn first_weights(layer: &LayerValues<f32>) -> Value {
    let units = layer.biases.len();
    let image = |unit: usize| {
        let weights = layer.weights.iter().skip(unit).step_by(units).copied();
        let largest = weights
            .clone()
            .fold(f32::MIN_POSITIVE, |m, w| m.max(w.abs()));
        let byte = |w: f32| ((w / largest + 1.0) * 127.0).round() as u8;
        BASE64_STANDARD.encode(weights.map(byte).collect::<Vec<_>>())
    };
    (0..units.min(UNITS)).map(image).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_images_of_their_unit() {
        // Two units, three inputs.
        let layer = LayerValues {
            weights: vec![1.0, -2.0, 0.5, 0.0, -1.0, 2.0],
            biases: vec![0.0, 0.0],
        };
        let images = first_weights(&layer);
        let bytes = |unit: usize| {
            BASE64_STANDARD
                .decode(images[unit].as_str().unwrap())
                .unwrap()
        };
        assert_eq!(bytes(0), [254, 191, 0]);
        assert_eq!(bytes(1), [0, 127, 254]);
    }

    #[test]
    fn an_answer_is_the_likeliest_class_and_its_loss_that_of_the_label() {
        let answer = Answer::new(7, 1, &[0.5, 0.25, 0.25]);
        assert_eq!((answer.predicted, answer.probability), (0, 0.5));
        assert!(!answer.is_right());
        assert_eq!(answer.loss, -0.25f64.ln());
    }
}
