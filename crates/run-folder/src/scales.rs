//! Which scale of the inputs weights were trained on, judged by their accuracy.

use std::path::Path;

use backends::Opened;
use training::ModelName;
use weight_exchange::{ImportOptions, InputScale};

use crate::entry::ScaleSource;
use crate::error::RunFolderError;
use crate::imported::Weights;
use crate::net_data::NetData;
use crate::test_rows::TestRows;
use crate::weights;

/// The accuracy of weights under one scale of the inputs.
#[derive(Debug, Clone)]
pub struct ScaleAccuracy {
    /// What the scale is, for people.
    pub name: String,
    /// The scale.
    pub scale: InputScale,
    /// Share of the rows whose class is predicted correctly.
    pub accuracy: f64,
    /// Whether an import with these options takes this scale.
    pub is_used: bool,
}

/// Accuracies under several scales.
#[derive(Debug, Clone)]
pub struct ScaleCheck {
    /// Number of test images.
    pub rows: usize,
    /// The usual scales, and the one in use if it is none of them.
    pub scales: Vec<ScaleAccuracy>,
}

/// By how much the accuracy under another scale must be better to speak against the one in use.
const CLEARLY: f64 = 0.01;

impl ScaleCheck {
    /// Evaluates the weights of a file on the test set of a data folder under the usual scales.
    ///
    /// # Errors
    ///
    /// As [`Weights::read`]; if the net takes no images, or the data do not fit it.
    pub fn of_file(
        from: &Path,
        options: &ImportOptions,
        model: Option<ModelName>,
        data: &Path,
        opened: &Opened,
    ) -> Result<Self, RunFolderError> {
        let imported = Weights::read(from, options, model)?;
        if weights::model_of(imported.stack()) == ModelName::XorNet {
            return Err(RunFolderError::NoImages);
        }
        let (used, source) = imported.scale();
        let usual = InputScale::USUAL.map(|(name, scale)| (name.to_owned(), scale));
        let mut scales = usual.to_vec();
        if usual.iter().all(|(_, scale)| *scale != used) {
            let name = match source {
                ScaleSource::File => "the file's",
                ScaleSource::Given | ScaleSource::Assumed => "the given one",
            };
            scales.push((name.to_owned(), used));
        }
        let net = weights::net(imported.stack(), &opened.device)?;
        let rows = TestRows::load(&net, data, &NetData::of_weights(&net, from))?;
        let mut check = Self {
            rows: 0,
            scales: vec![],
        };
        for (name, scale) in scales {
            let options = ImportOptions {
                input_scale: Some(scale),
                ..options.clone()
            };
            let weights = Weights::read(from, &options, model)?;
            let net = weights::net(weights.stack(), &opened.device)?;
            let confusion = rows.answered_by(&net, opened, None)?.confusion();
            check.rows = confusion.total();
            check.scales.push(ScaleAccuracy {
                name,
                scale,
                accuracy: confusion.accuracy(),
                is_used: scale == used,
            });
        }
        Ok(check)
    }

    /// The scale that is clearly better than the one in use, and that one.
    pub fn better(&self) -> Option<(&ScaleAccuracy, &ScaleAccuracy)> {
        let used = self.scales.iter().find(|scale| scale.is_used)?;
        let best = self
            .scales
            .iter()
            .max_by(|a, b| a.accuracy.total_cmp(&b.accuracy))?;
        (best.accuracy > used.accuracy + CLEARLY).then_some((best, used))
    }
}
