//! Reads a net of dense layers from an ONNX model: a chain of nodes from its input to its output.

use std::collections::{BTreeMap, HashMap, HashSet};

use burn::tensor::{DType, TensorData};
use layers::Activation;
use prost::Message;

use super::proto::{self, ModelProto, NodeProto, TensorProto};
use crate::array::{Array, check_size};
use crate::error::ExchangeError;
use crate::model::{Model, Step};
use crate::stack::tensor_name;
use crate::text::plain;

/// ε of ONNX's BatchNormalization if a node does not name one.
const DEFAULT_EPSILON: f32 = 1e-5;

/// What is in a model: metadata, arrays under PyTorch's names with weights `[d_in, d_out]`, and the order.
pub(crate) struct Read {
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) arrays: BTreeMap<String, Array>,
    pub(crate) model: Model,
}

/// Reads the bytes of a model; an error of the outer result says what is damaged.
pub(crate) fn read(bytes: &[u8]) -> Result<Result<Read, ExchangeError>, String> {
    let mut model = ModelProto::decode(bytes).map_err(|error| error.to_string())?;
    for tensor in &mut model.graph.initializer {
        tensor.name = plain(&tensor.name);
    }
    for node in &mut model.graph.node {
        let values = node.input.iter_mut().chain(&mut node.output);
        for text in values.chain([&mut node.name, &mut node.op_type]) {
            *text = plain(text);
        }
    }
    for input in &mut model.graph.input {
        input.name = plain(&input.name);
    }
    let graph = &model.graph;
    let constants: HashMap<&str, &TensorProto> = graph
        .initializer
        .iter()
        .map(|tensor| (&tensor.name[..], tensor))
        .collect();
    // Before IR version 4, constants were listed as inputs too.
    let mut inputs = graph.input.iter().map(|input| &input.name[..]);
    let value = inputs.find(|name| !constants.contains_key(name));
    let mut chain = Chain {
        constants,
        value: value.unwrap_or_default().to_owned(),
        arrays: BTreeMap::new(),
        steps: vec![],
        taken: HashSet::new(),
    };
    for (index, node) in graph.node.iter().enumerate() {
        if let Err(refused) = chain.add(index, node) {
            return Ok(Err(refused));
        }
    }
    let metadata = model.metadata_props.into_iter();
    Ok(Ok(Read {
        metadata: metadata.map(|entry| (entry.key, entry.value)).collect(),
        arrays: chain.arrays,
        model: Model {
            steps: chain.steps,
            in_order: true,
        },
    }))
}

/// The nodes so far.
struct Chain<'a> {
    constants: HashMap<&'a str, &'a TensorProto>,
    /// Name of the value that the next node takes.
    value: String,
    arrays: BTreeMap<String, Array>,
    steps: Vec<(String, Step)>,
    /// The names of nodes so far.
    taken: HashSet<String>,
}

impl Chain<'_> {
    fn add(&mut self, index: usize, node: &NodeProto) -> Result<(), ExchangeError> {
        let name = self.name_of(index, node);
        let has_layers = self.steps.iter().any(|(_, step)| *step == Step::Dense);
        let is_arithmetic = ["Constant", "Sub", "Add", "Mul", "Div", "Cast"];
        let refused = || {
            let (name, class) = (name.clone(), node.op_type.clone());
            if !has_layers && is_arithmetic.contains(&&class[..]) {
                ExchangeError::InputStep { name, class }
            } else {
                ExchangeError::ForeignModule { name, class }
            }
        };
        // An attribute that must have one value.
        let fixed = |attribute: &str, value: f64, wanted: f64| {
            if value == wanted {
                return Ok(());
            }
            Err(ExchangeError::ModuleSetting {
                name: name.clone(),
                class: node.op_type.clone(),
                setting: attribute.to_owned(),
                value,
                wanted,
            })
        };
        let constants = node.input.iter().filter(|input| **input != self.value);
        let constants: Vec<&TensorProto> = constants
            .filter(|input| !input.is_empty())
            .filter_map(|input| self.constants.get(&input[..]).copied())
            .collect();
        let takes_value = node.input.contains(&self.value);
        let is_first = node.input.first() == Some(&self.value);
        let step = match (&node.op_type[..], &constants[..]) {
            // Where a training program puts constants that a trained net does not need.
            _ if !takes_value => return Err(refused()),
            ("Gemm", [weight, bias @ ..]) if is_first => {
                fixed("alpha", f64::from(node.float("alpha", 1.0)), 1.0)?;
                fixed("beta", f64::from(node.float("beta", 1.0)), 1.0)?;
                fixed("transA", node.int("transA", 0) as f64, 0.0)?;
                self.add_weight(&name, weight, node.int("transB", 0) != 0)?;
                if let Some(bias) = bias.first() {
                    self.arrays.insert(tensor_name(&name, "bias"), array(bias)?);
                }
                Step::Dense
            }
            ("MatMul", [weight]) if is_first => {
                self.add_weight(&name, weight, false)?;
                Step::Dense
            }
            ("Add", [bias]) => {
                self.add_bias(bias).ok_or_else(refused)??;
                self.follow(node);
                return Ok(());
            }
            ("Relu", []) => Step::Activation(Activation::Relu),
            ("Sigmoid", []) => Step::Activation(Activation::Sigmoid),
            ("Tanh", []) => Step::Activation(Activation::Tanh),
            ("Elu", []) => {
                fixed("alpha", f64::from(node.float("alpha", 1.0)), 1.0)?;
                Step::Activation(Activation::Elu)
            }
            ("Softmax" | "LogSoftmax", []) => Step::Softmax,
            ("Flatten" | "Identity", []) | ("Dropout", _) => Step::Nothing(node.op_type.clone()),
            ("BatchNormalization", [scale, bias, mean, variance]) if is_first => {
                for (part, tensor) in [
                    ("weight", scale),
                    ("bias", bias),
                    ("running_mean", mean),
                    ("running_var", variance),
                ] {
                    self.arrays.insert(tensor_name(&name, part), array(tensor)?);
                }
                // As the decimal fraction that was written, not the f32 next to it.
                let epsilon = node.float("epsilon", DEFAULT_EPSILON).to_string();
                Step::Norm(epsilon.parse().unwrap_or_default())
            }
            _ => return Err(refused()),
        };
        self.steps.push((name, step));
        self.follow(node);
        Ok(())
    }

    /// The node's name, or its place; no two nodes have one name here.
    fn name_of(&mut self, index: usize, node: &NodeProto) -> String {
        let given = &node.name;
        let mut name = if given.is_empty() || self.taken.contains(given) {
            format!("{}#{index}", node.op_type)
        } else {
            given.clone()
        };
        while !self.taken.insert(name.clone()) {
            name.push('#');
        }
        name
    }

    fn follow(&mut self, node: &NodeProto) {
        self.value = node.output.first().cloned().unwrap_or_default();
    }

    /// Adds a weight as `[d_in, d_out]`.
    fn add_weight(
        &mut self,
        name: &str,
        tensor: &TensorProto,
        is_transposed: bool,
    ) -> Result<(), ExchangeError> {
        let mut weight = array(tensor)?;
        if let (true, &[rows, columns]) = (is_transposed, &weight.shape[..]) {
            weight = Array {
                values: crate::layout::transposed([rows, columns], &weight.values),
                shape: vec![columns, rows],
            };
        }
        self.arrays.insert(tensor_name(name, "weight"), weight);
        Ok(())
    }

    /// Adds a constant as the bias of the layer before, if that has none: a row of one number for each
    /// output.
    fn add_bias(&mut self, tensor: &TensorProto) -> Option<Result<(), ExchangeError>> {
        let (name, Step::Dense) = self.steps.last()? else {
            return None;
        };
        let outputs = *self
            .arrays
            .get(&tensor_name(name, "weight"))?
            .shape
            .last()?;
        let bias = tensor_name(name, "bias");
        if self.arrays.contains_key(&bias) {
            return None;
        }
        let values = match array(tensor) {
            Ok(values) => values,
            Err(refused) => return Some(Err(refused)),
        };
        if values.shape != [outputs] && values.shape != [1, outputs] {
            return None;
        }
        let bias_array = Array {
            shape: vec![outputs],
            values: values.values,
        };
        self.arrays.insert(bias, bias_array);
        Some(Ok(()))
    }
}

impl NodeProto {
    fn float(&self, name: &str, default: f32) -> f32 {
        let attribute = self.attribute.iter().find(|given| given.name == name);
        attribute.map_or(default, |given| given.f)
    }

    fn int(&self, name: &str, default: i64) -> i64 {
        let attribute = self.attribute.iter().find(|given| given.name == name);
        attribute.map_or(default, |given| given.i)
    }
}

/// The numbers of a constant.
fn array(tensor: &TensorProto) -> Result<Array, ExchangeError> {
    let name = &tensor.name;
    let not_float = |dtype: String| ExchangeError::NotFloat {
        name: name.clone(),
        dtype,
    };
    let dtype = match tensor.data_type {
        proto::FLOAT => DType::F32,
        proto::FLOAT16 => DType::F16,
        proto::DOUBLE => DType::F64,
        proto::BFLOAT16 => DType::BF16,
        other => return Err(not_float(format!("ONNX's type {other}"))),
    };
    let shape = tensor.dims.iter().map(|&size| usize::try_from(size));
    let shape = shape
        .collect::<Result<Vec<usize>, _>>()
        .map_err(|_| not_float("a size below 0".to_owned()))?;
    check_size(name, &shape)?;
    let elements: usize = shape.iter().product();
    let values = if tensor.raw_data.len() == elements * dtype.size() {
        let data = TensorData::from_bytes_vec(tensor.raw_data.clone(), shape.clone(), dtype);
        data.try_into_vec_as::<f32>()
            .map_err(|error| not_float(error.to_string()))?
    } else if dtype == DType::F32 && tensor.float_data.len() == elements {
        tensor.float_data.clone()
    } else {
        return Err(ExchangeError::NoData { name: name.clone() });
    };
    Ok(Array { shape, values })
}
