//! Ruled lines: found as long and thin, and taken away where no stroke crosses them.

use image::Luma;

use super::plane::{Ink, median};

/// The steepest line that is searched, rows for each column.
const STEEPEST: f32 = 0.09;

/// Slopes that are tried to either side.
const SLOPES: i32 = 18;

/// Every such column is looked at when lines are counted.
const STEP: usize = 3;

/// Share of the picture that a line reaches across.
const SPAN: f32 = 0.55;

/// Share that each of several parallel lines reaches across.
const PARALLEL_SPAN: f32 = 0.28;

/// Parallel lines that are ruled for certain.
const PARALLEL: usize = 3;

/// Levels of lines ruled in one colour differ by less than this factor.
const ALIKE: f32 = 1.6;

/// Takes the ruled lines out of the ink; contrast above `least` is ink.
pub(crate) fn remove_lines(ink: &mut Ink, least: f32) {
    remove_level_lines(ink, least);
    let mut turned = image::imageops::rotate90(ink);
    remove_level_lines(&mut turned, least);
    *ink = image::imageops::rotate270(&turned);
}

fn remove_level_lines(ink: &mut Ink, least: f32) {
    let (width, height) = ink.dimensions();
    let thickest = (0.03 * width.min(height) as f32) as u32 + 2;
    let runs = thin_runs(ink, least, thickest);
    let thin = runs.iter().filter(|run| **run > 0).count();
    if (thin as f32) < PARALLEL_SPAN * width as f32 {
        return;
    }
    let mut lines: Vec<Line> = vec![];
    let mut best_slope = (0, 0.0);
    for step in -SLOPES..=SLOPES {
        let slope = STEEPEST * step as f32 / SLOPES as f32;
        let found = lines_of(ink, &runs, slope);
        let weight: usize = found.iter().map(|line| line.pixels * line.pixels).sum();
        if weight > best_slope.0 {
            best_slope = (weight, slope);
            lines = found;
        }
    }
    let spans = |line: &&Line| line.pixels as f32 >= SPAN * width as f32 && line.is_at_both_ends;
    // Lines are ruled in one colour: those of other levels are strokes.
    let alike = |line: &Line| {
        let is_alike =
            |other: &&Line| (other.level / line.level).max(line.level / other.level) < ALIKE;
        lines.iter().filter(is_alike).count()
    };
    let ruled: Vec<&Line> = lines
        .iter()
        .filter(|line| alike(line) >= PARALLEL || spans(line))
        .collect();
    for line in &ruled {
        remove(ink, &runs, line, best_slope.1, least);
    }
}

/// A line of a known slope.
struct Line {
    /// Its row in the first column.
    start: f32,
    /// Columns in which it has thin ink.
    pixels: usize,
    is_at_both_ends: bool,
    /// The median of its runs.
    thickness: u32,
    /// The median of its ink.
    level: f32,
}

/// For each pixel, the length of the vertical run of ink that it belongs to, if that is thin; else 0.
/// Row by row, like the pixels.
fn thin_runs(ink: &Ink, least: f32, thickest: u32) -> Vec<u32> {
    let (width, height) = ink.dimensions();
    let mut runs = vec![0; (width * height) as usize];
    for x in 0..width {
        let mut y = 0;
        while y < height {
            let start = y;
            while y < height && ink.get_pixel(x, y).0[0] > least {
                y += 1;
            }
            if y - start <= thickest {
                for inside in start..y {
                    runs[(inside * width + x) as usize] = y - start;
                }
            }
            y += 1;
        }
    }
    runs
}

fn lines_of(ink: &Ink, runs: &[u32], slope: f32) -> Vec<Line> {
    let (width, height) = ink.dimensions();
    let at = |start: i32, x: u32| -> u32 {
        let y = (start as f32 + slope * x as f32).round();
        if (0.0..height as f32).contains(&y) {
            runs[y as usize * width as usize + x as usize]
        } else {
            0
        }
    };
    let rise = (slope.abs() * width as f32) as i32 + 1;
    let counts: Vec<(i32, usize)> = (-rise..height as i32 + rise)
        .map(|start| {
            let columns = (0..width).step_by(STEP);
            (start, STEP * columns.filter(|&x| at(start, x) > 0).count())
        })
        .collect();
    let mut lines = vec![];
    for (index, &(start, pixels)) in counts.iter().enumerate() {
        let near = &counts[index.saturating_sub(3)..(index + 4).min(counts.len())];
        let is_highest = near
            .iter()
            .all(|(other, count)| *count < pixels || (*count == pixels && *other >= start));
        if !is_highest || (pixels as f32) < PARALLEL_SPAN * width as f32 {
            continue;
        }
        let thicknesses: Vec<f32> = (0..width)
            .map(|x| at(start, x))
            .filter(|run| *run > 0)
            .map(|run| run as f32)
            .collect();
        let on_line = (0..width).filter(|&x| at(start, x) > 0);
        let levels = on_line.map(|x| {
            let y = (start as f32 + slope * x as f32).round() as u32;
            ink.get_pixel(x, y).0[0]
        });
        let level = median(levels.collect());
        let margin = (width / 7).max(1);
        let covers = |columns: std::ops::Range<u32>| {
            let length = columns.len();
            // One row off is still the line.
            let has = |x: u32| (-1..=1).any(|off| at(start + off, x) > 0);
            2 * columns.filter(|&x| has(x)).count() > length
        };
        lines.push(Line {
            start: start as f32,
            pixels,
            is_at_both_ends: covers(0..margin) && covers(width - margin..width),
            thickness: median(thicknesses) as u32,
            level,
        });
    }
    lines
}

/// Clears the runs of ink along the line that are no thicker than it is.
fn remove(ink: &mut Ink, runs: &[u32], line: &Line, slope: f32, least: f32) {
    let (width, height) = ink.dimensions();
    for x in 0..width {
        let row = (line.start + slope * x as f32).round() as i32;
        let near = [0, -1, 1, -2, 2].map(|off| row + off);
        let run = |y: i32| {
            let inside = (0..height as i32).contains(&y);
            let run = if inside {
                runs[y as usize * width as usize + x as usize]
            } else {
                0
            };
            (run > 0 && run <= line.thickness + 2).then_some(y)
        };
        let Some(y) = near.into_iter().find_map(run) else {
            continue;
        };
        if ink.get_pixel(x, y as u32).0[0] > ALIKE * line.level {
            continue;
        }
        let mut clear = |from: i32, step: i32| {
            let mut y = from;
            while (0..height as i32).contains(&y) {
                let level = ink.get_pixel(x, y as u32).0[0];
                ink.put_pixel(x, y as u32, Luma([0.0]));
                if level <= least {
                    break;
                }
                y += step;
            }
        };
        clear(y, 1);
        clear(y - 1, -1);
    }
}
