//! Curves and sets of points.

use std::ops::Range;

use super::axis::Scale;
use crate::colours::Colour;

/// Points of a curve, `(x, y)`, in order.
pub type Points = Vec<(f64, f64)>;

/// A curve or a set of points.
#[derive(Debug, Clone)]
pub struct Series {
    pub(super) label: String,
    pub(super) points: Points,
    pub(super) colour: Colour,
    pub(super) mark: Mark,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line.
    Line,
    /// A thin line behind the others.
    Thin,
    /// A dashed line.
    Dashed,
    /// Dots.
    Dots,
    /// Dots with a black border, for maps.
    OutlinedDots,
    /// A line with a dot at every point.
    Path,
}

impl Series {
    /// A series with its name in the legend; with an empty name it is not in the legend.
    pub fn new(
        label: impl Into<String>,
        colour: Colour,
        mark: Mark,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        Self {
            label: label.into(),
            points: points.into_iter().collect(),
            colour,
            mark,
        }
    }

    /// A line of values over their index, from 0.
    pub fn by_index(label: impl Into<String>, colour: Colour, values: &[f64]) -> Self {
        let points = values.iter().enumerate().map(|(i, &y)| (i as f64, y));
        Self::new(label, colour, Mark::Line, points)
    }

    /// Whether axes with these scales can show any of its points.
    pub fn has_points(&self, x: Scale, y: Scale) -> bool {
        self.visible(x, y).next().is_some()
    }

    /// The smallest and the largest finite `y`; `None` if there is none.
    pub fn range(&self) -> Option<Range<f64>> {
        let finite = self.points.iter().map(|point| point.1);
        let finite = finite.filter(|value| value.is_finite());
        let ends = finite.map(|value| (value, value));
        let ends = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        ends.map(|(least, most)| least..most)
    }

    /// The points that axes with these scales can show.
    pub(super) fn visible(&self, x: Scale, y: Scale) -> impl Iterator<Item = (f64, f64)> + Clone {
        let points = self.points.iter().copied();
        points.filter(move |point| x.can_show(point.0) && y.can_show(point.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_are_not_finite_count_for_nothing() {
        let series = Series::by_index("", Colour::BLUE, &[2.0, f64::NAN, -1.0, f64::INFINITY]);
        assert_eq!(series.range(), Some(-1.0..2.0));
        // The one point above 0 has the index 0, which a logarithmic axis cannot show.
        assert!(!series.has_points(Scale::Log, Scale::Log));
    }
}
