//! Inputs and targets, and the batches that are taken from them.

mod on_adapter;
mod on_host;

use std::ops::Range;
use std::sync::Arc;

use backends::{Hardware, Opened};
use burn::tensor::{DType, Int, Tensor, TensorData};
use datasets::{DatasetError, ImageSet, InFile, Pixels, shuffled_indices, xor};
use distortions::Distortions;

pub(crate) use on_host::Inputs as HostInputs;

use crate::ranks::digest;
use crate::rows::{KeptRows, Rows};
use crate::targets::{Classes, RealTargets, Targets};
use on_adapter::OnAdapter;
use on_host::OnHost;

/// Inputs `[n, inputs]` and as many targets: on the host for a processor, else on the device.
#[derive(Debug, Clone)]
pub struct Examples<T: Targets>(Kept<T>);

#[derive(Debug, Clone)]
enum Kept<T: Targets> {
    OnHost(Arc<OnHost<T>>),
    OnAdapter(Arc<OnAdapter<T>>),
}

/// The rows' order in an epoch, drawn on the host: the same on every backend.
#[derive(Debug, Clone)]
pub struct Order {
    epoch: u64,
    places: Places,
}

#[derive(Debug, Clone)]
enum Places {
    /// As they are stored.
    Storage,
    /// On the host.
    OnHost(Arc<Vec<u32>>),
    /// On an adapter, `[rows]`.
    OnAdapter(Box<Tensor<1, Int>>),
}

impl Order {
    /// The rows as they are stored, in an epoch.
    pub fn storage(epoch: u64) -> Self {
        Self {
            epoch,
            places: Places::Storage,
        }
    }
}

/// The training, validation and test set.
#[derive(Debug, Clone)]
pub struct Splits<T: Targets> {
    /// The training set.
    pub training: Examples<T>,
    /// The validation set, evaluated after each epoch.
    pub validation: Option<Examples<T>>,
    /// The test set, evaluated once at the end.
    pub test: Examples<T>,
}

impl<T: Targets> Splits<T> {
    /// All three, with the same change.
    pub fn map<U: Targets>(self, change: impl Fn(Examples<T>) -> Examples<U>) -> Splits<U> {
        Splits {
            training: change(self.training),
            validation: self.validation.map(&change),
            test: change(self.test),
        }
    }
}

impl Splits<Tensor<2>> {
    /// The truth table of the exclusive or, which is all there is: to learn from and to evaluate on.
    pub fn truth_table(opened: &Opened) -> Self {
        let table = Examples::truth_table(opened);
        Self {
            training: table.clone(),
            validation: None,
            test: table,
        }
    }
}

impl Examples<Tensor<1, Int>> {
    /// Images, pixels scaled to the unit interval. On a processor they stay where they are; to an adapter
    /// they are uploaded, and the host's copy is dropped.
    pub fn from_images(images: ImageSet, opened: &Opened) -> Self {
        let device = &opened.device;
        Self(match opened.hardware {
            Hardware::Processor => Kept::OnHost(Arc::new(OnHost::of_images(images, None, device))),
            Hardware::Graphics | Hardware::SoftwareGraphics | Hardware::Remote => {
                let shape @ [rows, _] = [images.len(), images.image_size()];
                let (pixels, labels) = images.into_parts();
                Kept::OnAdapter(Arc::new(OnAdapter {
                    inputs: on_adapter::Inputs::bytes(&pixels, shape, device),
                    targets: Targets::taken(
                        &Classes(Arc::new(labels)),
                        Rows::Range(0..rows),
                        device,
                    ),
                }))
            }
        })
    }

    /// Images that are distorted in the batches of an epoch ([`batch`](Self::batch)), anew in each. They stay
    /// on the host; to an adapter, each batch is uploaded.
    pub fn distorted(images: ImageSet, distortions: Distortions, opened: &Opened) -> Self {
        let distortions = Some(Arc::new(distortions));
        let kept = OnHost::of_images(images, distortions, &opened.device);
        Self(Kept::OnHost(Arc::new(kept)))
    }

    /// Images that stay in their file, which may be larger than memory: whoever takes rows reads them, and no others.
    /// To an adapter, each batch is uploaded. They are distorted if that is asked for, as by
    /// [`distorted`](Self::distorted).
    pub fn in_file(
        images: ImageSet<InFile>,
        distortions: Option<Distortions>,
        opened: &Opened,
    ) -> Self {
        let kept = OnHost::of_images(images, distortions.map(Arc::new), &opened.device);
        Self(Kept::OnHost(Arc::new(kept)))
    }

    /// The same rows with real-valued targets, `[n, classes]`: 1 for a row's class, else 0.
    pub fn one_hot(self, classes: usize) -> Examples<Tensor<2>> {
        Examples(match self.0 {
            Kept::OnHost(kept) => Kept::OnHost(Arc::new(OnHost {
                inputs: kept.inputs.clone(),
                targets: RealTargets::OneHot {
                    labels: kept.targets.clone(),
                    classes,
                },
                columns: kept.columns,
                rows: kept.rows,
                device: kept.device.clone(),
                distortions: kept.distortions.clone(),
            })),
            Kept::OnAdapter(kept) => {
                let (inputs, targets) = (kept.inputs.clone(), kept.targets.clone());
                let f32 = DType::F32;
                let targets = manual_backprop::cross_entropy::one_hot(targets, classes, f32);
                Kept::OnAdapter(Arc::new(OnAdapter { inputs, targets }))
            }
        })
    }
}

impl Examples<Tensor<2>> {
    /// The truth table of the exclusive or.
    pub fn truth_table(opened: &Opened) -> Self {
        let device = &opened.device;
        let [inputs, targets] = [&xor::XOR_INPUTS.concat(), &xor::XOR_TARGETS.concat()]
            .map(|numbers| Arc::new(numbers.clone()));
        Self(match opened.hardware {
            Hardware::Processor => Kept::OnHost(Arc::new(OnHost {
                inputs: HostInputs::Floats(inputs),
                targets: RealTargets::Numbers {
                    values: targets,
                    columns: 1,
                },
                columns: 2,
                rows: xor::XOR_INPUTS.len(),
                device: device.clone(),
                distortions: None,
            })),
            Hardware::Graphics | Hardware::SoftwareGraphics | Hardware::Remote => {
                Kept::OnAdapter(Arc::new(OnAdapter {
                    inputs: on_adapter::Inputs::Floats(Tensor::from_data(xor::XOR_INPUTS, device)),
                    targets: Tensor::from_data(xor::XOR_TARGETS, device),
                }))
            }
        })
    }
}

impl<T: Targets> Examples<T> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kept::OnHost(kept) => kept.rows,
            Kept::OnAdapter(kept) => kept.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number that stands for the inputs: for a sample of those that stay in a file; where they are on an adapter,
    /// for their count.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub(crate) fn digest(&self) -> Result<u64, DatasetError> {
        let rows = self.len();
        Ok(match &self.0 {
            Kept::OnHost(kept) => match &kept.inputs {
                HostInputs::Bytes(bytes) => digest(&(rows, bytes)),
                HostInputs::InFile(images) => {
                    let mut sample = vec![];
                    images.pass_on_sample(kept.columns, |image| sample.extend_from_slice(image))?;
                    digest(&(rows, sample))
                }
                HostInputs::Floats(numbers) => {
                    let bits = numbers.iter().map(|number| number.to_bits());
                    digest(&(rows, bits.collect::<Vec<_>>()))
                }
            },
            Kept::OnAdapter(_) => digest(&rows),
        })
    }

    /// Bytes of memory that the rows take.
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Kept::OnHost(kept) => kept.bytes(),
            Kept::OnAdapter(kept) => kept.bytes(),
        }
    }

    /// `length` rows from `start`.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub fn narrow(&self, start: usize, length: usize) -> Result<(Tensor<2>, T), DatasetError> {
        match &self.0 {
            Kept::OnHost(kept) => kept.take(Rows::Range(start..start + length), None),
            Kept::OnAdapter(kept) => Ok(kept.narrow(start, length)),
        }
    }

    /// The first rows, as examples of their own.
    pub fn head(&self, rows: usize) -> Self {
        Self(match &self.0 {
            Kept::OnHost(kept) => Kept::OnHost(Arc::new(OnHost {
                rows,
                ..OnHost::clone(kept)
            })),
            Kept::OnAdapter(kept) => Kept::OnAdapter(Arc::new(kept.head(rows))),
        })
    }

    /// The order of the rows in an epoch, for batches of a size. A batch of all rows keeps storage order: the
    /// order changes only rounding, and this avoids a copy.
    pub fn order(&self, batch_size: usize, seed: u64, epoch: u64) -> Order {
        if batch_size >= self.len() {
            return Order::storage(epoch);
        }
        let order = shuffled_indices(self.len(), seed, epoch);
        let places = match &self.0 {
            Kept::OnHost(_) => Places::OnHost(Arc::new(order)),
            Kept::OnAdapter(kept) => {
                let rows = order.len();
                let order = order.into_iter().map(|index| index as i32).collect();
                let order = TensorData::new::<i32, _>(order, [rows]);
                Places::OnAdapter(Box::new(Tensor::from_data(order, &kept.device())))
            }
        };
        Order { epoch, places }
    }

    /// The batch of the rows at these places of an order, which these examples gave.
    ///
    /// # Panics
    ///
    /// If the order is that of examples on another device.
    pub fn batch(&self, order: &Order, places: Range<usize>) -> Batch<T> {
        Batch(match (&self.0, &order.places) {
            (_, Places::Storage) => return self.leading(places.len(), Some(order.epoch)),
            (Kept::OnHost(kept), Places::OnHost(list)) => BatchOf::OnHost(HostBatch {
                examples: Arc::clone(kept),
                rows: KeptRows::Listed {
                    list: Arc::clone(list),
                    part: places,
                },
                epoch: Some(order.epoch),
            }),
            (Kept::OnAdapter(kept), Places::OnAdapter(order)) => BatchOf::OnAdapter {
                examples: Arc::clone(kept),
                rows: places.len(),
                indices: Some(Box::new(Tensor::clone(order).slice([places]))),
            },
            _ => panic!("the order is that of examples on another device"),
        })
    }

    /// The batch of the first rows. No image is distorted.
    pub fn first(&self, rows: usize) -> Batch<T> {
        self.leading(rows, None)
    }

    fn leading(&self, rows: usize, epoch: Option<u64>) -> Batch<T> {
        let rows = rows.min(self.len());
        Batch(match &self.0 {
            Kept::OnHost(kept) => BatchOf::OnHost(HostBatch {
                examples: Arc::clone(kept),
                rows: KeptRows::First(rows),
                epoch,
            }),
            Kept::OnAdapter(kept) => BatchOf::OnAdapter {
                examples: Arc::clone(kept),
                indices: None,
                rows,
            },
        })
    }

    /// These rows in order, in parts of `length` rows; the last may have fewer.
    ///
    /// # Errors
    ///
    /// Of each part: if images that stay in their file cannot be read.
    pub fn parts(
        &self,
        rows: Range<usize>,
        length: usize,
    ) -> impl Iterator<Item = Result<(Tensor<2>, T), DatasetError>> {
        let end = rows.end;
        rows.step_by(length)
            .map(move |start| self.narrow(start, length.min(end - start)))
    }
}

/// The rows of one step; they become tensors in parts.
#[derive(Debug, Clone)]
pub struct Batch<T: Targets>(BatchOf<T>);

#[derive(Debug, Clone)]
enum BatchOf<T: Targets> {
    OnHost(HostBatch<T>),
    OnAdapter {
        examples: Arc<OnAdapter<T>>,
        /// `None` for the first rows, in storage order.
        indices: Option<Box<Tensor<1, Int>>>,
        rows: usize,
    },
}

/// The rows of one step on the host.
#[derive(Debug, Clone)]
pub(crate) struct HostBatch<T: Targets> {
    pub(crate) examples: Arc<OnHost<T>>,
    pub(crate) rows: KeptRows,
    /// The epoch for which images are distorted, if they are to be.
    epoch: Option<u64>,
}

impl<T: Targets> HostBatch<T> {
    fn part(&self, part: Range<usize>) -> Result<(Tensor<2>, T), DatasetError> {
        self.examples.take(self.rows.part(part), self.epoch)
    }

    /// Makes `values` the distorted images of a part of the batch; returns whether they are to be distorted.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub(crate) fn distort(
        &self,
        part: Range<usize>,
        values: &mut Vec<f32>,
    ) -> Result<bool, DatasetError> {
        let rows = self.rows.part(part);
        self.examples.distort(&rows, self.epoch, values)
    }
}

impl<T: Targets> Batch<T> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.0 {
            BatchOf::OnHost(batch) => batch.rows.len(),
            BatchOf::OnAdapter { rows, .. } => *rows,
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Inputs `[part, inputs]` and targets of a part of the rows.
    ///
    /// # Errors
    ///
    /// If images that stay in their file cannot be read.
    pub fn part(&self, part: Range<usize>) -> Result<(Tensor<2>, T), DatasetError> {
        match &self.0 {
            BatchOf::OnHost(batch) => batch.part(part),
            BatchOf::OnAdapter {
                examples, indices, ..
            } => Ok(match indices {
                Some(indices) => {
                    let indices = Tensor::clone(indices).narrow(0, part.start, part.len());
                    examples.select(indices)
                }
                None => examples.narrow(part.start, part.len()),
            }),
        }
    }

    /// The rows, if they are on the host.
    pub(crate) fn on_host(&self) -> Option<&HostBatch<T>> {
        match &self.0 {
            BatchOf::OnHost(batch) => Some(batch),
            BatchOf::OnAdapter { .. } => None,
        }
    }

    /// Inputs `[rows, inputs]` and targets of all rows.
    ///
    /// # Errors
    ///
    /// As [`part`](Self::part).
    pub fn all(&self) -> Result<(Tensor<2>, T), DatasetError> {
        self.part(0..self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    /// Three images of four pixels.
    fn images() -> ImageSet {
        let pixels = vec![0, 1, 2, 255, 128, 9, 8, 7, 200, 6, 51, 102];
        ImageSet::new(2, 2, pixels, vec![2, 0, 1]).expect("whole images")
    }

    #[test]
    fn a_batch_has_the_rows_of_its_places_on_every_device() {
        for backend in Backend::ALL {
            let Ok(opened) = backend.open() else {
                continue;
            };
            let examples = Examples::from_images(images(), &opened);
            let order = shuffled_indices(3, 5, 1);
            let batch = examples.batch(&examples.order(2, 5, 1), 1..3);
            let (x, labels) = batch.part(1..2).unwrap();
            let row = order[2] as usize;
            let expected = images().image(row).to_vec();
            let expected = expected.iter().map(|&p| f32::from(p) / 255.0);
            let got = x.into_data();
            let data = TensorData::new::<f32, _>(expected.collect(), [1, 4]);
            got.assert_approx_eq::<f32>(&data, burn::tensor::Tolerance::absolute(1e-7));
            let label = i64::from(images().label(row));
            assert_eq!(labels.try_into_vec_as::<i64>().unwrap(), [label]);
            let (_, one_hot) = examples.one_hot(3).narrow(row, 1).unwrap();
            let expected = (0..3).map(|class| f64::from(u8::from(class == label)));
            let expected = expected.collect::<Vec<_>>();
            let got = one_hot.flatten::<1>(0, 1).try_into_vec_as::<f64>();
            assert_eq!(got.unwrap(), expected);
        }
    }

    #[test]
    fn a_full_batch_keeps_storage_order() {
        let opened = Backend::Flex.open().expect("flex runs everywhere");
        let examples = Examples::from_images(images(), &opened);
        let batch = examples.batch(&examples.order(3, 0, 1), 0..3);
        let (_, labels) = batch.all().unwrap();
        assert_eq!(labels.try_into_vec_as::<i64>().unwrap(), [2, 0, 1]);
    }

    #[test]
    fn the_first_rows_of_images_are_images() {
        let opened = Backend::Flex.open().expect("flex runs everywhere");
        let examples = Examples::from_images(images(), &opened);
        let head = examples.head(2);
        assert_eq!((head.len(), head.bytes()), (2, 2 * 4 + 2));
        assert_eq!((examples.len(), examples.bytes()), (3, 3 * 4 + 3));
    }
}
