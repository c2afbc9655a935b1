//! Options and values that several commands share.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use datasets::{ClassMap, DatasetError};
use run_folder::{Invocation, shell};
use training::number::parse::finite;
use training::{Augment, Augmentation, ClassShares, ImageKind, ImageSize};

use crate::ranks::Launch;

pub(crate) use programs::setup::{
    adapter_number, any_backend_argument as any_backend, backend_argument as backend,
};
pub(crate) use training::activation_argument as activation;

/// The trained net to use.
#[derive(Debug, Args)]
pub(crate) struct NetOptions {
    /// Run folder with the net to use.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) run: Option<PathBuf>,

    /// File of weights to use instead: safetensors, ONNX, a burnpack, or "pretrained" for the bundled net.
    /// (For PyTorch files, run import first.)
    #[arg(long, conflicts_with = "run", value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
}

/// The graphics adapter to compute on.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DeviceOption {
    /// With wgpu: the number of the graphics adapter to compute on, from 0, as backends lists them [default: the
    /// fastest kind; several processes on a machine take turns on adapters of that kind].
    #[arg(long, allow_negative_numbers = true, value_parser = adapter_number, value_name = "N")]
    pub(crate) device: Option<usize>,
}

/// Own images: what is done to them, and what their classes are called.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImageOptions {
    /// What is done to folders of images [default: as the net was trained; otherwise what the images
    /// look like, where that leaves no doubt].
    // An id of its own: `predict` has images among its arguments.
    #[arg(
        id = "kind_of_images",
        long = "images",
        value_enum,
        value_name = "KIND"
    )]
    pub(crate) images: Option<ImageKind>,

    /// Size of plain images: a side, as in 32, or columns and rows, as in 40x30, each from 1 to 1024
    /// [default: 28x28].
    #[arg(long, allow_negative_numbers = true, value_name = "SIZE")]
    pub(crate) image_size: Option<ImageSize>,

    /// File with other spellings of class names, a line for each, such as "seven = 7": the name in the
    /// data, and the class.
    #[arg(long, value_parser = class_map, value_name = "FILE")]
    pub(crate) class_map: Option<ClassMap>,
}

/// How training images are distorted.
#[derive(Debug, Clone, Args)]
pub(crate) struct AugmentOptions {
    /// Distort every training image anew in every epoch: affine rotates, scales, shears and shifts it, elastic
    /// displaces its pixels by a smooth random field, both does both [default: not at all].
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) augment: Option<Augment>,

    /// The factor of these distortions, from 0 to 3. At 1, for images of 28x28: up to 15 degrees, 15 % and 1
    /// pixel, and displacements of 1.15 pixels in the standard deviation [default: 1].
    #[arg(long, allow_negative_numbers = true, value_parser = finite, value_name = "FACTOR")]
    pub(crate) augment_strength: Option<f64>,

    /// Classes that are turned less, so that they do not become others, each with its share of the rotation,
    /// from 0 to 1, as in 1=0.5,7=0.5; or none [default: none].
    #[arg(long, value_name = "CLASS=SHARE")]
    pub(crate) augment_rotation: Option<ClassShares>,
}

impl AugmentOptions {
    /// The distortions, if there are to be any.
    pub(crate) fn augmentation(&self) -> Option<Augmentation<'_>> {
        self.augment.map(|kind| Augmentation {
            kind,
            strength: self.augment_strength.unwrap_or(1.0),
            rotation: self
                .augment_rotation
                .as_ref()
                .map_or(&[][..], |ClassShares(shares)| shares),
        })
    }
}

/// Reads the value of `--class-map`.
///
/// # Errors
///
/// As [`ClassMap::read`].
pub(crate) fn class_map(path: &str) -> Result<ClassMap, DatasetError> {
    ClassMap::read(path.as_ref())
}

/// What started this program as one of several processes, if anything did: `mpirun -n 4`.
pub(crate) fn launcher() -> Vec<String> {
    Launch::of_this_process().map_or(vec![], Launch::words)
}

/// Why arguments are refused, without the usage.
pub(crate) fn refusal(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// The word that started this program.
pub(crate) fn program() -> String {
    let program = std::env::args().next();
    program.unwrap_or_else(|| "trainer".to_owned())
}

/// The command that starts this program in the same way, with these words after it.
pub(crate) fn resume_command(words: &[String]) -> String {
    let [launcher, program] = [launcher(), vec![program()]];
    let words = launcher.iter().chain(&program).chain(words);
    shell::line(words.map(String::as_str))
}

/// How this program was started, for a run's configuration.
pub(crate) fn invocation() -> Invocation {
    Invocation {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
        launcher: launcher(),
        working_folder: std::env::current_dir().unwrap_or_default(),
    }
}

/// An error if the file or folder that `--out` names already exists.
///
/// # Errors
///
/// If it exists, or if that cannot be determined.
pub(crate) fn refuse_existing(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => bail!(
            "{} already exists; name another with --out, or delete it first",
            path.display()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(anyhow!(
            "cannot write {}: {error}; name another with --out",
            path.display()
        )),
    }
}

/// The command line in words, as a page shows it.
pub(crate) fn command_line() -> String {
    in_words(&invocation())
}

/// The command line of some process of this program in words.
pub(crate) fn in_words(invocation: &Invocation) -> String {
    let arguments = invocation.command.iter().skip(1).map(String::as_str);
    let words = invocation.launcher.iter().map(String::as_str);
    let words = words.chain(["trainer"]).chain(arguments);
    words.collect::<Vec<_>>().join(" ")
}
