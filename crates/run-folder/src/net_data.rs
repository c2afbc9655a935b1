//! What a net knows about the data that it was made for.

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{ClassMap, Loading, Treatment, label_of_class};
use training::{AnyNet, ImageKind, ImageSize, SettingsError, treatment};

use crate::config::Config;
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
    /// Leave out images that cannot be read.
    skip_bad: bool,
}

impl NetData {
    /// What the configuration of a run says.
    pub fn of_run(config: &Config) -> Self {
        let settings = &config.settings;
        let folder = settings.data_dir.as_ref();
        let folder = folder.map(|folder| config.working_folder.join(folder));
        let classes = config.sizes.last().copied().unwrap_or_default();
        let has_names = settings.class_names.len() == classes;
        // Earlier versions knew only strokes, and said nothing. MNIST's digits are strokes.
        let made_of_folders = !settings.class_names.is_empty();
        let is_mnist = folder == Some(datasets::bundled_mnist_dir());
        let strokes = (made_of_folders || is_mnist).then_some(Treatment::Strokes);
        Self {
            class_names: if has_names {
                settings.class_names.clone()
            } else {
                numbers(classes)
            },
            class_map: settings.spellings(),
            treatment: settings.treatment().or(strokes),
            is_recorded: settings.treatment().is_some() || made_of_folders,
            trained_on: folder,
            skip_bad: settings.skip_bad,
        }
    }

    /// What is known about the net of a weight file: that of the run around it, if it is in a run folder,
    /// or of the bundled net; of others the classes that they name, or how many they have.
    pub fn of_weights(net: &AnyNet, path: &Path) -> Self {
        let sizes = net.sizes();
        let run = SavedRun::open(path.parent().unwrap_or(Path::new("")));
        match run {
            _ if path == Path::new(PRETRAINED) => Self::of_pretrained(),
            Ok(run) if run.config().sizes == sizes => Self::of_run(run.config()),
            _ => {
                // A file that trainer wrote names its classes.
                let named = weights::read(path).map(|stack| stack.classes().to_vec());
                let named = named.ok().filter(|names| !names.is_empty());
                Self {
                    class_names: named
                        .unwrap_or_else(|| numbers(sizes.last().copied().unwrap_or_default())),
                    ..Self::default()
                }
            }
        }
    }

    /// What is known about the bundled net.
    pub fn of_pretrained() -> Self {
        Self {
            class_names: numbers(10),
            treatment: Some(Treatment::Strokes),
            is_recorded: true,
            ..Self::default()
        }
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
        let chosen = treatment(images, image_size)?;
        if let (Some(chosen), Some(known)) = (chosen, self.treatment)
            && chosen != known
            && self.is_recorded
        {
            return Err(SettingsError::new(format!(
                "--images differs from what the net was trained on ({known}); leave it out"
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
