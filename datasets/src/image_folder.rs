//! A folder of images as a data set: one folder for each class, named after it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::appearance::Appearance;
use crate::classes::{label_of_class, labels, sort_classes};
use crate::hold_out::held_out;
use crate::idx::MAX_BODY_BYTES;
use crate::image_kind::is_named_like_an_image;
use crate::image_layout::{self, ImageLayout, entries};
use crate::loading::{DataFolder, ImageFolder, Loading, TestRowsOf, TestSet};
use crate::mnist_form::{MNIST_SIDE, MnistForm};
use crate::{DatasetError, FolderError, ImageSet, LayoutError, Mnist, Picture, Treatment};

/// Loads a folder of class-named folders of images; see [`DataFolder`](crate::DataFolder).
pub(crate) fn load(dir: &Path, loading: &Loading) -> Result<DataFolder, DatasetError> {
    let layout = ImageLayout::of(dir)?;
    let Some(training) = &layout.training else {
        return Err(LayoutError::NoTrainingSet { path: dir.into() }.into());
    };
    let mut gathered = Gathered::default();
    let passed_over = &mut gathered.summary.passed_over;
    let folders = class_folders(training)?;
    let mut unmatched = unmatched(&folders, loading);
    let (classes, names) = labelled(folders, loading, training)?;
    let training_files = files_of(&classes, passed_over)?;
    let mut others = Vec::new();
    for part in [&layout.validation, &layout.test] {
        let files = part.as_ref().map(|part| {
            let mut classes = Vec::new();
            for class in class_folders(part)? {
                unmatched.retain(|name| *name != class.name);
                match label_of_class(&class.name, &names, &loading.class_map) {
                    Some(label) => classes.push((label, class)),
                    None => return Err(DatasetError::ClassUnknown { path: class.path }),
                }
            }
            files_of(&classes, passed_over)
        });
        others.push(files.transpose()?);
    }
    let [validation, test] = [&others[0], &others[1]];
    let all = [Some(&training_files), validation.as_ref(), test.as_ref()];
    let all = all.into_iter().flatten().flatten();
    gathered
        .summary
        .decide(&all.cloned().collect::<Vec<_>>(), loading, dir)?;

    let (train, test) = match test {
        Some(test) => (gathered.all(&training_files), gathered.all(test)),
        None => gathered.divided(&training_files),
    };
    let validation = validation.as_ref().map(|files| gathered.all(files));
    gathered.refuse_bad_images(dir, loading)?;
    if layout.test.is_none() {
        gathered.summary.held_out = test.labels.len();
        if test.labels.is_empty() {
            let path = training.clone();
            return Err(DatasetError::TooFewToHoldOut { path });
        }
    }
    for (label, class) in &classes {
        if !train.labels.iter().any(|l| usize::from(*l) == *label) {
            let path = class.path.clone();
            return Err(LayoutError::ClassWithoutReadableImages { path }.into());
        }
    }
    let treatment = gathered.summary.treatment;
    let set = |pixels: LabelledPixels| pixels.into_set(names.len(), treatment);
    Ok(DataFolder {
        sets: Mnist {
            train: set(train)?,
            test: set(test)?,
        },
        validation: validation.map(set).transpose()?,
        class_names: names,
        form: "images",
        image_folder: Some(gathered.summary),
        notes: layout.notes,
        left_out: gathered.bad,
        unmatched,
    })
}

/// Loads the test set of a folder of class-named folders of images; see
/// [`TestSet`](crate::TestSet).
pub(crate) fn load_test(
    dir: &Path,
    loading: &Loading,
    only_held_out: bool,
) -> Result<TestSet, DatasetError> {
    let mut gathered = Gathered::default();
    let layout = ImageLayout::of(dir)?;
    let parts = [&layout.training, &layout.validation];
    let (rows_of, parts) = match (&layout.test, only_held_out) {
        (Some(_), _) => (TestRowsOf::TestSet, vec![&layout.test]),
        (None, true) => (TestRowsOf::HeldOut, vec![&layout.training]),
        (None, false) => (TestRowsOf::EveryImage, parts.to_vec()),
    };
    let mut folders = Vec::new();
    for part in parts.into_iter().flatten() {
        folders.extend(class_folders(part)?);
    }
    if folders.is_empty() {
        return Err(LayoutError::NoTrainingSet { path: dir.into() }.into());
    }
    sort_classes(&mut folders, |class| &class.name);
    let unmatched = unmatched(&folders, loading);
    let (classes, class_names) = labelled(folders, loading, dir)?;
    let files = files_of(&classes, &mut gathered.summary.passed_over)?;
    gathered.summary.decide(&files, loading, dir)?;
    let (training, images) = match rows_of {
        TestRowsOf::HeldOut => gathered.divided(&files),
        TestRowsOf::TestSet | TestRowsOf::EveryImage => {
            (LabelledPixels::default(), gathered.all(&files))
        }
    };
    gathered.refuse_bad_images(dir, loading)?;
    if rows_of == TestRowsOf::HeldOut {
        if images.labels.is_empty() {
            return Err(DatasetError::TooFewToHoldOut { path: dir.into() });
        }
        // The others are for comparison only.
        gathered.summary.held_out = images.labels.len();
        gathered.summary.kept = images.kept;
        gathered.summary.formed = images.labels.len() - images.kept;
    }
    let treatment = gathered.summary.treatment;
    let set = |pixels: LabelledPixels| pixels.into_set(class_names.len(), treatment);
    let learned = !training.labels.is_empty();
    Ok(TestSet {
        training: learned.then(|| set(training)).transpose()?,
        images: set(images)?,
        class_names,
        rows_of,
        image_folder: Some(gathered.summary),
        notes: layout.notes,
        left_out: gathered.bad,
        unmatched,
    })
}

/// Names in the class map that no folder has.
fn unmatched(folders: &[ClassFolder], loading: &Loading) -> Vec<String> {
    let names = folders.iter().map(|folder| &folder.name[..]);
    loading.class_map.unmatched(names)
}

/// The image files of a class, with its label.
type ClassFiles = (usize, Vec<PathBuf>);

/// The folder of a class, with its label.
type LabelledFolder = (usize, ClassFolder);

/// The classes with their labels, in the order of the labels, and the names of all classes. Several
/// parts of the data may have a class.
fn labelled(
    classes: Vec<ClassFolder>,
    loading: &Loading,
    dir: &Path,
) -> Result<(Vec<LabelledFolder>, Vec<String>), DatasetError> {
    let mut own: Vec<String> = Vec::new();
    for class in &classes {
        if !own.contains(&class.name) {
            own.push(class.name.clone());
        }
    }
    if own.len() > MOST_CLASSES {
        return Err(DatasetError::TooManyClasses {
            path: dir.into(),
            got: own.len(),
        });
    }
    let (labels, names) = labels(&own, loading.classes.as_deref(), &loading.class_map, dir)?;
    let labels: HashMap<&String, usize> = own.iter().zip(labels).collect();
    let mut classes: Vec<_> = classes
        .into_iter()
        .map(|class| (labels[&class.name], class))
        .collect();
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
const STROKES: f64 = 0.8;

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

/// The treatment that the images leave no doubt about.
fn treatment_that_fits(files: &[ClassFiles], dir: &Path) -> Result<Treatment, DatasetError> {
    let files: Vec<&PathBuf> = files.iter().flat_map(|(_, files)| files).collect();
    let step = files.len().div_ceil(LOOKED_AT).max(1);
    let (mut strokes, mut photographs, mut unclear) = (0, 0, 0);
    for file in files.into_iter().step_by(step) {
        match Picture::open(file).map(|picture| picture.appearance()) {
            Ok(Appearance::Strokes) => strokes += 1,
            Ok(Appearance::Photograph) => photographs += 1,
            Ok(Appearance::Unclear) => unclear += 1,
            // They speak for neither; who needs the image says what is wrong with it.
            Ok(Appearance::Blank) | Err(_) => {}
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

/// The most classes: a label is one byte.
const MOST_CLASSES: usize = 256;

/// The folder of a class.
struct ClassFolder {
    name: String,
    path: PathBuf,
}

/// The folders in `dir`, sorted: as numbers if all names are numbers, else alphabetically.
fn class_folders(dir: &Path) -> Result<Vec<ClassFolder>, DatasetError> {
    let folders = image_layout::folders(dir)?.into_iter();
    let mut classes: Vec<ClassFolder> = folders
        .map(|path| ClassFolder {
            name: image_layout::name(&path),
            path,
        })
        .collect();
    sort_classes(&mut classes, |class| &class.name);
    match classes.len() {
        0 => Err(DatasetError::NoClasses { path: dir.into() }),
        1..=MOST_CLASSES => Ok(classes),
        got => Err(DatasetError::TooManyClasses {
            path: dir.into(),
            got,
        }),
    }
}

/// The image files in the folder of a class, sorted by name, at least one.
fn image_files(dir: &Path, passed_over: &mut usize) -> Result<Vec<PathBuf>, DatasetError> {
    let mut files = image_layout::files(dir)?;
    files.retain(|path| is_named_like_an_image(path));
    let others = entries(dir)?.into_iter().filter(|path| !path.is_dir());
    *passed_over += others.count() - files.len();
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

/// What became of the images so far.
#[derive(Default)]
struct Gathered {
    summary: ImageFolder,
    /// Images that were read, or should have been.
    count: usize,
    /// For each image that cannot be used, its path and the reason.
    bad: Vec<String>,
}

impl Gathered {
    /// All images of these classes.
    fn all(&mut self, files: &[ClassFiles]) -> LabelledPixels {
        let mut images = LabelledPixels::default();
        for (label, files) in files {
            for file in files {
                if let Some(form) = self.form(file) {
                    images.add(&form, *label);
                }
            }
        }
        images
    }

    /// The images of these classes, those to learn from and those held out: of those that can be used, so
    /// that bad ones take no places.
    fn divided(&mut self, files: &[ClassFiles]) -> (LabelledPixels, LabelledPixels) {
        let mut train = LabelledPixels::default();
        let mut test = LabelledPixels::default();
        for (label, files) in files {
            let forms: Vec<Option<MnistForm>> = files.iter().map(|file| self.form(file)).collect();
            let can_be_used: Vec<bool> = forms.iter().map(Option::is_some).collect();
            let mut sides = vec![false; forms.len()];
            for index in held_out(&can_be_used, *label) {
                sides[index] = true;
            }
            for (form, is_test) in forms.iter().zip(sides) {
                let side = if is_test { &mut test } else { &mut train };
                if let Some(form) = form {
                    side.add(form, *label);
                }
            }
        }
        (train, test)
    }

    /// An image as the input of a net; none if it cannot be used, and the reason is remembered.
    fn form(&mut self, file: &Path) -> Option<MnistForm> {
        self.count += 1;
        let treatment = self.summary.treatment;
        let form = match Picture::open(file).and_then(|picture| picture.treated(treatment)) {
            Ok(form) => form,
            Err(error) => {
                self.bad.push(one_line(&error.to_string()));
                return None;
            }
        };
        if form.kept {
            self.summary.kept += 1;
        } else {
            self.summary.formed += 1;
        }
        Some(form)
    }

    /// An error that lists the images that cannot be used, unless they are to be left out.
    fn refuse_bad_images(&self, dir: &Path, loading: &Loading) -> Result<(), DatasetError> {
        if loading.skip_bad && self.bad.len() < self.count || self.bad.is_empty() {
            return Ok(());
        }
        Err(LayoutError::BadImages {
            path: dir.into(),
            total: self.count,
            bad: self.bad.clone(),
        }
        .into())
    }
}

/// Treated images and their labels, while they are collected.
#[derive(Default)]
struct LabelledPixels {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    /// Images whose pixels are unchanged.
    kept: usize,
}

impl LabelledPixels {
    fn add(&mut self, form: &MnistForm, label: usize) {
        self.pixels.extend_from_slice(&form.pixels);
        let label = u8::try_from(label).expect("at most 256 classes are read");
        self.labels.push(label);
        self.kept += usize::from(form.kept);
    }

    fn into_set(self, classes: usize, treatment: Treatment) -> Result<ImageSet, DatasetError> {
        let [rows, columns] = treatment.size();
        let same: Vec<usize> = (0..classes).collect();
        let set = ImageSet::new(rows, columns, self.pixels, self.labels)?;
        Ok(set.relabelled(&same, classes))
    }
}

/// A text whose control characters are written out: the name of a file may break lines.
fn one_line(text: &str) -> String {
    let written_out = |sign: char| {
        if sign.is_control() {
            sign.escape_default().to_string()
        } else {
            sign.to_string()
        }
    };
    text.chars().map(written_out).collect()
}
