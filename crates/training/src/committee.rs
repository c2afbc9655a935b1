//! Several nets that answer together.

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor};
use mnist_mlp::MnistMlp;

use crate::error::TrainingError;
use crate::evaluation::{Answer, Answers, indices, map_parts, read_back};
use crate::examples::Examples;
use crate::team::Team;

/// The answers of a committee: the mean of its members' probabilities. Each member comes with the rows as it needs
/// them; they have the same classes in the same order.
///
/// # Formula
///
/// ```text
/// p = 1/m Σ_j softmax(a_j)        L = -1/n Σ_i ln p_i,y_i
/// ```
///
/// # Errors
///
/// If the device fails.
///
/// # Panics
///
/// If there is no member, or if their rows or classes are not the same.
///
/// # Source
///
/// Cireșan, Meier, Gambardella and Schmidhuber, *Handwritten Digit Recognition with a Committee of Deep Neural Nets on
/// GPUs*, 2011, which averages the outputs of its nets, too.
pub fn committee(
    members: &[(&MnistMlp, Examples<Tensor<1, Int>>)],
    team: &Team,
    rows_at_once: usize,
) -> Result<Answers, TrainingError> {
    let mut means: Vec<f64> = vec![];
    let mut truths = vec![];
    for (net, examples) in members {
        let parts = map_parts(*net, examples, team, rows_at_once, |logits, labels| {
            let probabilities = read_back(softmax(logits, 1).flatten(0, 1))?;
            Ok((probabilities, indices(labels)?))
        })?;
        let (probabilities, labels): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|part| part.read).unzip();
        let probabilities = probabilities.concat();
        if means.is_empty() {
            means = vec![0.0; probabilities.len()];
            truths = labels.concat();
        } else {
            assert_eq!(truths, labels.concat(), "the members have other rows");
        }
        assert_eq!(
            means.len(),
            probabilities.len(),
            "the members have other classes"
        );
        let share = 1.0 / members.len() as f64;
        let pairs = means.iter_mut().zip(probabilities);
        pairs.for_each(|(mean, p)| *mean += share * p);
    }
    let classes = means.len() / truths.len();
    let mut loss = 0.0;
    let rows = means
        .chunks_exact(classes)
        .zip(&truths)
        .map(|(row, &truth)| {
            loss -= row[truth].ln() / truths.len() as f64;
            let best = row.iter().copied().enumerate();
            let (class, score) = best.fold(
                (0, row[0]),
                |best, this| {
                    if this.1 > best.1 { this } else { best }
                },
            );
            Answer {
                truth,
                class,
                score,
            }
        });
    let rows = rows.collect();
    // A loss of exactly 0 comes as -0: plus 0, it is 0.
    Ok(Answers {
        loss: loss + 0.0,
        rows,
        classes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::answers;
    use backends::Backend;
    use datasets::ImageSet;
    use mnist_mlp::MnistMlpConfig;

    #[test]
    fn a_committee_takes_the_mean_of_probabilities() {
        let opened = Backend::Flex.open().unwrap();
        let pixels = (0..40_u8).map(|i| i * 6).collect();
        let images = ImageSet::new(2, 2, pixels, (0..10).map(|i| i % 3).collect()).unwrap();
        let examples = Examples::from_images(images, &opened);
        let nets = [1, 2, 3].map(|seed| {
            let net = MnistMlpConfig::new(4, vec![], 3);
            net.init(seed, &opened.device).unwrap()
        });
        let team = Team::undivided();
        let members = nets.each_ref().map(|net| (net, examples.clone()));
        let together = committee(&members, &team, 4).unwrap();
        let probabilities = nets.each_ref().map(|net| {
            let logits = net.forward(examples.narrow(0, 10).unwrap().0);
            read_back(softmax(logits, 1).flatten(0, 1)).unwrap()
        });
        let mut loss = 0.0;
        for (row, answer) in together.rows.iter().enumerate() {
            let mean = |class: usize| {
                let of_nets = probabilities.iter().map(|p| p[3 * row + class]);
                of_nets.sum::<f64>() / 3.0
            };
            let best = (0..3).max_by(|&a, &b| mean(a).total_cmp(&mean(b))).unwrap();
            assert_eq!((answer.truth, answer.class), (row % 3, best));
            assert!((answer.score - mean(best)).abs() < 1e-12);
            loss -= mean(row % 3).ln() / 10.0;
        }
        assert!(
            (together.loss - loss).abs() < 1e-12,
            "{} {loss}",
            together.loss
        );
        let alone = committee(&members[..1], &team, 4).unwrap();
        let expected = answers(&nets[0], &examples, &team, 4).unwrap();
        assert_eq!(
            alone.rows.iter().map(|row| row.class).collect::<Vec<_>>(),
            expected
                .rows
                .iter()
                .map(|row| row.class)
                .collect::<Vec<_>>()
        );
        assert!((alone.loss - expected.loss).abs() < 1e-6);
        assert!((alone.loss - together.loss).abs() > 1e-3);
    }
}
