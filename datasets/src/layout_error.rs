//! What is wrong with the layout of a folder.

use std::path::{Path, PathBuf};

/// The layouts that are read.
const KNOWN: &str = "four IDX files with the names of MNIST, EMNIST or QMNIST, CSV files (label, pixels), \
                     .npz or .npy arrays, and a folder of images for each class, also within train, val \
                     and test";

/// What is wrong with the files and folders of a data set, whatever is in them; part of
/// [`DatasetError`](crate::DatasetError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The folder is a data set in none of the known layouts.
    #[error(
        "{}: expected a data set, got {}; known layouts are {KNOWN}",
        .path.display(),
        listed(.found)
    )]
    LayoutUnknown {
        /// The folder.
        path: PathBuf,
        /// What is in it, by name; names of folders end with a slash.
        found: Vec<String>,
    },

    /// A file is no data set in any of the known layouts.
    #[error(
        "{}: expected a folder or a file with a data set, got {got}; {remedy}; known layouts are {KNOWN}",
        .path.display()
    )]
    FileUnknown {
        /// The file.
        path: PathBuf,
        /// What it is.
        got: &'static str,
        /// What to do.
        remedy: &'static str,
    },

    /// Images are in no class folders, and a table seems to have their labels.
    #[error(
        "{}: expected a folder of images for each class, got images next to {}; a table of labels is \
         not read, so sort the images into a folder for each class",
        .path.display(),
        .table.display()
    )]
    LabelsInTable {
        /// The folder of the images.
        path: PathBuf,
        /// The table.
        table: PathBuf,
    },

    /// Two folders or files are the same part of a data set.
    #[error(
        "{}: expected one folder or file for each part of the data set, got {} and {}; remove one, \
         or name one of them instead",
        .path.display(),
        .names[0],
        .names[1]
    )]
    PartTwice {
        /// The folder that has both.
        path: PathBuf,
        /// The two.
        names: [String; 2],
    },

    /// A folder has the files of several data sets.
    #[error(
        "{}: expected the files of one data set, got those of {}; name one of them, as in {}",
        .path.display(),
        listed(.names),
        .path.join(.names.iter().find(|name| !name.is_empty()).map_or("", |name| name)).display()
    )]
    SeveralSets {
        /// The folder.
        path: PathBuf,
        /// The start of the names of each set's files; empty for MNIST's.
        names: Vec<String>,
    },

    /// Images have no labels, or labels no images.
    #[error(
        "{}: expected a file of images and one of labels, got only this one; add the other, with the \
         same name but for images and labels",
        .path.display()
    )]
    WithoutCounterpart {
        /// The file that is there.
        path: PathBuf,
    },

    /// A folder has a test or validation set and nothing to learn from.
    #[error(
        "{}: expected a training set, got other parts only; add a folder train, or name a folder \
         that has one",
        .path.display()
    )]
    NoTrainingSet {
        /// The folder.
        path: PathBuf,
    },

    /// Images of a folder cannot be read or have nothing to see.
    #[error("{}", bad_images(.path, *.total, .bad))]
    BadImages {
        /// The folder of the data set.
        path: PathBuf,
        /// Images that the folder has.
        total: usize,
        /// For each bad image, its path and the reason.
        bad: Vec<String>,
    },

    /// All training images of a class were left out.
    #[error(
        "{}: expected a training image that can be read, got none; add images of this class, or \
         remove the folder",
        .path.display()
    )]
    ClassWithoutReadableImages {
        /// The folder of the class.
        path: PathBuf,
    },
}

/// The most names of a folder that a message lists.
const LISTED_NAMES: usize = 8;

/// The most bad images that a message lists.
const LISTED_IMAGES: usize = 10;

/// What is in a folder, in words.
fn listed(names: &[String]) -> String {
    let rest = names.len().saturating_sub(LISTED_NAMES);
    let listed = names[..names.len() - rest].join(", ");
    match (names.len(), rest) {
        (0, _) => "an empty folder".to_owned(),
        (_, 0) => listed,
        (_, rest) => format!("{listed} and {rest} more"),
    }
}

/// One bad image in its own words; of several the number, the remedy, and a list of the first.
fn bad_images(path: &Path, total: usize, bad: &[String]) -> String {
    if let [only] = bad {
        return format!("{only}, or leave it out with --skip-bad");
    }
    let rest = bad.len().saturating_sub(LISTED_IMAGES);
    let mut text = format!(
        "{}: expected {total} images that can be used, got {} that cannot be; correct them, or leave \
         them out with --skip-bad:",
        path.display(),
        bad.len()
    );
    for reason in &bad[..bad.len() - rest] {
        text += "\n  ";
        text += reason;
    }
    if rest > 0 {
        text += &format!("\n  and {rest} more");
    }
    text
}
