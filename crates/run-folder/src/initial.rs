//! The weights that a new run starts from: those of another run, of a file, or of the bundled net.

use std::path::Path;

use datasets::{ClassMap, label_of_class};
use training::{AnyNet, Choices, ModelName, Settings};
use weight_exchange::DenseStack;

use crate::error::RunFolderError;
use crate::saved::SavedRun;
use crate::weights::{self, PRETRAINED};

/// Weights that a new run starts from.
#[derive(Debug, Clone)]
pub struct InitialWeights {
    stack: DenseStack,
    source: String,
    with_new_head: bool,
}

impl InitialWeights {
    /// Reads the weights that `--init` names: a run folder, a file of weights, or [`PRETRAINED`]. With a
    /// new head, the last layer is not used.
    ///
    /// # Errors
    ///
    /// If they cannot be read, or differ from their checksum.
    pub fn open(source: &Path, with_new_head: bool) -> Result<Self, RunFolderError> {
        let stack = if source != Path::new(PRETRAINED) && source.is_dir() {
            weights::of_run(&SavedRun::open(source)?)?
        } else {
            weights::read(source).map_err(|error| error.for_option("--init"))?
        };
        Ok(Self {
            stack,
            source: source.display().to_string(),
            with_new_head,
        })
    }

    /// The weights that choices name, if they name any.
    ///
    /// # Errors
    ///
    /// As [`InitialWeights::open`].
    pub fn of_choices(choices: &Choices) -> Result<Option<Self>, RunFolderError> {
        let init = choices.init.as_deref();
        init.map(|init| Self::open(init, choices.new_head))
            .transpose()
    }

    /// The weights of a run that starts again, whose relative paths begin at `working_folder`.
    pub(crate) fn of_settings(
        settings: &Settings,
        working_folder: &Path,
    ) -> Result<Option<Self>, RunFolderError> {
        let Some(init) = &settings.init else {
            return Ok(None);
        };
        let is_name = init == Path::new(PRETRAINED);
        let init = if is_name {
            init.clone()
        } else {
            working_folder.join(init)
        };
        Self::open(&init, settings.new_head).map(Some)
    }

    /// Makes the choices that the weights decide: model, hidden layers and activation.
    ///
    /// # Errors
    ///
    /// If one of them was chosen otherwise.
    pub fn complete(&self, choices: &mut Choices) -> Result<(), RunFolderError> {
        let sizes = self.stack.sizes();
        let hidden = sizes[1..sizes.len() - 1].to_vec();
        let model = weights::model_of(&self.stack);
        let units = |units: &Vec<usize>| {
            let units: Vec<String> = units.iter().map(usize::to_string).collect();
            if units.is_empty() {
                "none".to_owned()
            } else {
                units.join(",")
            }
        };
        self.decide("--model", &mut choices.model, model, ModelName::to_string)?;
        if model != ModelName::LinearRegression {
            self.decide("--hidden", &mut choices.hidden, hidden, units)?;
        }
        if let Some(activation) = self.stack.activation().filter(|_| sizes.len() > 2) {
            let name = |f: &layers::Activation| f.name().to_owned();
            self.decide("--activation", &mut choices.activation, activation, name)?;
        }
        Ok(())
    }

    /// Makes one choice.
    fn decide<T: PartialEq>(
        &self,
        option: &'static str,
        chosen: &mut Option<T>,
        here: T,
        name: impl Fn(&T) -> String,
    ) -> Result<(), RunFolderError> {
        match chosen {
            Some(chosen) if *chosen != here => Err(RunFolderError::InitialChoice {
                weights: self.source.clone(),
                option,
                here: name(&here),
                chosen: name(chosen),
            }),
            _ => {
                *chosen = Some(here);
                Ok(())
            }
        }
    }

    /// Puts the weights into a net for the given classes; no names are numbers. With a new head, the last
    /// layer keeps what was drawn for it.
    ///
    /// # Errors
    ///
    /// If sizes or classes differ.
    pub fn put_into(&self, net: &mut AnyNet, class_names: &[String]) -> Result<(), RunFolderError> {
        let (here, wanted) = (self.stack.sizes(), net.sizes());
        let body = |sizes: &[usize]| sizes[..sizes.len() - 1].to_vec();
        if body(&here) != body(&wanted) {
            return Err(RunFolderError::InitialInputs {
                weights: self.source.clone(),
                here,
                wanted,
            });
        }
        if !self.with_new_head {
            self.refuse_other_classes(&wanted, class_names)?;
        }
        let layers = self.stack.layers();
        let used = layers.len() - usize::from(self.with_new_head);
        for (place, layer) in net.layers_mut().into_iter().zip(&layers[..used]) {
            let device = place.weight.val().device();
            *place = layer.to_linear(&device);
        }
        Ok(())
    }

    /// An error if the last layer answers with other classes than those of the data.
    fn refuse_other_classes(
        &self,
        wanted: &[usize],
        class_names: &[String],
    ) -> Result<(), RunFolderError> {
        let here = self.stack.sizes();
        let known = self.stack.classes();
        let wanted_names = weights::class_names(class_names, wanted);
        let spelled = |(label, name): (usize, &String)| {
            label_of_class(name, known, &ClassMap::default()) == Some(label)
        };
        let is_same = here.last() == wanted.last()
            && (known.is_empty() || wanted_names.iter().enumerate().all(spelled));
        if is_same {
            return Ok(());
        }
        Err(RunFolderError::InitialClasses {
            weights: self.source.clone(),
            here: if known.is_empty() {
                format!(
                    "{} classes without names",
                    here.last().copied().unwrap_or(0)
                )
            } else {
                format!("the classes {}", known.join(", "))
            },
            wanted: wanted_names.join(", "),
        })
    }

    /// What nobody can check, if there is such: which classes weights mean that do not name them.
    pub fn doubt(&self, class_names: &[String]) -> Option<String> {
        let is_named = !self.stack.classes().is_empty() || self.with_new_head;
        (!is_named && !class_names.is_empty()).then(|| {
            format!(
                "{} does not name its classes: its outputs are taken for {}, in this order; if they mean \
                 others, pass --new-head",
                self.source,
                class_names.join(", ")
            )
        })
    }

    /// What the run starts from, for people.
    pub fn describe(&self) -> String {
        let sizes: Vec<String> = self.stack.sizes().iter().map(usize::to_string).collect();
        let head = if self.with_new_head {
            "; the last layer is drawn again"
        } else {
            ""
        };
        format!("starting from {} ({}){head}", self.source, sizes.join("-"))
    }
}
