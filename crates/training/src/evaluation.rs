//! Evaluates a net on examples: loss, accuracy, and its answer to every row.

use std::ops::Range;

use backends::{Hardware, Opened};
use burn::tensor::{Int, Tensor};
use manual_backprop::Reduction;

use crate::error::TrainingError;
use crate::examples::Examples;
use crate::metrics::Confusion;
use crate::net::Net;
use crate::team::Team;

/// Rows evaluated at once on a CPU: limits the memory of activations.
const ROWS_AT_ONCE: usize = 250;

/// Loss and accuracy on some examples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The loss over all rows.
    pub loss: f64,
    /// Share of the rows whose class is predicted correctly.
    pub accuracy: f64,
}

/// A net's answer to one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// The true class.
    pub truth: usize,
    /// The predicted class.
    pub class: usize,
    /// The score of the class: its probability, or the output for it.
    pub score: f64,
}

/// A net's answers to all rows, in their order.
#[derive(Debug, Clone)]
pub struct Answers {
    /// The loss over all rows.
    pub loss: f64,
    /// An answer for each row.
    pub rows: Vec<Answer>,
    /// Number of classes that the net can predict.
    pub classes: usize,
}

impl Answers {
    /// The confusion matrix.
    pub fn confusion(&self) -> Confusion {
        let pairs = self.rows.iter().map(|row| (row.truth, row.class));
        Confusion::new(self.classes, pairs)
    }

    /// Index and answer of the mistakes, largest score first.
    pub fn worst_mistakes(&self) -> Vec<(usize, Answer)> {
        let rows = self.rows.iter().copied().enumerate();
        let mut mistakes = rows
            .filter(|(_, row)| row.truth != row.class)
            .collect::<Vec<_>>();
        mistakes.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        mistakes
    }
}

/// How many rows are evaluated at once: on a GPU, as many as a training batch has, because the matrix
/// products of every other number of rows would have to be tuned, which takes seconds each on a
/// software adapter.
pub fn rows_at_once(opened: &Opened, batch_size: usize) -> usize {
    match opened.hardware {
        Hardware::Processor => ROWS_AT_ONCE,
        Hardware::Graphics | Hardware::SoftwareGraphics | Hardware::Remote => batch_size,
    }
}

/// Evaluates a net, in parts of `rows_at_once` rows. Each process of the team, and in it each worker, takes a share of
/// the parts: their number changes no bit of the result.
///
/// # Errors
///
/// If the device fails, or another process is lost.
pub fn evaluate<N: Net>(
    net: &N,
    examples: &Examples<N::Targets>,
    team: &Team,
    rows_at_once: usize,
) -> Result<Evaluation, TrainingError> {
    let rows = examples.len();
    let all = 0..rows.div_ceil(rows_at_once);
    let own = team
        .shared()
        .map_or(all.clone(), |shared| shared.part(all.len()));
    let part = (rows_at_once, own.clone());
    let parts = map_some_parts(net, examples, team, part, |outputs, targets| {
        let classes = N::predicted_classes(outputs);
        let right = classes.equal(N::true_classes(targets)).int().sum();
        right
            .try_into_scalar::<i64>()
            .map_err(TrainingError::device)
    })?;
    // The losses of all parts, and then how many rows are right: of the other processes' parts, 0.
    let mut numbers = vec![0.0; 2 * all.len()];
    for (number, part) in own.zip(parts) {
        numbers[number] = part.loss;
        numbers[all.len() + number] = part.read as f64;
    }
    if let Some(shared) = team.shared() {
        shared.ranks().add_up_f64(&mut numbers)?;
    }
    let (losses, right) = numbers.split_at(all.len());
    Ok(Evaluation {
        loss: losses.iter().sum(),
        accuracy: right.iter().sum::<f64>() / rows as f64,
    })
}

/// A net's answer to every row.
///
/// # Errors
///
/// If the device fails.
pub fn answers<N: Net>(
    net: &N,
    examples: &Examples<N::Targets>,
    team: &Team,
    rows_at_once: usize,
) -> Result<Answers, TrainingError> {
    let parts = map_parts(net, examples, team, rows_at_once, |outputs, targets| {
        let truths = indices(N::true_classes(targets))?;
        let classes = indices(N::predicted_classes(outputs.clone()))?;
        let scores = read_back(N::scores(outputs))?;
        let rows = truths.into_iter().zip(classes).zip(scores);
        Ok(rows
            .map(|((truth, class), score)| Answer {
                truth,
                class,
                score,
            })
            .collect::<Vec<_>>())
    })?;
    Ok(Answers {
        loss: parts.iter().map(|part| part.loss).sum(),
        rows: parts.into_iter().flat_map(|part| part.read).collect(),
        classes: net.class_count(),
    })
}

/// The results for a part of the rows.
pub(crate) struct Part<R> {
    /// Its contribution to the loss over all rows.
    loss: f64,
    /// What was read from its outputs.
    pub(crate) read: R,
}

/// Takes the rows through the net in parts, a share of them for each worker, and passes every part's
/// outputs to `read`.
pub(crate) fn map_parts<N: Net, R: Send + 'static>(
    net: &N,
    examples: &Examples<N::Targets>,
    team: &Team,
    rows_at_once: usize,
    read: impl Fn(Tensor<2>, N::Targets) -> Result<R, TrainingError> + Clone + Send + 'static,
) -> Result<Vec<Part<R>>, TrainingError> {
    let all = 0..examples.len().div_ceil(rows_at_once);
    map_some_parts(net, examples, team, (rows_at_once, all), read)
}

/// As [`map_parts`], for some of the parts.
fn map_some_parts<N: Net, R: Send + 'static>(
    net: &N,
    examples: &Examples<N::Targets>,
    team: &Team,
    (rows_at_once, parts): (usize, Range<usize>),
    read: impl Fn(Tensor<2>, N::Targets) -> Result<R, TrainingError> + Clone + Send + 'static,
) -> Result<Vec<Part<R>>, TrainingError> {
    if parts.is_empty() {
        return Ok(vec![]);
    }
    let (net, rows) = (net.valid(), examples.len());
    let examples = examples.clone();
    let first = parts.start;
    let evaluate_share = move |share: Range<usize>| -> Result<Vec<_>, TrainingError> {
        let [from, to] = [share.start, share.end].map(|part| (first + part) * rows_at_once);
        let range = from..rows.min(to);
        let parts = examples.parts(range, rows_at_once).map(|part| {
            let (x, targets) = part?;
            let length = x.dims()[0];
            let outputs = net.outputs(x);
            // A loss of exactly 0 comes as -0: plus 0, it is 0.
            let loss = read_back(N::output_loss(outputs.clone(), targets.clone()))?[0] + 0.0;
            Ok(Part {
                loss: match N::REDUCTION {
                    Reduction::Mean => loss * length as f64 / rows as f64,
                    Reduction::Sum => loss,
                },
                read: read(outputs, targets)?,
            })
        });
        parts.collect()
    };
    let shares = team.shards(parts.len());
    let shares = team.run(|| team.map(shares, evaluate_share));
    let shares = shares.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(shares.into_iter().flatten().collect())
}

/// A tensor's elements on the host.
///
/// # Errors
///
/// If the device fails.
pub fn read_back(tensor: Tensor<1>) -> Result<Vec<f64>, TrainingError> {
    tensor
        .try_into_vec_as::<f64>()
        .map_err(TrainingError::device)
}

/// Classes on the host.
pub(crate) fn indices(tensor: Tensor<1, Int>) -> Result<Vec<usize>, TrainingError> {
    let values = tensor.try_into_vec_as::<i64>();
    let index = |value| {
        usize::try_from(value).map_err(|_| TrainingError::device("it gave a negative class"))
    };
    let values = values.map_err(TrainingError::device)?;
    values.into_iter().map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;
    use burn::module::Param;
    use datasets::ImageSet;
    use mnist_mlp::MnistMlpConfig;

    #[test]
    fn a_loss_of_nothing_has_no_sign() {
        let opened = Backend::Flex.open().unwrap();
        let mut net = MnistMlpConfig::new(1, vec![], 2)
            .init(0, &opened.device)
            .unwrap();
        let sure = Tensor::from_floats([[500.0, -500.0]], &opened.device);
        net.layers[0].weight = Param::from_tensor(sure);
        let images = ImageSet::new(1, 1, vec![255, 255], vec![0, 0]).unwrap();
        let rows = Examples::from_images(images, &opened);
        let Evaluation { loss, accuracy } = evaluate(&net, &rows, &Team::undivided(), 2).unwrap();
        assert_eq!((format!("{loss:.4}"), accuracy), ("0.0000".to_owned(), 1.0));
        let loss = answers(&net, &rows, &Team::undivided(), 1).unwrap().loss;
        assert_eq!(format!("{loss:.4}"), "0.0000");
    }
}
