//! A float tensor of any rank as one type.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::layout::Layout;

/// A float tensor whose rank is known at run time: its shape and its elements as they lie in memory.
///
/// Gradients flow through it, since flattening and restoring are reshapes.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    pub(crate) shape: Vec<usize>,
    pub(crate) elements: Tensor<1>,
    pub(crate) layout: Layout,
}

impl Flat {
    /// Uploads host values, rounded to `dtype`.
    pub(crate) fn upload(
        shape: &[usize],
        values: &[f64],
        layout: Layout,
        device: &Device,
        dtype: DType,
    ) -> Self {
        let elements = match layout.places(shape) {
            None => upload([values.len()], values, device, dtype),
            Some(places) => {
                let mut memory = vec![0.0; layout.held_elements(shape)];
                for (place, value) in places.into_iter().zip(values) {
                    memory[place] = *value;
                }
                upload([memory.len()], &memory, device, dtype)
            }
        };
        Self {
            shape: shape.to_vec(),
            elements,
            layout,
        }
    }

    /// Flattens a tensor.
    pub(crate) fn new<const D: usize>(tensor: Tensor<D>) -> Self {
        let shape = tensor.dims().to_vec();
        let len: usize = shape.iter().product();
        let elements = if len == 0 {
            // Reshaping reads a size of 0 as "keep this dimension".
            upload([0], &[], &tensor.device(), tensor.dtype())
        } else {
            tensor.reshape([len])
        };
        Self {
            shape,
            elements,
            layout: Layout::Contiguous,
        }
    }

    /// Restores the tensor, or `None` if `D` is not its rank.
    pub(crate) fn restore<const D: usize>(&self) -> Option<Tensor<D>> {
        let shape: [usize; D] = self.shape.as_slice().try_into().ok()?;
        Some(if self.len() == 0 {
            upload(shape, &[], &self.elements.device(), self.elements.dtype())
        } else {
            self.layout.view(self.elements.clone(), shape)
        })
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The elements on the host, in row-major order.
    pub(crate) fn download(&self) -> Vec<f64> {
        self.in_order(&self.elements)
    }

    /// What lies in memory as the elements of this tensor do, in row-major order.
    pub(crate) fn in_order(&self, memory: &Tensor<1>) -> Vec<f64> {
        let memory: Vec<f64> = memory.to_data().iter::<f64>().collect();
        match self.layout.places(&self.shape) {
            None => memory,
            Some(places) => places.into_iter().map(|place| memory[place]).collect(),
        }
    }
}

/// Uploads host values as a tensor of known rank, rounded to `dtype` on the host.
pub(crate) fn upload<const D: usize>(
    shape: [usize; D],
    values: &[f64],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype))
}

/// The values, rounded to `dtype`.
pub(crate) fn rounded(values: Vec<f64>, dtype: DType) -> Vec<f64> {
    let count = values.len();
    let data = TensorData::new(values, [count]).convert_dtype(dtype);
    data.iter::<f64>().collect()
}
