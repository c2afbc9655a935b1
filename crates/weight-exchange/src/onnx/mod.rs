//! A net of dense layers as an ONNX model: operator set 13, IR version 7 (ONNX 1.8 of 2020), which
//! every current runtime reads.
//!
//! A layer is one `Gemm` with the weights as `[d_in, d_out]` and then the activation's operator, both
//! with their default attributes. The input `input` is `[batch, d_in]`, the output is `output`. A net
//! for classification gives logits; apply softmax to get probabilities. The metadata name the scale of
//! the inputs, the classes and the sizes, as those of a safetensors file do.

use layers::Activation;
use prost::Message;

use crate::error::ExchangeError;
use crate::layout::Layout;
use crate::stack::{DenseStack, tensor_name};

pub mod proto;
pub(crate) mod read;

use proto::{
    Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Version of ONNX's default operator set that a model requires.
pub const OPERATOR_SET: i64 = 13;

/// Version of ONNX's model format.
pub const IR_VERSION: i64 = 7;

/// Name of a model's input, `[batch, d_in]`.
pub const INPUT: &str = "input";

/// Name of a model's output, `[batch, d_out]`.
pub const OUTPUT: &str = "output";

/// An ONNX model of the net.
///
/// # Errors
///
/// If there are two layers or more and the activation between them is not known.
pub fn to_onnx(stack: &DenseStack) -> Result<Vec<u8>, ExchangeError> {
    Ok(model(stack)?.encode_to_vec())
}

fn model(stack: &DenseStack) -> Result<ModelProto, ExchangeError> {
    let name = stack.model().unwrap_or("dense-stack").to_owned();
    let metadata = stack.metadata(Layout::Burn).into_iter();
    Ok(ModelProto {
        ir_version: IR_VERSION,
        producer_name: env!("CARGO_PKG_NAME").to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: graph(stack, name)?,
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPERATOR_SET,
        }],
        metadata_props: metadata
            .map(|(key, value)| StringStringEntryProto { key, value })
            .collect(),
    })
}

fn graph(stack: &DenseStack, name: String) -> Result<GraphProto, ExchangeError> {
    let inner = stack.inner_activation()?;
    let last = stack.layers().len() - 1;
    let mut graph = GraphProto {
        name,
        ..GraphProto::default()
    };
    let mut value = INPUT.to_owned();
    for (place, layer) in stack.layers().iter().enumerate() {
        let activation = if place == last {
            stack.output_activation()
        } else {
            inner
        };
        let steps = ["Gemm"].into_iter().chain(activation.map(operator));
        let steps: Vec<&str> = steps.collect();
        let [d_in, d_out] = layer.sizes();
        let [weight, bias] = ["weight", "bias"].map(|part| tensor_name(layer.name(), part));
        for (i, &step) in steps.iter().enumerate() {
            let node = tensor_name(layer.name(), &step.to_lowercase());
            let result = if place == last && i + 1 == steps.len() {
                OUTPUT.to_owned()
            } else {
                format!("{node}.value")
            };
            let input = if step == "Gemm" {
                vec![value, weight.clone(), bias.clone()]
            } else {
                vec![value]
            };
            graph.node.push(NodeProto {
                input,
                output: vec![result.clone()],
                name: node,
                op_type: step.to_owned(),
                attribute: vec![],
            });
            value = result;
        }
        graph
            .initializer
            .push(tensor(weight, &[d_in, d_out], layer.weight()));
        graph.initializer.push(tensor(bias, &[d_out], layer.bias()));
    }
    let sizes = stack.sizes();
    graph.input = vec![matrix(INPUT, sizes[0])];
    graph.output = vec![matrix(OUTPUT, sizes[last + 1])];
    Ok(graph)
}

/// The operator that computes an activation with its default attributes.
fn operator(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "Relu",
        Activation::Sigmoid => "Sigmoid",
        Activation::Tanh => "Tanh",
        Activation::Elu => "Elu",
    }
}

fn tensor(name: String, shape: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        dims: shape.iter().map(|&size| size as i64).collect(),
        data_type: proto::FLOAT,
        float_data: vec![],
        name,
        raw_data: values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
    }
}

/// A value `[batch, columns]`.
fn matrix(name: &str, columns: usize) -> ValueInfoProto {
    let batch = Dimension {
        dim_param: "batch".to_owned(),
        ..Dimension::default()
    };
    let columns = Dimension {
        dim_value: columns as i64,
        ..Dimension::default()
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: TypeProto {
            tensor_type: TensorTypeProto {
                elem_type: proto::FLOAT,
                shape: TensorShapeProto {
                    dim: vec![batch, columns],
                },
            },
        },
    }
}
