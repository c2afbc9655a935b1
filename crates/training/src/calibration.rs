//! Whether probabilities mean what they say: temperature scaling and reliability.

use crate::evaluation::Answer;

/// The least and the largest temperature that is fitted.
const TEMPERATURES: [f64; 2] = [0.05, 20.0];

/// Parts of the grid on which the search begins.
const GRID: usize = 32;

/// The standard deviation of `ln T` before any rows are seen: that of trained nets is near 1, and a few
/// rows do not show otherwise.
///
/// Chosen on images that no net had seen, 5 000 of MNIST's training images: nets with the default settings
/// were trained on 50, 200, 1 000 and 5 000 others, of which a twelfth gave the temperature. Their
/// expected calibration error in percent, the mean over ten seeds, for several standard deviations:
///
/// ```text
/// training images        50           200         1 000        5 000
/// epochs               6     15     6     15     6     15     6     15    mean
/// 0: T is 1           8.9   14.3   7.9   10.4   2.2    5.5   2.0    3.3    6.8
/// infinite           18.3   21.3   6.2    4.8   2.3    2.4   1.2    1.2    7.2
/// 0.5                 8.6   13.8   4.2    4.8   2.1    2.5   1.2    1.2    4.8
/// 0.35                7.5   13.3   3.6    5.5   2.0    2.6   1.2    1.2    4.6
/// 0.25                7.9   13.5   3.9    6.8   1.9    2.8   1.2    1.2    4.9
/// 0.1                 8.7   14.1   6.6    9.5   1.6    4.4   1.3    2.2    6.0
/// ```
///
/// The figures are those of `cargo run -p training --example temperature -- 10`.
const DEVIATION: f64 = 0.35;

/// The number of bins of [`Reliability::new`].
pub const BINS: usize = 15;

/// The temperature T for which the probabilities `softmax(logits / T)` of these rows fit their labels
/// best, as far as so many rows show it. 1 if there are no rows, or the logits of some are not finite.
///
/// A T above 1 makes a net less sure of itself. It changes no prediction, as it keeps the order of the
/// classes.
///
/// # Formula
///
/// The most probable T, if `ln T` has a normal distribution with mean 0 and standard deviation `s = 0.35`
/// before the rows are seen: the minimum of
///
/// ```text
/// Σ_rows -ln softmax(logits / T)[label] + (ln T)² / (2 s²)
/// ```
///
/// # Derivation
///
/// In `1/T` the sum over the rows is convex, because each row's `log Σ e^(z_k/T)` is and the rest is
/// linear; so in `ln T` it falls to one minimum and rises after it, as does the square. Their sum does
/// not always, so the best of a grid is found first, then golden-section search finds the minimum next to
/// it.
///
/// # Source
///
/// Guo, Pleiss, Sun, Weinberger, *On Calibration of Modern Neural Networks*, 2017, section 4.2, without
/// the second term.
///
/// ```
/// // Rows say "e to 1" for the first class, and half of them are wrong: even odds would fit best.
/// let temperature = |rows: usize| {
///     let labels: Vec<usize> = (0..rows).map(|row| row % 2).collect();
///     training::fitted_temperature(&vec![vec![1.0, 0.0]; rows], &labels)
/// };
/// // Two rows do not show that, many do.
/// assert!((1.0..1.1).contains(&temperature(2)));
/// assert!(temperature(20_000) > 5.0);
/// ```
pub fn fitted_temperature(logits: &[Vec<f64>], labels: &[usize]) -> f64 {
    temperature_near_1(logits, labels, DEVIATION)
}

/// As [`fitted_temperature`], with another standard deviation of `ln T` before the rows are seen; infinity
/// leaves the second term out.
pub fn temperature_near_1(logits: &[Vec<f64>], labels: &[usize], deviation: f64) -> f64 {
    if logits.is_empty() || logits.iter().flatten().any(|logit| !logit.is_finite()) {
        return 1.0;
    }
    let loss = |ln_temperature: f64| -> f64 {
        let temperature = ln_temperature.exp();
        let rows = logits.iter().zip(labels);
        let of_rows: f64 = rows
            .map(|(logits, &label)| cross_entropy(logits, label, temperature))
            .sum();
        of_rows + ln_temperature.powi(2) / (2.0 * deviation * deviation)
    };
    let [least, largest] = TEMPERATURES.map(f64::ln);
    let step = (largest - least) / GRID as f64;
    let grid = (0..=GRID).map(|point| least + step * point as f64);
    let best = grid.min_by(|&a, &b| loss(a).total_cmp(&loss(b)));
    let best = best.expect("the grid has points");
    let shrink = (5.0_f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = [best - step, best + step];
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
        // Of five rows, four are of the class that has the odds 4 to 1: at T = 1 that fits.
        let fitted = |rows: usize, factor: f64| {
            let labels: Vec<usize> = (0..rows).map(|row| usize::from(row % 5 == 4)).collect();
            fitted_temperature(&vec![vec![factor * 4.0_f64.ln(), 0.0]; rows], &labels)
        };
        for factor in [1.0, 3.0, 0.4] {
            let temperature = fitted(100_000, factor);
            assert!(
                (temperature - factor).abs() < 1e-2,
                "{factor}: {temperature}"
            );
        }
        // The fewer rows, the closer to 1.
        let of = |rows| fitted(rows, 3.0);
        let temperatures = [5, 50, 500, 5000].map(of);
        assert!(temperatures.is_sorted(), "{temperatures:?}");
        assert!(
            temperatures[0] < 1.4 && temperatures[3] > 2.8,
            "{temperatures:?}"
        );
    }

    #[test]
    fn a_handful_of_rows_that_are_all_right_does_not_make_a_net_sure() {
        // Without the second term, the least temperature fits best.
        let logits = vec![vec![1.0, 0.5, 0.0]; 4];
        let temperature = fitted_temperature(&logits, &[0; 4]);
        assert!((0.7..1.0).contains(&temperature), "{temperature}");
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
