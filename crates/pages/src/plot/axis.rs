//! Axes and their ticks.

use std::ops::Range;

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

    /// The most ticks that the axis may have: with whole numbers, no more than there are.
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

/// A range of a logarithmic axis, widened to two powers of ten, which have the ticks.
fn with_ticks(range: Range<f64>) -> Range<f64> {
    let (mut start, mut end) = (range.start.log10(), range.end.log10());
    while end.floor() - start.ceil() < 1.0 {
        // Where less is added.
        let [below, above] = [start - (start.ceil() - 1.0), (end.floor() + 1.0) - end];
        if below < above {
            start -= below;
        } else {
            end += above;
        }
    }
    10f64.powf(start)..10f64.powf(end)
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
    fn a_logarithmic_axis_has_two_powers_of_ten() {
        for (values, range) in [([0.2, 0.3], 0.1..1.0), ([0.5, 2.0], 0.5 / 1.3..10.0)] {
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
