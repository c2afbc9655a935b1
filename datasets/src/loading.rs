//! How a data set is loaded, and the images that a net is evaluated on.

use crate::{ClassMap, ImageSet, Treatment};

/// How a data set is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loading {
    /// What is done to images of any size. Without it, the images decide, if they leave no doubt:
    /// strokes if nearly all of those looked at are [strokes](crate::Appearance), plain with 28x28
    /// pixels if many are photographs and hardly any are strokes.
    pub treatment: Option<Treatment>,
    /// The names of the classes that a net knows, by label: the data get its labels, whatever their
    /// own order. Without them, the data's classes are counted.
    pub classes: Option<Vec<String>>,
    /// Other spellings of the classes in the data.
    pub class_map: ClassMap,
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

/// Which images of a folder are the test set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestRowsOf {
    /// Its own test set.
    TestSet,
    /// Every image, because it has no test set.
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
    /// What happened to the images, if the folder has folders of them.
    pub image_folder: Option<ImageFolder>,
}
