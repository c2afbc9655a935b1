//! Loads a net from a weight file.

use std::path::Path;

use burn::tensor::Device;
use datasets::Treatment;
use layers::Activation;
use training::{AnyNet, ModelName, Settings};
use weight_exchange::{DenseStack, ExchangeError, ImportOptions, Imported, InputScale};

use crate::checksum;
use crate::config::Config;
use crate::error::RunFolderError;
use crate::files::WEIGHTS;
use crate::image_inputs::{inputs_of, treatment_of};
use crate::saved::SavedRun;

/// Instead of a file: the bundled net.
pub const PRETRAINED: &str = "pretrained";

/// Loads the net that `--weights` names: a safetensors file, a burnpack, or [`PRETRAINED`]. Sizes are
/// those of the weights; model and activation come from the file, or from the configuration next to
/// it in a run folder.
///
/// # Errors
///
/// If the file cannot be read or holds no dense layers, if the layout of its weights is ambiguous, or if
/// the activation of its hidden layers is unknown.
pub fn load(path: &Path, device: &Device) -> Result<AnyNet, RunFolderError> {
    net(&read(path)?, device)
}

/// The net of a file as plain numbers, under its model's names.
///
/// # Errors
///
/// As [`load`].
pub fn read(path: &Path) -> Result<DenseStack, RunFolderError> {
    let options = ImportOptions::default();
    let imported = if path == Path::new(PRETRAINED) {
        let options = ImportOptions {
            input_scale: Some(InputScale::UNIT),
            ..options
        };
        let bytes = mnist_mlp::PRETRAINED_WEIGHTS.to_vec();
        weight_exchange::parse(bytes, path, &options).map(|imported| Imported {
            stack: of_mnist(imported.stack),
            ..imported
        })
    } else if path.is_dir() {
        return Err(RunFolderError::WeightsFolder {
            path: path.to_owned(),
        });
    } else {
        read_file(path, &options)?
    };
    let stack = match imported {
        Ok(imported) => imported.stack,
        Err(error) if error.is_for_options() => {
            return Err(RunFolderError::NeedsImport {
                cause: Box::new(error_of(path, error)),
                option: "--run",
            });
        }
        Err(error) => return Err(error_of(path, error)),
    };
    // What a run's own files do not say, the configuration next to them says.
    let run = SavedRun::open(path.parent().unwrap_or(Path::new("")));
    if let Ok(run) = run
        && stack.activation().is_none()
        && run.config().sizes == stack.sizes()
    {
        return as_net_of(&run, stack).map_err(|error| error.in_file(path));
    }
    let (model, activation) = (model_of(&stack), stack.activation());
    if activation.is_none() && stack.layers().len() > 1 {
        return Err(RunFolderError::NoActivation {
            path: path.to_owned(),
            option: "--run",
        });
    }
    treatment_of(&stack).map_err(|error| error.in_file(path))?;
    as_model(stack, model, activation).map_err(|error| error.in_file(path))
}

/// The bundled net with what its file does not say.
fn of_mnist(stack: DenseStack) -> DenseStack {
    let classes = class_names(&[], &stack.sizes());
    stack
        .with_classes(classes)
        .with_images(Some(inputs_of(Treatment::Strokes)))
        .with_temperature(Some(mnist_mlp::PRETRAINED_TEMPERATURE))
}

/// Reads a file, and verifies its checksum if it is one of the two in a run folder.
pub(crate) fn read_file(
    path: &Path,
    options: &ImportOptions,
) -> Result<Result<Imported, ExchangeError>, RunFolderError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if checksum::is_covered(path) && path.is_file() => {
            let bytes = checksum::read(folder, name)?;
            Ok(weight_exchange::parse(bytes, path, options))
        }
        _ => Ok(weight_exchange::read(path, options)),
    }
}

/// The net of a run folder as plain numbers.
///
/// # Errors
///
/// If its weights are missing or damaged, or have other sizes than its configuration.
pub fn of_run(run: &SavedRun) -> Result<DenseStack, RunFolderError> {
    let path = run.path().join(WEIGHTS);
    let imported = read_file(&path, &ImportOptions::default())?;
    let stack = imported.map_err(|error| error_of(&path, error))?.stack;
    let config = run.config();
    if stack.sizes() != config.sizes {
        return Err(RunFolderError::WeightSizes {
            path,
            expected: config.sizes.clone(),
            got: stack.sizes(),
        });
    }
    as_net_of(run, stack)
}

/// The layers as the net of a run.
fn as_net_of(run: &SavedRun, stack: DenseStack) -> Result<DenseStack, RunFolderError> {
    let Config {
        settings, sizes, ..
    } = run.config();
    let stack = as_model(stack, settings.model, settings.activation)?;
    let takes_images = settings.model != ModelName::XorNet;
    let classes = if takes_images {
        class_names(&settings.class_names, sizes)
    } else {
        vec![]
    };
    let (treatment, _) = run.config().treatment();
    let images = treatment.filter(|_| takes_images).map(inputs_of);
    Ok(stack
        .with_classes(classes)
        .with_pixel_inputs(takes_images)
        .with_images(images)
        .with_temperature(run.temperature().unwrap_or_default()))
}

/// The names of a net's classes: those of its data, or their numbers.
pub(crate) fn class_names(named: &[String], sizes: &[usize]) -> Vec<String> {
    let classes = sizes.last().copied().unwrap_or(0);
    let name = |class: usize| named.get(class).cloned();
    (0..classes)
        .map(|class| name(class).unwrap_or_else(|| class.to_string()))
        .collect()
}

/// The names of the classes as in the settings of a run: empty if they are numbers or not known.
pub(crate) fn class_names_of(stack: &DenseStack) -> Vec<String> {
    let classes = stack.classes();
    if classes == class_names(&[], &[classes.len()]) {
        vec![]
    } else {
        classes.to_vec()
    }
}

/// An error in a file, with the file's name.
pub fn error_of(path: &Path, error: ExchangeError) -> RunFolderError {
    if error.names_the_file() {
        error.into()
    } else {
        RunFolderError::from(error).in_file(path)
    }
}

/// The model that a file names, or the model of any dense layers.
pub fn model_of(stack: &DenseStack) -> ModelName {
    let said = stack.model().and_then(|name| name.parse().ok());
    said.unwrap_or(ModelName::MnistMlp)
}

/// The layers with the names that they have in a model.
///
/// # Errors
///
/// If the model has another number of layers or other functions.
pub fn as_model(
    stack: DenseStack,
    model: ModelName,
    activation: Option<Activation>,
) -> Result<DenseStack, RunFolderError> {
    let sizes = stack.sizes();
    let (names, output_activation) = match (model, &sizes[..]) {
        (ModelName::MnistMlp, _) => {
            let names = (0..stack.layers().len()).map(|place| format!("layers.{place}"));
            (names.collect(), None)
        }
        (ModelName::XorNet, [2, _, 1]) => {
            let names = vec!["hidden".to_owned(), "output".to_owned()];
            (names, Some(Activation::Sigmoid))
        }
        (ModelName::LinearRegression, [_, _]) => (vec!["linear".to_owned()], None),
        _ => return Err(RunFolderError::OtherModel { sizes, model }),
    };
    let output = stack.output_activation();
    if let Some(function) = output.filter(|_| output != output_activation) {
        return Err(RunFolderError::OutputActivation {
            function: function.to_string(),
            model,
        });
    }
    let layers = stack.layers().iter().zip::<Vec<String>>(names);
    let layers = layers.map(|(layer, name)| layer.clone().named(name));
    let (classes, takes_pixels) = (stack.classes().to_vec(), stack.takes_pixels());
    Ok(DenseStack::new(layers.collect())?
        .with_classes(classes)
        .with_pixel_inputs(takes_pixels)
        .with_images(stack.images().cloned())
        .with_temperature(stack.temperature())
        .with_activation(activation.filter(|_| model != ModelName::LinearRegression))
        .with_output_activation(output_activation)
        .with_model(Some(model.to_string())))
}

/// The net on a device. The layers are those of a model ([`as_model`]).
pub(crate) fn net(stack: &DenseStack, device: &Device) -> Result<AnyNet, RunFolderError> {
    let mut settings = Settings::default_for(model_of(stack));
    settings.activation = stack.inner_activation()?;
    let mut net = AnyNet::build(&settings, &stack.sizes(), device)?;
    for (place, layer) in net.layers_mut().into_iter().zip(stack.layers()) {
        *place = layer.to_linear(device);
    }
    Ok(net)
}
