//! Writes a net of dense layers to files for Burn and for PyTorch.

use burn::store::burn_pack::{self, Bytes, Writer};
use burn::tensor::DType;
use half::f16;
use serde_json::{Map, Value, json};

use crate::error::ExchangeError;
use crate::layout::{Layout, transposed};
use crate::stack::{Dense, DenseStack, tensor_name};

/// Bits of a number in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits: the numbers as they are.
    F32,
    /// 16 bits: rounded to 11 significant ones, half the size.
    F16,
}

impl Precision {
    fn safetensors_name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
        }
    }

    /// The numbers as little-endian bytes.
    fn encode(self, name: &str, values: &[f32]) -> Result<Vec<u8>, ExchangeError> {
        match self {
            Self::F32 => Ok(values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect()),
            Self::F16 => {
                let rounded: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
                match rounded.iter().position(|value| value.is_infinite()) {
                    None => Ok(rounded
                        .iter()
                        .flat_map(|value| value.to_le_bytes())
                        .collect()),
                    Some(index) => Err(ExchangeError::TooLargeForF16 {
                        name: name.to_owned(),
                        index,
                        value: values[index],
                    }),
                }
            }
        }
    }
}

/// A safetensors file of the net.
///
/// With [`Layout::Burn`] tensors have the layers' names, and Burn's `SafetensorsStore` loads them into
/// a module of that structure. With [`Layout::Pytorch`] they have the names of a
/// `torch.nn.Sequential` with a `Linear` at every even place and an activation between two:
/// `0.weight`, `0.bias`, `2.weight`, ... The metadata name the layout, and the activations and the
/// model if they are known. The same net gives the same bytes.
///
/// # Errors
///
/// If a number is too large for f16.
pub fn to_safetensors(
    stack: &DenseStack,
    layout: Layout,
    precision: Precision,
) -> Result<Vec<u8>, ExchangeError> {
    // The crate safetensors keeps metadata in a hash map, whose order differs from run to run.
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!(stack.metadata(layout)));
    let mut data = Vec::new();
    for (place, layer) in stack.layers().iter().enumerate() {
        let name = match layout {
            Layout::Burn => layer.name().to_owned(),
            Layout::Pytorch => (2 * place).to_string(),
        };
        let [d_in, d_out] = layer.sizes();
        let (shape, weight) = match layout {
            Layout::Burn => ([d_in, d_out], layer.weight().to_vec()),
            Layout::Pytorch => ([d_out, d_in], transposed([d_in, d_out], layer.weight())),
        };
        for (part, shape, values) in [
            ("weight", json!(shape), &weight[..]),
            ("bias", json!([d_out]), layer.bias()),
        ] {
            let name = tensor_name(&name, part);
            let start = data.len();
            data.extend(precision.encode(&name, values)?);
            let entry = json!({
                "dtype": precision.safetensors_name(),
                "shape": shape,
                "data_offsets": [start, data.len()],
            });
            header.insert(name, entry);
        }
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // Numbers start at a multiple of 8 bytes.
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = (header.len() as u64).to_le_bytes();
    Ok([&length[..], &header, &data].concat())
}

/// A burnpack of the net, which `ModuleRecord::load` reads: tensors have the layers' names.
///
/// # Errors
///
/// If Burn's writer fails.
pub fn to_burnpack(stack: &DenseStack) -> Result<Vec<u8>, ExchangeError> {
    let tensors = stack.layers().iter().flat_map(pack).collect();
    let metadata = stack.metadata(Layout::Burn);
    let writer = metadata
        .iter()
        .fold(Writer::new(tensors), |writer, (key, value)| {
            writer.with_metadata(key, value)
        });
    let bytes = writer.into_bytes().map_err(|error| ExchangeError::Encode {
        reason: error.to_string(),
    })?;
    Ok(bytes.to_vec())
}

fn pack(layer: &Dense) -> [burn_pack::Tensor; 2] {
    let [_, d_out] = layer.sizes();
    let tensor = |part, shape: Vec<usize>, values: &[f32]| {
        let name = tensor_name(layer.name(), part);
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        burn_pack::Tensor::new(name, DType::F32, shape, None, Bytes::from_bytes_vec(bytes))
    };
    [
        tensor("weight", layer.sizes().to_vec(), layer.weight()),
        tensor("bias", vec![d_out], layer.bias()),
    ]
}
