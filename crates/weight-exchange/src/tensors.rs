//! The tensors of a file under their names, in f32.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use burn::store::bridge;
use burn::store::burn_pack::{self, Bytes};
use burn::store::pytorch_reader::PytorchReader;
use burn::tensor::{DType, TensorData};
use safetensors::{Dtype, SafeTensors};

use crate::array::{Array, check_size};
use crate::error::ExchangeError;
use crate::form::Form;
use crate::model::Model;
use crate::onnx;
use crate::text::plain;

/// Names of the state dict within a larger PyTorch checkpoint.
const STATE_DICTS: [&str; 2] = ["model_state_dict.", "state_dict."];

/// The content of a file.
#[derive(Debug)]
pub(crate) struct Tensors {
    pub(crate) form: Form,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) arrays: BTreeMap<String, Array>,
    /// What a pickled model computes.
    pub(crate) model: Option<Model>,
}

impl Tensors {
    /// Reads a file in any format.
    pub(crate) fn read(path: &Path) -> Result<Self, ExchangeError> {
        match form(path)? {
            Form::Safetensors => {
                let bytes = fs::read(path).map_err(unreadable(path))?;
                Self::parse_safetensors(&bytes, path)
            }
            Form::Pytorch => Self::read_pytorch(path),
            Form::Onnx => {
                let bytes = fs::read(path).map_err(unreadable(path))?;
                Self::parse_onnx(&bytes, path)
            }
            Form::Burnpack => Self::of_burnpack(burn_pack::Reader::from_file(path), path),
        }
    }

    /// Reads the bytes of a safetensors file or a burnpack; `path` names it in errors.
    pub(crate) fn parse(bytes: Vec<u8>, path: &Path) -> Result<Self, ExchangeError> {
        match Form::of(&bytes) {
            Some(Form::Safetensors) => Self::parse_safetensors(&bytes, path),
            Some(Form::Burnpack) => {
                let reader = burn_pack::Reader::from_bytes(Bytes::from_bytes_vec(bytes));
                Self::of_burnpack(reader, path)
            }
            Some(Form::Onnx) => Self::parse_onnx(&bytes, path),
            Some(Form::Pytorch) | None => Err(ExchangeError::UnknownForm {
                path: path.to_owned(),
            }),
        }
    }

    fn parse_safetensors(bytes: &[u8], path: &Path) -> Result<Self, ExchangeError> {
        let damaged = |error: &dyn fmt::Display| damaged(path, Form::Safetensors, error);
        let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
        let mut arrays = BTreeMap::new();
        for (name, view) in file.iter().filter(|(name, _)| !is_counter(name)) {
            let name = &plain(name);
            let dtype = match view.dtype() {
                Dtype::F16 => DType::F16,
                Dtype::BF16 => DType::BF16,
                Dtype::F32 => DType::F32,
                Dtype::F64 => DType::F64,
                other => {
                    return Err(ExchangeError::NotFloat {
                        name: name.to_owned(),
                        dtype: format!("{other:?}"),
                    });
                }
            };
            check_size(name, view.shape())?;
            let shape = view.shape().to_vec();
            let data = TensorData::from_bytes_vec(view.data().to_vec(), shape, dtype);
            arrays.insert(name.to_owned(), array(data, |error| damaged(&error))?);
        }
        Ok(Self {
            form: Form::Safetensors,
            metadata: plain_map(header.metadata().clone().unwrap_or_default()),
            arrays,
            model: None,
        })
    }

    fn read_pytorch(path: &Path) -> Result<Self, ExchangeError> {
        let damaged = |error: &dyn fmt::Display| damaged(path, Form::Pytorch, error);
        // Burn's reader gives the tensors of a whole model too, but not what it computes.
        let model = Model::of_file(path);
        let reader = PytorchReader::new(path).map_err(|error| damaged(&error));
        let (reader, model) = match model {
            Ok(Err(refused)) => return Err(refused),
            Ok(Ok(model)) => (reader?, model),
            Err(reason) => {
                reader?;
                return Err(damaged(&reason));
            }
        };
        let names = reader.keys();
        let state_dict = STATE_DICTS
            .into_iter()
            .find(|prefix| names.iter().any(|name| name.starts_with(prefix)))
            .unwrap_or_default();
        let mut arrays = BTreeMap::new();
        for (name, tensor) in reader.into_tensors() {
            let Some(name) = name
                .strip_prefix(state_dict)
                .filter(|name| !is_counter(name))
            else {
                continue;
            };
            let name = &plain(name);
            check_size(name, tensor.shape())?;
            let data = float_data(name, bridge::from_pytorch(tensor), &damaged)?;
            arrays.insert(name.to_owned(), array(data, |error| damaged(&error))?);
        }
        Ok(Self {
            form: Form::Pytorch,
            metadata: BTreeMap::new(),
            arrays,
            // A state dict next to a model is another net.
            model: model.filter(|_| state_dict.is_empty()),
        })
    }

    fn parse_onnx(bytes: &[u8], path: &Path) -> Result<Self, ExchangeError> {
        let read = onnx::read::read(bytes).map_err(|error| damaged(path, Form::Onnx, &error))?;
        let onnx::read::Read {
            metadata,
            arrays,
            model,
        } = read?;
        Ok(Self {
            form: Form::Onnx,
            metadata: plain_map(metadata),
            arrays,
            model: Some(model),
        })
    }

    fn of_burnpack(
        reader: Result<burn_pack::Reader, burn_pack::Error>,
        path: &Path,
    ) -> Result<Self, ExchangeError> {
        let damaged = |error: &dyn fmt::Display| damaged(path, Form::Burnpack, error);
        let reader = reader.map_err(|error| damaged(&error))?;
        let metadata = plain_map(reader.metadata().clone());
        let mut arrays = BTreeMap::new();
        for tensor in reader.into_tensors().map_err(|error| damaged(&error))? {
            let name = plain(&tensor.name);
            if is_counter(&name) {
                continue;
            }
            check_size(&name, &tensor.shape)?;
            let data = float_data(&name, tensor, &damaged)?;
            arrays.insert(name, array(data, |error| damaged(&error))?);
        }
        Ok(Self {
            form: Form::Burnpack,
            metadata,
            arrays,
            model: None,
        })
    }
}

/// Metadata that people can be shown.
fn plain_map(map: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let map = map.into_iter();
    map.map(|(key, value)| (plain(&key), plain(&value)))
        .collect()
}

/// Whether a tensor is the number of batches that a BatchNorm has seen: it matters only to training.
fn is_counter(name: &str) -> bool {
    name.rsplit('.').next() == Some("num_batches_tracked")
}

fn form(path: &Path) -> Result<Form, ExchangeError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable(path))?;
    file.take(512)
        .read_to_end(&mut start)
        .map_err(unreadable(path))?;
    Form::of(&start).ok_or_else(|| ExchangeError::UnknownForm {
        path: path.to_owned(),
    })
}

/// A tensor's data, if it holds floats.
fn float_data(
    name: &str,
    tensor: burn_pack::Tensor,
    damaged: &dyn Fn(&dyn fmt::Display) -> ExchangeError,
) -> Result<TensorData, ExchangeError> {
    match tensor.dtype {
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => {
            bridge::into_data(tensor).map_err(|error| damaged(&error))
        }
        other => Err(ExchangeError::NotFloat {
            name: name.to_owned(),
            dtype: other.name().to_owned(),
        }),
    }
}

fn array<E: fmt::Display>(
    data: TensorData,
    damaged: impl Fn(burn::tensor::DataError) -> E,
) -> Result<Array, E> {
    Ok(Array {
        shape: data.shape().to_vec(),
        values: data.try_into_vec_as::<f32>().map_err(damaged)?,
    })
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> ExchangeError {
    move |cause| ExchangeError::Unreadable {
        path: path.to_owned(),
        cause,
    }
}

/// A reader's message may have several lines; an error has one.
fn damaged(path: &Path, form: Form, error: &dyn fmt::Display) -> ExchangeError {
    let words = error.to_string();
    ExchangeError::Damaged {
        path: path.to_owned(),
        form,
        reason: words.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}
