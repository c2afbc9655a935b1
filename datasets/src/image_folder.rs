//! A folder of images as a data set: one folder for each class, named after it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::appearance::Appearance;
use crate::classes::{label_of_class, labels, sort_classes};
use crate::idx::MAX_BODY_BYTES;
use crate::loading::{ImageFolder, Loading, TestRowsOf, TestSet};
use crate::mnist_form::MNIST_SIDE;
use crate::{DatasetError, FolderError, ImageSet, Mnist, Picture, Treatment, shuffled_indices};

/// The share of each class that is the test set where a folder names none: 1/7, since 10 000 of
/// MNIST's 70 000 images are for testing.
pub const HELD_OUT_FRACTION: f64 = 1.0 / 7.0;

/// Decides which images are held out. It is the same for every run, whatever its own seed, so that
/// all runs are evaluated on the same images.
const HOLD_OUT_SEED: u64 = 0;

/// Extensions of image files, in lower case.
const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "bmp"];

/// Loads a folder of class-named folders of images; see [`DataFolder`](crate::DataFolder).
pub(crate) fn load(
    dir: &Path,
    loading: &Loading,
) -> Result<(Mnist, Vec<String>, ImageFolder), DatasetError> {
    let mut summary = ImageFolder::default();
    let [train_dir, test_dir] = ["train", "test"].map(|name| dir.join(name));
    if !(train_dir.is_dir() && test_dir.is_dir()) {
        let (classes, names) = labelled(class_folders(dir)?, loading, dir)?;
        let files = files_of(&classes, &mut summary.passed_over)?;
        summary.decide(&files, loading, dir)?;
        let mut train = LabelledPixels::default();
        let mut test = LabelledPixels::default();
        for (label, files) in &files {
            let mut sides = vec![false; files.len()];
            for index in held_out(files.len(), *label) {
                sides[index] = true;
            }
            for (file, is_test) in files.iter().zip(sides) {
                let side = if is_test { &mut test } else { &mut train };
                side.add(file, *label, &mut summary)?;
            }
        }
        summary.held_out = test.labels.len();
        if test.labels.is_empty() {
            return Err(DatasetError::TooFewToHoldOut { path: dir.into() });
        }
        return Ok((
            sets(train, test, names.len(), summary.treatment)?,
            names,
            summary,
        ));
    }

    let (classes, names) = labelled(class_folders(&train_dir)?, loading, &train_dir)?;
    let files = files_of(&classes, &mut summary.passed_over)?;
    let mut test_classes = Vec::new();
    for class in class_folders(&test_dir)? {
        match label_of_class(&class.name, &names, &loading.class_map) {
            Some(label) => test_classes.push((label, class)),
            None => return Err(DatasetError::ClassUnknown { path: class.path }),
        }
    }
    let test_files = files_of(&test_classes, &mut summary.passed_over)?;
    summary.decide(&[&files[..], &test_files].concat(), loading, dir)?;
    let train = LabelledPixels::of(&files, &mut summary)?;
    let test = LabelledPixels::of(&test_files, &mut summary)?;
    Ok((
        sets(train, test, names.len(), summary.treatment)?,
        names,
        summary,
    ))
}

/// Loads the test set of a folder of class-named folders of images; see
/// [`TestSet`](crate::TestSet).
pub(crate) fn load_test(
    dir: &Path,
    loading: &Loading,
    only_held_out: bool,
) -> Result<TestSet, DatasetError> {
    let mut summary = ImageFolder::default();
    let [train_dir, test_dir] = ["train", "test"].map(|name| dir.join(name));
    let has_test_set = train_dir.is_dir() && test_dir.is_dir();
    let place = if has_test_set { &test_dir } else { dir };
    let (classes, class_names) = labelled(class_folders(place)?, loading, place)?;
    let mut files = files_of(&classes, &mut summary.passed_over)?;
    let rows_of = match (has_test_set, only_held_out) {
        (true, _) => TestRowsOf::TestSet,
        (false, false) => TestRowsOf::EveryImage,
        (false, true) => {
            for (label, files) in &mut files {
                let mut chosen: Vec<usize> = held_out(files.len(), *label).collect();
                chosen.sort_unstable();
                *files = chosen
                    .into_iter()
                    .map(|index| files[index].clone())
                    .collect();
            }
            summary.held_out = files.iter().map(|(_, files)| files.len()).sum();
            if summary.held_out == 0 {
                return Err(DatasetError::TooFewToHoldOut { path: dir.into() });
            }
            TestRowsOf::HeldOut
        }
    };
    summary.decide(&files, loading, dir)?;
    let images = LabelledPixels::of(&files, &mut summary)?;
    Ok(TestSet {
        images: images.into_set(class_names.len(), summary.treatment)?,
        class_names,
        rows_of,
        image_folder: Some(summary),
    })
}

/// The image files of a class, with its label.
type ClassFiles = (usize, Vec<PathBuf>);

/// The folder of a class, with its label.
type LabelledFolder = (usize, ClassFolder);

/// The classes with their labels, in the order of the labels, and the names of all classes.
fn labelled(
    classes: Vec<ClassFolder>,
    loading: &Loading,
    dir: &Path,
) -> Result<(Vec<LabelledFolder>, Vec<String>), DatasetError> {
    let own: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
    let (labels, names) = labels(&own, loading.classes.as_deref(), &loading.class_map, dir)?;
    let mut classes: Vec<_> = labels.into_iter().zip(classes).collect();
    classes.sort_by_key(|(label, _)| *label);
    Ok((classes, names))
}

/// The image files of each class.
fn files_of(
    classes: &[LabelledFolder],
    passed_over: &mut usize,
) -> Result<Vec<ClassFiles>, DatasetError> {
    let files = classes.iter();
    let files = files.map(|(label, class)| Ok((*label, image_files(&class.path, passed_over)?)));
    files.collect()
}

/// Images, at most, that are looked at to decide what is done to all of them.
const LOOKED_AT: usize = 60;

/// The least share of strokes that decides for them.
const STROKES: f64 = 0.9;

/// The least share of photographs that decides for plain images, and the largest share of strokes
/// among these.
const PHOTOGRAPHS: f64 = 1.0 / 3.0;
const STROKES_AMONG_PHOTOGRAPHS: f64 = 0.1;

impl ImageFolder {
    /// Decides what is done to the images, and checks that they can be held in memory.
    fn decide(
        &mut self,
        files: &[ClassFiles],
        loading: &Loading,
        dir: &Path,
    ) -> Result<(), DatasetError> {
        self.is_chosen = loading.treatment.is_none();
        self.treatment = match loading.treatment {
            Some(treatment) => treatment,
            None => treatment_that_fits(files, dir)?,
        };
        let [rows, columns] = self.treatment.size();
        let images = files.iter().map(|(_, files)| files.len()).sum::<usize>();
        if (images as u128) * (rows as u128) * (columns as u128) > u128::from(MAX_BODY_BYTES) {
            return Err(FolderError::FolderTooLarge {
                path: dir.into(),
                limit: MAX_BODY_BYTES,
                images,
                rows,
                columns,
            }
            .into());
        }
        Ok(())
    }
}

/// The treatment that the images leave no doubt about. An image that cannot be read is left to who
/// needs it.
fn treatment_that_fits(files: &[ClassFiles], dir: &Path) -> Result<Treatment, DatasetError> {
    let files: Vec<&PathBuf> = files.iter().flat_map(|(_, files)| files).collect();
    let step = files.len().div_ceil(LOOKED_AT).max(1);
    let (mut strokes, mut photographs, mut unclear) = (0, 0, 0);
    for file in files.into_iter().step_by(step) {
        match Picture::open(file).map(|picture| picture.appearance()) {
            Ok(Appearance::Strokes) => strokes += 1,
            Ok(Appearance::Photograph) => photographs += 1,
            Ok(Appearance::Unclear) => unclear += 1,
            Err(_) => {}
        }
    }
    let all = f64::from(strokes + photographs + unclear);
    let [drawn, taken] = [strokes, photographs].map(|count| f64::from(count) / all.max(1.0));
    if all == 0.0 || drawn >= STROKES && photographs == 0 {
        Ok(Treatment::Strokes)
    } else if taken >= PHOTOGRAPHS && drawn <= STROKES_AMONG_PHOTOGRAPHS {
        Ok(Treatment::Plain {
            rows: MNIST_SIDE,
            columns: MNIST_SIDE,
        })
    } else {
        let [strokes, photographs, unclear] = [strokes, photographs, unclear].map(|n| n as usize);
        Err(FolderError::TreatmentUnclear {
            path: dir.into(),
            strokes,
            photographs,
            unclear,
        }
        .into())
    }
}

/// The folder of a class.
struct ClassFolder {
    name: String,
    path: PathBuf,
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
    sort_classes(&mut classes, |class| &class.name);
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

/// Treated images and their labels, while they are collected.
#[derive(Default)]
struct LabelledPixels {
    pixels: Vec<u8>,
    labels: Vec<u8>,
}

impl LabelledPixels {
    /// All images of these classes.
    fn of(files: &[ClassFiles], summary: &mut ImageFolder) -> Result<Self, DatasetError> {
        let mut images = Self::default();
        for (label, files) in files {
            for file in files {
                images.add(file, *label, summary)?;
            }
        }
        Ok(images)
    }

    fn add(
        &mut self,
        file: &Path,
        label: usize,
        summary: &mut ImageFolder,
    ) -> Result<(), DatasetError> {
        let form = Picture::open(file)?.treated(summary.treatment)?;
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

    fn into_set(self, classes: usize, treatment: Treatment) -> Result<ImageSet, DatasetError> {
        let [rows, columns] = treatment.size();
        let same: Vec<usize> = (0..classes).collect();
        let set = ImageSet::new(rows, columns, self.pixels, self.labels)?;
        Ok(set.relabelled(&same, classes))
    }
}

/// Training and test set, both with all classes.
fn sets(
    train: LabelledPixels,
    test: LabelledPixels,
    classes: usize,
    treatment: Treatment,
) -> Result<Mnist, DatasetError> {
    Ok(Mnist {
        train: train.into_set(classes, treatment)?,
        test: test.into_set(classes, treatment)?,
    })
}
