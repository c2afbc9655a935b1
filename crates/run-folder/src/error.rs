//! Errors of run folders.

use std::io;
use std::path::{Path, PathBuf};

use backends::BackendError;
use datasets::{DatasetError, Treatment};
use training::{ModelName, SettingsError, TrainingError};
use weight_exchange::ExchangeError;

use crate::remedies::{or_resize, remedy, run_in};

/// Why a run folder, a checkpoint or a file of weights cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFolderError {
    /// The folder for run folders cannot be written.
    #[error(
        "cannot write to out-dir {}: {cause}; name a folder that you may write to with --out-dir",
        path.display()
    )]
    OutDir {
        /// The folder for run folders.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
    /// The file system refuses the name of a run folder.
    #[error("cannot make the folder {}: {cause}; choose another --run-name", path.display())]
    RunName {
        /// The folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
    /// A folder without a configuration.
    #[error(
        "{} is not a run folder: expected a config.json in it, found none; {}",
        path.display(), run_in(path)
    )]
    NotARunFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error(
        "another process trains in {}; wait until it ends, or stop it",
        path.display()
    )]
    InUse {
        /// The run folder.
        path: PathBuf,
    },
    /// The file system refuses the lock.
    #[error(
        "cannot lock {}: {cause}; use a folder that you may write to, on a file system with locks",
        path.display()
    )]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
    /// A file of the run cannot be written.
    #[error(
        "cannot write {what} in {}: {cause}; what was written before is intact: {}, then continue \
         with {resume_options}",
        path.display(),
        remedy(cause)
    )]
    Unwritable {
        /// The file, or "a checkpoint".
        what: String,
        /// The run folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
        /// With which the run continues.
        resume_options: String,
    },
    /// The run folder was moved or deleted during the run.
    #[error(
        "cannot write {what} in {}: the folder is gone; if it was moved, continue with --resume and its \
         new path, otherwise train again",
        path.display()
    )]
    Gone {
        /// The file, or "a checkpoint".
        what: String,
        /// The former path of the run folder.
        path: PathBuf,
    },
    /// A file of the run cannot be read.
    #[error("cannot read {}: {cause}; make it readable, or leave this run out", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
    /// A file that is not a valid configuration.
    #[error(
        "{} is damaged or from another version of trainer: {cause}; train again",
        path.display()
    )]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A configuration that JSON cannot represent.
    #[error("cannot write the configuration as JSON: {0}; use paths of valid UTF-8")]
    NotJson(serde_json::Error),
    /// A configuration that is too long for a checkpoint.
    #[error("the configuration is too long for a checkpoint; use shorter paths")]
    ConfigurationTooLong,
    /// A line of the metrics is not a valid entry.
    #[error(
        "line {line} of {} is not an event of a run: {cause}; delete that line",
        path.display()
    )]
    Line {
        /// From 1.
        line: usize,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A file of metrics, or a line of it, that is longer than any run writes.
    #[error(
        "{} is longer than the metrics of a run: expected at most 512 MiB, and 1 MiB a line; restore the \
         file, or leave this run out",
        path.display()
    )]
    MetricsTooLong {
        /// The file.
        path: PathBuf,
    },
    /// Bytes that are not an intact checkpoint; the text says what is wrong.
    #[error("{0}")]
    Checkpoint(String),
    /// All checkpoints of a run are damaged.
    #[error(
        "cannot continue {}: no checkpoint can be read ({damage}); train again with the options in its \
         config.json",
        path.display()
    )]
    NoWholeCheckpoint {
        /// The run folder.
        path: PathBuf,
        /// What is wrong with each.
        damage: String,
    },
    /// A run with epochs after its last checkpoint.
    #[error(
        "{} has no checkpoint left: this run cannot be resumed; train again with the options in its \
         config.json",
        path.display()
    )]
    NoCheckpoint {
        /// The run folder.
        path: PathBuf,
    },
    /// A run that never trained.
    #[error(
        "{} holds imported weights: there is no training to continue; use them with eval, predict, \
         report or export",
        path.display()
    )]
    Imported {
        /// The run folder.
        path: PathBuf,
    },
    /// Fewer epochs than the run already has.
    #[error("--epochs {epochs} is less than the {done} completed epochs; give at least {done}")]
    FewerEpochs {
        /// Requested epochs.
        epochs: usize,
        /// Epochs done.
        done: usize,
    },
    /// A data folder for a run without one.
    #[error("--data-dir does not apply to a run on the truth table; leave it out")]
    NoDataFolder,
    /// Data for a net of another size.
    #[error(
        "the data need a net with layers of {got:?} units, but the run's net has {expected:?}; name \
         the data that the run started with, using --data-dir"
    )]
    OtherSizes {
        /// Of the run.
        expected: Vec<usize>,
        /// Of the data.
        got: Vec<usize>,
    },
    /// Data with other bytes, in a folder whose test set a run held out.
    #[error(
        "the images of {} differ from those that the net was trained on, so that a seventh of them, held \
         out now, would contain images of the training; restore the folder, or evaluate on new images \
         alone, in a folder of their own, with --data-dir",
        path.display()
    )]
    HeldOutChanged {
        /// The data.
        path: PathBuf,
    },
    /// Members of a committee that do not answer the same question.
    #[error("{} cannot be in a committee with {}: {why}", other.display(), first.display())]
    Committee {
        /// The first member.
        first: PathBuf,
        /// The other.
        other: PathBuf,
        /// The reason, with the remedy.
        why: &'static str,
    },
    /// Data with other bytes.
    #[error(
        "the training data differ from those at the start of the run; pass the original folder with --data-dir"
    )]
    OtherData,
    /// Weights that do not load.
    #[error("cannot load the weights of {}: {why}; train again", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Weights that differ from their checksum.
    #[error(
        "{} differs from its checksum in weights.sha256 next to it, so one of the two is damaged; restore \
         both from a copy, or train again",
        path.display()
    )]
    Checksum {
        /// The file of weights.
        path: PathBuf,
    },
    /// Checksums that are none.
    #[error(
        "{} is damaged: expected a line with 64 hexadecimal digits for {name}, got none; restore it from \
         a copy, or, if you trust the weights, write it again with sha256sum {} {}",
        path.display(), crate::files::WEIGHTS, crate::files::WEIGHTS_FOR_OTHERS
    )]
    Checksums {
        /// The file of checksums.
        path: PathBuf,
        /// The file of weights.
        name: String,
    },
    /// Weights whose sizes differ from the configuration next to them.
    #[error(
        "{} has layers of {got:?} units, but config.json next to it says {expected:?}; train again",
        path.display()
    )]
    WeightSizes {
        /// The file of weights.
        path: PathBuf,
        /// Of the configuration.
        expected: Vec<usize>,
        /// Of the file.
        got: Vec<usize>,
    },
    /// A folder where a file of weights is expected.
    #[error(
        "{} is a folder; name a run folder with --run, a file of weights with --weights",
        path.display()
    )]
    WeightsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A weight file that needs options that only `import` has.
    #[error(
        "{cause}; use trainer import, which has the options named here, then name its folder with {option}"
    )]
    NeedsImport {
        /// What is wrong with the file.
        cause: Box<RunFolderError>,
        /// The option that takes a run folder.
        option: &'static str,
    },
    /// A file of weights without the name of its activation.
    #[error(
        "{path} does not say which activation follows its hidden layers; run trainer import --from \
         {path} --activation relu (or another), then name its folder with {option}",
        path = path.display()
    )]
    NoActivation {
        /// The file.
        path: PathBuf,
        /// The option that takes a run folder.
        option: &'static str,
    },
    /// A choice that contradicts the weights to start from.
    #[error(
        "{option} {chosen} does not fit the weights of {weights}, which have {here}; leave out {option}, \
         or --init"
    )]
    InitialChoice {
        /// Where the weights come from.
        weights: String,
        /// The option.
        option: &'static str,
        /// What the weights have.
        here: String,
        /// What was chosen.
        chosen: String,
    },
    /// Weights to start from that take other inputs than the data have.
    #[error(
        "the weights of {weights} have layers of {here:?} units, but the data need {wanted:?}; name data \
         with images of the weights' size, or leave out --init"
    )]
    InitialInputs {
        /// Where the weights come from.
        weights: String,
        /// Units of their layers, inputs first.
        here: Vec<usize>,
        /// Units of the layers that the data need.
        wanted: Vec<usize>,
    },
    /// Weights to start from that know other classes than the data have.
    #[error(
        "the weights of {weights} know {here}, but the data have {wanted}; pass --new-head to draw the \
         last layer again, or map the names with --class-map if they mean the same"
    )]
    InitialClasses {
        /// Where the weights come from.
        weights: String,
        /// Their classes, in words.
        here: String,
        /// The classes of the data.
        wanted: String,
    },
    /// A scale of pixels for a net that takes no images.
    #[error(
        "--input-mean, --input-std and --check do not apply to xor-net, which takes no images; leave \
         them out"
    )]
    NoImages,
    /// A treatment of images for a net that takes none.
    #[error(
        "--images and --image-size do not apply to xor-net, which takes no images; leave them out"
    )]
    NoImageTreatment,
    /// A treatment of images that contradicts the file.
    #[error("the file says that its net takes images as {file}; leave out --images, or name these")]
    OtherImages {
        /// The file's.
        file: Treatment,
    },
    /// A treatment of images that gives another number of pixels than the net takes.
    #[error(
        "the net takes {inputs} inputs, but {asked} gives {} pixels; give the size of its images with \
         --images plain --image-size",
        .asked.size().iter().product::<usize>()
    )]
    ImagesOfOtherSize {
        /// Inputs of the net.
        inputs: usize,
        /// The requested treatment.
        asked: Treatment,
    },
    /// A treatment of images in a file that is not known.
    #[error(
        "the file says that images of {columns}x{rows} pixels were taken as {treatment:?}, expected \
         \"strokes\" with 28x28 or \"plain\"; export the net again, or remove this entry of its metadata"
    )]
    UnknownImages {
        /// Its name.
        treatment: String,
        /// Columns of the images.
        columns: usize,
        /// Rows of the images.
        rows: usize,
    },
    /// A run folder that cannot be made from weights.
    #[error(
        "cannot make run folder {}: {cause}; name one in a folder that you may write to with --out",
        path.display()
    )]
    CannotMake {
        /// The run folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
    /// Layers that the model does not have.
    #[error(
        "layers of {sizes:?} units are not those of {model}, which has {}; choose --model mnist-mlp, \
         which takes any",
        layers_of(*model)
    )]
    OtherModel {
        /// Units of every layer, inputs first.
        sizes: Vec<usize>,
        /// The requested model.
        model: ModelName,
    },
    /// A function after the last layer that the model does not have.
    #[error(
        "the file says that {function} follows the last layer, but {model} does not have it there; \
         choose another --model"
    )]
    OutputActivation {
        /// Name of the function.
        function: String,
        /// The requested model.
        model: ModelName,
    },
    /// Test images of another size than the net's input.
    #[error(
        "the net takes {expected} inputs, but the images of {} have {got} pixels; name the data that it \
         was trained on with --data-dir{}",
        path.display(),
        or_resize(*is_resized)
    )]
    ImageSize {
        /// The data folder.
        path: PathBuf,
        /// Inputs of the net.
        expected: usize,
        /// Pixels of an image.
        got: usize,
        /// Whether the data are image files, which are resized.
        is_resized: bool,
    },
    /// An error in a file whose message has no path.
    #[error("{}: {cause}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: Box<RunFolderError>,
    },
    /// Weights cannot be read from a file or written to one.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// A net, its device or its state.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// Choices that contradict the run.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DatasetError),
    /// The backend.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl RunFolderError {
    /// For `map_err` when a file or folder cannot be read.
    pub(crate) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Self {
        move |cause| Self::Unreadable {
            path: path.to_owned(),
            cause,
        }
    }

    /// The same, with the option that takes a run folder where a file was named.
    pub(crate) fn for_option(self, option: &'static str) -> Self {
        match self {
            Self::NeedsImport { cause, .. } => Self::NeedsImport { cause, option },
            Self::NoActivation { path, .. } => Self::NoActivation { path, option },
            other => other,
        }
    }

    /// The same with the path in front.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        Self::InFile {
            path: path.to_owned(),
            cause: Box::new(self),
        }
    }
}

fn layers_of(model: ModelName) -> &'static str {
    match model {
        ModelName::MnistMlp => "any",
        ModelName::XorNet => "2 inputs, one hidden layer and 1 output",
        ModelName::LinearRegression => "one layer",
    }
}
