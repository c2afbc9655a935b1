//! Approximations and their curves.

use anyhow::Result;
use pages::colours::Colour;
use pages::numbers::number;
use pages::plot::{Mark, Points, Series};
use universal_approximation::targets::Target1d;
use universal_approximation::{Approximation1d, Errors, Interval, approximate_1d};

/// Points of a curve.
pub(super) const POINTS: usize = 801;

/// The sum of bumps that approximates a target.
pub(super) fn construct(target: Target1d, bumps: usize, steepness: f64) -> Result<Approximation1d> {
    Ok(approximate_1d(
        target.function,
        target.interval,
        bumps,
        steepness,
    )?)
}

/// The largest error, unless the target has a jump, where the largest error has no meaning.
pub(super) fn largest(target: Target1d, off: Errors) -> String {
    match target.lipschitz {
        Some(_) => number(off.max),
        None => "-".to_owned(),
    }
}

/// A curve over an interval.
pub(super) fn curve(interval: Interval, f: impl Fn(f64) -> f64) -> Points {
    interval.points(POINTS).map(|x| (x, f(x))).collect()
}

/// The target (orange), and what approximates it (blue).
pub(super) fn overlaid(target: Target1d, net: impl Fn(f64) -> f64) -> [Series; 2] {
    let line = |colour, points| Series::new("", colour, Mark::Line, points);
    [
        line(Colour::ORANGE, curve(target.interval, target.function)),
        line(Colour::BLUE, curve(target.interval, net)),
    ]
}
