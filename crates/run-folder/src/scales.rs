//! Which scale of the inputs weights were trained on, judged by their accuracy.

use std::path::Path;

use backends::Opened;
use datasets::Treatment;
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
    /// For each row, whether its class is predicted correctly.
    is_right: Vec<bool>,
}

impl ScaleAccuracy {
    /// Whether this accuracy is better than the other by more than chance may explain: rows that both tell
    /// or that neither tells say nothing.
    ///
    /// # Formula
    ///
    /// ```text
    /// b - c > z √(b + c)
    /// ```
    ///
    /// with `b` and `c` the rows that only this scale, or only the other one, tells correctly.
    ///
    /// # Source
    ///
    /// McNemar, *Note on the sampling error of the difference between correlated proportions*, 1947.
    fn is_clearly_better(&self, other: &Self) -> bool {
        let rows = self.is_right.iter().zip(&other.is_right);
        let (mut only_here, mut only_there) = (0.0, 0.0);
        for (here, there) in rows {
            only_here += f64::from(u8::from(*here && !there));
            only_there += f64::from(u8::from(*there && !here));
        }
        let is_beyond_chance =
            only_here - only_there > QUANTILE * f64::sqrt(only_here + only_there);
        is_beyond_chance && self.accuracy > other.accuracy + CLEARLY
    }
}

/// Accuracies under several scales.
#[derive(Debug, Clone)]
pub struct ScaleCheck {
    /// Number of test images.
    pub rows: usize,
    /// The usual scales, and the one in use if it is none of them.
    pub scales: Vec<ScaleAccuracy>,
    /// Where the scale in use comes from.
    pub source: ScaleSource,
}

/// By how much the accuracy under another scale must be better to speak against the one in use.
const CLEARLY: f64 = 0.01;

/// The quantile of the normal distribution beyond which a difference by chance lies once in a hundred
/// times, on either side.
const QUANTILE: f64 = 2.576;

impl ScaleCheck {
    /// Evaluates the weights of a file on the test set of a data folder under the usual scales.
    ///
    /// # Errors
    ///
    /// As [`Weights::read`] and [`Weights::with_treatment`]; if the net takes no images, or the data do
    /// not fit it.
    pub fn of_file(
        from: &Path,
        options: &ImportOptions,
        model: Option<ModelName>,
        treatment: Option<Treatment>,
        data: &Path,
        opened: &Opened,
    ) -> Result<Self, RunFolderError> {
        let imported = Weights::read(from, options, model)?.with_treatment(treatment)?;
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
        let rows = TestRows::load(&net, data, &NetData::of_stack(imported.stack())?)?;
        let mut check = Self {
            rows: 0,
            scales: vec![],
            source,
        };
        for (name, scale) in scales {
            let options = ImportOptions {
                input_scale: Some(scale),
                ..options.clone()
            };
            let weights = Weights::read_at_scale(from, &options, model)?;
            let net = weights::net(weights.stack(), &opened.device)?;
            let answers = rows.answered_by(&net, opened, None)?;
            let confusion = answers.confusion();
            let is_right = answers.rows.iter().map(|row| row.class == row.truth);
            check.rows = confusion.total();
            check.scales.push(ScaleAccuracy {
                name,
                scale,
                accuracy: confusion.accuracy(),
                is_used: scale == used,
                is_right: is_right.collect(),
            });
        }
        Ok(check)
    }

    /// The scale that is clearly better than the one in use, and that one. A few more images than the
    /// other tells, or a point of accuracy, are not clear.
    pub fn better(&self) -> Option<(&ScaleAccuracy, &ScaleAccuracy)> {
        let used = self.scales.iter().find(|scale| scale.is_used)?;
        let best = self
            .scales
            .iter()
            .max_by(|a, b| a.accuracy.total_cmp(&b.accuracy))?;
        best.is_clearly_better(used).then_some((best, used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accuracies on 60 images, of which those before `from` are not told correctly.
    fn accuracy(rows: usize, from: usize, is_used: bool) -> ScaleAccuracy {
        ScaleAccuracy {
            name: String::new(),
            scale: InputScale::UNIT,
            accuracy: (rows - from) as f64 / rows as f64,
            is_used,
            is_right: (0..rows).map(|row| row >= from).collect(),
        }
    }

    #[test]
    fn a_few_images_are_no_clear_difference() {
        let better = |rows: usize, [used, other]: [usize; 2]| {
            let check = ScaleCheck {
                rows,
                scales: vec![accuracy(rows, used, true), accuracy(rows, other, false)],
                source: ScaleSource::Assumed,
            };
            check.better().is_some()
        };
        // 90.00 against 93.33 % of 60 images are two images.
        assert!(!better(60, [6, 4]));
        assert!(better(60, [20, 4]));
        // A point of 10 000 images is a hundred of them, but little.
        assert!(!better(10_000, [300, 210]));
        assert!(better(10_000, [300, 150]));
        assert!(!better(10_000, [150, 300]));
    }
}
