//! The loss of a step, which may still be on its way.

use burn::tensor::Tensor;

use crate::error::TrainingError;
use crate::evaluation::read_back;

/// The loss of a batch, before the step that was taken on it.
#[derive(Debug, Clone)]
pub enum Loss {
    /// On the device, one element: reading it waits for the device.
    OnDevice(Box<Tensor<1>>),
    /// On the host.
    Known(f64),
}

impl Loss {
    /// The number.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn read(self) -> Result<f64, TrainingError> {
        Ok(Self::read_all(vec![self])?[0])
    }

    /// The numbers; the device is asked once.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub(crate) fn read_all(losses: Vec<Self>) -> Result<Vec<f64>, TrainingError> {
        let (mut known, mut on_device) = (vec![], vec![]);
        for loss in losses {
            match loss {
                Self::Known(loss) => known.push(loss),
                Self::OnDevice(loss) => on_device.push(*loss),
            }
        }
        // All steps of an epoch are taken by the same engine.
        if on_device.is_empty() {
            Ok(known)
        } else {
            read_back(Tensor::cat(on_device, 0))
        }
    }
}
