//! Intervals.

use crate::error::ApproximationError;

/// The numbers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end: above `low`.
    pub high: f64,
}

impl Interval {
    /// `high - low`.
    pub fn length(&self) -> f64 {
        self.high - self.low
    }

    /// Equally spaced points, both ends included.
    ///
    /// # Panics
    ///
    /// If `count` is below 2.
    ///
    /// ```
    /// use universal_approximation::Interval;
    ///
    /// let points = Interval { low: -1.0, high: 1.0 }.points(5).collect::<Vec<_>>();
    /// assert_eq!(points, [-1.0, -0.5, 0.0, 0.5, 1.0]);
    /// ```
    pub fn points(self, count: usize) -> impl ExactSizeIterator<Item = f64> + Clone {
        assert!(count >= 2, "{count} points do not have two ends");
        let last = (count - 1) as f64;
        (0..count).map(move |i| self.low + self.length() * (i as f64 / last))
    }

    /// The interval itself, if it is not empty and finite.
    pub(crate) fn checked(self) -> Result<Self, ApproximationError> {
        let Self { low, high } = self;
        if low < high && self.length().is_finite() {
            Ok(self)
        } else {
            Err(ApproximationError::Interval { low, high })
        }
    }
}
