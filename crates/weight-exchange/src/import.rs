//! Makes a net of dense layers from the tensors of a file.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::ExchangeError;
use crate::form::Form;
use crate::layout::Layout;
use crate::order::{RawLayer, decide};
use crate::stack::{Dense, DenseStack, tensor_name};
use crate::tensors::{Array, Tensors};

/// What the caller knows about a file that the file does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The layout of its weights; `None` determines it, or refuses a file that leaves it open.
    pub layout: Option<Layout>,
    /// Pairs of a name in the file and the name to use instead: of a tensor (`w1` to
    /// `layers.0.weight`) or of everything under a name (`encoder` to `layers.0`).
    pub renames: Vec<(String, String)>,
}

/// A net from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The layers.
    pub stack: DenseStack,
    /// The form of the file.
    pub form: Form,
    /// The layout of its weights.
    pub layout: Layout,
}

/// Reads a net of dense layers from safetensors, a PyTorch state dict or a burnpack. The first bytes
/// of the file show which of them it is.
///
/// A layer is a pair of tensors `NAME.weight` and `NAME.bias` (or of `weight` and `bias`). If no layer
/// has a bias, all biases are zero. Numbers in f16, bf16 and f64 become f32. Layers come in the order
/// of the numbers in their names (`fc2` before `fc10`). Where names differ in more than numbers, they
/// come in the only order in which each layer's outputs are the next one's inputs.
///
/// # Errors
///
/// If the file cannot be read or is damaged, if it has anything but dense layers or a number that is
/// not finite, or if layout or order are not clear.
pub fn read(path: &Path, options: &ImportOptions) -> Result<Imported, ExchangeError> {
    import(Tensors::read(path)?, options)
}

/// As [`read`], from the bytes of a safetensors file that errors call `name`.
///
/// # Errors
///
/// As [`read`].
pub fn parse_safetensors(
    bytes: &[u8],
    name: &Path,
    options: &ImportOptions,
) -> Result<Imported, ExchangeError> {
    import(Tensors::parse_safetensors(bytes, name)?, options)
}

fn import(tensors: Tensors, options: &ImportOptions) -> Result<Imported, ExchangeError> {
    let Tensors {
        form,
        metadata,
        arrays,
    } = tensors;
    let layers = raw_layers(rename(arrays, &options.renames)?)?;
    let asked = match (options.layout, form.layout()) {
        (Some(Layout::Pytorch), Some(fixed @ Layout::Burn)) => {
            return Err(ExchangeError::LayoutIsFixed {
                form,
                fixed,
                asked: "pytorch",
            });
        }
        // Another library may have written its own layout into a state dict.
        (Some(asked), _) => Some(asked),
        (None, fixed) => fixed,
    };
    let (layout, layers) = decide(asked, &metadata, layers)?;
    let layers = layers.into_iter().map(|layer| dense(layer, layout));
    let stack = DenseStack::new(layers.collect::<Result<_, _>>()?)?;
    Ok(Imported {
        stack: stack.described_by(&metadata)?,
        form,
        layout,
    })
}

fn rename(
    mut arrays: BTreeMap<String, Array>,
    renames: &[(String, String)],
) -> Result<BTreeMap<String, Array>, ExchangeError> {
    let renamed = |name: &str, from: &str, to: &str| -> Option<String> {
        match name.strip_prefix(from)? {
            "" => Some(to.to_owned()),
            rest => rest.starts_with('.').then(|| format!("{to}{rest}")),
        }
    };
    // Only the file's own names are mapped, so that two can change places.
    let mut moved = Vec::new();
    for (from, to) in renames {
        let names: Vec<String> = arrays.keys().cloned().collect();
        let before = moved.len();
        for name in &names {
            if let Some(new) = renamed(name, from, to)
                && let Some(array) = arrays.remove(name)
            {
                moved.push((new, array));
            }
        }
        if moved.len() == before {
            return Err(ExchangeError::NothingToMap {
                from: from.clone(),
                names: names.join(", "),
            });
        }
    }
    for (name, array) in moved {
        if arrays.insert(name.clone(), array).is_some() {
            return Err(ExchangeError::NameTwice { name });
        }
    }
    Ok(arrays)
}

/// Pairs weights with their biases.
fn raw_layers(mut arrays: BTreeMap<String, Array>) -> Result<Vec<RawLayer>, ExchangeError> {
    let part = |name: &str, part: &str| -> Option<String> {
        let layer = name.strip_suffix(part)?;
        match layer {
            "" => Some(String::new()),
            layer => layer.strip_suffix('.').map(str::to_owned),
        }
    };
    let weights = arrays.keys().filter_map(|name| part(name, "weight"));
    let mut layers = Vec::new();
    for name in weights.collect::<Vec<_>>() {
        let weight_name = tensor_name(&name, "weight");
        let bias_name = tensor_name(&name, "bias");
        let (weight, bias) = (arrays.remove(&weight_name), arrays.remove(&bias_name));
        let weight = weight.expect("the name is one of the file's");
        let shape = weight.shape[..].try_into();
        let shape: [usize; 2] = shape.map_err(|_| ExchangeError::WrongShape {
            name: weight_name,
            expected: "two dimensions".to_owned(),
            got: weight.shape.clone(),
        })?;
        if let Some(bias) = &bias
            && (bias.shape.len() != 1 || !shape.contains(&bias.values.len()))
        {
            let [rows, columns] = shape;
            return Err(ExchangeError::WrongShape {
                name: bias_name,
                expected: format!("one dimension of {rows} or {columns}"),
                got: bias.shape.clone(),
            });
        }
        layers.push(RawLayer {
            name,
            shape,
            weight,
            bias,
        });
    }
    if let Some(name) = arrays.into_keys().next() {
        return Err(match part(&name, "bias") {
            Some(layer) => ExchangeError::MissingTensor {
                name: tensor_name(&layer, "weight"),
            },
            None => ExchangeError::UnknownTensor { name },
        });
    }
    let (with, without): (Vec<_>, Vec<_>) = layers.iter().partition(|layer| layer.bias.is_some());
    match (with.is_empty(), without.first()) {
        (true, None) => Err(ExchangeError::NoLayers),
        (false, Some(layer)) => Err(ExchangeError::MissingTensor {
            name: tensor_name(&layer.name, "bias"),
        }),
        _ => Ok(layers),
    }
}

fn dense(layer: RawLayer, layout: Layout) -> Result<Dense, ExchangeError> {
    let RawLayer {
        name,
        shape,
        weight,
        bias,
    } = layer;
    let sizes = layout.sizes(shape);
    let bias = bias.map_or_else(|| vec![0.0; sizes[1]], |bias| bias.values);
    Dense::new(name, sizes, layout.to_burn(shape, weight.values), bias)
}
