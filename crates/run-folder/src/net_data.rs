//! What a net knows about the data that it was made for.

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{ClassMap, ImageSet, Loading, Treatment, label_of_class};
use training::{AnyNet, ImageKind, ImageSize, SettingsError, treatment};
use weight_exchange::DenseStack;

use crate::config::Config;
use crate::digest::data_digest;
use crate::error::RunFolderError;
use crate::image_inputs::treatment_of;
use crate::saved::SavedRun;
use crate::weights::{self, PRETRAINED};

/// What a net knows about its data: the names of its classes, and what is done to images.
#[derive(Debug, Clone, Default)]
pub struct NetData {
    class_names: Vec<String>,
    class_map: ClassMap,
    treatment: Option<Treatment>,
    /// Whether the net was trained with this treatment, and no other will do.
    is_recorded: bool,
    /// The folder that it was trained on.
    trained_on: Option<PathBuf>,
    /// The digest of the training images and labels in it.
    data_digest: Option<String>,
    /// What the logits are divided by, so that probabilities mean what they say.
    temperature: Option<f64>,
    /// Why that cannot be read, if it cannot.
    temperature_gap: Option<String>,
    /// Leave out images that cannot be read.
    skip_bad: bool,
}

impl NetData {
    /// What a run says.
    pub fn of_run(run: &SavedRun) -> Self {
        let (temperature, gap) = match run.temperature() {
            Ok(temperature) => (temperature, None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            data_digest: run.data_digest(),
            temperature,
            temperature_gap: gap,
            ..Self::of_config(run.config())
        }
    }

    /// What the configuration of a run says.
    pub fn of_config(config: &Config) -> Self {
        let settings = &config.settings;
        let classes = config.sizes.last().copied().unwrap_or_default();
        let has_names = settings.class_names.len() == classes;
        let (treatment, is_recorded) = config.treatment();
        Self {
            class_names: if has_names {
                settings.class_names.clone()
            } else {
                numbers(classes)
            },
            class_map: settings.spellings(),
            treatment,
            is_recorded,
            trained_on: config.data_dir().filter(|_| !config.is_imported()),
            data_digest: config.data_digest.clone(),
            temperature: config.temperature,
            temperature_gap: None,
            skip_bad: settings.skip_bad,
        }
    }

    /// What is known about the net of a weight file: that of the run around it, if it is in a run folder,
    /// or of the bundled net; of others what the file says.
    ///
    /// # Errors
    ///
    /// As [`weights::read`].
    pub fn of_weights(net: &AnyNet, path: &Path) -> Result<Self, RunFolderError> {
        let sizes = net.sizes();
        let run = SavedRun::open(path.parent().unwrap_or(Path::new("")));
        match run {
            _ if path == Path::new(PRETRAINED) => Ok(Self::of_pretrained()),
            Ok(run) if run.config().sizes == sizes => Ok(Self::of_run(&run)),
            _ => Self::of_stack(&weights::read(path)?),
        }
    }

    /// What is known about the bundled net.
    pub fn of_pretrained() -> Self {
        Self {
            class_names: numbers(10),
            treatment: Some(Treatment::Strokes),
            is_recorded: true,
            temperature: Some(mnist_mlp::PRETRAINED_TEMPERATURE),
            ..Self::default()
        }
    }

    /// What the file of layers says.
    pub(crate) fn of_stack(stack: &DenseStack) -> Result<Self, RunFolderError> {
        let treatment = treatment_of(stack)?;
        Ok(Self {
            class_names: weights::class_names(stack.classes(), &stack.sizes()),
            treatment,
            is_recorded: treatment.is_some(),
            temperature: stack.temperature(),
            ..Self::default()
        })
    }

    /// The same with other choices.
    ///
    /// # Errors
    ///
    /// If the images are to be treated in another way than those that the net was trained on, or a size is
    /// given for images that get none.
    pub fn with(
        mut self,
        images: Option<ImageKind>,
        image_size: Option<ImageSize>,
        class_map: Option<ClassMap>,
    ) -> Result<Self, SettingsError> {
        let recorded = self.treatment.filter(|_| self.is_recorded);
        // A net that takes plain images needs no reminder that these have a size.
        let is_plain = matches!(recorded, Some(Treatment::Plain { .. }));
        let kind = images.or((is_plain && image_size.is_some()).then_some(ImageKind::Plain));
        let option = match (images, image_size) {
            (None, Some(_)) => "--image-size",
            _ => "--images",
        };
        if let (Some(Treatment::Strokes), None, Some(_)) = (recorded, images, image_size) {
            return Err(SettingsError::new(
                "--image-size is for plain images, and the net was trained on strokes, which become \
                 28x28; leave it out",
            ));
        }
        let chosen = treatment(kind, image_size)?;
        if let Some(known) = recorded.filter(|known| chosen.is_some_and(|chosen| chosen != *known))
        {
            return Err(SettingsError::new(format!(
                "{option} differs from what the net was trained on ({known}); leave it out"
            )));
        }
        self.treatment = chosen.or(self.treatment);
        Ok(self.with_class_map(class_map))
    }

    /// The same with other spellings of its classes, if there are any.
    pub fn with_class_map(mut self, class_map: Option<ClassMap>) -> Self {
        self.class_map = class_map.unwrap_or(self.class_map);
        self
    }

    /// The same, leaving out images that cannot be read if `skip_bad` says so, or the run did.
    pub fn skipping_bad(mut self, skip_bad: bool) -> Self {
        self.skip_bad |= skip_bad;
        self
    }

    /// The names of the classes, by label.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The label that a name in the data stands for.
    pub fn label_of(&self, name: &str) -> Option<usize> {
        label_of_class(name, &self.class_names, &self.class_map)
    }

    /// What the logits are divided by, so that probabilities mean what they say, if it is known.
    pub fn temperature(&self) -> Option<f64> {
        self.temperature
    }

    /// Why the temperature cannot be read, if it cannot.
    pub fn temperature_gap(&self) -> Option<&str> {
        self.temperature_gap.as_deref()
    }

    /// Whether the images of a folder are those that the net was trained on; true if nobody knows.
    pub(crate) fn is_trained_on(&self, images: &ImageSet) -> bool {
        let known = self.data_digest.as_ref();
        let is_of = |known: &String| data_digest(images, Some(known)).is_ok_and(|of| of == *known);
        known.is_none_or(is_of)
    }

    /// The same for a net that has just been trained, whose data are as they were.
    pub fn with_unchanged_data(mut self) -> Self {
        self.data_digest = None;
        self
    }

    /// The name in the data, with the class that it is mapped to: for messages.
    pub fn described(&self, name: &str) -> String {
        self.class_map.described(name)
    }

    /// What is done to images, if it is known.
    pub fn treatment(&self) -> Option<Treatment> {
        self.treatment
    }

    /// How data are loaded for the net.
    pub fn loading(&self) -> Loading {
        Loading {
            treatment: self.treatment,
            classes: (!self.class_names.is_empty()).then(|| self.class_names.clone()),
            class_map: self.class_map.clone(),
            skip_bad: self.skip_bad,
        }
    }

    /// Whether the net was trained on the data in this folder.
    pub(crate) fn was_trained_on(&self, dir: &Path) -> bool {
        let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let trained_on = self.trained_on.as_deref();
        trained_on.is_some_and(|folder| real(folder) == real(dir))
    }
}

fn numbers(classes: usize) -> Vec<String> {
    (0..classes).map(|label| label.to_string()).collect()
}
