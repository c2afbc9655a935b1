//! Where tensors are computed.

use backends::{Hardware, Opened};
use burn::tensor::{DType, Device};

/// A device and its float type.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) device: Device,
    pub(crate) dtype: DType,
}

impl Place {
    /// A backend's device with the widest float type that it computes correctly.
    pub(crate) fn of(backend: &Opened) -> Self {
        let dtype = match backend.hardware {
            Hardware::Processor => DType::F64,
            Hardware::Graphics | Hardware::SoftwareGraphics | Hardware::Remote => DType::F32,
        };
        Self {
            device: backend.device.clone(),
            dtype,
        }
    }
}
