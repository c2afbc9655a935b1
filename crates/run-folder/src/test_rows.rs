//! The rows that a net is evaluated on.

use std::path::Path;

use backends::Opened;
use datasets::{DataFolder, ImageSet, Mnist};
use training::{Answers, AnyNet, Examples, Net, Team, TrainingError, answers, rows_at_once};

use crate::error::RunFolderError;

/// Rows evaluated at once on a GPU if no batch size is known.
const BATCH_SIZE: usize = 128;

/// The rows that a net is evaluated on, on the host.
#[derive(Debug, Clone)]
pub enum TestRows {
    /// Labelled images.
    Images {
        /// The test set.
        images: ImageSet,
        /// Names of the classes, by label, if the data name them; otherwise empty.
        class_names: Vec<String>,
    },
    /// The truth table of the exclusive or.
    TruthTable,
}

impl TestRows {
    /// The test set of a data folder, or, for the XOR net, the truth table.
    ///
    /// # Errors
    ///
    /// If the net needs images, and the folder has none, or none of the net's size and classes.
    pub fn load(net: &AnyNet, dir: &Path) -> Result<Self, RunFolderError> {
        if let AnyNet::XorNet(_) = net {
            return Ok(Self::TruthTable);
        }
        let sizes = net.sizes();
        let [inputs, outputs] = [sizes.first(), sizes.last()].map(|size| *size.unwrap_or(&0));
        let DataFolder {
            sets: Mnist { test, .. },
            class_names,
            ..
        } = DataFolder::load(dir)?;
        let (pixels, classes) = (test.image_size(), test.class_count());
        if pixels != inputs {
            return Err(RunFolderError::ImageSize {
                path: dir.to_owned(),
                expected: inputs,
                got: pixels,
            });
        }
        if classes > outputs {
            return Err(RunFolderError::Classes {
                path: dir.to_owned(),
                expected: outputs,
                got: classes,
            });
        }
        Ok(Self::Images {
            images: test,
            class_names,
        })
    }

    /// The net's answers to these rows. On a GPU, as many rows at once as in a training batch, if
    /// that is known, because its matrix products are tuned for that size.
    ///
    /// # Errors
    ///
    /// [`TrainingError::TruthTable`] for a truth table and another net than the XOR net, or if the device
    /// fails.
    pub fn answered_by(
        &self,
        net: &AnyNet,
        opened: &Opened,
        batch_size: Option<usize>,
    ) -> Result<Answers, TrainingError> {
        let at_once = rows_at_once(opened, batch_size.unwrap_or(BATCH_SIZE));
        let team = &Team::undivided();
        let of_images = |images: &ImageSet| Examples::from_images(images.clone(), opened);
        match (net, self) {
            (AnyNet::XorNet(net), _) => {
                let rows = Examples::truth_table(&opened.device);
                answers(net, &rows, team, at_once)
            }
            (AnyNet::MnistMlp(net), Self::Images { images, .. }) => {
                answers(net, &of_images(images), team, at_once)
            }
            (AnyNet::LinearRegression(net), Self::Images { images, .. }) => {
                let rows = of_images(images).one_hot(net.class_count());
                answers(net, &rows, team, at_once)
            }
            (_, Self::TruthTable) => Err(TrainingError::TruthTable),
        }
    }

    /// The name of each class: from the data, or its number.
    pub fn class_names(&self, classes: usize) -> Vec<String> {
        let named = match self {
            Self::Images { class_names, .. } => &class_names[..],
            Self::TruthTable => &[],
        };
        let name = |class: usize| named.get(class).cloned();
        (0..classes)
            .map(|class| name(class).unwrap_or_else(|| class.to_string()))
            .collect()
    }
}
