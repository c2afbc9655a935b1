//! A function of two variables, sampled on a grid.

use std::ops::Range;

use contour::ContourBuilder;

use super::series::Points;
use crate::error::PageError;

/// Side of the grid on which a function of two variables is sampled.
const GRID_SIDE: usize = 81;
/// Colours of a map.
const MAP_LEVELS: f64 = 32.0;

/// A function of two variables on a grid over a rectangle, row by row from the lowest `y`.
#[derive(Debug, Clone)]
pub(super) struct Field {
    x: Range<f64>,
    y: Range<f64>,
    values: Vec<f64>,
}

impl Field {
    /// Samples `f`, which gives its values at all the points at once.
    pub(super) fn sampled(
        x: Range<f64>,
        y: Range<f64>,
        f: impl FnOnce(&[(f64, f64)]) -> Vec<f64>,
    ) -> Self {
        let at = |range: &Range<f64>, i: usize| {
            range.start + (range.end - range.start) * i as f64 / (GRID_SIDE - 1) as f64
        };
        let grid = (0..GRID_SIDE * GRID_SIDE)
            .map(|i| (at(&x, i % GRID_SIDE), at(&y, i / GRID_SIDE)))
            .collect::<Vec<_>>();
        let values = f(&grid);
        Self { x, y, values }
    }

    /// Rectangles of equal colour, each as wide as possible, with their values.
    pub(super) fn cells(&self) -> Vec<([(f64, f64); 2], f64)> {
        let quantised = |value: f64| (value * MAP_LEVELS).round() / MAP_LEVELS;
        let side = |range: &Range<f64>| (range.end - range.start) / GRID_SIDE as f64;
        let (width, height) = (side(&self.x), side(&self.y));
        let mut cells = vec![];
        for (j, row) in self.values.chunks(GRID_SIDE).enumerate() {
            let bottom = self.y.start + height * j as f64;
            let mut left = 0;
            for run in row.chunk_by(|a, b| quantised(*a) == quantised(*b)) {
                let x = |i: usize| self.x.start + width * i as f64;
                let corners = [(x(left), bottom), (x(left + run.len()), bottom + height)];
                cells.push((corners, quantised(run[0])));
                left += run.len();
            }
        }
        cells
    }

    /// Contour lines at these levels, each with its level's place among them: 0 for the first, 1
    /// for the last.
    pub(super) fn contours(&self, levels: &[f64]) -> Result<Vec<(Points, f64)>, PageError> {
        let step = |range: &Range<f64>| (range.end - range.start) / (GRID_SIDE - 1) as f64;
        let (dx, dy) = (step(&self.x), step(&self.y));
        // A sample lies in the middle of its cell.
        let contours = ContourBuilder::new(GRID_SIDE, GRID_SIDE, true)
            .x_step(dx)
            .y_step(dy)
            .x_origin(self.x.start - dx / 2.0)
            .y_origin(self.y.start - dy / 2.0)
            .lines(&self.values, levels)
            .map_err(PageError::figure)?;
        let inside = |range: &Range<f64>, value: f64| value >= range.start && value <= range.end;
        let outside = |&(x, y): &(f64, f64)| !inside(&self.x, x) || !inside(&self.y, y);
        let mut lines = vec![];
        for (i, contour) in contours.iter().enumerate() {
            let height = i as f64 / (levels.len().max(2) - 1) as f64;
            for ring in &contour.geometry().0 {
                let points = ring.0.iter().map(|point| (point.x, point.y));
                let mut points = points.collect::<Vec<_>>();
                // Rings close along the border, half a cell outside; those parts are not contours.
                if let Some(start) = points.iter().position(outside) {
                    // The last point is the first one again.
                    points.pop();
                    points.rotate_left(start);
                }
                let parts = points.split(outside).filter(|part| part.len() > 1);
                lines.extend(parts.map(|part| (part.to_vec(), height)));
            }
        }
        Ok(lines)
    }
}

/// `count` levels between the smallest and the largest value, denser at the low end if `power` is
/// above 1.
pub fn levels(range: Range<f64>, count: usize, power: f64) -> Vec<f64> {
    let share = |i: usize| ((i as f64 + 0.5) / count as f64).powf(power);
    (0..count)
        .map(|i| range.start + (range.end - range.start) * share(i))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contours_of_a_cone_are_circles_and_keep_off_the_border() {
        let cone = |x: f64, y: f64| x.hypot(y);
        let field = Field::sampled(-1.0..1.0, -1.0..1.0, |points| {
            points.iter().map(|&(x, y)| cone(x, y)).collect()
        });
        let lines = field.contours(&[0.5, 1.2]).unwrap();
        // A whole circle, and an arc in each corner.
        assert_eq!(lines.len(), 5);
        for (line, height) in lines {
            let radius = if height == 0.0 { 0.5 } else { 1.2 };
            for (x, y) in line {
                assert!((cone(x, y) - radius).abs() < 2e-3, "({x}, {y})");
            }
        }
    }
}
