//! Options and values that several commands share.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use datasets::{ClassMap, DatasetError};
use run_folder::Invocation;
use training::{ImageKind, ImageSize};

pub(crate) use programs::setup::backend_argument as backend;
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

/// Reads the value of `--class-map`.
///
/// # Errors
///
/// As [`ClassMap::read`].
pub(crate) fn class_map(path: &str) -> Result<ClassMap, DatasetError> {
    ClassMap::read(path.as_ref())
}

/// How this program was started, for a run's configuration.
pub(crate) fn invocation() -> Invocation {
    Invocation {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect(),
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
    let arguments = std::env::args_os().skip(1);
    arguments.fold("trainer".to_owned(), |line, argument| {
        format!("{line} {}", argument.to_string_lossy())
    })
}
