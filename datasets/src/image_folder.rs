//! A folder of images as a data set: one folder for each class, named after it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::mnist_form::MNIST_SIDE;
use crate::{DatasetError, ImageSet, Mnist, Picture, shuffled_indices};

/// The share of each class that is the test set where a folder names none: 1/7, since 10 000 of
/// MNIST's 70 000 images are for testing.
pub const HELD_OUT_FRACTION: f64 = 1.0 / 7.0;

/// Decides which images are held out. It is the same for every run, whatever its own seed, so that
/// all runs are evaluated on the same images.
const HOLD_OUT_SEED: u64 = 0;

/// Extensions of image files, in lower case.
const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "bmp"];

/// What happened to the images of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageFolder {
    /// Images held out as the test set, because the folder has none of its own; 0 if it has.
    pub held_out: usize,
    /// Images already in MNIST's format, used unchanged.
    pub kept: usize,
    /// Images converted to MNIST's format.
    pub formed: usize,
    /// Files that were skipped, since their extensions are not those of images.
    pub passed_over: usize,
}

/// Loads a folder of class-named folders of images; see [`DataFolder`](crate::DataFolder).
pub(crate) fn load(dir: &Path) -> Result<(Mnist, Vec<String>, ImageFolder), DatasetError> {
    let mut summary = ImageFolder::default();
    let [train_dir, test_dir] = ["train", "test"].map(|name| dir.join(name));
    if !(train_dir.is_dir() && test_dir.is_dir()) {
        let classes = class_folders(dir)?;
        let mut train = LabelledPixels::default();
        let mut test = LabelledPixels::default();
        for (label, class) in classes.iter().enumerate() {
            let files = image_files(&class.path, &mut summary.passed_over)?;
            let mut sides = vec![false; files.len()];
            for index in held_out(files.len(), label) {
                sides[index] = true;
            }
            for (file, is_test) in files.iter().zip(sides) {
                let side = if is_test { &mut test } else { &mut train };
                side.add(file, label, &mut summary)?;
            }
        }
        summary.held_out = test.labels.len();
        if test.labels.is_empty() {
            return Err(DatasetError::TooFewToHoldOut { path: dir.into() });
        }
        return Ok((sets(train, test)?, names(classes), summary));
    }

    let classes = class_folders(&train_dir)?;
    let mut train = LabelledPixels::default();
    for (label, class) in classes.iter().enumerate() {
        train.add_all(class, label, &mut summary)?;
    }
    let mut test = LabelledPixels::default();
    for class in class_folders(&test_dir)? {
        match classes.iter().position(|known| known.name == class.name) {
            Some(label) => test.add_all(&class, label, &mut summary)?,
            None => return Err(DatasetError::ClassUnknown { path: class.path }),
        }
    }
    Ok((sets(train, test)?, names(classes), summary))
}

/// The folder of a class.
struct ClassFolder {
    name: String,
    path: PathBuf,
}

fn names(classes: Vec<ClassFolder>) -> Vec<String> {
    classes.into_iter().map(|class| class.name).collect()
}

/// The folders in `dir`, sorted: as numbers if all names are numbers, else alphabetically.
fn class_folders(dir: &Path) -> Result<Vec<ClassFolder>, DatasetError> {
    let mut classes: Vec<ClassFolder> = entries(dir)?
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| ClassFolder {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path,
        })
        .collect();
    let number = |class: &ClassFolder| class.name.parse::<u64>().ok();
    if classes.iter().all(|class| number(class).is_some()) {
        classes.sort_by_key(number);
    }
    match classes.len() {
        0 => Err(DatasetError::NoClasses { path: dir.into() }),
        1..=256 => Ok(classes),
        got => Err(DatasetError::TooManyClasses {
            path: dir.into(),
            got,
        }),
    }
}

/// The image files in the folder of a class, sorted by name, at least one.
fn image_files(dir: &Path, passed_over: &mut usize) -> Result<Vec<PathBuf>, DatasetError> {
    let (files, others): (Vec<_>, Vec<_>) = entries(dir)?
        .into_iter()
        .filter(|path| !path.is_dir())
        .partition(|path| is_named_like_an_image(path));
    *passed_over += others.len();
    if files.is_empty() {
        return Err(DatasetError::FolderWithoutImages { path: dir.into() });
    }
    Ok(files)
}

/// The files directly in `dir` that are [named like an image](is_named_like_an_image), sorted by
/// name, without those whose names start with a dot.
///
/// # Errors
///
/// [`DatasetError::Unreadable`] if the folder cannot be listed,
/// [`DatasetError::FolderWithoutImages`] if there is no such file.
pub fn image_files_in(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    image_files(dir, &mut 0)
}

/// Whether a file has the extension of an image that can be read: `.png`, `.jpg`, `.jpeg` or `.bmp`,
/// in upper or lower case.
///
/// ```
/// assert!(datasets::is_named_like_an_image("a/3.PNG".as_ref()));
/// assert!(!datasets::is_named_like_an_image("a/notes.txt".as_ref()));
/// ```
pub fn is_named_like_an_image(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// What is in a folder, sorted by name, without hidden entries.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let unreadable = |cause| DatasetError::Unreadable {
        path: dir.into(),
        cause,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// The indices of the images of a class of `n` that are held out: [`HELD_OUT_FRACTION`] of them, at
/// least one, but never the only one.
fn held_out(n: usize, label: usize) -> impl Iterator<Item = usize> {
    let count = ((n as f64 * HELD_OUT_FRACTION).round() as usize).max(1);
    let order = shuffled_indices(n, HOLD_OUT_SEED, label as u64);
    let chosen = order.into_iter().take(count.min(n - 1));
    chosen.map(|index| index as usize)
}

/// Images in MNIST's format and their labels, while they are collected.
#[derive(Default)]
struct LabelledPixels {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl LabelledPixels {
    /// Adds all images of a class.
    fn add_all(
        &mut self,
        class: &ClassFolder,
        label: usize,
        summary: &mut ImageFolder,
    ) -> Result<(), DatasetError> {
        let files = image_files(&class.path, &mut summary.passed_over)?;
        files
            .iter()
            .try_for_each(|file| self.add(file, label, summary))
    }

    fn add(
        &mut self,
        file: &Path,
        label: usize,
        summary: &mut ImageFolder,
    ) -> Result<(), DatasetError> {
        let form = Picture::open(file)?.mnist_form()?;
        if form.kept {
            summary.kept += 1;
        } else {
            summary.formed += 1;
        }
        self.pixels.extend_from_slice(&form.pixels);
        self.labels
            .push(u8::try_from(label).expect("at most 256 classes are read"));
        Ok(())
    }

    fn into_set(self) -> Result<ImageSet, DatasetError> {
        ImageSet::new(MNIST_SIDE, MNIST_SIDE, self.pixels, self.labels)
    }
}

/// Training and test set; every class has a training image, so both have all classes.
fn sets(train: LabelledPixels, test: LabelledPixels) -> Result<Mnist, DatasetError> {
    let (train, mut test) = (train.into_set()?, test.into_set()?);
    test.adopt_classes(&train)
        .expect("a test image has the label of a training class");
    Ok(Mnist { train, test })
}
