//! Modules, with their parameters as inputs named by dotted path.

use std::sync::{Mutex, PoisonError};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor};

use crate::input::{Input, Source};
use crate::sample::Sample;
use crate::values::Values;

/// A module, built once for each device.
pub(crate) struct Template<M> {
    build: Box<dyn Fn(&Device) -> M + Send + Sync>,
    built: Mutex<Vec<(Device, M)>>,
}

impl<M: Module> Template<M> {
    pub(crate) fn new(build: impl Fn(&Device) -> M + Send + Sync + 'static) -> Self {
        Self {
            build: Box::new(build),
            built: Mutex::new(Vec::new()),
        }
    }

    /// The module on a device, its lazy parameters initialised.
    fn on(&self, device: &Device) -> M {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        // Devices are equal whether or not they record gradients.
        let is_here =
            |other: &Device| other == device && other.is_autodiff() == device.is_autodiff();
        if let Some((_, module)) = built.iter().find(|(other, _)| is_here(other)) {
            return module.clone();
        }
        let module = (self.build)(device);
        module.visit(&mut Parameters::default());
        built.push((device.clone(), module.clone()));
        module
    }

    /// The trainable parameters as inputs.
    pub(crate) fn inputs(&self, device: &Device) -> Vec<Input> {
        let mut parameters = Parameters::default();
        self.on(&device.clone().autodiff()).visit(&mut parameters);
        parameters.found
    }

    /// The module with the parameters' values replaced, on the device of the values.
    pub(crate) fn with_values(&self, values: &Values) -> M {
        self.on(values.device()).map(&mut Replace {
            path: Vec::new(),
            values,
        })
    }
}

/// Collects the trainable parameters. Reading one initialises it.
#[derive(Default)]
struct Parameters {
    path: Vec<String>,
    found: Vec<Input>,
}

impl ModuleVisitor for Parameters {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.base();
        if value.is_require_grad() {
            let shape = value.dims().to_vec();
            self.found.push(Input {
                name: self.path.join("."),
                source: Source::Drawn(sample_for(&shape)),
                shape,
                differentiated: true,
            });
        }
    }
}

/// Weights small enough that the layer's outputs are about as large as its inputs.
fn sample_for(shape: &[usize]) -> Sample {
    match shape {
        [rows @ .., _] if !rows.is_empty() => {
            let fan_in: usize = rows.iter().product();
            Sample::Scaled(1.0 / (fan_in.max(1) as f64).sqrt())
        }
        _ => Sample::Signed,
    }
}

/// Replaces the parameters by the values of a point; a parameter that is not an input is only cast.
struct Replace<'a> {
    path: Vec<String>,
    values: &'a Values,
}

impl ModuleMapper for Replace<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let dtype: DType = self.values.dtype();
        if self.values.contains(&path) {
            let (id, _, mapper) = param.consume();
            Param::from_mapped_value(id, self.values.get(&path), mapper)
        } else {
            param.map(|value| value.detach().cast(dtype))
        }
    }
}
