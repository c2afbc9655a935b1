//! The parts of a data set as they come from files, whatever their format.

use std::path::{Path, PathBuf};

use crate::part::Part;
use crate::{DatasetError, ImageSet, Pixels};

/// A set, and the file with its labels.
pub(crate) type PartOfSet = (ImageSet, PathBuf);

/// What was read: training, validation and test set, in this order.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) sets: [Option<PartOfSet>; 3],
    /// Names of the classes by label, if they are not the labels.
    pub(crate) class_names: Option<Vec<String>>,
    /// What was done to the data, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Parts {
    /// Gives the other parts the classes of the training set, and checks that images are of one size.
    pub(crate) fn agreed(mut self) -> Result<Self, DatasetError> {
        let [first, others @ ..] = &mut self.sets;
        let Some((training, _)) = first else {
            return Ok(self);
        };
        for (set, path) in others.iter_mut().flatten() {
            agree(training, set, path)?;
        }
        Ok(self)
    }

    /// Takes a part out.
    pub(crate) fn take(&mut self, part: Part) -> Option<ImageSet> {
        self.sets[part as usize].take().map(|(set, _)| set)
    }
}

/// Gives another part, with labels in the file at `path`, the classes of the training set, if images are of its size.
pub(crate) fn agree<P: Pixels, Q: Pixels>(
    training: &ImageSet<P>,
    other: &mut ImageSet<Q>,
    path: &Path,
) -> Result<(), DatasetError> {
    let expected = (training.rows(), training.columns());
    let got = (other.rows(), other.columns());
    if expected != got {
        return Err(DatasetError::ImageSizeMismatch {
            path: path.into(),
            expected,
            got,
        });
    }
    let class_count = training.class_count();
    other
        .take_classes(class_count)
        .map_err(|(index, label)| DatasetError::LabelOutOfRange {
            path: path.into(),
            index,
            label,
            class_count,
        })
}

/// An error unless there are as many labels as images.
pub(crate) fn check_count(
    [images, labels]: [&Path; 2],
    [expected, got]: [usize; 2],
) -> Result<(), DatasetError> {
    if expected == got {
        return Ok(());
    }
    Err(DatasetError::CountMismatch {
        images: images.into(),
        labels: labels.into(),
        expected,
        got,
    })
}
