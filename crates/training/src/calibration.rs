//! Whether probabilities mean what they say: temperature scaling and reliability.

use crate::evaluation::Answer;

/// The least and the largest temperature that is fitted.
const TEMPERATURES: [f64; 2] = [0.05, 20.0];

/// The number of bins of [`Reliability::new`].
pub const BINS: usize = 15;

/// The temperature T for which the probabilities `softmax(logits / T)` of these rows fit their labels
/// best: the one with the smallest mean cross-entropy. 1 if there are no rows, or the logits of some
/// are not finite.
///
/// A T above 1 makes a net less sure of itself. It changes no prediction, as it keeps the order of the
/// classes.
///
/// # Derivation
///
/// In `1/T` the loss is convex, because each row's `log Σ e^(z_k/T)` is and the rest is linear. In
/// `ln T` it still falls to one minimum and rises after it, so golden-section search finds it.
///
/// # Source
///
/// Guo, Pleiss, Sun, Weinberger, *On Calibration of Modern Neural Networks*, 2017, section 4.2.
///
/// ```
/// // Two rows say "e to 1" for the first class, and one of them is wrong: even odds fit best.
/// let logits = [vec![1.0, 0.0], vec![1.0, 0.0]];
/// assert_eq!(training::fitted_temperature(&logits, &[0, 1]).round(), 20.0);
/// ```
pub fn fitted_temperature(logits: &[Vec<f64>], labels: &[usize]) -> f64 {
    if logits.is_empty() || logits.iter().flatten().any(|logit| !logit.is_finite()) {
        return 1.0;
    }
    let loss = |ln_temperature: f64| -> f64 {
        let temperature = ln_temperature.exp();
        let rows = logits.iter().zip(labels);
        rows.map(|(logits, &label)| cross_entropy(logits, label, temperature))
            .sum()
    };
    let shrink = (5.0_f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = TEMPERATURES.map(f64::ln);
    let (mut left, mut right) = (high - shrink * (high - low), low + shrink * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    while high - low > 1e-5 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - shrink * (high - low);
            at_left = loss(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + shrink * (high - low);
            at_right = loss(right);
        }
    }
    ((low + high) / 2.0).exp()
}

/// `-ln softmax(logits / temperature)[label]`.
fn cross_entropy(logits: &[f64], label: usize, temperature: f64) -> f64 {
    let largest = logits.iter().copied().fold(f64::MIN, f64::max);
    let exponents = logits.iter().map(|logit| (logit - largest) / temperature);
    let sum: f64 = exponents.map(f64::exp).sum();
    sum.ln() - (logits[label] - largest) / temperature
}

/// Predictions whose probabilities are between two limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// How many.
    pub count: usize,
    /// The mean of their probabilities.
    pub confidence: f64,
    /// The share that is correct.
    pub accuracy: f64,
}

/// How often predictions are correct, compared with their probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Reliability {
    /// The bins that have predictions, by rising probability.
    pub bins: Vec<Bin>,
    /// The mean difference between probability and accuracy of a bin, weighted by its predictions.
    pub expected_calibration_error: f64,
}

impl Reliability {
    /// Sorts predictions into [`BINS`] bins of the same width by their probabilities.
    ///
    /// # Source
    ///
    /// Guo et al. 2017, section 2, equations 2 and 3.
    pub fn new(answers: &[Answer]) -> Self {
        let mut sums = [(0_usize, 0.0, 0_usize); BINS];
        for answer in answers {
            let bin = (answer.score * BINS as f64).ceil() as usize;
            let (count, confidence, correct) = &mut sums[bin.clamp(1, BINS) - 1];
            *count += 1;
            *confidence += answer.score;
            *correct += usize::from(answer.class == answer.truth);
        }
        let filled = sums.into_iter().filter(|(count, ..)| *count > 0);
        let bins = filled.map(|(count, confidence, correct)| Bin {
            count,
            confidence: confidence / count as f64,
            accuracy: correct as f64 / count as f64,
        });
        let bins: Vec<Bin> = bins.collect();
        let total = answers.len().max(1) as f64;
        let errors = bins
            .iter()
            .map(|bin| bin.count as f64 / total * (bin.accuracy - bin.confidence).abs());
        Self {
            expected_calibration_error: errors.sum(),
            bins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_undoes_a_factor() {
        // Of 100 rows, 80 are of the class that has the odds 4 to 1: at T = 1 that fits.
        let labels: Vec<usize> = (0..100).map(|row| usize::from(row >= 80)).collect();
        for factor in [1.0, 3.0, 0.4] {
            let logits = vec![vec![factor * 4.0_f64.ln(), 0.0]; 100];
            let temperature = fitted_temperature(&logits, &labels);
            assert!(
                (temperature - factor).abs() < 1e-3,
                "{factor}: {temperature}"
            );
        }
    }

    #[test]
    fn without_usable_rows_nothing_is_scaled() {
        assert_eq!(fitted_temperature(&[], &[]), 1.0);
        assert_eq!(fitted_temperature(&[vec![f64::NAN, 0.0]], &[0]), 1.0);
    }

    #[test]
    fn the_calibration_error_by_hand() {
        let answer = |score, is_correct: bool| Answer {
            truth: 0,
            class: usize::from(!is_correct),
            score,
        };
        // 0.9 twice, once correct: off by 0.4; 0.5 twice, both correct: off by 0.5.
        let answers = [
            answer(0.9, true),
            answer(0.9, false),
            answer(0.5, true),
            answer(0.5, true),
        ];
        let Reliability {
            bins,
            expected_calibration_error,
        } = Reliability::new(&answers);
        assert_eq!(bins.len(), 2);
        assert_eq!((bins[0].count, bins[0].accuracy), (2, 1.0));
        assert!((expected_calibration_error - 0.45).abs() < 1e-12);
        assert_eq!(Reliability::new(&[]).expected_calibration_error, 0.0);
    }
}
