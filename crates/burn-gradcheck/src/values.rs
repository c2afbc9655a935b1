//! The arguments of a case's closures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};

use crate::flat::{Flat, upload};
use crate::input::{HostInput, Integers};

/// The inputs of a case, by name, on the device of a witness.
///
/// # Example
///
/// ```
/// use burn::tensor::Device;
/// use burn_gradcheck::{Case, Values};
///
/// let product = |v: &Values| v.get::<2>("x") * v.tensor([1, 2], &[3.0, -2.0]);
/// Case::new("scaled columns").input("x", [4, 2]).function(product).check(&Device::flex()).assert_pass();
/// ```
#[derive(Clone, Debug)]
pub struct Values {
    device: Device,
    dtype: DType,
    entries: Vec<(String, Flat)>,
    integers: Arc<[(Integers, Tensor<1, Int>)]>,
    /// Whether each entry was asked for, here or in a clone.
    read: Arc<[AtomicBool]>,
}

impl Values {
    /// Uploads the point; no gradient is recorded.
    pub(crate) fn untracked(
        point: &[HostInput],
        integers: &[Integers],
        device: &Device,
        dtype: DType,
    ) -> Self {
        let entry = |input: &HostInput| {
            let flat = Flat::upload(&input.shape, &input.values, input.layout, device, dtype);
            (input.name.clone(), flat)
        };
        let upload_integers = |integers: &Integers| {
            let data = TensorData::new(integers.values.to_vec(), [integers.values.len()]);
            (integers.clone(), Tensor::from_data(data, device))
        };
        Self {
            device: device.clone(),
            dtype,
            entries: point.iter().map(entry).collect(),
            integers: integers.iter().map(upload_integers).collect(),
            read: point.iter().map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// The same values on a device with autodiff, not recorded.
    pub(crate) fn recording(&self) -> Self {
        let mut values = self.clone();
        values.device = self.device.clone().autodiff();
        for (_, flat) in &mut values.entries {
            flat.elements = Tensor::from_inner(flat.elements.clone());
        }
        let integers = self.integers.iter().cloned();
        let moved = integers.map(|(own, elements)| (own, elements.to_device(&values.device)));
        values.integers = moved.collect();
        values
    }

    /// The inputs that no closure asked for so far.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries.iter().zip(self.read.iter());
        entries
            .filter(|(_, read)| !read.load(Ordering::Relaxed))
            .map(|((name, _), _)| name.as_str())
    }

    /// The same values, on an autodiff device, with the differentiated inputs as leaves of a graph.
    pub(crate) fn tracked(&self, point: &[HostInput]) -> Self {
        let mut values = self.clone();
        for ((_, flat), input) in values.entries.iter_mut().zip(point) {
            if input.differentiated && flat.len() > 0 {
                flat.elements = flat.elements.clone().detach().require_grad();
            }
        }
        values
    }

    /// The same values with input number `index` replaced; nothing else is uploaded again.
    pub(crate) fn with_replaced(&self, index: usize, values: &[f64]) -> Self {
        let mut replaced = self.clone();
        let flat = &mut replaced.entries[index].1;
        *flat = Flat::upload(&flat.shape, values, flat.layout, &self.device, self.dtype);
        replaced
    }

    /// Input number `index`.
    pub(crate) fn leaf(&self, index: usize) -> &Flat {
        &self.entries[index].1
    }

    /// Whether there is an input of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.entries.iter().any(|(other, _)| other == name)
    }

    fn entry(&self, name: &str) -> &Flat {
        let found = self.entries.iter().position(|(other, _)| other == name);
        let index = found.unwrap_or_else(|| {
            let names: Vec<_> = self.entries.iter().map(|(name, _)| name.as_str()).collect();
            panic!("no input is named `{name}`: declare it, or use one of {names:?}")
        });
        self.read[index].store(true, Ordering::Relaxed);
        &self.entries[index].1
    }

    /// The input `name`, of rank `D`.
    ///
    /// # Panics
    ///
    /// If no input has this name or its rank is not `D`.
    pub fn get<const D: usize>(&self, name: &str) -> Tensor<D> {
        let flat = self.entry(name);
        flat.restore().unwrap_or_else(|| {
            panic!(
                "input `{name}` has shape {:?}: ask for it as get::<{}>",
                flat.shape,
                flat.shape.len()
            )
        })
    }

    /// The integer input `name`, of rank `D`.
    ///
    /// # Panics
    ///
    /// If no integer input has this name or its rank is not `D`.
    pub fn get_ints<const D: usize>(&self, name: &str) -> Tensor<D, Int> {
        let found = self.integers.iter().find(|(other, _)| other.name == name);
        let (integers, elements) = found.unwrap_or_else(|| {
            panic!("no integer input is named `{name}`: declare it with Case::integers")
        });
        let shape = integers.shape.as_slice();
        let shape: [usize; D] = shape.try_into().unwrap_or_else(|_| {
            panic!(
                "integer input `{name}` has shape {shape:?}: ask for it as get_ints::<{}>",
                shape.len()
            )
        });
        elements.clone().reshape(shape)
    }

    /// The shape of the input `name`.
    ///
    /// # Panics
    ///
    /// If no input has this name.
    pub fn shape(&self, name: &str) -> &[usize] {
        &self.entry(name).shape
    }

    /// The device of the inputs: an autodiff device for a function (so that layers behave as in
    /// training), a plain one for a hand-written vector-Jacobian product.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The float type of the inputs.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Uploads host values as a float tensor on the device and in the float type of the inputs.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    pub fn tensor<const D: usize>(&self, shape: [usize; D], values: &[f64]) -> Tensor<D> {
        upload(shape, values, &self.device, self.dtype)
    }

    /// Uploads host values as an integer tensor on the device of the inputs.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    pub fn ints<const D: usize>(&self, shape: [usize; D], values: &[i64]) -> Tensor<D, Int> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &self.device)
    }

    /// Uploads host values as a boolean tensor on the device of the inputs.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    pub fn bools<const D: usize>(&self, shape: [usize; D], values: &[bool]) -> Tensor<D, Bool> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &self.device)
    }
}
