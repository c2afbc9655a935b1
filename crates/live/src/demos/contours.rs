//! Lines of equal value of a function of two variables.

use contour::ContourBuilder;
use gradient_descent::Function;

use crate::error::RequestError;

/// Points of the grid along each side.
const GRID: usize = 81;
/// Lines, from the lowest value to the highest.
const LEVELS: usize = 14;

/// A part of the plane: from left to right and from bottom to top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) x: [f64; 2],
    pub(crate) y: [f64; 2],
}

/// A line of equal value: its level, and points in the function's coordinates.
pub(crate) struct Line {
    pub(crate) level: f64,
    pub(crate) paths: Vec<Vec<[f64; 2]>>,
}

/// The lines of a function. The levels are denser where the function is low, where the descent ends.
pub(crate) fn contours(function: &dyn Function, window: Window) -> Result<Vec<Line>, RequestError> {
    let at = |[low, high]: [f64; 2], i: f64| low + (high - low) * i / (GRID - 1) as f64;
    let point = |k: usize| {
        [
            at(window.x, (k % GRID) as f64),
            at(window.y, (k / GRID) as f64),
        ]
    };
    let values = (0..GRID * GRID)
        .map(|k| function.value(&point(k)))
        .collect::<Vec<_>>();
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let level = |i: usize| {
        let share = (i + 1) as f64 / (LEVELS + 1) as f64;
        lowest + (highest - lowest) * share * share
    };
    let levels = (0..LEVELS).map(level).collect::<Vec<_>>();
    let step = |[low, high]: [f64; 2]| (high - low) / (GRID - 1) as f64;
    let (dx, dy) = (step(window.x), step(window.y));
    // A sample lies in the middle of its cell.
    let lines = ContourBuilder::new(GRID, GRID, true)
        .x_step(dx)
        .y_step(dy)
        .x_origin(window.x[0] - dx / 2.0)
        .y_origin(window.y[0] - dy / 2.0)
        .lines(&values, &levels)
        .map_err(|error| RequestError::Refused(error.to_string()))?;
    let lines = lines.into_iter().map(|line| Line {
        level: line.threshold(),
        paths: line
            .geometry()
            .0
            .iter()
            .flat_map(|ring| {
                inside(
                    ring.0.iter().map(|point| [point.x, point.y]).collect(),
                    window,
                )
            })
            .collect(),
    });
    Ok(lines.collect())
}

/// The parts of a ring within the window. Rings close along the border, half a cell outside.
fn inside(mut ring: Vec<[f64; 2]>, window: Window) -> Vec<Vec<[f64; 2]>> {
    let outside = |&[x, y]: &[f64; 2]| {
        let within = |value: f64, [low, high]: [f64; 2]| value >= low && value <= high;
        !within(x, window.x) || !within(y, window.y)
    };
    if let Some(start) = ring.iter().position(outside) {
        // The last point is the first one again.
        ring.pop();
        ring.rotate_left(start);
    }
    let parts = ring.split(outside).filter(|part| part.len() > 1);
    parts.map(<[_]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradient_descent::functions::QuadraticValley;

    #[test]
    fn the_function_has_its_level_on_each_line() {
        let valley = QuadraticValley::new(4.0).unwrap();
        let window = Window {
            x: [-4.0, 4.0],
            y: [-2.0, 2.0],
        };
        let lines = contours(&valley, window).unwrap();
        assert_eq!(lines.len(), LEVELS);
        let highest = valley.value(&[4.0, 2.0]);
        for Line { level, paths } in lines {
            assert!(!paths.is_empty());
            for point in paths.iter().flatten() {
                let inside = point[0].abs() < 3.9 && point[1].abs() < 1.9;
                let off = (valley.value(point) - level).abs();
                assert!(!inside || off < 2e-3 * highest, "{point:?} {level} {off}");
            }
        }
    }
}
