//! A folder with a data set in either of two formats.

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
    /// Names of the classes by label: the folders' names, or the labels themselves.
    pub class_names: Vec<String>,
    /// What happened to the images, if the folder has folders of them.
    pub image_folder: Option<ImageFolder>,
}

impl DataFolder {
    /// Loads the data set in `dir`, which has one of two formats:
    ///
    /// - Four files in MNIST's format; see [`Mnist::load`]. One of them decides for this format.
    /// - A folder for each class, named after it, with images (PNG, JPEG, BMP) directly in it. If
    ///   there are a folder `train` and a folder `test`, each of them has such folders. If not,
    ///   [`HELD_OUT_FRACTION`](crate::HELD_OUT_FRACTION) of each class, the same every time, is the
    ///   test set. Labels count the classes of the training set from 0 in order: as numbers if
    ///   all names are numbers, else alphabetically. Every image is converted to
    ///   [MNIST's format](crate::Picture::mnist_form). Names that start with a dot are skipped, and
    ///   so are files that are not [named like an image](crate::is_named_like_an_image).
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the folder has neither format, a file is faulty, a class has no image or
    /// no training image, or there are too many classes.
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
