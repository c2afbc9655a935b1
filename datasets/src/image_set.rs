//! Labelled images of one size, as one array of bytes.

use std::{fmt, path::Path};

use burn_dataset::Dataset;

use crate::in_file::{InFile, Pixels};
use crate::{DatasetError, SPLIT_STREAM, idx, shuffled_indices};

/// The default share of the training images for validation: 5 000 of MNIST's 60 000.
pub const DEFAULT_VALIDATION_FRACTION: f64 = 1.0 / 12.0;

/// One labelled image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageItem {
    /// Pixels, row by row: `[rows * columns]`.
    pub image: Vec<u8>,
    /// The class, counted from 0.
    pub label: u8,
}

/// Labelled grey-scale images of one size; never empty.
///
/// ```
/// use datasets::ImageSet;
///
/// let set = ImageSet::new(1, 2, vec![10, 11, 20, 21, 30, 31], vec![0, 2, 0])?;
/// assert_eq!((set.len(), set.image_size(), set.class_count()), (3, 2, 3));
/// assert_eq!((set.image(1), set.label(1)), (&[20, 21][..], 2));
/// assert_eq!(set.class_histogram(), [2, 0, 1]);
/// # Ok::<(), datasets::DatasetError>(())
/// ```
///
/// The pixels are in memory, or as `ImageSet<InFile>` [in their file](InFile).
#[derive(Clone, PartialEq, Eq)]
pub struct ImageSet<P = Vec<u8>> {
    rows: usize,
    columns: usize,
    class_count: usize,
    pixels: P,
    labels: Vec<u8>,
}

impl ImageSet {
    /// A set from arrays in memory: `pixels` is `[n, rows * columns]`, `labels` is `[n]`.
    ///
    /// The number of classes is one more than the largest label; a class may have no images.
    ///
    /// # Errors
    ///
    /// [`DatasetError::InconsistentArrays`] if there are no labels, an image has no pixels, or
    /// `pixels` is not one image for each label.
    ///
    /// ```
    /// use datasets::ImageSet;
    ///
    /// assert!(ImageSet::new(5, 4, vec![0; 40], vec![0, 1]).is_ok());
    /// assert!(ImageSet::new(5, 4, vec![0; 39], vec![0, 1]).is_err());
    /// ```
    pub fn new(
        rows: usize,
        columns: usize,
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self, DatasetError> {
        let needed = rows
            .checked_mul(columns)
            .and_then(|image_size| image_size.checked_mul(labels.len()));
        if needed != Some(pixels.len()) || pixels.is_empty() {
            return Err(DatasetError::InconsistentArrays {
                rows,
                columns,
                labels: labels.len(),
                pixels: pixels.len(),
            });
        }
        Ok(Self {
            rows,
            columns,
            class_count: class_count(&labels),
            pixels,
            labels,
        })
    }

    /// A set from an image file and a label file in the IDX format.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] if either file is faulty (see [`idx`]) or their numbers of items differ.
    ///
    /// ```
    /// use datasets::{ImageSet, bundled_mnist_dir};
    ///
    /// let dir = bundled_mnist_dir();
    /// let test = ImageSet::read(
    ///     &dir.join("t10k-images-idx3-ubyte.gz"),
    ///     &dir.join("t10k-labels-idx1-ubyte.gz"),
    /// )?;
    /// assert_eq!(test.len(), 10_000);
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn read(images: &Path, labels: &Path) -> Result<Self, DatasetError> {
        Self::of_files([images, labels], idx::read_images(images)?)
    }

    /// Pixels of image `index`, row by row: `[rows * columns]`.
    ///
    /// # Panics
    ///
    /// If `index >= len()`.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.image_size();
        &self.pixels[index * size..][..size]
    }

    /// Pixels of all images, `[n, rows * columns]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The images of this set, then those of another one, which must have the same size.
    #[cfg(feature = "images")]
    pub(crate) fn followed_by(mut self, other: &Self) -> Self {
        assert_eq!(
            [self.rows, self.columns],
            [other.rows, other.columns],
            "images of one size"
        );
        self.pixels.extend_from_slice(&other.pixels);
        self.labels.extend_from_slice(&other.labels);
        self.class_count = self.class_count.max(other.class_count);
        self
    }

    /// The images with rows and columns exchanged.
    #[cfg(feature = "images")]
    pub(crate) fn transposed(mut self) -> Self {
        let (rows, columns) = (self.rows, self.columns);
        let mut image = vec![0; rows * columns];
        for pixels in self.pixels.chunks_exact_mut(rows * columns) {
            for (index, pixel) in pixels.iter().enumerate() {
                image[index % columns * rows + index / columns] = *pixel;
            }
            pixels.copy_from_slice(&image);
        }
        (self.rows, self.columns) = (columns, rows);
        self
    }
}

impl ImageSet<InFile> {
    /// As [`ImageSet::read`], with the images in their file ([`idx::open_images`]).
    ///
    /// # Errors
    ///
    /// As [`ImageSet::read`]; if the image file is compressed or has other numbers than bytes.
    ///
    /// ```
    /// # let folder = std::env::temp_dir().join(format!("in-file-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let [images, labels] = ["images-idx3-ubyte", "labels-idx1-ubyte"].map(|name| folder.join(name));
    /// std::fs::write(&images, [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9, 3, 4])?;
    /// std::fs::write(&labels, [0, 0, 8, 1, 0, 0, 0, 2, 1, 0])?;
    /// let set = datasets::ImageSet::open(&images, &labels)?;
    /// let mut room = vec![];
    /// set.pixels().read([1].into_iter(), &mut room)?;
    /// assert_eq!((set.len(), set.label(1), room), (2, 0, vec![3, 4]));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(images: &Path, labels: &Path) -> Result<Self, DatasetError> {
        Self::of_files([images, labels], idx::open_images(images)?)
    }

    /// Pixels of all images, in their file.
    pub fn pixels(&self) -> &InFile {
        &self.pixels
    }
}

impl<P: Pixels> ImageSet<P> {
    /// The images that were read or opened, with the labels of their file.
    fn of_files(
        [images, labels]: [&Path; 2],
        opened: idx::Images<P>,
    ) -> Result<Self, DatasetError> {
        let classes = idx::read_labels(labels)?;
        if opened.count != classes.len() {
            return Err(DatasetError::CountMismatch {
                images: images.into(),
                labels: labels.into(),
                expected: opened.count,
                got: classes.len(),
            });
        }
        Ok(Self {
            rows: opened.rows,
            columns: opened.columns,
            class_count: class_count(&classes),
            pixels: opened.pixels,
            labels: classes,
        })
    }

    /// Number of images, at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether the set is empty: never, since no constructor allows it.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows of an image, in pixels.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of an image, in pixels.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Pixels of an image, `rows * columns`: the number of inputs of a net.
    pub fn image_size(&self) -> usize {
        self.rows * self.columns
    }

    /// Number of classes: the number of outputs of a net.
    ///
    /// One more than the largest label; the halves of a split and the test set of
    /// [`Mnist`](crate::Mnist) have the number of the whole training set.
    pub fn class_count(&self) -> usize {
        self.class_count
    }

    /// Class of image `index`, below [`class_count`](Self::class_count).
    ///
    /// # Panics
    ///
    /// If `index >= len()`.
    pub fn label(&self, index: usize) -> u8 {
        self.labels[index]
    }

    /// Labels of all images, `[n]`.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Passes all pixels on, in order and in pieces.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub fn pass_on(&self, to: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        self.pixels.pass_on(to)
    }

    /// Passes the pixels of some images on, in order: of at most [`SAMPLE`](crate::SAMPLE), evenly spread from the first
    /// to the last.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub fn pass_on_sample(&self, to: impl FnMut(&[u8])) -> Result<(), DatasetError> {
        self.pixels.pass_on_sample(self.image_size(), to)
    }

    /// Number of images of each class, `[class_count]`.
    pub fn class_histogram(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_count];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// The pixels `[n, rows * columns]` and the labels `[n]`, in this order, without a copy.
    ///
    /// ```
    /// let set = datasets::ImageSet::new(1, 2, vec![1, 2, 3, 4], vec![1, 0])?;
    /// assert_eq!(set.into_parts(), (vec![1, 2, 3, 4], vec![1, 0]));
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn into_parts(self) -> (P, Vec<u8>) {
        (self.pixels, self.labels)
    }

    /// The same images with other labels: `labels[label]` for each label, of `class_count` classes.
    ///
    /// ```
    /// let set = datasets::ImageSet::new(1, 1, vec![5, 6, 7], vec![0, 1, 0])?.relabelled(&[3, 8], 10);
    /// assert_eq!((set.labels(), set.class_count()), (&[3, 8, 3][..], 10));
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If a label of the set has none in `labels`, or one that is not below `class_count`.
    pub fn relabelled(mut self, labels: &[usize], class_count: usize) -> Self {
        for label in &mut self.labels {
            let other = labels[usize::from(*label)];
            assert!(
                other < class_count,
                "label {other} of {class_count} classes"
            );
            *label = u8::try_from(other).expect("a label is a byte");
        }
        self.class_count = class_count;
        self
    }

    /// Splits the set into training and validation, in this order.
    ///
    /// Validation gets `len() * validation_fraction` images, rounded to the nearest integer: those
    /// that come first in [`shuffled_indices`]`(len(), seed, `[`SPLIT_STREAM`]`)`. Both sides keep the
    /// order of the set and its number of classes. Memory peaks at one copy of the set and one of
    /// the validation images.
    ///
    /// # Errors
    ///
    /// [`DatasetError::FractionOutOfRange`] unless the fraction lies strictly between 0 and 1;
    /// [`DatasetError::EmptySplit`] if one side would have no image.
    ///
    /// # Panics
    ///
    /// If the set has more than [`u32::MAX`] images; no set from files does.
    ///
    /// ```
    /// use datasets::ImageSet;
    ///
    /// let set = ImageSet::new(1, 1, (0..12).collect(), vec![0; 12])?;
    /// let (training, validation) = set.split(0.25, 42)?;
    /// assert_eq!((training.len(), validation.len()), (9, 3));
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn split(
        mut self,
        validation_fraction: f64,
        seed: u64,
    ) -> Result<(Self, Self), DatasetError> {
        if !(validation_fraction > 0.0 && validation_fraction < 1.0) {
            return Err(DatasetError::FractionOutOfRange {
                got: validation_fraction,
            });
        }
        let validation_len = (self.len() as f64 * validation_fraction).round() as usize;
        let training_len = self.len() - validation_len;
        if validation_len == 0 || training_len == 0 {
            return Err(DatasetError::EmptySplit {
                fraction: validation_fraction,
                training: training_len,
                validation: validation_len,
            });
        }

        let mut chosen = shuffled_indices(self.len(), seed, SPLIT_STREAM);
        chosen.truncate(validation_len);
        chosen.sort_unstable();
        let validation = self.take_out(&chosen);
        Ok((self, validation))
    }

    /// Moves the images at `chosen`, ascending indices, into a set of their own; the others stay in
    /// place without gaps.
    pub(crate) fn take_out(&mut self, chosen: &[u32]) -> Self {
        Self {
            pixels: self.pixels.take_out(chosen, self.image_size()),
            labels: self.labels.take_out(chosen, 1),
            ..*self
        }
    }

    /// Takes the number of classes of the training set. The error is the first label beyond it, with its
    /// index.
    pub(crate) fn take_classes(&mut self, count: usize) -> Result<(), (usize, u8)> {
        let is_beyond = |&label: &u8| usize::from(label) >= count;
        if let Some(index) = self.labels.iter().position(is_beyond) {
            return Err((index, self.labels[index]));
        }
        self.class_count = count;
        Ok(())
    }
}

/// The number of classes of a set with these labels, of which a class may have none.
pub(crate) fn class_count(labels: &[u8]) -> usize {
    usize::from(labels.iter().copied().max().unwrap_or_default()) + 1
}

impl<P> fmt::Debug for ImageSet<P> {
    /// Sizes only: the pixels would fill the screen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSet")
            .field("len", &self.labels.len())
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .field("class_count", &self.class_count)
            .finish_non_exhaustive()
    }
}

impl Dataset<ImageItem> for ImageSet {
    fn get(&self, index: usize) -> Result<ImageItem, burn_dataset::DatasetError> {
        Ok(ImageItem {
            image: self.image(index).to_vec(),
            label: self.label(index),
        })
    }

    fn len(&self) -> usize {
        self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_images() -> ImageSet {
        ImageSet::new(1, 2, vec![10, 11, 20, 21, 30, 31], vec![0, 2, 0]).expect("consistent arrays")
    }

    #[test]
    fn arrays_that_do_not_fit_are_refused() {
        let cases: [(usize, usize, usize, usize); 7] = [
            (2, 2, 7, 2),
            (2, 2, 9, 2),
            (2, 2, 4, 2),
            (2, 2, 0, 0),
            (0, 2, 0, 2),
            (2, 0, 0, 2),
            (usize::MAX, 2, 4, 2),
        ];
        for (rows, columns, pixels, labels) in cases {
            let result = ImageSet::new(rows, columns, vec![0; pixels], vec![0; labels]);
            assert!(
                matches!(result, Err(DatasetError::InconsistentArrays { .. })),
                "{result:?}"
            );
        }
    }

    #[test]
    fn is_a_dataset_of_items() {
        let set = three_images();
        let items: Vec<_> = Dataset::iter(&set)
            .map(|item| item.expect("reading from memory cannot fail"))
            .collect();
        let expected = [([10, 11], 0), ([20, 21], 2), ([30, 31], 0)];
        assert_eq!(
            items,
            expected.map(|(image, label)| ImageItem {
                image: image.to_vec(),
                label,
            })
        );
        assert_eq!(Dataset::len(&set), 3);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn an_image_beyond_the_last_panics() {
        three_images().image(3);
    }

    #[test]
    fn debug_shows_sizes_and_no_pixels() {
        assert_eq!(
            format!("{:?}", three_images()),
            "ImageSet { len: 3, rows: 1, columns: 2, class_count: 3, .. }"
        );
    }

    #[test]
    fn taking_out_keeps_the_order_and_the_classes() {
        let mut set = three_images();
        let taken = set.take_out(&[0, 2]);
        assert_eq!(
            (taken.pixels(), taken.labels()),
            (&[10, 11, 30, 31][..], &[0, 0][..])
        );
        assert_eq!((set.pixels(), set.labels()), (&[20, 21][..], &[2][..]));
        assert_eq!((taken.class_count(), set.class_count()), (3, 3));
    }
}
