//! Errors of an approximation.

use crate::interval::Interval;

/// Points of the grid of [`errors_1d`]. One less is prime, so no inner point lies at the edge or in the
/// middle of a bump, for any smaller number of equally wide bumps.
pub const GRID_1D: usize = 1010;

/// Points of the grid of [`errors_2d`] along each axis; one less is prime here as well.
pub const GRID_2D: usize = 48;

/// Errors of an approximation `g` of a target `f`, on a grid. If any value is NaN, so are all errors.
///
/// If `f` jumps (the step), `max` does not fall with more units: `g` is continuous and passes through
/// all values in between, so somewhere its error is half the jump. Then use `rms` and `mean`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// The largest `|f - g|`.
    pub max: f64,
    /// The root of the mean `(f - g)²`.
    pub rms: f64,
    /// The mean `|f - g|`.
    pub mean: f64,
}

impl Errors {
    fn of(differences: impl ExactSizeIterator<Item = f64>) -> Self {
        let count = differences.len() as f64;
        let (mut max, mut squares, mut sum) = (0.0, 0.0, 0.0);
        for difference in differences.map(f64::abs) {
            if difference > max || difference.is_nan() {
                max = difference;
            }
            squares += difference * difference;
            sum += difference;
        }
        Self {
            max,
            rms: (squares / count).sqrt(),
            mean: sum / count,
        }
    }
}

/// Errors on [`GRID_1D`] equally spaced points of an interval, both ends included.
///
/// ```
/// use universal_approximation::{Interval, errors_1d};
///
/// let off = errors_1d(|x| x, |_| 0.0, Interval { low: -1.0, high: 1.0 });
/// assert_eq!(off.max, 1.0);
/// assert!((off.mean - 0.5).abs() < 1e-3);
/// ```
pub fn errors_1d(
    target: impl Fn(f64) -> f64,
    approximation: impl Fn(f64) -> f64,
    interval: Interval,
) -> Errors {
    let points = interval.points(GRID_1D);
    Errors::of(points.map(|x| target(x) - approximation(x)))
}

/// Errors on a grid of [`GRID_2D`] equally spaced points along each side of a rectangle, including its
/// edges.
///
/// ```
/// use universal_approximation::{Interval, errors_2d};
///
/// let square = [Interval { low: 0.0, high: 1.0 }; 2];
/// let off = errors_2d(|[x, y]| x + y, |_| 0.0, square);
/// assert_eq!(off.max, 2.0);
/// assert!((off.mean - 1.0).abs() < 1e-12);
/// ```
pub fn errors_2d(
    target: impl Fn([f64; 2]) -> f64,
    approximation: impl Fn([f64; 2]) -> f64,
    domain: [Interval; 2],
) -> Errors {
    let [along, across] = domain.map(|interval| interval.points(GRID_2D).collect::<Vec<_>>());
    let points = (0..GRID_2D * GRID_2D).map(|i| [along[i % GRID_2D], across[i / GRID_2D]]);
    Errors::of(points.map(|x| target(x) - approximation(x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_hand() {
        let off = Errors::of([3.0, -4.0, 0.0, 0.0].into_iter());
        assert_eq!((off.max, off.rms, off.mean), (4.0, 2.5, 1.75));
    }

    #[test]
    fn nothing_hides_a_nan() {
        let off = Errors::of([1.0, f64::NAN, 2.0].into_iter());
        assert!(off.max.is_nan() && off.rms.is_nan() && off.mean.is_nan());
    }
}
