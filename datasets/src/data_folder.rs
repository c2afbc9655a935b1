//! A folder with a data set, whichever of the two forms it has.

use std::path::Path;

use crate::{DatasetError, ImageFolder, Mnist, image_folder, mnist};

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
    /// What the classes are called, by label: the folders' names, or the labels themselves.
    pub class_names: Vec<String>,
    /// What became of the images, if the folder holds folders of them.
    pub image_folder: Option<ImageFolder>,
}

impl DataFolder {
    /// Loads the data set in `dir`, which has one of two forms:
    ///
    /// - Four files in MNIST's format; see [`Mnist::load`]. One of them is enough to tell the form.
    /// - A folder for each class, named after it, with images (PNG, JPEG, BMP) directly in it. If
    ///   there are a folder `train` and a folder `test`, each of them holds such folders; if not,
    ///   [`HELD_OUT_FRACTION`](crate::HELD_OUT_FRACTION) of each class, the same every time, become
    ///   the test set. Labels count the classes of the training set from 0 in order: as numbers if
    ///   all names are numbers, else letter by letter. Every image is brought to
    ///   [MNIST's form](crate::Picture::mnist_form). Names that start with a dot are passed over,
    ///   as are files that are not [named like an image](crate::is_named_like_an_image).
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the folder has neither form, a file has a fault, or a class has no
    /// image, is unknown to the training set, or is one too many.
    pub fn load(dir: &Path) -> Result<Self, DatasetError> {
        if !dir.is_dir() {
            return Err(DatasetError::DirectoryMissing { path: dir.into() });
        }
        if mnist::is_in(dir) {
            let sets = Mnist::load(dir)?;
            let labels = 0..sets.train.class_count();
            return Ok(Self {
                class_names: labels.map(|label| label.to_string()).collect(),
                sets,
                image_folder: None,
            });
        }
        match image_folder::load(dir) {
            Ok((sets, class_names, summary)) => Ok(Self {
                sets,
                class_names,
                image_folder: Some(summary),
            }),
            Err(DatasetError::NoClasses { path }) if path == dir => {
                Err(DatasetError::NeitherForm { path })
            }
            Err(error) => Err(error),
        }
    }
}
