use std::io;
use std::path::PathBuf;

use layers::ConfigError;
use thiserror::Error;

use crate::{Form, Layout};

/// Why weights cannot be taken or given.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// The file cannot be read at all.
    #[error("cannot read {}: {cause}; name a file that you may read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is of none of the forms that are read.
    #[error(
        "{} is no file of weights that can be read: its first bytes are of no such form; name a \
         safetensors file, a PyTorch state dict (.pt) or a burnpack (.bpk)",
        path.display()
    )]
    UnknownForm {
        /// The file.
        path: PathBuf,
    },
    /// The file starts like one of the forms, but is damaged.
    #[error("{} is damaged or no {form} file: {reason}; write it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it starts like.
        form: Form,
        /// What is wrong, on one line.
        reason: String,
    },
    /// A file without tensors, or a net without layers.
    #[error("there is no dense layer; name a file that holds the weights of at least one")]
    NoLayers,
    /// A tensor that is part of no dense layer.
    #[error(
        "tensor '{name}' is neither the weight nor the bias of a dense layer; if it is one under \
         another name, say --map '{name}=layers.0.weight' or layers.0.bias, with the layer's number"
    )]
    UnknownTensor {
        /// Its name.
        name: String,
    },
    /// A layer lacks its weight, or its bias where other layers have one.
    #[error(
        "tensor '{name}' is missing; if it is there under another name, say --map 'NAME={name}'"
    )]
    MissingTensor {
        /// The name that it would have.
        name: String,
    },
    /// A weight that is no matrix, or a bias that is no vector.
    #[error(
        "tensor '{name}' has the shape {got:?}, expected {expected}; only dense layers can be taken"
    )]
    WrongShape {
        /// Its name.
        name: String,
        /// What was expected, in words.
        expected: String,
        /// The shape that it has.
        got: Vec<usize>,
    },
    /// A tensor of whole numbers or of quantized ones.
    #[error(
        "tensor '{name}' holds {dtype}, expected f16, bf16, f32 or f64; only dense layers can be \
         taken: leave it out, or convert it, where it was written"
    )]
    NotFloat {
        /// Its name.
        name: String,
        /// The type that it has.
        dtype: String,
    },
    /// A weight or bias that is NaN or infinite (in f32).
    #[error(
        "element {index} of tensor '{name}' is {value}; take weights from before training went \
         astray"
    )]
    NotFinite {
        /// The tensor's name.
        name: String,
        /// Which element, from 0, row by row.
        index: usize,
        /// NaN, inf or -inf.
        value: f32,
    },
    /// Neither layout, or not the one that was asked for, lets each layer's outputs be the next
    /// layer's inputs.
    #[error(
        "the layers do not follow on each other {tried}: {shapes}; map their names to layers.0, \
         layers.1, ... in their order with --map, or choose another --layout"
    )]
    DoesNotChain {
        /// Which layouts were tried, in words.
        tried: String,
        /// Names and shapes as the file has them.
        shapes: String,
    },
    /// The layers follow on each other in either layout.
    #[error(
        "weights {shapes} fit as [d_in, d_out] and as [d_out, d_in] alike, and the file does not \
         say which; say --layout burn for the first, --layout pytorch for the second"
    )]
    AmbiguousLayout {
        /// Names and shapes as the file has them.
        shapes: String,
    },
    /// The layers follow on each other in more than one order.
    #[error(
        "the order of the layers {shapes} is not clear from their names; map them to layers.0, \
         layers.1, ... with --map, for example --map '{first}=layers.0'"
    )]
    AmbiguousOrder {
        /// Names and shapes as the file has them.
        shapes: String,
        /// Name of one of them.
        first: String,
    },
    /// A name to map from is the name of no tensor and of no layer.
    #[error("no tensor is named '{from}' or lies under it; the file has {names}")]
    NothingToMap {
        /// The name.
        from: String,
        /// The names that there are.
        names: String,
    },
    /// Two tensors have one name, once mapped.
    #[error("two tensors are named '{name}' after --map; map them to different names")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// The activation between the layers is not known.
    #[error(
        "nothing says which activation stands between the {layers} layers; say --activation relu, \
         sigmoid, tanh or elu"
    )]
    NoActivation {
        /// How many layers there are.
        layers: usize,
    },
    /// A number that f16 cannot hold.
    #[error(
        "element {index} of tensor '{name}' is {value}, more than f16 holds (65504); write f32"
    )]
    TooLargeForF16 {
        /// The tensor's name.
        name: String,
        /// Which element, from 0, row by row.
        index: usize,
        /// The number.
        value: f32,
    },
    /// A layer too large, or the file names an activation that does not exist here.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A device did not give its weights, or a writer failed.
    #[error("cannot encode the weights: {reason}; try again")]
    Encode {
        /// What it says.
        reason: String,
    },
    /// Layouts disagree with what a form fixes.
    #[error("a {form} file holds weights as {fixed}; leave out --layout {asked}")]
    LayoutIsFixed {
        /// The form.
        form: Form,
        /// The layout that it fixes.
        fixed: Layout,
        /// The layout that was asked for.
        asked: &'static str,
    },
}

impl ExchangeError {
    /// Whether the message names the file.
    pub fn names_the_file(&self) -> bool {
        matches!(
            self,
            Self::Unreadable { .. } | Self::UnknownForm { .. } | Self::Damaged { .. }
        )
    }

    /// Whether [`ImportOptions`](crate::ImportOptions) may help: a layout, or other names.
    pub fn is_for_options(&self) -> bool {
        matches!(
            self,
            Self::UnknownTensor { .. }
                | Self::MissingTensor { .. }
                | Self::DoesNotChain { .. }
                | Self::AmbiguousLayout { .. }
                | Self::AmbiguousOrder { .. }
        )
    }
}
