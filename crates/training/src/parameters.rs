//! The parameters of a module by path.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// A parameter tensor of a module.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Dotted path, for example `layers.0.weight`.
    pub path: String,
    /// Sizes of its dimensions.
    pub shape: Vec<usize>,
    /// Its values, in order of storage, `[elements]`.
    pub values: Tensor<1>,
}

/// The parameter tensors of a module, in the order in which it is visited.
pub fn parameters<M: Module>(module: &M) -> Vec<Parameter> {
    let mut walk = Walk::default();
    module.visit(&mut walk);
    walk.found
}

#[derive(Default)]
struct Walk {
    path: Vec<String>,
    found: Vec<Parameter>,
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        self.found.push(Parameter {
            path: self.path.join("."),
            shape: value.dims().to_vec(),
            values: value.flatten(0, D - 1),
        });
    }
}
