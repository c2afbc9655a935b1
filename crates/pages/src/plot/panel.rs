//! One chart of a figure: axes, series, and the background.

use std::ops::Range;

use super::axis::{Axis, Scale};
use super::field::Field;
use super::series::{Mark, Series};
use crate::colours::Colour;

/// One chart of a figure.
#[derive(Debug, Clone)]
pub struct Panel {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) backdrop: Option<Backdrop>,
    pub(super) series: Vec<Series>,
}

/// The background of the curves.
#[derive(Debug, Clone)]
pub(super) enum Backdrop {
    Contours { field: Field, levels: Vec<f64> },
    Map(Field),
}

impl Panel {
    /// A chart without series.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            backdrop: None,
            series: vec![],
        }
    }

    /// A chart of these series; its axes fit them.
    pub fn of(
        title: impl Into<String>,
        (x_label, x_scale): (&str, Scale),
        (y_label, y_scale): (&str, Scale),
        series: Vec<Series>,
    ) -> Self {
        let points = || series.iter().flat_map(|series| &series.points);
        let x = Axis::fitting(x_label, x_scale, points().map(|point| point.0));
        let y = Axis::fitting(y_label, y_scale, points().map(|point| point.1));
        Self {
            series,
            ..Self::new(title, x, y)
        }
    }

    /// Adds a series.
    pub fn with(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Puts contour lines of `f` behind the series, at these levels. Both axes must be linear.
    pub fn contours(mut self, levels: &[f64], f: impl Fn(f64, f64) -> f64) -> Self {
        let field = Field::sampled(self.x.range.clone(), self.y.range.clone(), |points| {
            points.iter().map(|&(x, y)| f(x, y)).collect()
        });
        let levels = levels.to_vec();
        self.backdrop = Some(Backdrop::Contours { field, levels });
        self
    }

    /// Puts a function behind the series as colours: blue for -1, white for 0, red for 1. `f` gives
    /// its values at all the points at once. Both axes must be linear.
    pub fn map(mut self, f: impl FnOnce(&[(f64, f64)]) -> Vec<f64>) -> Self {
        let field = Field::sampled(self.x.range.clone(), self.y.range.clone(), f);
        self.backdrop = Some(Backdrop::Map(field));
        self
    }
}

/// The output of a net for two classes over its two inputs, both over `range`: blue is 0, white ½,
/// red 1. Dots show examples with their targets: black for 1, white for 0.
///
/// `outputs` gives the net's output at all the points at once.
pub fn decision_map(
    title: impl Into<String>,
    range: Range<f64>,
    examples: &[([f64; 2], bool)],
    outputs: impl FnOnce(&[(f64, f64)]) -> Vec<f64>,
) -> Panel {
    let dots = |colour: Colour, class: bool| {
        let examples = examples.iter().filter(move |(_, target)| *target == class);
        let points = examples.map(|&([x1, x2], _)| (x1, x2));
        Series::new("", colour, Mark::OutlinedDots, points)
    };
    let signed = |outputs: Vec<f64>| outputs.iter().map(|output| 2.0 * output - 1.0).collect();
    let axis = |label: &str| Axis::linear(label, range.clone());
    Panel::new(title, axis("x1"), axis("x2"))
        .map(|points| signed(outputs(points)))
        .with(dots(Colour::BLACK, true))
        .with(dots(Colour::WHITE, false))
}
