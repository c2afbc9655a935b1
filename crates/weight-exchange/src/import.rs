//! Makes a net of dense layers from the tensors of a file.

use std::collections::BTreeMap;
use std::path::Path;

use layers::Activation;

use crate::array::Array;
use crate::error::ExchangeError;
use crate::form::Form;
use crate::layout::Layout;
use crate::model::{Model, Plan};
use crate::norm::{DEFAULT_EPSILON, Norm, NormPlace, Side, refuse_other_place, sides};
use crate::order::{RawLayer, decide};
use crate::scale::InputScale;
use crate::stack::{Dense, DenseStack, tensor_name};
use crate::tensors::Tensors;

/// What the caller knows about a file that the file does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The layout of its weights; `None` determines it, or refuses a file that leaves it open.
    pub layout: Option<Layout>,
    /// Pairs of a name in the file and the name to use instead: of a tensor (`w1` to
    /// `layers.0.weight`) or of everything under a name (`encoder` to `layers.0`).
    pub renames: Vec<(String, String)>,
    /// The activation between the layers; `None` takes the file's. It must not contradict the file.
    pub activation: Option<Activation>,
    /// The scale of the inputs that the net was trained on; `None` takes the file's, or pixels from 0
    /// to 1.
    pub input_scale: Option<InputScale>,
    /// Where batch normalisation stands, if the file does not show it.
    pub norm_place: Option<NormPlace>,
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
    /// The scale of the inputs that the file states. The layers take pixels from 0 to 1, whatever the
    /// scale was: it is part of the first layer.
    pub stated_scale: Option<InputScale>,
    /// What was folded or passed over: sentences for people.
    pub notes: Vec<String>,
}

/// Reads a net of dense layers from safetensors, a PyTorch state dict or a burnpack. The first bytes
/// of the file show which of them it is.
///
/// A layer is a pair of tensors `NAME.weight` and `NAME.bias` (or of `weight` and `bias`). If no layer
/// has a bias, all biases are zero; if some have none, a note says so. Numbers in f16, bf16 and f64 become
/// f32. Layers come in the order of the numbers in their names (`fc2` before `fc10`). Where names differ in
/// more than numbers, they come in the only order in which each layer's outputs are the next one's inputs.
/// Batch normalisation with running statistics becomes part of the layer next to it, and so does the scale of the inputs.
/// A pickled model shows order and activations itself.
///
/// # Errors
///
/// If the file cannot be read or is damaged, if it has anything but dense layers, batch normalisation
/// and dropout, or a number that is not finite, or if layout, order or places are not clear.
pub fn read(path: &Path, options: &ImportOptions) -> Result<Imported, ExchangeError> {
    import(Tensors::read(path)?, options)
}

/// As [`read`], from the bytes of a safetensors file or a burnpack that errors call `name`.
///
/// # Errors
///
/// As [`read`]. A PyTorch file must be read from its path.
pub fn parse(
    bytes: Vec<u8>,
    name: &Path,
    options: &ImportOptions,
) -> Result<Imported, ExchangeError> {
    import(Tensors::parse(bytes, name)?, options)
}

fn import(tensors: Tensors, options: &ImportOptions) -> Result<Imported, ExchangeError> {
    let Tensors {
        form,
        metadata,
        arrays,
        model,
    } = tensors;
    let model = model.map(|model| model.renamed(|name| new_name(name, &options.renames)));
    let plan = model.as_ref().filter(|model| model.in_order);
    let plan = plan.map(Model::plan).transpose()?;
    let mut arrays = rename(arrays, &options.renames)?;
    let norms = Norm::take_all(&mut arrays)?;
    let layers = raw_layers(arrays)?;
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
    let known_order = plan.as_ref().map(|plan| &plan.layers[..]);
    let (layout, layers) = decide(asked, &metadata, layers, known_order)?;
    let folds = folds(&norms, &layers, model.as_ref(), plan.as_ref(), options)?;
    let missing = match model {
        None => notes_of_missing_biases(&layers, &folds),
        // It says which of its layers have a bias.
        Some(_) => vec![],
    };
    let layers = layers.into_iter().map(|layer| dense(layer, layout));
    let mut layers = layers.collect::<Result<Vec<_>, _>>()?;
    let mut notes = plan
        .as_ref()
        .map_or_else(Vec::new, |plan| plan.notes.clone());
    notes.extend(missing);
    fold_all(&folds, &mut layers, &mut notes)?;

    let stack = DenseStack::new(layers)?.described_by(&metadata)?;
    let of_plan = plan.as_ref().and_then(|plan| plan.activation);
    let stated = stack.activation().or(of_plan);
    let contained = model.as_ref().and_then(Model::only_activation);
    match (options.activation, stated.or(contained)) {
        (Some(asked), Some(file)) if asked != file => {
            return Err(ExchangeError::OtherActivation { file, asked });
        }
        _ => {}
    }
    let output = plan.as_ref().and_then(|plan| plan.output_activation);
    let output = stack.output_activation().or(output);
    let mut stack = stack
        .with_activation(options.activation.or(stated))
        .with_output_activation(output);
    let stated_scale = InputScale::of_metadata(&metadata)?;
    if let Some(scale) = options.input_scale.or(stated_scale) {
        stack = stack.on_pixels(scale)?;
    }
    Ok(Imported {
        stack,
        form,
        layout,
        stated_scale,
        notes,
    })
}

/// A normalisation, the side of a layer where it stands, and its ε if the file states it.
struct Fold<'a> {
    norm: &'a Norm,
    side: Side,
    epsilon: Option<f64>,
}

/// Where each normalisation stands: as the model says, otherwise by its name or as the caller says.
fn folds<'a>(
    norms: &'a [Norm],
    layers: &[RawLayer],
    model: Option<&Model>,
    plan: Option<&Plan>,
    options: &ImportOptions,
) -> Result<Vec<Fold<'a>>, ExchangeError> {
    let names: Vec<&str> = layers.iter().map(|layer| &layer.name[..]).collect();
    match plan {
        Some(plan) => {
            if let Some(missing) = plan.layers.iter().find(|&name| !names.contains(&&name[..])) {
                return Err(ExchangeError::MissingTensor {
                    name: tensor_name(missing, "weight"),
                });
            }
            let fold = |(name, side, epsilon): &(String, Side, f64)| {
                let norm = norms.iter().find(|norm| norm.name == *name);
                let norm = norm.ok_or_else(|| ExchangeError::MissingTensor {
                    name: tensor_name(name, "running_mean"),
                })?;
                Ok(Fold {
                    norm,
                    side: *side,
                    epsilon: Some(*epsilon),
                })
            };
            let shown = plan.norms.iter().map(|(name, side, _)| (&name[..], *side));
            refuse_other_place(shown, options.norm_place)?;
            plan.norms.iter().map(fold).collect()
        }
        None => {
            let sides = sides(norms, &names, options.norm_place)?;
            let folds = norms.iter().zip(sides).map(|(norm, side)| Fold {
                norm,
                side,
                epsilon: model.and_then(|model| model.epsilon(&norm.name)),
            });
            Ok(folds.collect())
        }
    }
}

fn fold_all(
    folds: &[Fold<'_>],
    layers: &mut [Dense],
    notes: &mut Vec<String>,
) -> Result<(), ExchangeError> {
    // Of several on one side, the one next to the layer comes first.
    let after = folds
        .iter()
        .filter(|fold| matches!(fold.side, Side::After(_)));
    let before = folds
        .iter()
        .filter(|fold| matches!(fold.side, Side::Before(_)));
    for Fold {
        norm,
        side,
        epsilon,
    } in after.chain(before.rev())
    {
        norm.fold(*side, layers, epsilon.unwrap_or(DEFAULT_EPSILON))?;
        let (Side::After(index) | Side::Before(index)) = *side;
        let epsilon = match epsilon {
            Some(epsilon) => format!("ε = {epsilon}"),
            None => {
                format!("ε = {DEFAULT_EPSILON:e}, PyTorch's default: the file does not contain it")
            }
        };
        notes.push(format!(
            "batch normalisation '{}' is folded into layer '{}' ({epsilon})",
            norm.name,
            layers[index].name(),
        ));
    }
    Ok(())
}

/// A sentence for each layer that has no bias while others have: all tensors of the file are in use, so it
/// has none under another name. With batch normalisation after it, a layer needs none.
fn notes_of_missing_biases(layers: &[RawLayer], folds: &[Fold<'_>]) -> Vec<String> {
    if layers.iter().all(|layer| layer.bias.is_none()) {
        return vec![];
    }
    let needs_none = |index| folds.iter().any(|fold| fold.side == Side::After(index));
    let without = layers.iter().enumerate();
    let without = without.filter(|&(index, layer)| layer.bias.is_none() && !needs_none(index));
    without
        .map(|(_, layer)| {
            format!(
                "layer '{}' has no bias in the file, as with bias=False: taken as zeros",
                layer.name
            )
        })
        .collect()
}

/// The name that a tensor, or all under a name, gets; `None` if it is not the one to rename.
fn renamed(name: &str, from: &str, to: &str) -> Option<String> {
    match name.strip_prefix(from)? {
        "" => Some(to.to_owned()),
        rest => rest.starts_with('.').then(|| format!("{to}{rest}")),
    }
}

/// A module's name after all renames.
fn new_name(name: &str, renames: &[(String, String)]) -> String {
    let new = renames
        .iter()
        .find_map(|(from, to)| renamed(name, from, to));
    new.unwrap_or_else(|| name.to_owned())
}

fn rename(
    mut arrays: BTreeMap<String, Array>,
    renames: &[(String, String)],
) -> Result<BTreeMap<String, Array>, ExchangeError> {
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
        let shape: [usize; 2] = shape.map_err(|_| match weight.shape.len() {
            1 => ExchangeError::NotDense {
                name: weight_name,
                got: weight.shape.clone(),
            },
            _ => ExchangeError::WrongShape {
                name: weight_name,
                expected: "two dimensions".to_owned(),
                got: weight.shape.clone(),
            },
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
    if layers.is_empty() {
        return Err(ExchangeError::NoLayers);
    }
    Ok(layers)
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
