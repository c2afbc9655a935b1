//! A data set in one of several formats.

use std::path::Path;

use crate::classes::labels;
use crate::find::Source;
use crate::hold_out::divided;
use crate::image_layout::found;
use crate::loading::{DataFolder, Loading, TestRowsOf, TestSet};
use crate::part::Part;
use crate::{DatasetError, ImageSet, LayoutError, Mnist, image_folder};

impl DataFolder {
    /// Loads the data set in `dir` with the default [`Loading`]; see [`DataFolder::load_with`].
    ///
    /// # Errors
    ///
    /// As [`DataFolder::load_with`].
    pub fn load(dir: &Path) -> Result<Self, DatasetError> {
        Self::load_with(dir, &Loading::default())
    }

    /// Loads the data set in `dir`, which has one of two formats:
    ///
    /// - Four files in MNIST's format; see [`Mnist::load`]. One of them decides for this format.
    /// - A folder for each class, named after it, with images directly in it. If
    ///   there are a folder `train` and a folder `test`, each of them has such folders. If not,
    ///   [`HELD_OUT_FRACTION`](crate::HELD_OUT_FRACTION) of each class, the same every time, is the
    ///   test set. Labels count the classes of the training set from 0 in order: as numbers if
    ///   all names are numbers, else alphabetically. Every image is [treated](crate::Treatment) alike. Names
    ///   that start with a dot are skipped, and so are files that are not
    ///   [named like an image](crate::is_named_like_an_image).
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the folder has neither format, a file is faulty, a class has no image or
    /// no training image, there are too many classes or one that is not among the known ones, or the
    /// images leave a doubt about their treatment.
    pub fn load_with(dir: &Path, loading: &Loading) -> Result<Self, DatasetError> {
        let Some(source) = Source::find(dir)? else {
            return image_folder::load(dir, loading).map_err(|error| unknown_layout(error, dir));
        };
        let form = source.form();
        let mut parts = source.read()?;
        let Some(train) = parts.take(Part::Training) else {
            return Err(LayoutError::NoTrainingSet { path: dir.into() }.into());
        };
        let (train, test) = match parts.take(Part::Test) {
            Some(test) => (train, test),
            None => {
                let divided = divided(train);
                let (train, test) =
                    divided.ok_or_else(|| DatasetError::TooFewToHoldOut { path: dir.into() })?;
                parts.notes.push(format!(
                    "no test set: {} images held out, a seventh of each class, the same in every run",
                    test.len()
                ));
                (train, test)
            }
        };
        let validation = parts.take(Part::Validation);
        let names = parts.class_names.as_deref();
        let sets = [Some(train), Some(test), validation];
        let ([train, test, validation], class_names, unmatched) = named(sets, names, loading, dir)?;
        let (Some(train), Some(test)) = (train, test) else {
            unreachable!("both sets are there");
        };
        Ok(Self {
            sets: Mnist { train, test },
            validation,
            class_names,
            form,
            image_folder: None,
            notes: parts.notes,
            left_out: vec![],
            unmatched,
        })
    }
}

impl TestSet {
    /// Loads the images of `dir` to evaluate a net on: its test set, or, if it has none, every image,
    /// or only those that [`DataFolder::load_with`] holds out, if the net was trained on the others.
    ///
    /// # Errors
    ///
    /// As [`DataFolder::load_with`].
    pub fn load(dir: &Path, loading: &Loading, only_held_out: bool) -> Result<Self, DatasetError> {
        let Some(source) = Source::find(dir)? else {
            let loaded = image_folder::load_test(dir, loading, only_held_out);
            return loaded.map_err(|error| unknown_layout(error, dir));
        };
        let mut parts = source.read_test()?;
        let too_few = || DatasetError::TooFewToHoldOut { path: dir.into() };
        let [training, validation, test] =
            [Part::Training, Part::Validation, Part::Test].map(|part| parts.take(part));
        let (training, images, rows_of) = match (training, validation, test) {
            (_, _, Some(test)) => (None, test, TestRowsOf::TestSet),
            (Some(all), _, None) if only_held_out => {
                let (training, test) = divided(all).ok_or_else(too_few)?;
                (Some(training), test, TestRowsOf::HeldOut)
            }
            (Some(training), Some(validation), None) => (
                None,
                training.followed_by(&validation),
                TestRowsOf::EveryImage,
            ),
            (Some(all), None, None) | (None, Some(all), None) => {
                (None, all, TestRowsOf::EveryImage)
            }
            (None, None, None) => {
                return Err(LayoutError::NoTrainingSet { path: dir.into() }.into());
            }
        };
        let names = parts.class_names.as_deref();
        let ([images, training], class_names, unmatched) =
            named([Some(images), training], names, loading, dir)?;
        Ok(Self {
            images: images.expect("the set is there"),
            class_names,
            rows_of,
            training,
            image_folder: None,
            notes: parts.notes,
            left_out: vec![],
            unmatched,
        })
    }
}

/// Sets, the names of their classes, and names in the class map that are not among the data's.
type NamedSets<const N: usize> = ([Option<ImageSet>; N], Vec<String>, Vec<String>);

/// Sets whose classes are numbers, with the labels and the names of the classes to be.
fn named<const N: usize>(
    sets: [Option<ImageSet>; N],
    own_names: Option<&[String]>,
    loading: &Loading,
    dir: &Path,
) -> Result<NamedSets<N>, DatasetError> {
    let there = sets.iter().flatten();
    let count = there.clone().map(ImageSet::class_count).max().unwrap_or(0);
    let labels = there.map(ImageSet::labels).collect::<Vec<_>>();
    let renamed = renamed(&labels, count, own_names, loading, dir)?;
    let classes = renamed.names.len();
    let sets = match renamed.labels {
        Some(others) => sets.map(|set| set.map(|set| set.relabelled(&others, classes))),
        None => sets,
    };
    Ok((sets, renamed.names, renamed.unmatched))
}

/// The classes of data, as a run calls them.
pub(crate) struct Renamed {
    /// The label of each class of the data, if it is another.
    pub(crate) labels: Option<Vec<usize>>,
    /// The names of the classes by label.
    pub(crate) names: Vec<String>,
    /// Names in the class map that are not among the data's.
    pub(crate) unmatched: Vec<String>,
}

/// The labels and the names of the classes to be, for the labels of all sets, which have `count` classes. Only classes
/// with images must be known.
pub(crate) fn renamed(
    labels_of_sets: &[&[u8]],
    count: usize,
    own_names: Option<&[String]>,
    loading: &Loading,
    dir: &Path,
) -> Result<Renamed, DatasetError> {
    let name = |label: usize| own_names.and_then(|names| names.get(label)).cloned();
    let numbers: Vec<String> = (0..count.max(own_names.map_or(0, <[String]>::len)))
        .map(|label| name(label).unwrap_or_else(|| label.to_string()))
        .collect();
    if loading.classes.is_none() && loading.class_map.is_empty() {
        return Ok(Renamed {
            labels: None,
            names: numbers,
            unmatched: vec![],
        });
    }
    let unmatched = loading
        .class_map
        .unmatched(numbers.iter().map(String::as_str));
    let mut is_used = vec![loading.classes.is_none(); count];
    for &label in labels_of_sets.iter().copied().flatten() {
        is_used[usize::from(label)] = true;
    }
    let used: Vec<usize> = (0..count).filter(|&label| is_used[label]).collect();
    let names: Vec<String> = used.iter().map(|&label| numbers[label].clone()).collect();
    let (found, classes) = labels(&names, loading.classes.as_deref(), &loading.class_map, dir)?;
    let mut others = vec![0; count];
    for (label, other) in used.into_iter().zip(found) {
        others[label] = other;
    }
    Ok(Renamed {
        labels: Some(others),
        names: classes,
        unmatched,
    })
}

/// The error of a folder that has no known layout.
fn unknown_layout(error: DatasetError, dir: &Path) -> DatasetError {
    match error {
        DatasetError::NoClasses { path } if path == dir => match found(dir) {
            Ok(found) => LayoutError::LayoutUnknown { path, found }.into(),
            Err(error) => error,
        },
        error => error,
    }
}
