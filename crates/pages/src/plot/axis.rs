//! Axes and their ticks.

use std::ops::Range;

use plotters::coord::combinators::{BindKeyPoints, IntoLogRange, LogCoord, WithKeyPoints};

/// The most ticks of an axis.
const TICKS: usize = 7;

/// An axis: what it measures, from where to where.
#[derive(Debug, Clone)]
pub struct Axis {
    pub(super) label: String,
    pub(super) range: Range<f64>,
    pub(super) scale: Scale,
    /// Whether all values on it are whole numbers, such as epochs.
    whole: bool,
}

/// How values become lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equal lengths.
    Linear,
    /// Equal ratios are equal lengths; only values above 0 can be shown.
    Log,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>, range: Range<f64>) -> Self {
        Self {
            label: label.into(),
            range,
            scale: Scale::Linear,
            whole: false,
        }
    }

    /// An axis that holds all the values that its scale can show, with a margin. If all of them are whole
    /// numbers, so are its ticks.
    pub fn fitting(
        label: impl Into<String>,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
    ) -> Self {
        let shown = values.into_iter().filter(|&value| scale.can_show(value));
        let mut whole = true;
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            whole &= value.fract() == 0.0;
            (low.min(value), high.max(value))
        });
        let range = match (scale, low < high) {
            (Scale::Log, true) => with_ticks(low / 1.3..high * 1.3),
            (Scale::Log, false) if high > 0.0 => high / 10.0..high * 10.0,
            (Scale::Log, false) => 0.1..10.0,
            (Scale::Linear, true) => low - 0.04 * (high - low)..high + 0.04 * (high - low),
            (Scale::Linear, false) if high.is_finite() && high != 0.0 => {
                high - high.abs() / 2.0..high + high.abs() / 2.0
            }
            (Scale::Linear, false) if high.is_finite() => -1.0..1.0,
            (Scale::Linear, false) => 0.0..1.0,
        };
        Self {
            label: label.into(),
            range,
            scale,
            whole: whole && low < high,
        }
    }

    /// The range on a logarithmic scale, with ticks.
    pub(super) fn log_range(&self) -> WithKeyPoints<LogCoord<f64>> {
        let ticks = log_ticks(&self.range);
        self.range.clone().log_scale().with_key_points(ticks)
    }

    /// The most ticks that a linear axis may have: with whole numbers, no more than there are.
    pub(super) fn tick_count(&self) -> usize {
        let numbers = self.range.end.floor() - self.range.start.ceil() + 1.0;
        if self.whole && numbers < TICKS as f64 {
            (numbers as usize).max(2)
        } else {
            TICKS
        }
    }

    /// A tick's label. On a linear axis, a value that is 0 except for rounding is written as 0.
    pub(super) fn tick(&self, value: f64) -> String {
        let length = self.range.end - self.range.start;
        match self.scale {
            Scale::Linear if value.abs() < 1e-9 * length => tick(0.0),
            _ => tick(value),
        }
    }
}

impl Scale {
    pub(super) fn can_show(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }
}

/// A range of a logarithmic axis, widened to two ticks.
fn with_ticks(mut range: Range<f64>) -> Range<f64> {
    while round_numbers(&range).len() < 2 {
        let wider = round_numbers(&(range.start / 10.0..range.end * 10.0));
        let below = wider.iter().rfind(|&&number| number < range.start);
        let above = wider.iter().find(|&&number| number > range.end);
        // Where less is added.
        match (below, above) {
            (Some(&below), Some(&above)) if range.start / below < above / range.end => {
                range.start = below;
            }
            (_, Some(&above)) => range.end = above,
            _ => return range,
        }
    }
    range
}

/// Where a logarithmic axis has its ticks: at 1, 2 and 5 times powers of ten, or at every nth power.
fn log_ticks(range: &Range<f64>) -> Vec<f64> {
    let numbers = round_numbers(range);
    if numbers.len() <= TICKS {
        return numbers;
    }
    let (first, last) = (range.start.log10().ceil(), range.end.log10().floor());
    let every = ((last - first + 1.0) / TICKS as f64).ceil();
    let powers = (first as i32..=last as i32).filter(|power| power % every as i32 == 0);
    powers.map(|power| 10f64.powi(power)).collect()
}

/// The numbers of a range, its ends included, that are 1, 2 or 5 times a power of ten.
fn round_numbers(range: &Range<f64>) -> Vec<f64> {
    let powers = range.start.log10().floor() as i32..=range.end.log10().floor() as i32;
    let numbers = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    // An end may be such a number but for rounding.
    let inside = range.start * (1.0 - 1e-12)..=range.end * (1.0 + 1e-12);
    numbers.filter(|number| inside.contains(number)).collect()
}

/// A tick's label: as short as it can be.
fn tick(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e5 => {
            let text = format!("{value:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.0e}"),
    }
}

/// `count` numbers from `start` to `end`, both included, evenly spaced. `count` is 2 or more.
///
/// ```
/// assert_eq!(pages::plot::spread(-1.0, 2.0, 4), [-1.0, 0.0, 1.0, 2.0]);
/// ```
pub fn spread(start: f64, end: f64, count: usize) -> Vec<f64> {
    let step = (end - start) / (count - 1) as f64;
    (0..count).map(|i| start + step * i as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_keeps_its_magnitude_on_the_axis() {
        for (value, range) in [(1.0, 0.5..1.5), (-0.05, -0.075..-0.025), (0.0, -1.0..1.0)] {
            let axis = Axis::fitting("x", Scale::Linear, [value, value, f64::NAN]);
            assert!((axis.range.start - range.start).abs() < 1e-12, "{axis:?}");
            assert!((axis.range.end - range.end).abs() < 1e-12, "{axis:?}");
        }
    }

    #[test]
    fn a_logarithmic_axis_has_two_ticks() {
        for (values, range) in [
            ([0.2, 0.3], 0.2 / 1.3..0.5),
            ([0.23, 0.24], 0.23 / 1.3..0.5),
            ([0.5, 2.0], 0.5 / 1.3..2.0 * 1.3),
        ] {
            let axis = Axis::fitting("loss", Scale::Log, values);
            assert!(
                (axis.range.start / range.start - 1.0).abs() < 1e-9,
                "{axis:?}"
            );
            assert!((axis.range.end / range.end - 1.0).abs() < 1e-9, "{axis:?}");
        }
        let wide = Axis::fitting("loss", Scale::Log, [0.013, 130.0]);
        assert!((wide.range.end / 169.0 - 1.0).abs() < 1e-9, "{wide:?}");
    }

    #[test]
    fn ticks_of_a_logarithmic_axis_are_round_and_few() {
        for (range, ticks) in [
            (0.34..4.0, vec![0.5, 1.0, 2.0]),
            (0.2..10.0, vec![0.2, 0.5, 1.0, 2.0, 5.0, 10.0]),
            (0.5..1500.0, vec![1.0, 10.0, 100.0, 1000.0]),
            (1e-9..2.0, vec![1e-8, 1e-6, 1e-4, 1e-2, 1.0]),
        ] {
            let found = log_ticks(&range);
            assert_eq!(found.len(), ticks.len(), "{found:?}");
            for (found, tick) in found.iter().zip(&ticks) {
                assert!((found / tick - 1.0).abs() < 1e-12, "{found}");
            }
        }
    }

    #[test]
    fn whole_numbers_have_no_ticks_in_between() {
        let ticks = |values: &[f64]| {
            Axis::fitting("epoch", Scale::Linear, values.iter().copied()).tick_count()
        };
        assert_eq!(ticks(&[0.0, 1.0, 2.0, 3.0]), 4);
        assert_eq!(ticks(&[0.0, 1.5, 3.0]), TICKS);
        assert_eq!(ticks(&[0.0, 100.0]), TICKS);
    }

    #[test]
    fn ticks_are_short() {
        let ticks = [0.0, 0.25, -3.0, 1e-5, 2e6].map(tick);
        assert_eq!(ticks, ["0", "0.25", "-3", "1e-5", "2e6"]);
        assert_eq!(Axis::linear("", -0.3..0.3).tick(-3e-17), "0");
        assert_eq!(Axis::linear("", -1e-16..1e-16).tick(-3e-17), "-3e-17");
    }
}
