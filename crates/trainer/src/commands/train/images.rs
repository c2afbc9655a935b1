//! The images of a run: loaded, split, and taken to the device.

use std::thread;

use anyhow::{Context, Result, bail};
use burn::tensor::{Int, Tensor};
use datasets::{DataFolder, Loading, Mnist};
use pages::numbers::counted;
use run_folder::{NetData, Resumed, data_digest};
use training::{Examples, Splits};

use super::Session;
use crate::commands::inspect;

/// Labelled images on the device.
pub(super) struct Images {
    pub(super) splits: Splits<Tensor<1, Int>>,
    pub(super) pixels: usize,
    pub(super) classes: usize,
    /// The digest of the training set.
    pub(super) digest: String,
}

impl Session<'_> {
    /// Loads images to the device. The names of the classes, where folders name them, become part of the
    /// settings.
    pub(super) fn load_images(&mut self) -> Result<Images> {
        let dir = match &self.resumed {
            Some(resumed) => resumed.data_dir(&self.choices),
            None => self.settings.data_dir.clone(),
        };
        // A run goes on with the classes and the treatment that it started with.
        let loading = match &self.resumed {
            Some(resumed) => NetData::of_config(resumed.config()).loading(),
            None => Loading {
                treatment: self.settings.treatment(),
                class_map: self.settings.spellings(),
                ..Loading::default()
            },
        };
        let loading = Loading {
            skip_bad: self.settings.skip_bad,
            ..loading
        };
        let dir = dir.context("the model has a data folder")?;
        let data = DataFolder::load_with(&dir, &loading)?;
        if let Some(images) = &data.image_folder {
            self.console.note(inspect::describe(images));
            self.settings.set_treatment(images.treatment);
        } else {
            (self.settings.images, self.settings.image_size) = (None, None);
        }
        let started_with = self.resumed.as_ref().and_then(Resumed::data_digest);
        let (remarks, digest) = thread::scope(|scope| {
            let digest = scope.spawn(|| data_digest(&data.sets.train, started_with));
            let remarks = inspect::remarks(&data).collect::<Vec<_>>();
            (remarks, digest.join().expect("a digest does not panic"))
        });
        remarks.iter().for_each(|line| self.console.note(line));
        let image = [data.sets.train.rows(), data.sets.train.columns()];
        let distortions = self.settings.augmentation();
        let distortions = distortions
            .map(|how| how.distortions(image, &data.class_names, self.settings.seed))
            .transpose()?;
        let numbers = (0..data.class_names.len()).map(|label| label.to_string());
        let are_named = !numbers.eq(data.class_names.iter().cloned());
        if data.image_folder.is_some() || !loading.class_map.is_empty() || are_named {
            self.settings.class_names = data.class_names;
        }
        let Mnist { train, test } = data.sets;
        let [pixels, classes] = [train.image_size(), train.class_count()];
        let (training, validation) = match (data.validation, self.settings.validation_fraction) {
            (Some(validation), _) => {
                self.use_own_validation_set(validation.len())?;
                (train, Some(validation))
            }
            (None, Some(fraction)) => {
                let (training, validation) = train.split(fraction, self.settings.seed)?;
                (training, Some(validation))
            }
            (None, None) => (train, None),
        };
        let upload = |images| Examples::from_images(images, &self.opened);
        Ok(Images {
            splits: Splits {
                training: match distortions {
                    Some(distortions) => Examples::distorted(training, distortions, &self.opened),
                    None => upload(training),
                },
                validation: validation.map(upload),
                test: upload(test),
            },
            pixels,
            classes,
            digest,
        })
    }

    /// Says that the data have a validation set, so that no share of the training set is kept for it.
    fn use_own_validation_set(&mut self, images: usize) -> Result<()> {
        if self.choices.validation_fraction.is_some() {
            bail!(
                "--validation-fraction does not apply: the data have a validation set of their own; \
                 leave it out, or move the images of val into train"
            );
        }
        self.settings.validation_fraction = None;
        self.console.note(format_args!(
            "the validation set is the data's own, {}",
            counted(images, "image")
        ));
        Ok(())
    }
}
