//! Tensors from and to the host, for the unit tests.

use burn::tensor::{DType, Device, Tensor, TensorData};

/// An f64 tensor on the Flex backend.
pub(crate) fn tensor<const D: usize>(shape: [usize; D], values: &[f64]) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// The elements of an f64 tensor, row by row.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor
        .try_into_vec_as::<f64>()
        .expect("an f64 tensor reads back")
}
