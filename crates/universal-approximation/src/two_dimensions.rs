//! A function of two variables as a sum of plane waves, each made of steps.

use std::ops::Range;

pub use crate::series::Wave;

use crate::error::ApproximationError;
use crate::interval::Interval;
use crate::net::OneHiddenLayer;
use crate::series;

/// A plane wave and the hidden units that approximate it by steps in its direction.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// The wave.
    pub wave: Wave,
    /// Its hidden units, one for each step, in the order of the wave's argument.
    pub units: Range<usize>,
    /// The height before the first step; part of the net's `b2`.
    pub base: f64,
}

impl Ridge {
    /// Number of stairs: one more than the steps between them.
    fn stairs(&self) -> f64 {
        (self.units.len() + 1) as f64
    }
}

/// A net with two inputs that is a sum of ridges.
#[derive(Debug, Clone, PartialEq)]
pub struct Approximation2d {
    net: OneHiddenLayer,
    ridges: Vec<Ridge>,
    constant: f64,
    steepness: f64,
}

/// Approximates a function of two variables by plane waves, each approximated by steps in its direction.
///
/// # Why not towers
///
/// Nielsen's towers need a second hidden layer. With one hidden layer, units along the axes give
/// `g(x) + h(y)`, and two crossed bumps are a cross that reaches the edges, never a tower. But a
/// hidden unit can be a step in any direction, many steps in one direction make any function of that
/// direction (a ridge), and a sum of plane waves, which are ridges, makes any smooth function. So the
/// series is computed first, and each wave gets its units.
///
/// # Formula
///
/// ```text
/// f(x, y) ≈ c_00 + Σ_k A_k cos t_k,   t_k = frequency_k·(x, y) + phase_k     (cosine series)
/// A cos t ≈ A cos m_0 + Σ_i (A cos m_i - A cos m_i-1) σ(s/width (t - e_i)),  i = 1 .. n-1
/// with the range of t over the rectangle, T, cut into n parts of equal width, m_i their middles,
/// e_i the edges between them, and s the steepness (relative to a part's width)
/// ```
///
/// # Shapes
///
/// `units` hidden units in total, those of a ridge next to each other. A unit's column of `W1 [2, units]` is
/// `s/width · frequency`, its `b1` is `s/width · (phase - e_i)`, its `W2` the height of its step.
///
/// # Derivation
///
/// ```text
/// The error of stairs for A cos t is at most |A| width (1/2 + 2e^(-s/2)), as for bumps (Lipschitz |A|);
/// its mean square, for steep edges, is A² width²/24 with width = T/n.
/// A wave left out costs A²/2. If all errors are unrelated, with N units in total:
/// Σ A_k² T_k²/24 n_k²  is smallest with  n_k in proportion to d_k = (|A_k| T_k)^⅔,  then (Σ d_k)³/24N²
/// Waves are used in the order of A²/T, as many as make (Σ d_k)³/24N² + ½ Σ_left out A² smallest.
/// As N grows, this goes to 0: for any set of waves its first part does, and the series, whose order is
/// 2 N^⅓, leaves out less and less of a continuous f.
/// ```
///
/// # Errors
///
/// [`ApproximationError`] for no units, an interval that is empty, reversed or not finite, a
/// steepness that is not positive and finite, a target that is not finite somewhere, and weights
/// too large for an `f64`.
///
/// # Source
///
/// Lecture item L16. The idea of plane waves, each approximated by steps, is from A. R. Barron, "Universal approximation bounds for superpositions of a sigmoidal function", IEEE
/// Transactions on Information Theory 39(3), 1993.
///
/// # Example
///
/// ```
/// use universal_approximation::{approximate_2d, errors_2d, targets};
///
/// let target = targets::HILLS;
/// let rms = |units| {
///     let approximation = approximate_2d(target.function, target.domain, units, 10.0)?;
///     assert_eq!(approximation.net().hidden(), units);
///     Ok(errors_2d(target.function, |x| approximation.evaluate(x), target.domain).rms)
/// };
/// assert!(rms(800)? < 0.5 * rms(200)?);
/// # Ok::<(), universal_approximation::ApproximationError>(())
/// ```
pub fn approximate_2d(
    target: impl Fn([f64; 2]) -> f64,
    domain: [Interval; 2],
    units: usize,
    steepness: f64,
) -> Result<Approximation2d, ApproximationError> {
    ApproximationError::check_count("hidden units", units)?;
    ApproximationError::check_steepness(steepness)?;
    let domain = [domain[0].checked()?, domain[1].checked()?];
    let order = (2.0 * (units as f64).cbrt()).ceil() as usize;
    let (constant, mut waves) = series::waves(target, domain, order)?;
    keep_the_worthwhile(&mut waves, units);
    let ridges = ridges(&waves, units);
    Ok(Approximation2d {
        net: net(&ridges, constant, steepness)?,
        ridges,
        constant,
        steepness,
    })
}

/// `(|A| T)^⅔`: the number of units that a wave should have is proportional to it.
fn demand(amplitude: f64, wave: &Wave) -> f64 {
    (amplitude * wave.range.length()).cbrt().powi(2)
}

/// Drops the waves that gain less than their units cost; at least one is kept.
fn keep_the_worthwhile(waves: &mut Vec<Wave>, units: usize) {
    // Relative to the largest amplitude, so that no square overflows or becomes 0.
    let largest = waves
        .iter()
        .fold(0.0, |a: f64, wave| a.max(wave.amplitude.abs()));
    let relative = |wave: &Wave| wave.amplitude.abs() / largest.max(f64::MIN_POSITIVE);
    let mean_square = |wave: &Wave| relative(wave).powi(2) / 2.0;
    let worth = |wave: &Wave| mean_square(wave) / wave.range.length();
    waves.sort_by(|a, b| worth(b).total_cmp(&worth(a)));
    let mut left_out: f64 = waves.iter().map(mean_square).sum();
    let (mut demanded, mut least, mut kept) = (0.0f64, f64::INFINITY, 1);
    for (index, wave) in waves.iter().enumerate().take(units) {
        demanded += demand(relative(wave), wave);
        left_out -= mean_square(wave);
        let estimate = left_out + demanded.powi(3) / (24.0 * (units as f64).powi(2));
        if estimate < least {
            (least, kept) = (estimate, index + 1);
        }
    }
    waves.truncate(kept);
}

/// Gives every wave one unit, distributes the others in proportion to the demand, and gives the rest that
/// rounding leaves to the first wave.
fn ridges(waves: &[Wave], units: usize) -> Vec<Ridge> {
    let demands = waves.iter().map(|wave| demand(wave.amplitude.abs(), wave));
    // For a constant target the demand is 0.
    let demanded = demands.clone().sum::<f64>().max(f64::MIN_POSITIVE);
    let spare = (units - waves.len()) as f64;
    let mut counts = demands
        .map(|demand| 1 + (spare * (demand / demanded)) as usize)
        .collect::<Vec<_>>();
    counts[0] += units.saturating_sub(counts.iter().sum());
    let mut next = 0;
    let ridge = |(wave, count): (&Wave, usize)| {
        let units = next..next + count;
        next = units.end;
        let width = wave.range.length() / (count + 1) as f64;
        Ridge {
            wave: *wave,
            base: wave.profile(wave.range.low + width / 2.0),
            units,
        }
    };
    waves.iter().zip(counts).map(ridge).collect()
}

/// One hidden unit for each step.
fn net(
    ridges: &[Ridge],
    constant: f64,
    steepness: f64,
) -> Result<OneHiddenLayer, ApproximationError> {
    let (mut along, mut across, mut b1, mut w2) = (vec![], vec![], vec![], vec![]);
    let mut b2 = constant;
    for ridge in ridges {
        let Wave {
            frequency,
            phase,
            range,
            ..
        } = ridge.wave;
        let width = range.length() / ridge.stairs();
        let at = |widths: f64| range.low + width * widths;
        let scale = steepness / width;
        b2 += ridge.base;
        for i in 1..=ridge.units.len() {
            let edge = i as f64;
            along.push(scale * frequency[0]);
            across.push(scale * frequency[1]);
            b1.push(scale * (phase - at(edge)));
            w2.push(ridge.wave.profile(at(edge + 0.5)) - ridge.wave.profile(at(edge - 0.5)));
        }
    }
    OneHiddenLayer::new(2, [along, across].concat(), b1, w2, b2)
}

impl Approximation2d {
    /// The net.
    pub fn net(&self) -> &OneHiddenLayer {
        &self.net
    }

    /// The ridges; the net's output is their sum plus [`Approximation2d::constant`].
    pub fn ridges(&self) -> &[Ridge] {
        &self.ridges
    }

    /// The mean of the target: `c_00` of its series.
    pub fn constant(&self) -> f64 {
        self.constant
    }

    /// The net's output.
    pub fn evaluate(&self, x: [f64; 2]) -> f64 {
        self.net.evaluate(&x)
    }

    /// The value of one ridge at a point: its base plus the steps of its units.
    ///
    /// # Panics
    ///
    /// If there is no such ridge.
    pub fn stairs(&self, ridge: usize, x: [f64; 2]) -> f64 {
        let ridge = &self.ridges[ridge];
        let steps = ridge.units.clone().map(|unit| self.net.unit(unit, &x));
        ridge.base + steps.sum::<f64>()
    }

    /// The part of the series that was kept, at a point: the constant plus the waves that the net
    /// approximates.
    pub fn series(&self, x: [f64; 2]) -> f64 {
        let waves = self.ridges.iter().map(|ridge| ridge.wave.evaluate(x));
        self.constant + waves.sum::<f64>()
    }

    /// An upper bound of the net's distance from [`Approximation2d::series`] in the rectangle (derivation
    /// at [`approximate_2d`]). `None` for a steepness below 4, for which it does not hold.
    pub fn stairs_bound(&self) -> Option<f64> {
        let off = 0.5 + 2.0 * (-self.steepness / 2.0).exp();
        let bound = |ridge: &Ridge| {
            let width = ridge.wave.range.length() / ridge.stairs();
            ridge.wave.amplitude.abs() * width * off
        };
        (self.steepness >= 4.0).then(|| self.ridges.iter().map(bound).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::HILLS;

    const SQUARE: [Interval; 2] = [Interval {
        low: 0.0,
        high: 1.0,
    }; 2];

    /// `cos πx` alone: one ridge, whose parts of width π/3 have their middles at π/6, π/2, 5π/6.
    #[test]
    fn the_weights_of_one_ridge_by_hand() {
        use std::f64::consts::PI;
        let net = approximate_2d(|[x, _]| (PI * x).cos(), SQUARE, 2, 10.0).expect("valid");
        let close = |got: &[f64], expected: &[f64]| {
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-13, "{got} for {expected}");
            }
        };
        // 10/(π/3)·π = 30 along x, nothing along y; edges at x = 1/3 and 2/3.
        close(net.net().w1(), &[30.0, 30.0, 0.0, 0.0]);
        close(net.net().b1(), &[-10.0, -20.0]);
        let half_root_3 = (PI / 6.0).cos();
        close(net.net().w2(), &[-half_root_3, -half_root_3]);
        close(net.net().b2(), &[half_root_3]);
    }

    #[test]
    fn every_unit_belongs_to_one_ridge_for_any_number_of_units() {
        for units in [1, 2, 3, 10, 77, 500] {
            let approximation = approximate_2d(HILLS.function, HILLS.domain, units, 10.0);
            let approximation = approximation.expect("valid");
            assert_eq!(approximation.net().hidden(), units);
            let mut next = 0;
            for ridge in approximation.ridges() {
                assert_eq!(ridge.units.start, next);
                assert!(!ridge.units.is_empty());
                next = ridge.units.end;
            }
            assert_eq!(next, units);
        }
    }

    #[test]
    fn the_choice_of_waves_does_not_depend_on_the_targets_scale() {
        let waves = |scale: f64| {
            let target = |x| scale * (HILLS.function)(x);
            let approximation = approximate_2d(target, HILLS.domain, 60, 10.0).expect("valid");
            let kept = approximation.ridges().iter();
            kept.map(|r| (r.wave.frequency, r.units.clone()))
                .collect::<Vec<_>>()
        };
        for scale in [2f64.powi(-600), 2f64.powi(600)] {
            assert_eq!(waves(scale), waves(1.0));
        }
    }

    #[test]
    fn a_constant_is_approximated_exactly() {
        let approximation = approximate_2d(|_| 2.5, SQUARE, 4, 10.0).expect("valid");
        assert!((approximation.evaluate([0.3, 0.9]) - 2.5).abs() < 1e-12);
    }
}
