//! The images of a run: loaded, or opened where they are to stay, split, and taken to the device.

use std::path::Path;
use std::thread;

use anyhow::{Context, Result, bail};
use backends::Opened;
use burn::tensor::{Int, Tensor};
use datasets::{DataFolder, DataInFile, ImageSet, InFile, Loading, Mnist, Pixels};
use distortions::Distortions;
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

/// Data as they are loaded, their images in memory or in their file.
struct Loaded<P> {
    train: ImageSet<P>,
    validation: Option<ImageSet<P>>,
    test: ImageSet,
    class_names: Vec<String>,
    /// The digest of the training set.
    digest: String,
}

/// Takes images to the device, or gives it a way to them; those to learn from are perhaps distorted.
type Upload<P> = fn(ImageSet<P>, Option<Distortions>, &Opened) -> Examples<Tensor<1, Int>>;

impl Session<'_> {
    /// Loads images to the device, or opens their file. The names of the classes, where the data name them, become part
    /// of the settings.
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
        if self.settings.data_in_file {
            let loaded = self.open_files(&dir, &loading)?;
            self.images_of(loaded, Examples::in_file)
        } else {
            let loaded = self.read_files(&dir, &loading)?;
            self.images_of(loaded, |images, distortions, opened| match distortions {
                Some(distortions) => Examples::distorted(images, distortions, opened),
                None => Examples::from_images(images, opened),
            })
        }
    }

    /// Reads all images.
    fn read_files(&mut self, dir: &Path, loading: &Loading) -> Result<Loaded<Vec<u8>>> {
        let data = DataFolder::load_with(dir, loading)?;
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
        self.name_classes(&data.class_names, data.image_folder.is_some(), loading);
        let Mnist { train, test } = data.sets;
        Ok(Loaded {
            train,
            validation: data.validation,
            test,
            class_names: data.class_names,
            digest: digest?,
        })
    }

    /// Opens the files of images to learn from, and reads the test set.
    fn open_files(&mut self, dir: &Path, loading: &Loading) -> Result<Loaded<InFile>> {
        let data = DataInFile::open(dir, loading)?;
        (self.settings.images, self.settings.image_size) = (None, None);
        self.console.note(format_args!(
            "{} stay in their file, and are not searched for possible mistakes",
            counted(data.train.len(), "training image")
        ));
        if let Some(line) = inspect::unmatched_line(&data.unmatched) {
            self.console.note(format_args!("warning: {line}"));
        }
        self.name_classes(&data.class_names, false, loading);
        let started_with = self.resumed.as_ref().and_then(Resumed::data_digest);
        Ok(Loaded {
            digest: data_digest(&data.train, started_with)?,
            train: data.train,
            validation: data.validation,
            test: data.test,
            class_names: data.class_names,
        })
    }

    /// Makes the names of the classes part of the settings, if they say more than the labels.
    fn name_classes(&mut self, names: &[String], are_of_folders: bool, loading: &Loading) {
        let numbers = (0..names.len()).map(|label| label.to_string());
        let are_named = !numbers.eq(names.iter().cloned());
        if are_of_folders || !loading.class_map.is_empty() || are_named {
            self.settings.class_names = names.to_vec();
        }
    }

    /// Splits the images to learn from, and takes all to the device.
    fn images_of<P: Pixels>(&mut self, loaded: Loaded<P>, upload: Upload<P>) -> Result<Images> {
        let Loaded {
            train,
            validation,
            test,
            class_names,
            digest,
        } = loaded;
        self.ensure_data_of_the_sweep(&digest)?;
        let image = [train.rows(), train.columns()];
        let distortions = self.settings.augmentation();
        let distortions = distortions
            .map(|how| how.distortions(image, &class_names, self.settings.seed))
            .transpose()?;
        let [pixels, classes] = [train.image_size(), train.class_count()];
        let (training, validation) = match (validation, self.settings.validation_fraction) {
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
        let opened = &self.opened;
        Ok(Images {
            splits: Splits {
                training: upload(training, distortions, opened),
                validation: validation.map(|images| upload(images, None, opened)),
                test: Examples::from_images(test, opened),
            },
            pixels,
            classes,
            digest,
        })
    }

    /// Refuses other data than those of the other runs, if this one is part of a sweep.
    fn ensure_data_of_the_sweep(&self, digest: &str) -> Result<()> {
        let part = self.options.output.part.as_ref();
        let others = part.and_then(|part| part.data_digest.as_deref());
        if others.is_some_and(|others| others != digest) {
            bail!(
                "the training data are not those of the sweep's other runs; pass the folder with those as --data-dir"
            );
        }
        Ok(())
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
