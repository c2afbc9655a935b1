//! A data set whose images to learn from stay in their file.

use std::path::Path;

use crate::data_folder::{Renamed, renamed};
use crate::find::Source;
use crate::sources::agree;
use crate::{DatasetError, ImageSet, InFile, InFileError, LayoutError, Loading};

/// A data set in the IDX format whose training and validation images stay in their files, which may be larger than
/// memory; the test set is read.
///
/// ```
/// use datasets::{DataInFile, Loading, bundled_mnist_dir};
///
/// // The bundled files are compressed.
/// let error = DataInFile::open(&bundled_mnist_dir(), &Loading::default()).unwrap_err();
/// assert!(error.to_string().contains("gunzip"));
/// ```
#[derive(Debug, Clone)]
pub struct DataInFile {
    /// The images to learn from.
    pub train: ImageSet<InFile>,
    /// The validation set, where the data have one of their own.
    pub validation: Option<ImageSet<InFile>>,
    /// The images to evaluate on, in memory.
    pub test: ImageSet,
    /// Names of the classes by label.
    pub class_names: Vec<String>,
    /// Names in the class map that are not among the data's.
    pub unmatched: Vec<String>,
}

impl DataInFile {
    /// Opens the data set in `dir`: files in the IDX format, as [`DataFolder::load_with`](crate::DataFolder::load_with)
    /// finds them. Counts, sizes and labels are checked; no pixel of the training and validation images is read.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if the data are in another format, without a test set, or faulty, or if the images cannot stay
    /// in their file ([`InFileError`]).
    pub fn open(dir: &Path, loading: &Loading) -> Result<Self, DatasetError> {
        let path = || dir.to_owned();
        let Some(Source::Idx(_, files)) = Source::find(dir)? else {
            return Err(InFileError::NotIdx { path: path() }.into());
        };
        if files.are_transposed() {
            return Err(InFileError::Transposed { path: path() }.into());
        }
        let [train, validation, test] = files.pairs()?;
        let [images, labels] = train.ok_or_else(|| LayoutError::NoTrainingSet { path: path() })?;
        let mut train = ImageSet::open(&images, &labels)?;
        let validation = validation.map(|[images, labels]| {
            let mut set = ImageSet::open(&images, &labels)?;
            agree(&train, &mut set, &labels)?;
            Ok::<_, DatasetError>(set)
        });
        let mut validation = validation.transpose()?;
        let [images, labels] = test.ok_or_else(|| InFileError::NoTestSet { path: path() })?;
        let mut test = ImageSet::read(&images, &labels)?;
        agree(&train, &mut test, &labels)?;

        let sets = [Some(train.labels()), Some(test.labels())];
        let sets = sets
            .into_iter()
            .chain([validation.as_ref().map(ImageSet::labels)]);
        let labels = sets.flatten().collect::<Vec<_>>();
        let Renamed {
            labels,
            names,
            unmatched,
        } = renamed(&labels, train.class_count(), None, loading, dir)?;
        if let Some(labels) = labels {
            train = train.relabelled(&labels, names.len());
            test = test.relabelled(&labels, names.len());
            validation = validation.map(|set| set.relabelled(&labels, names.len()));
        }
        Ok(Self {
            train,
            validation,
            test,
            class_names: names,
            unmatched,
        })
    }
}
