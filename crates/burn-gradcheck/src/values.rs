//! The arguments and results of a case's closures.

use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};

use crate::flat::{Flat, upload};
use crate::input::HostInput;

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
}

impl Values {
    /// Uploads the point; no gradient is recorded.
    pub(crate) fn untracked(point: &[HostInput], device: &Device, dtype: DType) -> Self {
        let entries = point
            .iter()
            .map(|input| {
                let flat = Flat::upload(&input.shape, &input.values, device, dtype);
                (input.name.clone(), flat)
            })
            .collect();
        Self {
            device: device.clone(),
            dtype,
            entries,
        }
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
        *flat = Flat::upload(&flat.shape, values, &self.device, self.dtype);
        replaced
    }

    /// The leaf of input number `index`.
    pub(crate) fn leaf(&self, index: usize) -> &Tensor<1> {
        &self.entries[index].1.elements
    }

    /// Whether there is an input of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.entries.iter().any(|(other, _)| other == name)
    }

    fn entry(&self, name: &str) -> &Flat {
        let found = self.entries.iter().find(|(other, _)| other == name);
        &found
            .unwrap_or_else(|| {
                let names: Vec<_> = self.entries.iter().map(|(name, _)| name.as_str()).collect();
                panic!("no input is named `{name}`: declare it, or use one of {names:?}")
            })
            .1
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

/// The result of a function: one or several float tensors of any rank.
///
/// It is made from a tensor, a pair or triple of tensors, a `Vec` of tensors, or by [`Outputs::with`].
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    pub(crate) flats: Vec<Flat>,
}

impl Outputs {
    /// No outputs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one more output.
    #[must_use]
    pub fn with<const D: usize>(mut self, tensor: Tensor<D>) -> Self {
        self.flats.push(Flat::new(tensor));
        self
    }

    pub(crate) fn shapes(&self) -> Vec<Vec<usize>> {
        self.flats.iter().map(|flat| flat.shape.clone()).collect()
    }

    /// All outputs' elements, one after the other.
    pub(crate) fn download(&self) -> Vec<f64> {
        self.flats.iter().flat_map(Flat::download).collect()
    }
}

impl<const D: usize> From<Tensor<D>> for Outputs {
    fn from(tensor: Tensor<D>) -> Self {
        Self::new().with(tensor)
    }
}

impl<const A: usize, const B: usize> From<(Tensor<A>, Tensor<B>)> for Outputs {
    fn from((a, b): (Tensor<A>, Tensor<B>)) -> Self {
        Self::new().with(a).with(b)
    }
}

impl<const A: usize, const B: usize, const C: usize> From<(Tensor<A>, Tensor<B>, Tensor<C>)>
    for Outputs
{
    fn from((a, b, c): (Tensor<A>, Tensor<B>, Tensor<C>)) -> Self {
        Self::new().with(a).with(b).with(c)
    }
}

impl<const D: usize> From<Vec<Tensor<D>>> for Outputs {
    fn from(tensors: Vec<Tensor<D>>) -> Self {
        tensors.into_iter().fold(Self::new(), Self::with)
    }
}

/// The upstream gradient of each output, as plain tensors.
#[derive(Clone, Debug)]
pub struct Upstream {
    pub(crate) flats: Vec<Flat>,
}

impl Upstream {
    pub(crate) fn upload(
        shapes: &[Vec<usize>],
        values: &[Vec<f64>],
        device: &Device,
        dtype: DType,
    ) -> Self {
        let flats = shapes
            .iter()
            .zip(values)
            .map(|(shape, values)| Flat::upload(shape, values, device, dtype))
            .collect();
        Self { flats }
    }

    /// The upstream gradient of output number `output`, of rank `D`.
    ///
    /// # Panics
    ///
    /// If there is no such output or its rank is not `D`.
    pub fn get<const D: usize>(&self, output: usize) -> Tensor<D> {
        let flat = self.flats.get(output).unwrap_or_else(|| {
            panic!(
                "there is no output {output}: the function has {} outputs",
                self.flats.len()
            )
        });
        flat.restore().unwrap_or_else(|| {
            panic!(
                "output {output} has shape {:?}: ask for its gradient as get::<{}>",
                flat.shape,
                flat.shape.len()
            )
        })
    }
}

/// The result of a hand-written vector-Jacobian product: gradients by input name.
#[derive(Clone, Debug, Default)]
pub struct Gradients {
    pub(crate) entries: Vec<(String, Flat)>,
}

impl Gradients {
    /// No gradients yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the gradient with respect to the input `name`, of that input's shape.
    #[must_use]
    pub fn with<const D: usize>(mut self, name: impl Into<String>, gradient: Tensor<D>) -> Self {
        self.entries.push((name.into(), Flat::new(gradient)));
        self
    }

    /// Replaces the gradient of the input `name`, for a test with a wrong gradient.
    ///
    /// # Panics
    ///
    /// If there is no gradient of this name or its rank is not `D`.
    #[must_use]
    pub fn map<const D: usize, const E: usize>(
        mut self,
        name: &str,
        change: impl FnOnce(Tensor<D>) -> Tensor<E>,
    ) -> Self {
        let found = self.entries.iter_mut().find(|(other, _)| other == name);
        let (_, flat) = found.unwrap_or_else(|| panic!("there is no gradient named `{name}`"));
        let tensor = flat
            .restore()
            .unwrap_or_else(|| panic!("the gradient `{name}` has shape {:?}", flat.shape));
        *flat = Flat::new(change(tensor));
        self
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Flat> {
        let found = self.entries.iter().find(|(other, _)| other == name);
        found.map(|(_, flat)| flat)
    }
}

/// The branch that each element takes (the active units of a ReLU, the index of a maximum). Equal
/// masks at two points mean that no kink of the function lies between them.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    bits: Vec<bool>,
}

impl Masks {
    /// Adds one more mask.
    #[must_use]
    pub fn and<const D: usize>(mut self, mask: Tensor<D, Bool>) -> Self {
        self.bits.extend(mask.into_data().iter::<bool>());
        self
    }

    pub(crate) fn into_bits(self) -> Vec<bool> {
        self.bits
    }
}

impl<const D: usize> From<Tensor<D, Bool>> for Masks {
    fn from(mask: Tensor<D, Bool>) -> Self {
        Self::default().and(mask)
    }
}
