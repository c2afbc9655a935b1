//! A net from a file of weights, wherever that comes from.

use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use clap::ValueEnum;
use layers::Activation;
use linear_regression::{LinearRegression, LinearRegressionConfig};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use weight_exchange::{Dense, DenseStack, ExchangeError, ImportOptions};
use xor_net::{XorNet, XorNetConfig};

use crate::cli::{ModelName, value_name};
use crate::saved_run::{AnyNet, SavedRun};

/// In place of a file: the trained net that this program brings.
pub(crate) const PRETRAINED: &str = "pretrained";

/// Said where an option would help that only `import` has.
const NEEDS_IMPORT: &str = "bring the file in with trainer import, which takes the options that are \
                            named here, then name the folder with --run";

/// Loads what `--weights` names: a safetensors file, a PyTorch state dict, a burnpack, or
/// [`PRETRAINED`]. Sizes are those of the weights; model and activation are what the file says, or the
/// configuration beside it in a run folder.
///
/// # Errors
///
/// If the file cannot be read or holds no dense layers, if it is not clear which way its weights lie,
/// or if nothing says which activation stands between them.
pub(crate) fn load(path: &Path, device: &Device) -> Result<AnyNet> {
    net(&read(path)?, device)
}

/// The net of a file as plain numbers, under its model's names.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn read(path: &Path) -> Result<DenseStack> {
    let options = ImportOptions::default();
    let imported = if path == Path::new(PRETRAINED) {
        weight_exchange::parse_safetensors(mnist_mlp::PRETRAINED_WEIGHTS, path, &options)
    } else if path.is_dir() {
        bail!(
            "{} is a folder; name a run folder with --run, a file of weights with --weights",
            path.display()
        );
    } else {
        weight_exchange::read(path, &options)
    };
    let stack = match imported {
        Ok(imported) => imported.stack,
        Err(error) if error.is_for_options() => {
            return Err(error_of(path, error)).context(NEEDS_IMPORT);
        }
        Err(error) => return Err(error_of(path, error)),
    };
    let told = match SavedRun::open(path.parent().unwrap_or(Path::new(""))) {
        Ok(run) if stack.activation().is_none() && run.config().sizes == stack.sizes() => {
            let settings = &run.config().settings;
            Some((settings.model, settings.activation))
        }
        _ => None,
    };
    let (model, activation) = told.unwrap_or_else(|| (model(&stack), stack.activation()));
    if activation.is_none() && stack.layers().len() > 1 {
        let file = path.display();
        bail!(
            "{file} does not say which activation stands between its layers; bring it in with \
             trainer import --from {file} --activation relu (or another), then name the folder \
             with --run"
        );
    }
    as_model(stack, model, activation).with_context(|| path.display().to_string())
}

/// The net of a run folder as plain numbers.
///
/// # Errors
///
/// If its weights are missing or damaged, or have other sizes than its configuration.
pub(crate) fn of_run(run: &SavedRun) -> Result<DenseStack> {
    let path = run.path().join("model.bpk");
    let imported = weight_exchange::read(&path, &ImportOptions::default());
    let stack = imported.map_err(|error| error_of(&path, error))?.stack;
    let config = run.config();
    if stack.sizes() != config.sizes {
        bail!(
            "{} has layers of {:?} units, config.json beside it says {:?}; train again",
            path.display(),
            stack.sizes(),
            config.sizes
        );
    }
    as_model(stack, config.settings.model, config.settings.activation)
}

/// What is wrong with a file, with the file's name.
pub(crate) fn error_of(path: &Path, error: ExchangeError) -> anyhow::Error {
    let named = error.names_the_file();
    let error = anyhow::Error::new(error);
    match named {
        true => error,
        false => error.context(path.display().to_string()),
    }
}

/// The model that a file says its layers are of, or that of any dense layers.
pub(crate) fn model(stack: &DenseStack) -> ModelName {
    let said = stack.model().map(|name| ModelName::from_str(name, false));
    said.and_then(Result::ok).unwrap_or(ModelName::MnistMlp)
}

/// The layers as those of a model, under the names that they have there.
///
/// # Errors
///
/// If the model has another number of layers or other functions.
pub(crate) fn as_model(
    stack: DenseStack,
    model: ModelName,
    activation: Option<Activation>,
) -> Result<DenseStack> {
    let count = stack.layers().len();
    let sizes = stack.sizes();
    let output = stack.output_activation();
    let (names, output_activation) = match (model, count) {
        (ModelName::MnistMlp, _) => {
            let names = (0..count).map(|place| format!("layers.{place}"));
            (names.collect(), None)
        }
        (ModelName::XorNet, 2) if (sizes[0], sizes[2]) == (2, 1) => {
            let names = vec!["hidden".to_owned(), "output".to_owned()];
            (names, Some(Activation::Sigmoid))
        }
        (ModelName::LinearRegression, 1) => (vec!["linear".to_owned()], None),
        _ => bail!(
            "layers of {sizes:?} units are no {}, {}; choose --model mnist-mlp, which takes any",
            value_name(model),
            match model {
                ModelName::XorNet => "which has 2 inputs, one hidden layer and 1 output",
                _ => "which has one layer",
            }
        ),
    };
    if let Some(function) = output.filter(|_| output != output_activation) {
        bail!(
            "the file says that {function} follows the last layer, which {} does not have; choose \
             another --model",
            value_name(model)
        );
    }
    let layers = stack.layers().iter().zip::<Vec<String>>(names);
    let layers = layers.map(|(layer, name)| layer.clone().named(name));
    Ok(DenseStack::new(layers.collect())?
        .with_activation(activation.filter(|_| model != ModelName::LinearRegression))
        .with_output_activation(output_activation)
        .with_model(Some(value_name(model))))
}

/// The net on a device. The layers are those of a model ([`as_model`]).
fn net(stack: &DenseStack, device: &Device) -> Result<AnyNet> {
    // Without a hidden layer it is not used, but the model has one.
    let activation = stack.inner_activation()?.unwrap_or(Activation::Relu);
    let linear = |layer: &Dense| layer.to_linear(device);
    let sizes = stack.sizes();
    Ok(match (model(stack), stack.layers()) {
        (ModelName::XorNet, [hidden, output]) => AnyNet::XorNet(XorNet {
            hidden: linear(hidden),
            output: linear(output),
            ..XorNetConfig::new()
                .with_hidden(sizes[1])
                .with_activation(activation)
                .init(0, device)?
        }),
        (ModelName::LinearRegression, [layer]) => AnyNet::LinearRegression(LinearRegression {
            linear: linear(layer),
            ..LinearRegressionConfig::new(sizes[0], sizes[1]).init(0, device)?
        }),
        (_, layers) => AnyNet::MnistMlp(MnistMlp {
            layers: layers.iter().map(linear).collect(),
            ..MnistMlpConfig::new(sizes[0], vec![], sizes[layers.len()])
                .with_activation(activation)
                .init(0, device)?
        }),
    })
}
