//! What a pickled PyTorch model computes, as far as the file says it: the order of its modules, where it
//! consists of `Sequential`s. Modules that no net here has are refused by name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use layers::Activation;

use crate::error::ExchangeError;
use crate::norm::{DEFAULT_EPSILON, Side};
use crate::pickle::{Id, Node, Pickle};

/// Largest pickle that is read: it describes a model and does not contain its weights.
const MAX_PICKLE: u64 = 64 << 20;

/// Deepest nesting of modules.
const MAX_DEPTH: usize = 32;

/// Largest number of modules.
const MAX_MODULES: usize = 10_000;

/// What a module computes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Dense,
    Activation(Activation),
    /// Batch normalisation, with its ε.
    Norm(f64),
    /// Softmax, or its logarithm.
    Softmax,
    /// Nothing once a net is trained, or nothing to rows of numbers; with its class.
    Nothing(String),
}

/// The modules of a model that have no modules of their own, in their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    /// Each with its path.
    pub(crate) steps: Vec<(String, Step)>,
    /// Whether they are computed one after the other in this order. In a class of the user's, only its
    /// program knows.
    pub(crate) in_order: bool,
}

/// What follows from the order of a model's modules.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// Paths of the dense layers.
    pub(crate) layers: Vec<String>,
    pub(crate) activation: Option<Activation>,
    pub(crate) output_activation: Option<Activation>,
    /// Path, side and ε of each normalisation.
    pub(crate) norms: Vec<(String, Side, f64)>,
    /// Modules that were passed over, for people.
    pub(crate) notes: Vec<String>,
}

impl Model {
    /// The model in a file that `torch.save` wrote; `None` if the file has only tensors. Errors say
    /// what is wrong, in words ([`Err`] of the inner result) or by name.
    pub(crate) fn of_file(path: &Path) -> Result<Result<Option<Self>, ExchangeError>, String> {
        let bytes = match pickle_of(path)? {
            Container::Zip(bytes) => bytes,
            Container::Old(bytes) => return Self::of_old_file(&bytes),
            Container::Program => return Ok(Err(ExchangeError::TorchScript)),
        };
        let (pickle, _) = Pickle::parse(&bytes)?;
        Ok(Self::of_pickle(&pickle))
    }

    /// Refuses a model in a container from before PyTorch 1.6: Burn's reader takes only state dicts from
    /// them.
    fn of_old_file(bytes: &[u8]) -> Result<Result<Option<Self>, ExchangeError>, String> {
        let is_model = if bytes.get(257..262) == Some(b"ustar") {
            bytes
                .windows(16)
                .any(|window| window == b"torch.nn.modules")
        } else {
            let (mut pickle, mut rest) = Pickle::parse(bytes)?;
            // A magic number, a version and the system came first.
            if matches!(pickle.node(pickle.root()), Node::Other | Node::Int(_)) {
                for _ in 0..3 {
                    (pickle, rest) = Pickle::parse(rest)?;
                }
            }
            match Self::of_pickle(&pickle) {
                Ok(model) => model.is_some(),
                Err(refused) => return Ok(Err(refused)),
            }
        };
        Ok(if is_model {
            Err(ExchangeError::OldModel)
        } else {
            Ok(None)
        })
    }

    fn of_pickle(pickle: &Pickle) -> Result<Option<Self>, ExchangeError> {
        let mut model = Self {
            steps: vec![],
            in_order: true,
        };
        let mut walk = Walk {
            pickle,
            visited: 0,
            model: &mut model,
        };
        let root = pickle.root();
        if walk.is_module(root) {
            walk.visit(String::new(), root, 0)?;
        } else {
            let mut models = 0;
            for &(key, value) in pickle.entries(root) {
                if let (Some(key), true) = (pickle.text(key), walk.is_module(value)) {
                    walk.visit(key.to_owned(), value, 0)?;
                    models += 1;
                }
            }
            model.in_order &= models == 1;
        }
        Ok((!model.steps.is_empty()).then_some(model))
    }

    /// The same model with other paths.
    pub(crate) fn renamed(self, new: impl Fn(&str) -> String) -> Self {
        let steps = self.steps.into_iter();
        let steps = steps.map(|(name, step)| (new(&name), step)).collect();
        Self { steps, ..self }
    }

    /// The activation that a model of unknown order has, if it has one alone.
    pub(crate) fn only_activation(&self) -> Option<Activation> {
        let mut activations = self.steps.iter().filter_map(|(_, step)| match step {
            Step::Activation(activation) => Some(*activation),
            _ => None,
        });
        let first = activations.next()?;
        activations.all(|other| other == first).then_some(first)
    }

    /// ε of each normalisation, by its path.
    pub(crate) fn epsilon(&self, path: &str) -> Option<f64> {
        self.steps.iter().find_map(|(name, step)| match step {
            Step::Norm(epsilon) if name == path => Some(*epsilon),
            _ => None,
        })
    }

    /// What follows from the order, or an error that names the module that stands where no net here
    /// has one.
    pub(crate) fn plan(&self) -> Result<Plan, ExchangeError> {
        let misplaced = |name: &str, why: &str| {
            Err(ExchangeError::Misplaced {
                name: name.to_owned(),
                why: why.to_owned(),
            })
        };
        let is_dense = |(_, step): &&(String, Step)| *step == Step::Dense;
        let layers: usize = self.steps.iter().filter(is_dense).count();
        let mut plan = Plan::default();
        // The activation since the last layer.
        let mut since: Option<Activation> = None;
        let mut is_over = false;
        for (name, step) in &self.steps {
            let last = plan.layers.len().checked_sub(1);
            let at_end = plan.layers.len() == layers;
            match (step, last) {
                (Step::Nothing(class), _) => plan.notes.push(format!(
                    "{class} '{name}' is passed over: it changes nothing in a trained net"
                )),
                _ if is_over => return misplaced(name, "it comes after the softmax"),
                (Step::Dense, Some(_)) if since.is_none() => {
                    return misplaced(name, "no activation comes between it and the layer before");
                }
                (Step::Dense, _) => {
                    plan.layers.push(name.clone());
                    since = None;
                }
                (Step::Activation(_), None) => {
                    return misplaced(name, "an activation comes before the first layer");
                }
                (Step::Activation(_), _) if since.is_some() => {
                    return misplaced(name, "it is the second activation after one layer");
                }
                (Step::Activation(activation), Some(_)) if at_end => {
                    since = Some(*activation);
                    plan.output_activation = since;
                }
                (Step::Activation(activation), Some(_)) => {
                    if plan.activation.is_some_and(|other| other != *activation) {
                        return misplaced(name, "another activation follows an earlier layer");
                    }
                    since = Some(*activation);
                    plan.activation = since;
                }
                (Step::Norm(epsilon), last) => {
                    let side = match last {
                        Some(last) if since.is_none() => Side::After(last),
                        _ if at_end => {
                            return misplaced(name, "it normalises the outputs of the net");
                        }
                        _ => Side::Before(plan.layers.len()),
                    };
                    plan.norms.push((name.clone(), side, *epsilon));
                }
                (Step::Softmax, _) if at_end && since.is_none() => {
                    is_over = true;
                    plan.notes.push(format!(
                        "softmax '{name}' is passed over: probabilities are computed with it anyway"
                    ));
                }
                (Step::Softmax, _) => {
                    return misplaced(name, "softmax comes before the last layer's outputs");
                }
            }
        }
        Ok(plan)
    }
}

/// A walk through the modules of a pickle.
struct Walk<'a> {
    pickle: &'a Pickle,
    visited: usize,
    model: &'a mut Model,
}

impl Walk<'_> {
    /// Whether a value is a `torch.nn.Module`: each has a table of its modules and of its parameters.
    fn is_module(&self, id: Id) -> bool {
        let tables = ["_modules", "_parameters"];
        self.pickle.object(id).is_some_and(|(_, state)| {
            tables
                .iter()
                .all(|table| self.pickle.attribute(state, table).is_some())
        })
    }

    fn visit(&mut self, path: String, id: Id, depth: usize) -> Result<(), ExchangeError> {
        let pickle = self.pickle;
        let Some((class, state)) = pickle.object(id).filter(|_| self.is_module(id)) else {
            return Ok(());
        };
        self.visited += 1;
        if depth > MAX_DEPTH || self.visited > MAX_MODULES {
            return Err(ExchangeError::TooManyModules);
        }
        if let Some(step) = self.step(&path, class, state)? {
            self.model.steps.push((path, step));
            return Ok(());
        }
        let modules = pickle.attribute(state, "_modules");
        let children = modules.map_or(&[][..], |modules| pickle.entries(modules));
        let is_sequential = class == "torch.nn.modules.container.Sequential";
        let is_container = class.starts_with("torch.nn.modules.container.");
        let of_torch = class.starts_with("torch.");
        let is_module = |&&(_, child): &&(Id, Id)| self.is_module(child);
        let has_modules = children.iter().any(|child| is_module(&child));
        if !is_container && (of_torch || !has_modules) {
            return Err(ExchangeError::ForeignModule {
                name: path,
                class: class.to_owned(),
            });
        }
        self.model.in_order &= is_sequential;
        for &(key, child) in children {
            let name = pickle.text(key).unwrap_or_default();
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            self.visit(path, child, depth + 1)?;
        }
        Ok(())
    }

    /// What a module computes, if it is one of those that are known.
    fn step(&self, path: &str, class: &str, state: Id) -> Result<Option<Step>, ExchangeError> {
        let Some((family, name)) = class
            .strip_prefix("torch.nn.modules.")
            .and_then(|class| class.rsplit_once('.'))
        else {
            return Ok(None);
        };
        // A setting that must have one value.
        let fixed = |setting: &str, wanted: f64| {
            let value = self.pickle.attribute(state, setting);
            match value.and_then(|value| self.number(value)) {
                Some(value) if value != wanted => Err(ExchangeError::ModuleSetting {
                    name: path.to_owned(),
                    class: name.to_owned(),
                    setting: setting.to_owned(),
                    value,
                    wanted,
                }),
                _ => Ok(()),
            }
        };
        Ok(Some(match (family, name) {
            ("linear", "Linear") => Step::Dense,
            ("linear", "Identity") | ("flatten", "Flatten") | ("dropout", _) | ("loss", _) => {
                Step::Nothing(name.to_owned())
            }
            ("activation", "ReLU") => Step::Activation(Activation::Relu),
            ("activation", "Sigmoid") => Step::Activation(Activation::Sigmoid),
            ("activation", "Tanh") => Step::Activation(Activation::Tanh),
            ("activation", "ELU") => {
                fixed("alpha", 1.0)?;
                Step::Activation(Activation::Elu)
            }
            ("activation", "Softmax" | "LogSoftmax") => Step::Softmax,
            ("batchnorm", "BatchNorm1d") => {
                let epsilon = self.pickle.attribute(state, "eps");
                let epsilon = epsilon.and_then(|epsilon| self.number(epsilon));
                Step::Norm(epsilon.unwrap_or(DEFAULT_EPSILON))
            }
            _ => return Ok(None),
        }))
    }

    fn number(&self, id: Id) -> Option<f64> {
        match *self.pickle.node(id) {
            Node::Int(number) => Some(number as f64),
            Node::Float(number) => Some(number),
            _ => None,
        }
    }
}

/// What contains a pickle.
enum Container {
    /// A ZIP archive, with its `data.pkl`.
    Zip(Vec<u8>),
    /// A pickle or a TAR archive: the whole file.
    Old(Vec<u8>),
    /// TorchScript: an archive of programs.
    Program,
}

fn pickle_of(path: &Path) -> Result<Container, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let mut start = [0; 4];
    let read = file.read(&mut start).map_err(|error| error.to_string())?;
    if start[..read] != *b"PK\x03\x04" {
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        return Ok(Container::Old(bytes));
    }
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    let named = |archive: &zip::ZipArchive<File>, wanted: &str| {
        let names = archive.file_names_raw().map(String::from_utf8_lossy);
        let mut names = names.map(|name| name.into_owned());
        names.find(|name| name.rsplit('/').next() == Some(wanted))
    };
    if named(&archive, "constants.pkl").is_some() {
        return Ok(Container::Program);
    }
    let name = named(&archive, "data.pkl").ok_or("the archive has no data.pkl")?;
    let entry = archive.by_name(&name).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    entry
        .take(MAX_PICKLE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_PICKLE {
        return Err(format!("its data.pkl is larger than {MAX_PICKLE} bytes"));
    }
    Ok(Container::Zip(bytes))
}
