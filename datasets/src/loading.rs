//! How a data set is loaded, and the images that a net is evaluated on.

use crate::{ClassMap, ImageSet, Mnist, Treatment};

/// How a data set is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loading {
    /// What is done to images of any size. Without it, the images decide, if they leave no doubt:
    /// strokes if most of those looked at are [strokes](crate::Appearance) and none is a photograph, plain with 28x28
    /// pixels if many are photographs and hardly any are strokes.
    pub treatment: Option<Treatment>,
    /// The names of the classes that a net knows, by label: the data get its labels, whatever their
    /// own order. Without them, the data's classes are counted.
    pub classes: Option<Vec<String>>,
    /// Other spellings of the classes in the data.
    pub class_map: ClassMap,
    /// Leave out images that cannot be read, instead of refusing the folder.
    pub skip_bad: bool,
}

/// What happened to the images of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageFolder {
    /// Images held out as the test set, because the folder has none of its own; 0 if it has.
    pub held_out: usize,
    /// Images already in the right format, used unchanged.
    pub kept: usize,
    /// Images converted to the format.
    pub formed: usize,
    /// Files that were skipped, since their extensions are not those of images.
    pub passed_over: usize,
    /// What was done to the images.
    pub treatment: Treatment,
    /// Whether the images decided what was done to them.
    pub is_chosen: bool,
}

/// A data set from a folder, with the names of its classes.
///
/// ```
/// use datasets::{DataFolder, bundled_mnist_dir};
///
/// let data = DataFolder::load(&bundled_mnist_dir())?;
/// assert_eq!(data.sets.train.len(), 60_000);
/// assert_eq!(data.class_names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
/// assert!(data.image_folder.is_none());
/// # Ok::<(), datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder {
    /// The images.
    pub sets: Mnist,
    /// The validation set, where the data have one of their own.
    pub validation: Option<ImageSet>,
    /// Names of the classes by label: the folders' names, or the labels themselves.
    pub class_names: Vec<String>,
    /// The format of the files: "idx", "csv", "numpy" or "images".
    pub form: &'static str,
    /// What happened to the images, if the folder has folders of them.
    pub image_folder: Option<ImageFolder>,
    /// What was done to the data or left out of them, where one may not expect it: a sentence each.
    pub notes: Vec<String>,
    /// Images that cannot be read and were left out: for each its path and the reason.
    pub left_out: Vec<String>,
    /// Names in the class map that are not among the data's.
    pub unmatched: Vec<String>,
}

/// Which images of a folder are the test set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestRowsOf {
    /// Its own test set.
    TestSet,
    /// Every image, those of its validation set too, because it has no test set.
    EveryImage,
    /// Those that a run on this folder holds out, because it has no test set.
    HeldOut,
}

/// The images of a folder to evaluate a net on.
///
/// ```
/// use datasets::{Loading, TestRowsOf, TestSet, bundled_mnist_dir};
///
/// let test = TestSet::load(&bundled_mnist_dir(), &Loading::default(), false)?;
/// assert_eq!((test.images.len(), test.rows_of), (10_000, TestRowsOf::TestSet));
/// # Ok::<(), datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestSet {
    /// The images.
    pub images: ImageSet,
    /// Names of the classes by label.
    pub class_names: Vec<String>,
    /// Which images these are.
    pub rows_of: TestRowsOf,
    /// With [`TestRowsOf::HeldOut`], the images that a run on this folder as it is now learns from. Images
    /// that were held out when a net was trained are so only as long as these are the same.
    pub training: Option<ImageSet>,
    /// What happened to the images, if the folder has folders of them: to those held out, where these are
    /// the test set.
    pub image_folder: Option<ImageFolder>,
    /// What was done to the data or left out of them, where one may not expect it: a sentence each.
    pub notes: Vec<String>,
    /// Images that cannot be read and were left out: for each its path and the reason.
    pub left_out: Vec<String>,
    /// Names in the class map that are not among the data's.
    pub unmatched: Vec<String>,
}
