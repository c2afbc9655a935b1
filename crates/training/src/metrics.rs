//! Metrics of a classifier: confusion matrix, per-class metrics, and the confidence interval of its
//! accuracy.

/// The 97.5 % quantile of the standard normal distribution: 2.5 % on each side are left out.
const Z: f64 = 1.959_963_984_540_054;

/// Confidence level of [`wilson_interval`].
pub const LEVEL: f64 = 0.95;

/// A confusion matrix: how often each true class was predicted as each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// A row for each true class, a column for each predicted class.
    counts: Vec<usize>,
}

/// Metrics of one class. A ratio of 0 to 0 is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassMetrics {
    /// Rows of the class.
    pub count: usize,
    /// Rows predicted as the class.
    pub predicted: usize,
    /// Of the rows predicted as the class, the share that belongs to it.
    pub precision: Option<f64>,
    /// Of the rows of the class, the share that was predicted as it.
    pub recall: Option<f64>,
    /// The harmonic mean of precision and recall.
    pub f1: Option<f64>,
}

/// One kind of mistake: a cell off the diagonal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mistake {
    /// The true class.
    pub truth: usize,
    /// The predicted class.
    pub predicted: usize,
    /// How often.
    pub count: usize,
}

impl Confusion {
    /// Counts pairs of true and predicted class.
    ///
    /// # Panics
    ///
    /// If a class of a pair is not below `classes`.
    pub fn new(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![0; classes * classes];
        for (truth, predicted) in pairs {
            assert!(
                truth < classes && predicted < classes,
                "a class is out of range"
            );
            counts[truth * classes + predicted] += 1;
        }
        Self { classes, counts }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// For each true class, how often each class was predicted.
    pub fn rows(&self) -> impl Iterator<Item = &[usize]> {
        self.counts.chunks(self.classes.max(1))
    }

    /// Number of rows in all.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Number of rows predicted correctly.
    pub fn correct(&self) -> usize {
        (0..self.classes).map(|class| self.at(class, class)).sum()
    }

    /// Accuracy; NaN without rows.
    pub fn accuracy(&self) -> f64 {
        self.correct() as f64 / self.total() as f64
    }

    /// The metrics of a class.
    ///
    /// # Formula
    ///
    /// ```text
    /// precision = right / predicted    recall = right / count    F1 = 2 right / (predicted + count)
    /// ```
    ///
    /// # Panics
    ///
    /// If there is no such class.
    pub fn class(&self, class: usize) -> ClassMetrics {
        let right = self.at(class, class);
        let all = 0..self.classes;
        let count = all.clone().map(|predicted| self.at(class, predicted)).sum();
        let predicted = all.map(|truth| self.at(truth, class)).sum();
        let ratio = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
        ClassMetrics {
            count,
            predicted,
            precision: ratio(right, predicted),
            recall: ratio(right, count),
            f1: ratio(2 * right, predicted + count),
        }
    }

    /// The most frequent kinds of mistakes, at most `most`.
    pub fn mistakes(&self, most: usize) -> Vec<Mistake> {
        let cells = (0..self.classes).flat_map(|truth| {
            (0..self.classes).map(move |predicted| Mistake {
                truth,
                predicted,
                count: self.at(truth, predicted),
            })
        });
        let mut mistakes = cells
            .filter(|cell| cell.truth != cell.predicted && cell.count > 0)
            .collect::<Vec<_>>();
        mistakes.sort_by_key(|mistake| std::cmp::Reverse(mistake.count));
        mistakes.truncate(most);
        mistakes
    }

    fn at(&self, truth: usize, predicted: usize) -> usize {
        self.counts[truth * self.classes + predicted]
    }
}

/// The 95 % confidence interval of a share, from a sample with `right` out of `total` independent
/// cases: Wilson's score interval. Unlike `p ± z √(p(1-p)/n)`, it stays between 0 and 1 and keeps its
/// length near these ends, where good classifiers are. `None` without cases.
///
/// # Formula
///
/// ```text
/// p = right / n    z = 1.96    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)
/// ```
///
/// # Derivation
///
/// The shares π that a test at 5 % would not reject: (p - π)² ≤ z² π(1-π)/n, solved for π.
///
/// # Source
///
/// E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of
/// the American Statistical Association 22 (1927), 209-212.
pub fn wilson_interval(right: usize, total: usize) -> Option<[f64; 2]> {
    if total == 0 {
        return None;
    }
    let n = total as f64;
    let p = right as f64 / n;
    let z2_n = Z * Z / n;
    let centre = p + z2_n / 2.0;
    let half = Z * (p * (1.0 - p) / n + z2_n / (4.0 * n)).sqrt();
    let scale = 1.0 + z2_n;
    // Rounding must not move an end out of the range of a share.
    Some([centre - half, centre + half].map(|end| (end / scale).clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_class_follow_from_its_row_and_column() {
        // Class 0 three times, once predicted as 1; class 1 twice, once predicted as 0; class 2
        // never.
        let pairs = [(0, 0), (0, 1), (0, 0), (1, 1), (1, 0)];
        let confusion = Confusion::new(3, pairs);
        let rows = confusion.rows().collect::<Vec<_>>();
        assert_eq!(rows, [&[2, 1, 0], &[1, 1, 0], &[0, 0, 0]]);
        assert_eq!((confusion.correct(), confusion.total()), (3, 5));
        assert_eq!(confusion.accuracy(), 0.6);
        assert_eq!(
            confusion.class(0),
            ClassMetrics {
                count: 3,
                predicted: 3,
                precision: Some(2.0 / 3.0),
                recall: Some(2.0 / 3.0),
                f1: Some(4.0 / 6.0),
            }
        );
        let never = confusion.class(2);
        assert_eq!((never.count, never.predicted), (0, 0));
        assert_eq!(
            (never.precision, never.recall, never.f1),
            (None, None, None)
        );
    }

    #[test]
    fn truth_and_predicted_are_not_interchanged() {
        // Everything is predicted as 1: all of class 1 is found, and most predictions are wrong.
        let figures = Confusion::new(2, [(0, 1), (0, 1), (0, 1), (1, 1)]).class(1);
        assert_eq!((figures.precision, figures.recall), (Some(0.25), Some(1.0)));
        assert_eq!((figures.count, figures.predicted), (1, 4));
    }

    #[test]
    fn frequent_mistakes_come_first_and_right_predictions_never() {
        let confusion = Confusion::new(3, [(0, 0), (2, 1), (0, 1), (2, 1), (1, 1)]);
        let mistakes = confusion.mistakes(5);
        let expected = [(2, 1, 2), (0, 1, 1)].map(|(truth, predicted, count)| Mistake {
            truth,
            predicted,
            count,
        });
        assert_eq!(mistakes, expected);
        assert_eq!(confusion.mistakes(1), expected[..1]);
    }

    /// Method 3 of table I in R. G. Newcombe, Two-sided confidence intervals for the single
    /// proportion, Statistics in Medicine 17 (1998), 857-872.
    #[test]
    fn intervals_are_the_published_ones() {
        for (right, total, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = wilson_interval(right, total).unwrap();
            let shown = interval.map(|end| format!("{end:.4}"));
            assert_eq!(shown, [low, high].map(|end: f64| format!("{end:.4}")));
        }
        assert_eq!(wilson_interval(0, 0), None);
    }

    #[test]
    fn the_ends_are_the_shares_that_a_test_just_does_not_reject() {
        for (right, total) in [(9757, 10_000), (1, 2), (30, 30), (0, 7)] {
            let (p, n) = (right as f64 / total as f64, total as f64);
            for end in wilson_interval(right, total).unwrap() {
                let (left, bound) = ((p - end).powi(2), Z * Z * end * (1.0 - end) / n);
                assert!(
                    (left - bound).abs() < 1e-12,
                    "{right}/{total}: {left} {bound}"
                );
            }
        }
    }
}
