//! Modules, with their parameters as inputs named by dotted path.

use std::sync::{Mutex, PoisonError};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{DType, Device, Tensor};

use crate::flat::Flat;
use crate::input::{Input, Source};
use crate::layout::Layout;
use crate::results::Gradients;
use crate::sample::Sample;
use crate::values::Values;

/// The values that a module's parameters are checked at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum At {
    /// Drawn by seed and path.
    Drawn,
    /// The module's own.
    Own,
}

/// A module, built once, and copied for each device and float type.
pub(crate) struct Template<M> {
    build: Box<dyn Fn(&Device) -> M + Send + Sync>,
    at: At,
    built: Mutex<Vec<(Place, M)>>,
}

/// Where a copy of a module is.
#[derive(PartialEq)]
struct Place {
    device: Device,
    /// Devices are equal whether or not they record gradients.
    records: bool,
    dtype: DType,
}

/// The parameters of a module.
#[derive(Default)]
pub(crate) struct Found {
    /// The trainable ones, as inputs. One that is used in several places has the path of the first.
    pub(crate) inputs: Vec<Input>,
    /// Paths of the others, and of running statistics.
    pub(crate) fixed: Vec<String>,
}

impl<M: Module> Template<M> {
    pub(crate) fn new(build: impl Fn(&Device) -> M + Send + Sync + 'static, at: At) -> Self {
        Self {
            build: Box::new(build),
            at,
            built: Mutex::new(Vec::new()),
        }
    }

    /// The module on a device, its lazy parameters initialised. All copies have the same values, also those
    /// that are not inputs.
    ///
    /// `valid` gives running statistics of its own to each copy: clones share them, with the caller's module
    /// and between float types. `train` makes parameters trainable again that were built on a device
    /// without autodiff.
    fn on(&self, device: &Device, dtype: DType) -> M {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place {
            device: device.clone(),
            records: device.is_autodiff(),
            dtype,
        };
        if let Some((_, module)) = built.iter().find(|(other, _)| *other == place) {
            return module.clone();
        }
        let module = match built.first() {
            Some((_, module)) => module.clone(),
            None => {
                let module = (self.build)(device);
                module.visit(&mut Parameters::new(self.at));
                module
            }
        };
        let plain = device.clone().without_autodiff();
        let copy = module.valid().to_device(&plain);
        let copy = if place.records { copy.train() } else { copy };
        built.push((place, copy.clone()));
        copy
    }

    /// The parameters.
    pub(crate) fn parameters(&self, device: &Device, dtype: DType) -> Found {
        let mut parameters = Parameters::new(self.at);
        let device = device.clone().autodiff();
        self.on(&device, dtype).visit(&mut parameters);
        parameters.found
    }

    /// The module with the parameters' values replaced, on the device of the values.
    pub(crate) fn with_values(&self, values: &Values) -> M {
        let module = self.on(values.device(), values.dtype());
        module.map(&mut Replace {
            path: Vec::new(),
            first: Vec::new(),
            values,
        })
    }
}

/// The gradients of a module's parameters that a step of plain gradient descent from `before` to `after`
/// followed: `(before - after) / rate`.
pub(crate) fn gradients_of_step<M: Module>(before: &M, after: &M, rate: f64) -> Gradients {
    let named = |module: &M| {
        let mut values = Snapshot::default();
        module.visit(&mut values);
        values.found
    };
    let after = named(after);
    let mut gradients = Gradients::new();
    for (id, name, before) in named(before) {
        let found = after.iter().find(|(other, ..)| *other == id);
        let (_, _, after) = found.unwrap_or_else(|| panic!("the step lost parameter `{name}`"));
        let shape = before.shape.clone();
        let elements = (before.elements - after.elements.clone()) / rate;
        let flat = Flat {
            shape,
            elements,
            layout: Layout::Contiguous,
        };
        gradients.entries.push((name, flat));
    }
    gradients
}

/// The values of the trainable parameters, without what was recorded.
#[derive(Default)]
struct Snapshot {
    path: Vec<String>,
    found: Vec<(ParamId, String, Flat)>,
}

impl ModuleVisitor for Snapshot {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let is_new = self.found.iter().all(|(id, ..)| *id != param.id);
        let value = param.base();
        if is_new && value.is_require_grad() {
            let flat = Flat::new(value.inner());
            self.found.push((param.id, self.path.join("."), flat));
        }
    }
}

/// Collects the trainable parameters. Reading one initialises it.
struct Parameters {
    at: At,
    path: Vec<String>,
    seen: Vec<ParamId>,
    found: Found,
}

impl Parameters {
    fn new(at: At) -> Self {
        Self {
            at,
            path: Vec::new(),
            seen: Vec::new(),
            found: Found::default(),
        }
    }
}

impl ModuleVisitor for Parameters {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, value) = (self.path.join("."), param.base());
        if self.seen.contains(&param.id) {
            return;
        }
        self.seen.push(param.id);
        if !value.is_require_grad() {
            self.found.fixed.push(name);
            return;
        }
        let shape = value.dims().to_vec();
        let source = match self.at {
            At::Drawn => Source::Drawn(sample_for(&shape)),
            At::Own => {
                let values: Vec<f64> = value.into_data().iter::<f64>().collect();
                Source::Given(values.into())
            }
        };
        self.found.inputs.push(Input {
            name,
            shape,
            source,
            differentiated: true,
            layout: Layout::Contiguous,
        });
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
    /// Each parameter with the path at which it was seen first.
    first: Vec<(ParamId, String)>,
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
        let first = self.first.iter().find(|(id, _)| *id == param.id);
        let path = first.map_or_else(|| self.path.join("."), |(_, path)| path.clone());
        self.first.push((param.id, path.clone()));
        let dtype: DType = self.values.dtype();
        if self.values.contains(&path) {
            let (id, _, mapper) = param.consume();
            Param::from_mapped_value(id, self.values.get(&path), mapper)
        } else {
            param.map(|value| value.detach().cast(dtype))
        }
    }
}
