//! Functions to approximate.

use std::f64::consts::PI;

use crate::interval::Interval;

/// A function of one variable, and the interval where it is approximated.
#[derive(Debug, Clone, Copy)]
pub struct Target1d {
    /// Short name, lower case: `sine mix`.
    pub name: &'static str,
    /// The formula as text to display.
    pub formula: &'static str,
    /// Where it is approximated.
    pub interval: Interval,
    /// A number `K` with `|f(x) - f(x')| ≤ K |x - x'|` throughout the interval; `None` if there is
    /// none, because `f` jumps.
    pub lipschitz: Option<f64>,
    /// The function.
    pub function: fn(f64) -> f64,
}

/// A function of two variables, and the rectangle where it is approximated.
#[derive(Debug, Clone, Copy)]
pub struct Target2d {
    /// Short name, lower case.
    pub name: &'static str,
    /// The formula as text to display.
    pub formula: &'static str,
    /// The rectangle where it is approximated: the interval of `x` and that of `y`.
    pub domain: [Interval; 2],
    /// The function.
    pub function: fn([f64; 2]) -> f64,
}

const UNIT: Interval = Interval {
    low: 0.0,
    high: 1.0,
};

/// A step at 1/3, where no edge of `2^k` equal bumps lies.
pub const STEP: Target1d = Target1d {
    name: "step",
    formula: "f(x) = 0 for x < 1/3, else 1",
    interval: UNIT,
    lipschitz: None,
    function: |x| if x < 1.0 / 3.0 { 0.0 } else { 1.0 },
};

/// A smooth bump. It is steepest, `√80 e^-½ < 5.43`, where `80 (x - ½)² = 1`.
pub const BUMP: Target1d = Target1d {
    name: "bump",
    formula: "f(x) = exp(-40 (x - ½)²)",
    interval: UNIT,
    lipschitz: Some(5.43),
    function: |x| (-40.0 * (x - 0.5).powi(2)).exp(),
};

/// Two sines. The slopes of both add up to at most `2π + 3π`.
pub const SINE_MIX: Target1d = Target1d {
    name: "sine mix",
    formula: "f(x) = sin 2πx + ½ sin 6πx",
    interval: UNIT,
    lipschitz: Some(5.0 * PI),
    function: |x| (2.0 * PI * x).sin() + 0.5 * (6.0 * PI * x).sin(),
};

/// The absolute value, with its kink.
pub const MAGNITUDE: Target1d = Target1d {
    name: "|x|",
    formula: "f(x) = |x|",
    interval: Interval {
        low: -1.0,
        high: 1.0,
    },
    lipschitz: Some(1.0),
    function: f64::abs,
};

/// The polynomial with sines of Nielsen's chapter 4. Its slope is at most
/// `0.8 + 0.3 + 4.5 + 2.5 = 8.1`.
pub const NIELSEN: Target1d = Target1d {
    name: "nielsen",
    formula: "f(x) = 0.2 + 0.4x² + 0.3x sin 15x + 0.05 cos 50x",
    interval: UNIT,
    lipschitz: Some(8.1),
    function: |x| 0.2 + 0.4 * x * x + 0.3 * x * (15.0 * x).sin() + 0.05 * (50.0 * x).cos(),
};

/// Every target of one variable.
///
/// ```
/// let names = universal_approximation::targets::ALL_1D.map(|target| target.name);
/// assert_eq!(names, ["step", "bump", "sine mix", "|x|", "nielsen"]);
/// ```
pub const ALL_1D: [Target1d; 5] = [STEP, BUMP, SINE_MIX, MAGNITUDE, NIELSEN];

/// A hill and a hollow: smooth, off centre, with different widths.
pub const HILLS: Target2d = Target2d {
    name: "hill and hollow",
    formula: "f(x, y) = exp(-30 [(x - 0.35)² + (y - 0.4)²]) - 0.6 exp(-40 [(x - 0.7)² + (y - 0.65)²])",
    domain: [UNIT; 2],
    function: |[x, y]| {
        let hill = (-30.0 * ((x - 0.35).powi(2) + (y - 0.4).powi(2))).exp();
        let hollow = (-40.0 * ((x - 0.7).powi(2) + (y - 0.65).powi(2))).exp();
        hill - 0.6 * hollow
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stated_lipschitz_constants_hold_and_are_not_too_large() {
        for target in ALL_1D {
            let Some(lipschitz) = target.lipschitz else {
                continue;
            };
            let points = target.interval.points(10_001);
            let slope = |(a, b): (f64, f64)| {
                (((target.function)(b) - (target.function)(a)) / (b - a)).abs()
            };
            let steepest = points
                .clone()
                .zip(points.skip(1))
                .map(slope)
                .fold(0.0, f64::max);
            assert!(
                steepest <= lipschitz * (1.0 + 1e-9),
                "{}: {steepest}",
                target.name
            );
            assert!(steepest > 0.7 * lipschitz, "{}: {steepest}", target.name);
        }
    }

    #[test]
    fn values_by_hand() {
        assert_eq!(
            [0.0, 0.33, 0.34, 1.0].map(STEP.function),
            [0.0, 0.0, 1.0, 1.0]
        );
        assert_eq!((BUMP.function)(0.5), 1.0);
        assert_eq!((NIELSEN.function)(0.0), 0.25);
        assert!(((SINE_MIX.function)(0.25) - 0.5).abs() < 1e-15);
        // At the top of the hill: 1 minus the hollow's part at a distance of 0.35 and 0.25.
        let expected = 1.0 - 0.6 * (-40.0f64 * 0.185).exp();
        assert!(((HILLS.function)([0.35, 0.4]) - expected).abs() < 1e-15);
    }
}
