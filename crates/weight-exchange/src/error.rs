//! Why weights cannot be read or written.

use std::io;
use std::path::PathBuf;

use layers::{Activation, ConfigError};
use thiserror::Error;

use crate::form::Form;
use crate::layout::Layout;

/// Why weights cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The file cannot be read at all.
    #[error("cannot read {}: {cause}; check the path and its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
    /// The file has no supported format.
    #[error(
        "{}: no file of weights: its first bytes are those of no known form; name a safetensors \
         file, a PyTorch state dict (.pt), a burnpack (.bpk) or an ONNX model",
        path.display()
    )]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// The file starts like a supported format, but is damaged.
    #[error("{} is damaged or no {form} file: {reason}; write it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The format that its first bytes suggest.
        form: Form,
        /// What is wrong, on one line.
        reason: String,
    },
    /// A file without tensors, or a net without layers.
    #[error("there is no dense layer; name a file with the weights of at least one")]
    NoLayers,
    /// A tensor that belongs to no dense layer.
    #[error(
        "tensor '{name}' is neither the weight nor the bias of a dense layer; if it is one under \
         another name, pass --map '{name}=layers.0.weight' or layers.0.bias, with the layer's number"
    )]
    UnknownTensor {
        /// Its name.
        name: String,
    },
    /// A layer lacks its weight, or its bias where other layers have one.
    #[error(
        "tensor '{name}' is missing; if the file has it under another name, pass --map 'NAME={name}'"
    )]
    MissingTensor {
        /// The expected name.
        name: String,
    },
    /// A weight that is not a matrix, or a bias that is not a vector.
    #[error(
        "tensor '{name}' has the shape {got:?}, expected {expected}; only dense layers can be read"
    )]
    WrongShape {
        /// Its name.
        name: String,
        /// What was expected, in words.
        expected: String,
        /// Its shape.
        got: Vec<usize>,
    },
    /// A vector named as a weight: no dense layer.
    #[error(
        "tensor '{name}' has the shape {got:?}: it belongs to no dense layer, but for example to a \
         LayerNorm, a PReLU or a BatchNorm without running statistics, which no net here has; train a \
         net of dense layers, where BatchNorm keeps running statistics"
    )]
    NotDense {
        /// Its name.
        name: String,
        /// Its shape.
        got: Vec<usize>,
    },
    /// A module of a pickled model that no net of this workspace has.
    #[error(
        "the model has {class}{}, which no net here has: only dense layers with relu, sigmoid, tanh or \
         elu between them can be read, and BatchNorm1d and Dropout; train a net of these",
        at(name)
    )]
    ForeignModule {
        /// Its path in the model; empty for the model itself.
        name: String,
        /// Its class.
        class: String,
    },
    /// A step before the first layer of a model that no net of this workspace has.
    #[error(
        "the model has {class}{} before its first layer, which no net here has; if it scales the \
         inputs, export the net without it, and pass its mean and deviation to import, with --input-mean \
         and --input-std",
        at(name)
    )]
    InputStep {
        /// Its name in the model.
        name: String,
        /// Its class.
        class: String,
    },
    /// A module of a pickled model with a setting that no net of this workspace has.
    #[error(
        "the model has {class}{} with {setting} = {value}, which no net here has; train one with \
         {setting} = {wanted}",
        at(name)
    )]
    ModuleSetting {
        /// Its path in the model.
        name: String,
        /// Its class.
        class: String,
        /// Name of the setting.
        setting: String,
        /// The model's value.
        value: f64,
        /// The value that can be read.
        wanted: f64,
    },
    /// A module of a pickled model that stands where no net of this workspace has one.
    #[error(
        "the model's module '{name}' cannot be read: {why}; only dense layers with one activation \
         between each two can be, so train a net of these"
    )]
    Misplaced {
        /// Its path in the model.
        name: String,
        /// Why.
        why: String,
    },
    /// A pickled model with more modules than a net of dense layers has.
    #[error(
        "the model has too many modules, or they contain each other; save only its state dict, with \
         torch.save(model.state_dict(), PATH)"
    )]
    TooManyModules,
    /// A pickled model in one of PyTorch's older containers.
    #[error(
        "this is a whole model in a format from before PyTorch 1.6, which is not read; save only \
         its state dict, with torch.save(model.state_dict(), PATH)"
    )]
    OldModel,
    /// A compiled PyTorch program.
    #[error(
        "this is a TorchScript program, which is not read; save the model's state dict, with \
         torch.save(model.state_dict(), PATH)"
    )]
    TorchScript,
    /// Batch normalisation whose place among the layers is not known.
    #[error(
        "the file does not show whether the batch normalisation '{name}' comes before or after the \
         activation; pass --batch-norm before-activation or after-activation"
    )]
    NormPlace {
        /// Its name.
        name: String,
    },
    /// Another number of batch normalisations than of hidden layers.
    #[error(
        "there are {norms} batch normalisations and {hidden} hidden layers, so it is not clear which \
         belong together; train a net with one for each hidden layer, or as a torch.nn.Sequential"
    )]
    NormCount {
        /// Number of normalisations.
        norms: usize,
        /// Number of hidden layers.
        hidden: usize,
    },
    /// A place of batch normalisation that contradicts the file.
    #[error(
        "the file shows that the batch normalisation '{name}' comes {place}; leave out --batch-norm"
    )]
    OtherNormPlace {
        /// Its name.
        name: String,
        /// Its place, in words.
        place: &'static str,
    },
    /// A place of batch normalisation for a file without any.
    #[error("the file has no batch normalisation; leave out --batch-norm")]
    NoNorm,
    /// Batch normalisation of another size than the layer next to it.
    #[error(
        "the batch normalisation '{name}' has {units} units, but layer '{layer}' next to it has \
         {expected}; map their names to layers.0, layers.1, ... in their order with --map, or choose \
         another --batch-norm"
    )]
    NormUnits {
        /// Its name.
        name: String,
        /// Its units.
        units: usize,
        /// The layer.
        layer: String,
        /// The layer's units on that side.
        expected: usize,
    },
    /// A scale of inputs that is none.
    #[error(
        "the input scale has mean {mean} and deviation {std}; give a finite mean, and a deviation \
         greater than 0"
    )]
    InputScale {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// A scale of inputs that pixels from 0 to 1 cannot have.
    #[error(
        "the input scale has mean {mean} and deviation {std}, which pixels from 0 to 1 cannot have; if \
         these are for pixels from 0 to 255, divide both by 255: --input-mean {:.4} --input-std {:.4}",
        .mean / 255.0, .std / 255.0
    )]
    ScaleOfBytes {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        std: f64,
    },
    /// A scale of inputs that contradicts the file.
    #[error(
        "the file says that its net takes {file}, not {asked}; leave out --input-mean and --input-std"
    )]
    OtherScale {
        /// The file's, in words.
        file: String,
        /// The requested one.
        asked: String,
    },
    /// An entry of a file's metadata that is wrong.
    #[error(
        "the file's metadata have {key} = {got}, expected {expected}; write the file again, or remove \
         this entry"
    )]
    Metadata {
        /// Its key.
        key: String,
        /// Its value.
        got: String,
        /// What was expected.
        expected: String,
    },
    /// An activation that contradicts the file.
    #[error(
        "the file says that {file} follows its hidden layers, not {asked}; leave out --activation, or \
         name {file}"
    )]
    OtherActivation {
        /// The file's.
        file: Activation,
        /// The requested one.
        asked: Activation,
    },
    /// A tensor of integers or of quantized numbers.
    #[error(
        "tensor '{name}' holds {dtype}, expected f16, bf16, f32 or f64; leave it out of the file, or \
         convert it before you write it"
    )]
    NotFloat {
        /// Its name.
        name: String,
        /// Its type.
        dtype: String,
    },
    /// A constant whose numbers are not in the file, or not as many as its shape needs.
    #[error(
        "tensor '{name}' has no numbers in this file, or not as many as its shape needs; write the \
         model again as one file, without external data"
    )]
    NoData {
        /// Its name.
        name: String,
    },
    /// A weight or bias that is NaN or infinite (in f32).
    #[error(
        "element {index} of tensor '{name}' is {value}, expected a finite number; use weights from \
         before training diverged"
    )]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// Which element, from 0, row by row.
        index: usize,
        /// NaN, inf or -inf.
        value: f32,
    },
    /// In no layout, or not in the requested one, are each layer's outputs the next layer's inputs.
    #[error(
        "the layers do not fit together {tried}: {shapes}; map their names to layers.0, \
         layers.1, ... in their order with --map, or choose another --layout"
    )]
    DoesNotChain {
        /// Which layouts were tried, in words.
        tried: String,
        /// Names and shapes as the file has them.
        shapes: String,
    },
    /// The layers fit together in either layout.
    #[error(
        "weights {shapes} fit as [d_in, d_out] and as [d_out, d_in], and the file does not say \
         which; pass --layout burn for the first, --layout pytorch for the second"
    )]
    AmbiguousLayout {
        /// Names and shapes as the file has them.
        shapes: String,
    },
    /// The layers fit together in more than one order.
    #[error(
        "the names do not determine the order of the layers {shapes}; rename them to layers.0, \
         layers.1, ... with --map, for example --map '{first}=layers.0'"
    )]
    AmbiguousOrder {
        /// Names and shapes as the file has them.
        shapes: String,
        /// Name of one of them.
        first: String,
    },
    /// No tensor and no layer has the name to map from.
    #[error(
        "no tensor is named '{from}' or starts with '{from}.'; map one of the file's names: {names}"
    )]
    NothingToMap {
        /// The name.
        from: String,
        /// The names in the file.
        names: String,
    },
    /// Two tensors have one name after mapping.
    #[error("two tensors are named '{name}' after --map; map them to different names")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// The activation between the layers is unknown.
    #[error(
        "the activation between the {layers} layers is not known; pass --activation relu, sigmoid, \
         tanh or elu"
    )]
    NoActivation {
        /// Number of layers.
        layers: usize,
    },
    /// A number outside the range of f16.
    #[error(
        "element {index} of tensor '{name}' is {value}, more than f16 can hold (65504); write f32"
    )]
    TooLargeForF16 {
        /// The tensor's name.
        name: String,
        /// Which element, from 0, row by row.
        index: usize,
        /// The number.
        value: f32,
    },
    /// A layer is too large, or the file names an unknown activation.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The weights cannot be read from their device, or a writer failed.
    #[error("cannot encode the weights: {reason}; try again on another device")]
    Encode {
        /// Why.
        reason: String,
    },
    /// The requested layout contradicts the format.
    #[error("a {form} file always has weights as {fixed}; leave out --layout {asked}")]
    LayoutIsFixed {
        /// The form.
        form: Form,
        /// The layout that it fixes.
        fixed: Layout,
        /// The requested layout.
        asked: &'static str,
    },
}

impl ExchangeError {
    /// Whether the message already names the file.
    pub fn names_the_file(&self) -> bool {
        matches!(
            self,
            Self::Unreadable { .. } | Self::UnknownForm { .. } | Self::Damaged { .. }
        )
    }

    /// Whether a layout or other names in [`ImportOptions`](crate::ImportOptions) may help.
    pub fn is_for_options(&self) -> bool {
        matches!(
            self,
            Self::UnknownTensor { .. }
                | Self::MissingTensor { .. }
                | Self::DoesNotChain { .. }
                | Self::AmbiguousLayout { .. }
                | Self::AmbiguousOrder { .. }
                | Self::NormPlace { .. }
        )
    }
}

/// Where a module is, for a message: nothing for the model itself.
fn at(name: &str) -> String {
    match name {
        "" => String::new(),
        name => format!(" as '{name}'"),
    }
}
