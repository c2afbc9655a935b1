//! A net of dense layers as plain numbers.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use layers::{Activation, ConfigError};

use crate::error::ExchangeError;
use crate::layout::Layout;

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

    /// What a file says about the layers in addition to their numbers.
    pub(crate) fn metadata(&self, layout: Layout) -> BTreeMap<String, String> {
        let functions = [
            ("activation", self.activation),
            ("output_activation", self.output_activation),
        ];
        let functions = functions.into_iter().filter_map(|(key, activation)| {
            activation.map(|activation| (key, activation.name().to_owned()))
        });
        let model = self.model.iter().map(|model| ("model", model.clone()));
        [("layout", layout.metadata().to_owned())]
            .into_iter()
            .chain(functions)
            .chain(model)
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    /// The same layers with the activations and the model that a file's metadata name.
    pub(crate) fn described_by(
        self,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, ExchangeError> {
        let function = |key| {
            let name = metadata.get(key).map(|name| name.parse());
            name.transpose().map_err(ExchangeError::Config)
        };
        Ok(self
            .with_activation(function("activation")?)
            .with_output_activation(function("output_activation")?)
            .with_model(metadata.get("model").cloned()))
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
    fn metadata_say_what_they_were_made_of() {
        let stack = DenseStack::new(vec![layer("a", [2, 3]), layer("b", [3, 1])])
            .unwrap()
            .with_activation(Some(Activation::Elu))
            .with_output_activation(Some(Activation::Sigmoid))
            .with_model(Some("xor-net".to_owned()));
        let bare = DenseStack::new(stack.layers().to_vec()).unwrap();
        assert_eq!(
            bare.described_by(&stack.metadata(Layout::Burn)).unwrap(),
            stack
        );
    }
}
