//! What a lesson computes with, and the trait of a lesson.

use std::fmt;

use anyhow::Result;
use backends::Opened;
use burn::tensor::{DType, Device, Tensor, TensorData};
use pages::page::Page;

/// What a lesson computes with: a device, its widest float type, and a seed.
#[derive(Debug)]
pub struct Setup {
    /// The device.
    pub opened: Opened,
    /// The widest float type of the device.
    pub dtype: DType,
    /// Seed of everything random.
    pub seed: u64,
}

impl Setup {
    /// A lesson's setup on this device.
    pub fn new(opened: Opened, seed: u64) -> Self {
        let has_f64 = opened.float_dtypes().contains(&DType::F64);
        Self {
            dtype: if has_f64 { DType::F64 } else { DType::F32 },
            opened,
            seed,
        }
    }

    /// Device and float type, in the form in which Burn creates a tensor.
    pub(crate) fn float(&self) -> (&Device, DType) {
        (&self.opened.device, self.dtype)
    }

    /// A vector of these numbers, `[n]`.
    pub(crate) fn vector(&self, values: Vec<f64>) -> Tensor<1> {
        let shape = [values.len()];
        Tensor::from_data(TensorData::new(values, shape), self.float())
    }

    /// A matrix of these numbers, row by row.
    pub(crate) fn matrix(&self, dims: [usize; 2], values: Vec<f64>) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, dims), self.float())
    }
}

/// A lesson with its options.
pub(crate) trait Teach {
    /// Computes all numbers and figures.
    ///
    /// # Errors
    ///
    /// If an option does not fit, or the data or the device fails; [`NotFinite`] if the lesson ran
    /// but its numbers became infinite or NaN.
    fn teach(&self, setup: &Setup) -> Result<Page>;
}

/// A lesson ran, but its numbers became infinite or NaN. The message says which, and what to choose
/// instead.
///
/// [`Lesson::run`](crate::Lesson::run) returns it inside of an [`anyhow::Error`].
#[derive(Debug)]
pub struct NotFinite(pub(crate) String);

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFinite {}
