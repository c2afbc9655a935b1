//! Contour lines of a function with the paths of its descents.

use std::ops::Range;

use gradient_descent::{Function, Minimum};
use pages::colours::Colour;
use pages::plot::{Axis, Mark, Panel, Points, Series, levels};

use super::trial::{Run, Trial};

/// Contour lines.
const LEVELS: usize = 14;
/// Side of the grid from which their levels are chosen.
const COARSE: usize = 41;
/// A point of a path is drawn if its distance from the last one is above this fraction of the window.
const NEAR: f64 = 1.0 / 150.0;
/// Width of a chart over its height.
const ASPECT: f64 = 1.35;
/// Up to this ratio of its sides a window has equal scales; beyond, that would leave it mostly empty.
const LONGEST: f64 = 4.0;

/// The part of the plane that a chart shows.
pub(super) struct Window {
    x: Range<f64>,
    y: Range<f64>,
}

impl Window {
    /// A window around all paths and the minimum.
    pub(super) fn of(trial: &Trial, minimum: &Minimum) -> Self {
        let paths = trial.runs.iter().flat_map(|run| run.descent.points());
        Self::holding(&paths.chain([&minimum.point[..]]).collect::<Vec<_>>())
    }

    /// A window around points of the plane, with equal scales unless that leaves it mostly empty.
    fn holding(points: &[&[f64]]) -> Self {
        let range = |axis: usize| {
            let along = points.iter().map(|point| point[axis]);
            let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
            (f64::midpoint(low, high), (high - low) / 2.0)
        };
        let [(x, mut half_x), (y, mut half_y)] = [range(0), range(1)];
        // Points on a line, or a single point, need a window with an area too.
        let least = match half_x.max(half_y) {
            0.0 => 1.0,
            longer => longer / 20.0,
        };
        half_x = 1.15 * half_x.max(least);
        half_y = 1.15 * half_y.max(least);
        let ratio = half_x / (half_y * ASPECT);
        if (1.0 / LONGEST..LONGEST).contains(&ratio) {
            half_x = half_x.max(half_y * ASPECT);
            half_y = half_y.max(half_x / ASPECT);
        }
        Self {
            x: x - half_x..x + half_x,
            y: y - half_y..y + half_y,
        }
    }

    /// Contours with the paths of some runs.
    pub(super) fn panel(&self, trial: &Trial, minimum: &Minimum, runs: &[&Run]) -> Panel {
        let function = &trial.function;
        let names = runs.iter().map(|run| run.name).collect::<Vec<_>>();
        let axis = |label: &str, range: &Range<f64>| Axis::linear(label, range.clone());
        let panel = Panel::new(names.join(", "), axis("x", &self.x), axis("y", &self.y))
            .contours(&self.levels(&**function), |x, y| function.value(&[x, y]));
        let panel = runs.iter().fold(panel, |panel, run| {
            let path = self.thinned(run.descent.points());
            panel.with(Series::new("", run.colour, Mark::Path, path))
        });
        let dot =
            |colour, point: &[f64]| Series::new("", colour, Mark::Dots, [(point[0], point[1])]);
        panel
            .with(dot(Colour::PURPLE, &trial.start))
            .with(dot(Colour::RED, &minimum.point))
    }

    /// Levels of the contour lines: half of them lie below the median of f in the window.
    fn levels(&self, function: &dyn Function) -> Vec<f64> {
        let at = |range: &Range<f64>, i: usize| {
            range.start + (range.end - range.start) * i as f64 / (COARSE - 1) as f64
        };
        let mut values = (0..COARSE * COARSE)
            .map(|i| function.value(&[at(&self.x, i % COARSE), at(&self.y, i / COARSE)]))
            .collect::<Vec<_>>();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[0], values[values.len() - 1]);
        let median = (values[values.len() / 2] - low) / (high - low);
        let power = median.log(0.5);
        levels(
            low..high,
            LEVELS,
            if power.is_finite() {
                power.clamp(1.0, 3.0)
            } else {
                1.0
            },
        )
    }

    /// A path without points that would be drawn on top of each other.
    fn thinned<'a>(&self, path: impl Iterator<Item = &'a [f64]>) -> Points {
        let share = |range: &Range<f64>, length: f64| length / (range.end - range.start);
        let mut kept = Points::new();
        for point in path {
            let (x, y) = (point[0], point[1]);
            let far = |&(kept_x, kept_y): &(f64, f64)| {
                share(&self.x, x - kept_x).hypot(share(&self.y, y - kept_y)) > NEAR
            };
            if kept.last().is_none_or(far) {
                kept.push((x, y));
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_its_points_and_is_never_flat() {
        let points = [[1.3, 0.9], [0.0, 0.0], [-0.1, 0.2]];
        let window = Window::holding(&points.each_ref().map(|point| &point[..]));
        assert!(
            points
                .iter()
                .all(|p| window.x.contains(&p[0]) && window.y.contains(&p[1]))
        );
        let scale = |range: &Range<f64>| range.end - range.start;
        assert!((scale(&window.x) / scale(&window.y) - ASPECT).abs() < 1e-12);
        for flat in [[[20.0, 0.0], [0.0, 0.0]], [[0.0; 2]; 2]] {
            let window = Window::holding(&flat.each_ref().map(|point| &point[..]));
            assert!(scale(&window.x) > 0.0 && scale(&window.y) > 0.0);
        }
    }

    #[test]
    fn a_thinned_path_keeps_its_shape() {
        let window = Window {
            x: 0.0..1.0,
            y: 0.0..1.0,
        };
        let path = [[0.0, 0.0], [0.5, 0.5], [0.5, 0.5001], [0.6, 0.5]];
        let thinned = window.thinned(path.iter().map(|point| &point[..]));
        assert_eq!(thinned, [(0.0, 0.0), (0.5, 0.5), (0.6, 0.5)]);
    }
}
