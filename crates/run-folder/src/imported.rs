//! Makes a run folder from weights of another program.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use datasets::Treatment;
use layers::Activation;
use training::{ModelName, Settings};
use weight_exchange::{
    DenseStack, ExchangeError, ImportOptions, InputScale, Layout, Precision, to_burnpack,
    to_safetensors,
};

use crate::checksum::{self, CHECKSUMS};
use crate::config::{CONFIG, Config, Invocation};
use crate::entry::{Entry, Imported, METRICS, ScaleSource};
use crate::error::RunFolderError;
use crate::files::{UNFINISHED, WEIGHTS, WEIGHTS_FOR_OTHERS};
use crate::image_inputs::{inputs_of, treatment_of};
use crate::weights;

/// The `device` in the configuration of a run folder that was imported.
const NO_DEVICE: &str = "none: the weights were imported";

/// Weights from a file as a model of ours.
#[derive(Debug, Clone)]
pub struct Weights {
    from: PathBuf,
    stack: DenseStack,
    model: ModelName,
    form: String,
    layout: Layout,
    scale: InputScale,
    scale_from: ScaleSource,
    stated_scale: Option<InputScale>,
    treatment: Option<Treatment>,
    notes: Vec<String>,
}

impl Weights {
    /// Reads a file. The model is the one that is named, otherwise the file's, otherwise `mnist-mlp`.
    ///
    /// # Errors
    ///
    /// If the file holds no dense layers, if layout, order or activation are not clear, if the model has
    /// other layers, or if the file states another scale than the given one.
    pub fn read(
        from: &Path,
        options: &ImportOptions,
        model: Option<ModelName>,
    ) -> Result<Self, RunFolderError> {
        let weights = Self::read_at_scale(from, options, model)?;
        match (options.input_scale, weights.stated_scale) {
            (Some(asked), Some(file)) if asked != file => Err(ExchangeError::OtherScale {
                file: file.to_string(),
                asked: asked.to_string(),
            }
            .into()),
            _ => Ok(weights),
        }
    }

    /// As [`Weights::read`], at the given scale whatever the file states.
    pub(crate) fn read_at_scale(
        from: &Path,
        options: &ImportOptions,
        model: Option<ModelName>,
    ) -> Result<Self, RunFolderError> {
        let imported =
            weights::read_file(from, options)?.map_err(|error| weights::error_of(from, error))?;
        let (scale, scale_from) = match (options.input_scale, imported.stated_scale) {
            (Some(scale), _) => (scale, ScaleSource::Given),
            (None, Some(scale)) => (scale, ScaleSource::File),
            (None, None) => (InputScale::UNIT, ScaleSource::Assumed),
        };
        let model = model.unwrap_or_else(|| weights::model_of(&imported.stack));
        let activation = imported.stack.activation();
        let stack = weights::as_model(imported.stack, model, activation)?;
        stack.inner_activation()?;
        if scale_from == ScaleSource::Given && model == ModelName::XorNet {
            return Err(RunFolderError::NoImages);
        }
        Ok(Self {
            from: from.to_owned(),
            treatment: treatment_of(&stack)?,
            stated_scale: imported.stated_scale,
            stack,
            model,
            form: imported.form.name().to_owned(),
            layout: imported.layout,
            scale,
            scale_from,
            notes: imported.notes,
        })
    }

    /// The same, with what was done to the images that the net was trained on, if the caller knows it.
    ///
    /// # Errors
    ///
    /// If the file says otherwise, or the net takes other images or none.
    pub fn with_treatment(mut self, asked: Option<Treatment>) -> Result<Self, RunFolderError> {
        let Some(asked) = asked else {
            return Ok(self);
        };
        if self.model == ModelName::XorNet {
            return Err(RunFolderError::NoImageTreatment);
        }
        if let Some(file) = self.treatment.filter(|file| *file != asked) {
            return Err(RunFolderError::OtherImages { file });
        }
        let inputs = self.stack.sizes()[0];
        if asked.size().iter().product::<usize>() != inputs {
            return Err(RunFolderError::ImagesOfOtherSize { inputs, asked });
        }
        self.treatment = Some(asked);
        self.stack = self.stack.with_images(Some(inputs_of(asked)));
        Ok(self)
    }

    /// The layers, for pixels from 0 to 1.
    pub fn stack(&self) -> &DenseStack {
        &self.stack
    }

    /// The scale of the inputs that the weights in the file are for, and where it comes from.
    pub fn scale(&self) -> (InputScale, ScaleSource) {
        (self.scale, self.scale_from)
    }

    /// Makes the run folder `out`, as a whole or not at all, and returns its only entry.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, or it exists and is not empty.
    pub fn make_run_folder(
        &self,
        out: &Path,
        invocation: &Invocation,
    ) -> Result<Entry, RunFolderError> {
        let activation = self.stack.activation();
        let scale = (self.model != ModelName::XorNet).then_some(self.scale);
        let entry = Entry::Imported(Imported {
            from: self.from.display().to_string(),
            form: self.form.clone(),
            layout: self.layout.to_string(),
            model: self.model.to_string(),
            sizes: self.stack.sizes(),
            activation: activation.map(|f| f.name().to_owned()),
            input_mean: scale.map(InputScale::mean),
            input_std: scale.map(InputScale::std),
            input_scale_from: scale.map(|_| self.scale_from),
            images: self.stack.images().map(|images| images.treatment.clone()),
            image_size: self
                .stack
                .images()
                .map(|images| format!("{}x{}", images.columns, images.rows)),
            temperature: self.stack.temperature(),
            notes: self.notes.clone(),
            run_dir: out.display().to_string(),
        });
        let mut settings = settings(&self.stack, self.model, activation);
        if let Some(treatment) = self.treatment {
            settings.set_treatment(treatment);
        }
        let config = Config {
            temperature: self.stack.temperature(),
            ..Config::now(&settings, &self.stack.sizes(), NO_DEVICE, invocation)
        };
        let config = serde_json::to_string_pretty(&config).map_err(RunFolderError::NotJson)?;
        let record = to_burnpack(&self.stack)?;
        let for_others = to_safetensors(&self.stack, Layout::Burn, Precision::F32)?;
        let sums =
            checksum::line(WEIGHTS, &record) + &checksum::line(WEIGHTS_FOR_OTHERS, &for_others);
        let files = [
            (CONFIG, format!("{config}\n").into_bytes()),
            (METRICS, format!("{}\n", entry.to_json()).into_bytes()),
            (WEIGHTS, record),
            (WEIGHTS_FOR_OTHERS, for_others),
            (CHECKSUMS, sums.into_bytes()),
        ];
        write_folder(out, &files).map_err(|cause| RunFolderError::CannotMake {
            path: out.to_owned(),
            cause,
        })?;
        Ok(entry)
    }
}

/// Writes a folder under another name first.
fn write_folder(out: &Path, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
    let mut unfinished = out.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    if let Some(parent) = unfinished.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(&unfinished)?;
    let written = write_files(&unfinished, files).and_then(|()| fs::rename(&unfinished, out));
    if written.is_err() {
        // If it cannot be removed, it stays under a name that is never read.
        let _ = fs::remove_dir_all(&unfinished);
    }
    written
}

fn write_files(folder: &Path, files: &[(&str, Vec<u8>)]) -> io::Result<()> {
    for (name, bytes) in files {
        let mut file = File::create_new(folder.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    Ok(())
}

/// The settings of a run that has not trained: what the net is, and defaults.
fn settings(stack: &DenseStack, model: ModelName, activation: Option<Activation>) -> Settings {
    let mut settings = Settings::default_for(model);
    let sizes = stack.sizes();
    settings.hidden = sizes[1..sizes.len() - 1].to_vec();
    settings.activation = activation.or(settings.activation);
    if settings.hidden.is_empty() {
        settings.activation = None;
    }
    settings.class_names = weights::class_names_of(stack);
    settings.epochs = 0;
    settings
}
