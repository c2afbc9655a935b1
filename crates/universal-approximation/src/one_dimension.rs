//! A function of one variable as a sum of bumps.

use crate::error::ApproximationError;
use crate::interval::Interval;
use crate::net::{OneHiddenLayer, sigmoid};

/// A pair of steep sigmoids: one rises at the left edge, one falls at the right edge.
///
/// # Formula
///
/// ```text
/// bump(x) = height · [ σ(w (x - left)) - σ(w (x - right)) ]
/// ```
///
/// # Source
///
/// Lecture item L16; M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bump {
    /// The edge where it rises; half its height is reached there.
    pub left: f64,
    /// The edge where it falls.
    pub right: f64,
    /// Its height.
    pub height: f64,
    /// `w`, the weight from the input to both hidden units.
    pub weight: f64,
}

impl Bump {
    /// The bump's value.
    pub fn evaluate(&self, x: f64) -> f64 {
        let step = |edge: f64| sigmoid(self.weight * (x - edge));
        self.height * (step(self.left) - step(self.right))
    }
}

/// A net with one input that is a sum of bumps.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation1d {
    net: OneHiddenLayer,
    bumps: Vec<Bump>,
    width: f64,
    steepness: f64,
}

/// Approximates a function of one variable by bumps of equal width. The height of a bump is the
/// function's value in its middle.
///
/// # Formula
///
/// ```text
/// width = (high - low)/n    w = steepness/width    edges e_i = low + i·width
/// y(x) = Σ_i f(middle_i) [ σ(w (x - e_i)) - σ(w (x - e_i+1)) ],  i = 0 .. n-1
/// ```
///
/// The first and the last edge lie one width further out, so that the first and the last bump have their
/// full height up to the ends of the interval. The steepness is relative to the width of a bump: with 30,
/// an edge goes from 5 % to 95 % within a fifth of the width.
///
/// # Shapes
///
/// `2n` hidden units; unit `2i` is the rising edge of bump `i`, unit `2i + 1` its falling edge:
///
/// ```text
/// W1 = [w, w, ...]  b1 = [-w left_0, -w right_0, ...]  W2 = [height_0, -height_0, ...]  b2 = [0]
/// ```
///
/// # Derivation
///
/// ```text
/// The bumps of height 1, φ_i, are positive, and within the interval 1 - 2e^-s ≤ Σ_i φ_i ≤ 1
/// (neighbouring edges cancel), with s the steepness. If |f(x) - f(x')| ≤ K |x - x'|:
/// |y(x) - f(x)| ≤ Σ_i φ_i(x) |f(middle_i) - f(x)| + 2e^-s |f(x)|
///               ≤ K Σ_i φ_i(x) |middle_i - x|     + 2e^-s |f(x)|
///               ≤ K width (1/2 + 2e^(-s/2))       + 2e^-s |f(x)|        for s ≥ 4
/// since, up to e^(-s/2), only its own bump and the one beyond the nearer edge matter at x.
/// So the error falls like 1/n.
/// ```
///
/// # Errors
///
/// [`ApproximationError`] for no bumps, an interval that is empty, reversed or not finite, a
/// steepness that is not positive and finite, a target that is not finite in the middle of a bump,
/// and weights too large for an `f64`.
///
/// # Source
///
/// Lecture item L16; M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 4.
///
/// # Example
///
/// ```
/// use universal_approximation::{Interval, approximate_1d};
///
/// let interval = Interval { low: 0.0, high: 2.0 };
/// let approximation = approximate_1d(|x| x * x, interval, 100, 30.0)?;
/// assert!((approximation.evaluate(1.3) - 1.69).abs() < 0.04);
/// assert_eq!(approximation.bumps().len(), 100);
/// # Ok::<(), universal_approximation::ApproximationError>(())
/// ```
pub fn approximate_1d(
    target: impl Fn(f64) -> f64,
    interval: Interval,
    bumps: usize,
    steepness: f64,
) -> Result<Approximation1d, ApproximationError> {
    ApproximationError::check_count("bumps", bumps)?;
    ApproximationError::check_steepness(steepness)?;
    let interval = interval.checked()?;
    let width = interval.length() / bumps as f64;
    let at = |widths: f64| interval.low + width * widths;
    let bump = |i: usize| {
        let middle = at(i as f64 + 0.5);
        let left = if i == 0 { -1.0 } else { i as f64 };
        let right = if i + 1 == bumps { i + 2 } else { i + 1 } as f64;
        Ok(Bump {
            left: at(left),
            right: at(right),
            height: ApproximationError::check_target(&[middle], target(middle))?,
            weight: steepness / width,
        })
    };
    let bumps = (0..bumps).map(bump).collect::<Result<Vec<_>, _>>()?;
    Ok(Approximation1d {
        net: net(&bumps)?,
        bumps,
        width,
        steepness,
    })
}

/// Two hidden units for each bump.
fn net(bumps: &[Bump]) -> Result<OneHiddenLayer, ApproximationError> {
    let pairs = |pair: fn(&Bump) -> [f64; 2]| bumps.iter().flat_map(pair).collect();
    let w1 = pairs(|b| [b.weight, b.weight]);
    let b1 = pairs(|b| [-b.weight * b.left, -b.weight * b.right]);
    let w2 = pairs(|b| [b.height, -b.height]);
    OneHiddenLayer::new(1, w1, b1, w2, 0.0)
}

impl Approximation1d {
    /// The net.
    pub fn net(&self) -> &OneHiddenLayer {
        &self.net
    }

    /// The bumps, from left to right; the net's output is their sum.
    pub fn bumps(&self) -> &[Bump] {
        &self.bumps
    }

    /// The net's output.
    pub fn evaluate(&self, x: f64) -> f64 {
        self.net.evaluate(&[x])
    }

    /// An upper bound of the error in the interval, for a Lipschitz continuous target:
    /// `|f(x) - f(x')| ≤ lipschitz |x - x'|` (derivation at [`approximate_1d`]). `None` for a
    /// steepness below 4, for which it does not hold.
    pub fn error_bound(&self, lipschitz: f64) -> Option<f64> {
        let s = self.steepness;
        let highest = self
            .bumps
            .iter()
            .fold(0.0, |h: f64, bump| h.max(bump.height.abs()));
        // The target differs from the nearest bump's height by what half a width allows at most.
        let largest = highest + lipschitz * self.width / 2.0;
        let bound = lipschitz * self.width * (0.5 + 2.0 * (-s / 2.0).exp());
        (s >= 4.0).then_some(bound + 2.0 * (-s).exp() * largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_one_bump_by_hand() {
        let interval = Interval {
            low: 0.0,
            high: 1.0,
        };
        let one = approximate_1d(|x| 3.0 * x, interval, 1, 10.0).expect("valid");
        // Its edges are one width outside, its height is f(1/2).
        let bump = Bump {
            left: -1.0,
            right: 2.0,
            height: 1.5,
            weight: 10.0,
        };
        assert_eq!(one.bumps(), [bump]);
        assert_eq!(one.net().w1(), [10.0, 10.0]);
        assert_eq!(one.net().b1(), [10.0, -20.0]);
        assert_eq!(one.net().w2(), [1.5, -1.5]);
        assert_eq!(one.net().b2(), [0.0]);
    }

    #[test]
    fn inner_edges_are_shared_and_steepness_is_relative_to_the_width() {
        let interval = Interval {
            low: -1.0,
            high: 1.0,
        };
        let four = approximate_1d(|x| x, interval, 4, 20.0).expect("valid");
        let edges = four.bumps().iter().map(|b| (b.left, b.right));
        let expected = [(-1.5, -0.5), (-0.5, 0.0), (0.0, 0.5), (0.5, 1.5)];
        assert_eq!(edges.collect::<Vec<_>>(), expected);
        let heights = four.bumps().iter().map(|b| b.height).collect::<Vec<_>>();
        assert_eq!(heights, [-0.75, -0.25, 0.25, 0.75]);
        assert!(four.bumps().iter().all(|b| b.weight == 40.0));
    }
}
