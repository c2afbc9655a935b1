//! A folder of four files: training images and labels, test images and labels.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::image_set::class_count;
use crate::two_threads::both;
use crate::{DatasetError, ImageSet, idx};

/// A training set and a test set of one image size and one number of classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mnist {
    /// The images to learn from.
    pub train: ImageSet,
    /// The images to evaluate on.
    pub test: ImageSet,
}

impl Mnist {
    /// Loads the four files in `dir`: MNIST, or any set in its format with other images, sizes or
    /// classes.
    ///
    /// Each file may have any of four names, looked for in this order: `train-images-idx3-ubyte`,
    /// `train-images.idx3-ubyte`, and each of them followed by `.gz`; likewise `train-labels` with
    /// `idx1`, and `t10k-images`, `t10k-labels`. A folder of such a name is skipped.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the folder or a file is missing, a file is faulty (see [`idx`](crate::idx)),
    /// the numbers of images and labels differ, test images have another size than training images, or
    /// a test label is larger than the largest training label.
    ///
    /// ```
    /// use datasets::{Mnist, bundled_mnist_dir};
    ///
    /// let mnist = Mnist::load(&bundled_mnist_dir())?;
    /// assert_eq!((mnist.train.len(), mnist.test.len()), (60_000, 10_000));
    /// assert_eq!((mnist.train.rows(), mnist.train.columns()), (28, 28));
    ///
    /// let error = Mnist::load("no/such/folder".as_ref()).unwrap_err();
    /// assert!(error.to_string().contains("expected a folder"));
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn load(dir: &Path) -> Result<Self, DatasetError> {
        let files = Files::find(dir)?;
        let (train, test) = both(
            || ImageSet::read(&files.train_images, &files.train_labels),
            || ImageSet::read(&files.test_images, &files.test_labels),
        );
        let (train, test) = (train?, test?);
        let expected = (train.rows(), train.columns());
        let got = (test.rows(), test.columns());
        if expected != got {
            return Err(DatasetError::ImageSizeMismatch {
                path: files.test_images,
                expected,
                got,
            });
        }
        let test = files.with_classes(test, train.class_count())?;
        Ok(Self { train, test })
    }

    /// Loads the test set alone, with the number of classes of the training set, whose images are not read.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), but for faults of the training images.
    ///
    /// ```
    /// use datasets::{Mnist, bundled_mnist_dir};
    ///
    /// let dir = bundled_mnist_dir();
    /// assert_eq!(Mnist::load_test(&dir)?, Mnist::load(&dir)?.test);
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn load_test(dir: &Path) -> Result<ImageSet, DatasetError> {
        let files = Files::find(dir)?;
        let labels = idx::read_labels(&files.train_labels)?;
        let test = ImageSet::read(&files.test_images, &files.test_labels)?;
        files.with_classes(test, class_count(&labels))
    }
}

/// The four files of a folder.
struct Files {
    train_images: PathBuf,
    train_labels: PathBuf,
    test_images: PathBuf,
    test_labels: PathBuf,
}

impl Files {
    fn find(dir: &Path) -> Result<Self, DatasetError> {
        if !dir.is_dir() {
            return Err(DatasetError::DirectoryMissing { path: dir.into() });
        }
        Ok(Self {
            train_images: find(dir, "train-images", 3)?,
            train_labels: find(dir, "train-labels", 1)?,
            test_images: find(dir, "t10k-images", 3)?,
            test_labels: find(dir, "t10k-labels", 1)?,
        })
    }

    /// The test set with the number of classes of the training set.
    fn with_classes(&self, mut test: ImageSet, count: usize) -> Result<ImageSet, DatasetError> {
        match test.take_classes(count) {
            Ok(()) => Ok(test),
            Err((index, label)) => Err(DatasetError::LabelOutOfRange {
                path: self.test_labels.clone(),
                index,
                label,
                class_count: count,
            }),
        }
    }
}

/// The folder with MNIST in the source of this package.
///
/// The path is fixed when the package is compiled. A program on another machine, or whose source is
/// gone, gets [`DatasetError::DirectoryMissing`] from [`Mnist::load`] and needs a folder of its own.
///
/// ```
/// assert!(datasets::bundled_mnist_dir().join("train-images-idx3-ubyte.gz").is_file());
/// ```
pub fn bundled_mnist_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mnist")
}

/// The possible names of the file of `stem` with `rank` dimensions.
fn names(stem: &str, rank: u8) -> Vec<String> {
    let names = ["-", "."].map(|joint| format!("{stem}{joint}idx{rank}-ubyte"));
    let compressed = names.clone().map(|name| name + ".gz");
    names.into_iter().chain(compressed).collect()
}

/// The first file in `dir` that has one of the names of `stem` with `rank` dimensions.
fn find(dir: &Path, stem: &str, rank: u8) -> Result<PathBuf, DatasetError> {
    let names = names(stem, rank);
    for name in &names {
        let path = dir.join(name);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(path),
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            Err(cause) => return Err(DatasetError::Unreadable { path, cause }),
        }
    }
    Err(DatasetError::FileMissing {
        directory: dir.into(),
        names,
    })
}
