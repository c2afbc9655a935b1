//! The results of a case's closures: outputs, gradients, branches; and the upstream gradients.

use burn::tensor::{Bool, DType, Device, Tensor};

use crate::flat::Flat;
use crate::layout::Layout;

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
            .map(|(shape, values)| Flat::upload(shape, values, Layout::Contiguous, device, dtype))
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

    /// All gradients times a scalar.
    pub(crate) fn times(mut self, factor: Tensor<1>) -> Self {
        for (_, flat) in &mut self.entries {
            flat.elements = flat.elements.clone() * factor.clone();
        }
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
