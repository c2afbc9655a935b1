//! A net of dense layers as plain numbers.

use std::collections::BTreeSet;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use layers::{Activation, ConfigError};

use crate::error::ExchangeError;
use crate::scale::InputScale;

/// A dense layer `x·W + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    name: String,
    sizes: [usize; 2],
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Dense {
    /// A layer of `[d_in, d_out]` units: `weight` row by row as `[d_in, d_out]`, `bias` as
    /// `[d_out]`.
    ///
    /// # Errors
    ///
    /// If a size is zero, the layer too large, the lengths do not fit the sizes, or a number is
    /// not finite.
    pub fn new(
        name: impl Into<String>,
        sizes: [usize; 2],
        weight: Vec<f32>,
        bias: Vec<f32>,
    ) -> Result<Self, ExchangeError> {
        let name = name.into();
        let [d_in, d_out] = sizes;
        ConfigError::check_size(format!("the input of {name}"), d_in)?;
        ConfigError::check_size(format!("the output of {name}"), d_out)?;
        ConfigError::check_weights(&sizes)?;
        let [weight_name, bias_name] = ["weight", "bias"].map(|part| tensor_name(&name, part));
        check_length(&weight_name, &weight, d_in * d_out)?;
        check_length(&bias_name, &bias, d_out)?;
        check_finite(&weight_name, &weight)?;
        check_finite(&bias_name, &bias)?;
        Ok(Self {
            name,
            sizes,
            weight,
            bias,
        })
    }

    /// Reads a layer back from its device. A layer without a bias gets one of zeros.
    ///
    /// # Errors
    ///
    /// If the device fails, or as [`Dense::new`].
    pub fn from_linear(name: &str, linear: &Linear) -> Result<Self, ExchangeError> {
        let weight = linear.weight.val();
        let sizes = weight.dims();
        let bias = match &linear.bias {
            Some(bias) => read_back(bias.val())?,
            None => vec![0.0; sizes[1]],
        };
        Self::new(name, sizes, read_back(weight)?, bias)
    }

    /// The layer on a device, in f32.
    pub fn to_linear(&self, device: &Device) -> Linear {
        let [_, d_out] = self.sizes;
        let weight = TensorData::new(self.weight.clone(), self.sizes);
        let bias = TensorData::new(self.bias.clone(), [d_out]);
        Linear {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            bias: Some(Param::from_tensor(Tensor::from_data(bias, device))),
        }
    }

    /// The same layer under another name.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// The layer that gives for `x` what this one gives for `factors · x + offsets`, input by input.
    pub(crate) fn preceded_by(
        &self,
        factors: &[f64],
        offsets: &[f64],
    ) -> Result<Self, ExchangeError> {
        let [_, d_out] = self.sizes;
        let mut bias: Vec<f64> = self.bias.iter().copied().map(f64::from).collect();
        let mut weight = Vec::with_capacity(self.weight.len());
        for ((row, factor), offset) in self.weight.chunks(d_out).zip(factors).zip(offsets) {
            for (&w, sum) in row.iter().zip(&mut bias) {
                weight.push((f64::from(w) * factor) as f32);
                *sum += f64::from(w) * offset;
            }
        }
        let bias = bias.into_iter().map(|sum| sum as f32).collect();
        Self::new(self.name.clone(), self.sizes, weight, bias)
    }

    /// The layer that gives `factors · y + offsets` where this one gives `y`, output by output.
    pub(crate) fn followed_by(
        &self,
        factors: &[f64],
        offsets: &[f64],
    ) -> Result<Self, ExchangeError> {
        let [_, d_out] = self.sizes;
        let scaled = |row: &[f32]| -> Vec<f64> {
            let pairs = row.iter().zip(factors);
            pairs.map(|(&w, factor)| f64::from(w) * factor).collect()
        };
        let weight = self.weight.chunks(d_out).flat_map(scaled);
        let weight = weight.map(|w| w as f32).collect();
        let bias = scaled(&self.bias).into_iter().zip(offsets);
        let bias = bias.map(|(b, offset)| (b + offset) as f32).collect();
        Self::new(self.name.clone(), self.sizes, weight, bias)
    }

    /// Its path in the original net: `layers.0`, `hidden`, ...
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `[d_in, d_out]`.
    pub fn sizes(&self) -> [usize; 2] {
        self.sizes
    }

    /// `W: [d_in, d_out]`, row by row.
    pub fn weight(&self) -> &[f32] {
        &self.weight
    }

    /// `b: [d_out]`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }
}

/// Dense layers, each with the outputs of the one before as its inputs, and the activations between
/// them as far as they are known.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseStack {
    layers: Vec<Dense>,
    activation: Option<Activation>,
    output_activation: Option<Activation>,
    model: Option<String>,
    classes: Vec<String>,
    takes_pixels: bool,
    images: Option<ImageInputs>,
    temperature: Option<f64>,
}

/// What was done to the images that a net was trained on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInputs {
    /// The name of the treatment, such as "strokes" or "plain".
    pub treatment: String,
    /// Columns of each image.
    pub columns: usize,
    /// Rows of each image.
    pub rows: usize,
}

impl DenseStack {
    /// A stack with unknown activations.
    ///
    /// # Errors
    ///
    /// If there is no layer, a layer's outputs are not the next one's inputs, or two layers have
    /// one name.
    pub fn new(layers: Vec<Dense>) -> Result<Self, ExchangeError> {
        if layers.is_empty() {
            return Err(ExchangeError::NoLayers);
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = layers.iter().find(|layer| !names.insert(&layer.name)) {
            return Err(ExchangeError::NameTwice {
                name: twice.name.clone(),
            });
        }
        if layers
            .windows(2)
            .any(|pair| pair[0].sizes[1] != pair[1].sizes[0])
        {
            let shapes = layers.iter().map(|layer| (&layer.name[..], layer.sizes));
            return Err(ExchangeError::DoesNotChain {
                tried: "as [d_in, d_out]".to_owned(),
                shapes: list_shapes(shapes),
            });
        }
        Ok(Self {
            layers,
            activation: None,
            output_activation: None,
            model: None,
            classes: Vec::new(),
            takes_pixels: false,
            images: None,
            temperature: None,
        })
    }

    /// The same layers with `activation` after every one but the last.
    pub fn with_activation(mut self, activation: Option<Activation>) -> Self {
        self.activation = activation;
        self
    }

    /// The same layers with `activation` after the last; `None` leaves the outputs as they are.
    pub fn with_output_activation(mut self, activation: Option<Activation>) -> Self {
        self.output_activation = activation;
        self
    }

    /// The same layers with the name of their model.
    pub fn with_model(mut self, model: Option<String>) -> Self {
        self.model = model;
        self
    }

    /// The same layers with the names of their classes, in the order of the outputs; empty where they
    /// are not known.
    pub fn with_classes(mut self, classes: Vec<String>) -> Self {
        self.classes = classes;
        self
    }

    /// The same layers, whose inputs are known to be pixels from 0 to 1, or not known.
    pub fn with_pixel_inputs(mut self, takes_pixels: bool) -> Self {
        self.takes_pixels = takes_pixels;
        self
    }

    /// The same layers with what was done to the images that they were trained on; `None` where it is not
    /// known.
    pub fn with_images(mut self, images: Option<ImageInputs>) -> Self {
        self.images = images;
        self
    }

    /// The same layers with what their logits are to be divided by, so that probabilities mean what they
    /// say; `None` where it is not known.
    pub fn with_temperature(mut self, temperature: Option<f64>) -> Self {
        self.temperature = temperature;
        self
    }

    /// The layers that give for pixels from 0 to 1 what these give for pixels of a scale.
    ///
    /// # Formula
    ///
    /// ```text
    /// (x - m)/s · W + b = x · (W/s) + (b - (m/s) Σ_i W_i)
    /// ```
    ///
    /// # Errors
    ///
    /// If a number becomes too large for f32.
    pub fn on_pixels(mut self, scale: InputScale) -> Result<Self, ExchangeError> {
        if scale != InputScale::UNIT {
            let [d_in, _] = self.layers[0].sizes;
            let (factor, offset) = scale.line();
            self.layers[0] =
                self.layers[0].preceded_by(&vec![factor; d_in], &vec![offset; d_in])?;
        }
        self.takes_pixels = true;
        Ok(self)
    }

    /// The layers, from input to output.
    pub fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// The function after every layer but the last, if it is known.
    pub fn activation(&self) -> Option<Activation> {
        self.activation
    }

    /// The function after the last layer, if there is one.
    pub fn output_activation(&self) -> Option<Activation> {
        self.output_activation
    }

    /// The name of the layers' model if it is known, for example `mnist-mlp`.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Names of the classes, in the order of the outputs; empty where they are not known.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Whether the inputs are known to be pixels from 0 to 1.
    pub fn takes_pixels(&self) -> bool {
        self.takes_pixels
    }

    /// What was done to the images that the net was trained on, if it is known.
    pub fn images(&self) -> Option<&ImageInputs> {
        self.images.as_ref()
    }

    /// What the logits are to be divided by, so that probabilities mean what they say, if it is known. The
    /// layers give logits that are not divided.
    pub fn temperature(&self) -> Option<f64> {
        self.temperature
    }

    /// Units of every layer, inputs first.
    pub fn sizes(&self) -> Vec<usize> {
        let outputs = self.layers.iter().map(|layer| layer.sizes[1]);
        [self.layers[0].sizes[0]]
            .into_iter()
            .chain(outputs)
            .collect()
    }

    /// The function between the layers; `None` for a single layer.
    ///
    /// # Errors
    ///
    /// If there are two layers or more and it is not known.
    pub fn inner_activation(&self) -> Result<Option<Activation>, ExchangeError> {
        match (self.activation, self.layers.len()) {
            (_, 1) => Ok(None),
            (Some(activation), _) => Ok(Some(activation)),
            (None, layers) => Err(ExchangeError::NoActivation { layers }),
        }
    }
}

/// `LAYER.PART`, or only the part for a layer without a name.
pub(crate) fn tensor_name(layer: &str, part: &str) -> String {
    match layer {
        "" => part.to_owned(),
        layer => format!("{layer}.{part}"),
    }
}

/// Names and shapes as text for people.
pub(crate) fn list_shapes<'a>(shapes: impl Iterator<Item = (&'a str, [usize; 2])>) -> String {
    let shapes = shapes.map(|(name, shape)| format!("{} {shape:?}", tensor_name(name, "weight")));
    shapes.collect::<Vec<_>>().join(", ")
}

fn check_length(name: &str, values: &[f32], expected: usize) -> Result<(), ExchangeError> {
    if values.len() == expected {
        return Ok(());
    }
    Err(ExchangeError::WrongShape {
        name: name.to_owned(),
        expected: format!("{expected} elements"),
        got: vec![values.len()],
    })
}

fn check_finite(name: &str, values: &[f32]) -> Result<(), ExchangeError> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(ExchangeError::NotFinite {
            name: name.to_owned(),
            index,
            value: values[index],
        }),
    }
}

fn read_back<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, ExchangeError> {
    tensor
        .try_into_vec_as::<f32>()
        .map_err(|error| ExchangeError::Encode {
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, sizes: [usize; 2]) -> Dense {
        let [d_in, d_out] = sizes;
        Dense::new(name, sizes, vec![0.5; d_in * d_out], vec![0.0; d_out]).unwrap()
    }

    #[test]
    fn a_layer_survives_a_device() {
        let weight = (0..6).map(|i| i as f32 / 8.0).collect();
        let dense = Dense::new("a", [2, 3], weight, vec![1.0, -1.0, 0.25]).unwrap();
        let linear = dense.to_linear(&Device::flex());
        assert_eq!(linear.weight.val().dims(), [2, 3]);
        assert_eq!(Dense::from_linear("a", &linear).unwrap(), dense);
    }

    #[test]
    fn what_is_no_stack_is_refused() {
        let message = |stack: Result<DenseStack, ExchangeError>| stack.unwrap_err().to_string();
        assert!(message(DenseStack::new(vec![])).contains("no dense layer"));
        let gap = DenseStack::new(vec![layer("a", [2, 3]), layer("b", [4, 1])]);
        assert!(message(gap).contains("a.weight [2, 3], b.weight [4, 1]"));
        let twice = DenseStack::new(vec![layer("a", [2, 3]), layer("a", [3, 1])]);
        assert!(message(twice).contains("two tensors are named 'a'"));
    }

    #[test]
    fn numbers_that_are_none_are_refused_by_name_and_place() {
        let error = Dense::new("a", [1, 2], vec![0.0, f32::NAN], vec![0.0; 2]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("element 1 of tensor 'a.weight' is NaN")
        );
        let error = Dense::new("a", [1, 2], vec![0.0; 2], vec![f32::INFINITY, 0.0]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("element 0 of tensor 'a.bias' is inf")
        );
        assert!(Dense::new("a", [1, 2], vec![0.0; 3], vec![0.0; 2]).is_err());
        assert!(Dense::new("a", [0, 2], vec![], vec![0.0; 2]).is_err());
    }

    #[test]
    fn an_activation_is_needed_only_between_layers() {
        let one = DenseStack::new(vec![layer("a", [2, 3])]).unwrap();
        assert_eq!(one.inner_activation().unwrap(), None);
        let two = DenseStack::new(vec![layer("a", [2, 3]), layer("b", [3, 1])]).unwrap();
        let error = two.inner_activation().unwrap_err().to_string();
        assert!(error.contains("between the 2 layers"), "{error}");
        let known = two.with_activation(Some(Activation::Tanh));
        assert_eq!(known.inner_activation().unwrap(), Some(Activation::Tanh));
        assert_eq!(known.sizes(), [2, 3, 1]);
    }

    #[test]
    fn a_folded_layer_computes_the_same_from_plain_pixels() {
        let weight = vec![0.5, -1.0, 2.0, 0.25, -0.75, 1.5];
        let layer = Dense::new("a", [3, 2], weight, vec![0.1, -0.2]).unwrap();
        let stack = DenseStack::new(vec![layer.clone()]).unwrap();
        let pixels = [0.0f32, 0.25, 1.0];
        let outputs = |layer: &Dense, x: [f32; 3]| -> Vec<f32> {
            let column = |j: usize| (0..3).map(move |i| x[i] * layer.weight()[2 * i + j]);
            (0..2)
                .map(|j| column(j).sum::<f32>() + layer.bias()[j])
                .collect()
        };
        for (_, scale) in InputScale::USUAL {
            let scaled = pixels.map(|x| ((f64::from(x) - scale.mean()) / scale.std()) as f32);
            let folded = stack.clone().on_pixels(scale).unwrap();
            let folded = &folded.layers()[0];
            for (got, want) in outputs(folded, pixels).iter().zip(outputs(&layer, scaled)) {
                assert!(
                    (got - want).abs() <= 1e-5 * want.abs().max(1.0),
                    "{scale}: {got} {want}"
                );
            }
        }
        let unchanged = stack.on_pixels(InputScale::UNIT).unwrap();
        assert_eq!(unchanged.layers()[0], layer);
    }
}
