//! Examples in the memory of the host, or in a file there: for processors.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use datasets::{DatasetError, ImageSet, InFile, Pixels, append_scaled};
use distortions::{Distortions, Moment};
use rayon::prelude::*;

use crate::rows::Rows;
use crate::targets::{Classes, Targets};

/// Examples on the host. The rows of a batch become numbers when they are taken: as bytes, images need a
/// quarter of the memory, and reading a row of bytes takes less time than reading one of numbers.
#[derive(Debug, Clone)]
pub(crate) struct OnHost<T: Targets> {
    pub(crate) inputs: Inputs,
    pub(crate) targets: T::OnHost,
    /// The number of inputs of a row.
    pub(crate) columns: usize,
    /// The number of rows, counted from the first.
    pub(crate) rows: usize,
    /// Where batches go.
    pub(crate) device: Device,
    /// How images are distorted when a batch of an epoch takes them.
    pub(crate) distortions: Option<Arc<Distortions>>,
}

/// Images that a thread distorts in one go.
const IMAGES_IN_A_GO: usize = 4;

/// The inputs of all rows, row by row.
#[derive(Debug, Clone)]
pub(crate) enum Inputs {
    /// Pixels, each for the number `p / 255`.
    Bytes(Arc<Vec<u8>>),
    /// Pixels that stay in their file until a batch needs them.
    InFile(InFile),
    /// Numbers.
    Floats(Arc<Vec<f32>>),
}

impl From<Vec<u8>> for Inputs {
    fn from(pixels: Vec<u8>) -> Self {
        Self::Bytes(Arc::new(pixels))
    }
}

impl From<InFile> for Inputs {
    fn from(images: InFile) -> Self {
        Self::InFile(images)
    }
}

impl OnHost<Tensor<1, Int>> {
    /// Labelled images.
    pub(crate) fn of_images<P: Pixels + Into<Inputs>>(
        images: ImageSet<P>,
        distortions: Option<Arc<Distortions>>,
        device: &Device,
    ) -> Self {
        let [rows, columns] = [images.len(), images.image_size()];
        let (pixels, labels) = images.into_parts();
        Self {
            inputs: pixels.into(),
            targets: Classes(Arc::new(labels)),
            columns,
            rows,
            device: device.clone(),
            distortions,
        }
    }
}

impl<T: Targets> OnHost<T> {
    /// Inputs `[rows, columns]` and targets of some rows. In an epoch, images are distorted, if they are to be.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub(crate) fn take(
        &self,
        rows: Rows<'_>,
        epoch: Option<u64>,
    ) -> Result<(Tensor<2>, T), DatasetError> {
        let shape = [rows.len(), self.columns];
        let mut values = vec![];
        if !self.distort(&rows, epoch, &mut values)? {
            values.reserve_exact(shape[0] * shape[1]);
            match &self.inputs {
                Inputs::Bytes(bytes) => {
                    self.each(&rows, bytes, |row| append_scaled(row, &mut values));
                }
                Inputs::InFile(images) => append_scaled(&read_rows(images, &rows)?, &mut values),
                Inputs::Floats(all) => self.each(&rows, all, |row| values.extend_from_slice(row)),
            }
        }
        let inputs = TensorData::new::<f32, _>(values, shape);
        let targets = T::taken(&self.targets, rows, &self.device);
        Ok((Tensor::from_data(inputs, &self.device), targets))
    }

    /// Makes `values` the distorted images of some rows in an epoch, `[rows, columns]`, on the threads of the
    /// current pool. Returns whether images are to be distorted; otherwise `values` stays as it is.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub(crate) fn distort(
        &self,
        rows: &Rows<'_>,
        epoch: Option<u64>,
        values: &mut Vec<f32>,
    ) -> Result<bool, DatasetError> {
        let (Some(distortions), Some(epoch)) = (&self.distortions, epoch) else {
            return Ok(false);
        };
        let read;
        let (images, are_those_of_the_rows) = match &self.inputs {
            Inputs::Bytes(images) => (&images[..], false),
            Inputs::InFile(images) => {
                read = read_rows(images, rows)?;
                (&read[..], true)
            }
            Inputs::Floats(_) => return Ok(false),
        };
        values.resize(rows.len() * self.columns, 0.0);
        let parts = values.par_chunks_mut(IMAGES_IN_A_GO * self.columns);
        let distort = |workspace: &mut _, (part, values): (usize, &mut [f32])| {
            for (place, distorted) in values.chunks_exact_mut(self.columns).enumerate() {
                let place = part * IMAGES_IN_A_GO + place;
                let row = rows.index(place);
                let index = if are_those_of_the_rows { place } else { row };
                let image = &images[index * self.columns..][..self.columns];
                let class = T::class(&self.targets, row);
                let row = row as u64;
                distortions.apply(Moment { epoch, row }, class, image, distorted, workspace);
            }
        };
        let parts = parts.enumerate();
        parts.for_each_init(|| distortions.workspace(), distort);
        Ok(true)
    }

    /// Passes the elements of the rows on, neighbours at once.
    fn each<E>(&self, rows: &Rows<'_>, elements: &[E], mut pass: impl FnMut(&[E])) {
        let columns = self.columns;
        match rows {
            Rows::Range(range) => pass(&elements[range.start * columns..range.end * columns]),
            Rows::Listed(list) => list
                .iter()
                .for_each(|&row| pass(&elements[row as usize * columns..][..columns])),
        }
    }

    /// Bytes of memory that the rows take.
    pub(crate) fn bytes(&self) -> usize {
        let inputs = match &self.inputs {
            Inputs::Bytes(_) => self.rows * self.columns,
            Inputs::InFile(images) => size_of_val(images.places().unwrap_or_default()),
            Inputs::Floats(_) => self.rows * self.columns * size_of::<f32>(),
        };
        inputs + T::bytes_on_host(&self.targets, self.rows)
    }
}

/// The pixels of some rows, `[rows, columns]`, from their file.
fn read_rows(images: &InFile, rows: &Rows<'_>) -> Result<Vec<u8>, DatasetError> {
    let mut pixels = vec![];
    images.read(rows.indices(), &mut pixels)?;
    Ok(pixels)
}
