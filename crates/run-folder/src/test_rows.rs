//! The rows that a net is evaluated on.

use std::path::Path;

use backends::Opened;
use datasets::{ImageSet, TestSet};
use training::{
    Answers, AnyNet, Examples, Net, Team, TrainingError, answers, committee, rows_at_once,
};

use crate::error::RunFolderError;
use crate::net_data::NetData;

/// Rows evaluated at once on a GPU if no batch size is known.
const BATCH_SIZE: usize = 128;

/// The rows that a net is evaluated on, on the host.
#[derive(Debug, Clone)]
pub enum TestRows {
    /// Labelled images.
    Images(Box<TestSet>),
    /// The truth table of the exclusive or.
    TruthTable,
}

/// A net of a committee, with the rows as it needs them.
#[derive(Debug)]
pub struct Member<'a> {
    /// Where the net is from, for messages.
    pub source: &'a Path,
    /// The net.
    pub net: &'a AnyNet,
    /// Its rows.
    pub rows: &'a TestRows,
}

/// The answers of a committee: the mean of its members' probabilities.
///
/// # Errors
///
/// If a member has no probabilities, or not the classes and rows of the first one; if there is no member, or the device
/// fails.
pub fn answered_together(
    members: &[Member<'_>],
    opened: &Opened,
    batch_size: Option<usize>,
) -> Result<Answers, RunFolderError> {
    let mut known: Option<(&Path, &TestSet)> = None;
    let mut all = vec![];
    for member in members {
        let first = known.map_or(member.source, |(source, _)| source);
        let refused = |why| RunFolderError::Committee {
            first: first.to_owned(),
            other: member.source.to_owned(),
            why,
        };
        let (AnyNet::MnistMlp(net), TestRows::Images(set)) = (member.net, member.rows) else {
            return Err(refused(
                "a committee averages probabilities, which only mnist-mlp has; name runs of that model",
            ));
        };
        let (_, same) = *known.get_or_insert((member.source, set));
        if same.class_names != set.class_names || same.images.labels() != set.images.labels() {
            return Err(refused(
                "their classes or their test images differ; name runs on the same data",
            ));
        }
        all.push((net, Examples::from_images(set.images.clone(), opened)));
    }
    let at_once = rows_at_once(opened, batch_size.unwrap_or(BATCH_SIZE));
    Ok(committee(&all, &Team::undivided(), at_once)?)
}

impl TestRows {
    /// The test set of a data folder, or, for the XOR net, the truth table. Of a folder without a test
    /// set it is every image; if the net was trained on this folder, those that were held out. Classes
    /// are matched by name.
    ///
    /// # Errors
    ///
    /// If the net needs images, and the folder has none, or none of the net's size and classes; if images
    /// would be held out of others than those that the net was trained on.
    pub fn load(net: &AnyNet, dir: &Path, known: &NetData) -> Result<Self, RunFolderError> {
        if let AnyNet::XorNet(_) = net {
            return Ok(Self::TruthTable);
        }
        let inputs = net.sizes().first().copied().unwrap_or_default();
        let mut set = TestSet::load(dir, &known.loading(), known.was_trained_on(dir))?;
        let is_other = |training: ImageSet| !known.is_trained_on(&training);
        if set.training.take().is_some_and(is_other) {
            return Err(RunFolderError::HeldOutChanged {
                path: dir.to_owned(),
            });
        }
        let pixels = set.images.image_size();
        if pixels != inputs {
            return Err(RunFolderError::ImageSize {
                path: dir.to_owned(),
                expected: inputs,
                got: pixels,
                is_resized: set.image_folder.is_some(),
            });
        }
        Ok(Self::Images(Box::new(set)))
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
                let rows = Examples::truth_table(opened);
                answers(net, &rows, team, at_once)
            }
            (AnyNet::MnistMlp(net), Self::Images(set)) => {
                answers(net, &of_images(&set.images), team, at_once)
            }
            (AnyNet::LinearRegression(net), Self::Images(set)) => {
                let rows = of_images(&set.images).one_hot(net.class_count());
                answers(net, &rows, team, at_once)
            }
            (_, Self::TruthTable) => Err(TrainingError::TruthTable),
        }
    }

    /// The name of each class that the net knows: for the truth table its number.
    pub fn class_names(&self, classes: usize) -> Vec<String> {
        let named = match self {
            Self::Images(set) => &set.class_names[..],
            Self::TruthTable => &[],
        };
        let name = |class: usize| named.get(class).cloned();
        (0..classes)
            .map(|class| name(class).unwrap_or_else(|| class.to_string()))
            .collect()
    }
}
