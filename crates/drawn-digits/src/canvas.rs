//! A picture while it is made.

use crate::random::grain;
use crate::skeleton::Point;

/// A colour: red, green and blue from 0 to 1.
pub(crate) type Colour = [f32; 3];

/// Pixels in colour, row by row.
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<Colour>,
}

/// What draws lines.
pub(crate) struct Pen {
    pub(crate) colour: Colour,
    /// Pixels.
    pub(crate) width: f32,
    /// How much covers the paper, from 0 to 1.
    pub(crate) opacity: f32,
    /// Share of the width by which a line thins out and swells.
    pub(crate) pressure: f32,
    /// Share of the paper's grain that stays free, from 0 to 1: pencil, chalk.
    pub(crate) grainy: f32,
    /// Whether edges are stairs of whole pixels.
    pub(crate) hard: bool,
}

impl Canvas {
    pub(crate) fn filled(width: usize, height: usize, colour: Colour) -> Self {
        Self {
            width,
            height,
            pixels: vec![colour; width * height],
        }
    }

    /// Changes every pixel, given its column and row.
    pub(crate) fn each(&mut self, change: impl Fn(f32, f32, Colour) -> Colour) {
        for (index, pixel) in self.pixels.iter_mut().enumerate() {
            let (x, y) = (index % self.width, index / self.width);
            *pixel = change(x as f32, y as f32, *pixel);
        }
    }

    /// Lays a colour over a pixel.
    fn cover(&mut self, x: usize, y: usize, colour: Colour, share: f32) {
        let pixel = &mut self.pixels[y * self.width + x];
        for (channel, colour) in pixel.iter_mut().zip(colour) {
            *channel += share * (colour - *channel);
        }
    }

    /// Draws lines through points given in pixels.
    pub(crate) fn draw(&mut self, lines: &[Vec<Point>], pen: &Pen, seed: u32) {
        let mut coverage = vec![0.0_f32; self.width * self.height];
        for (number, line) in lines.iter().enumerate() {
            let length: f32 = line.windows(2).map(|ends| distance(ends[0], ends[1])).sum();
            let mut done = 0.0;
            for ends in line.windows(2) {
                let part = distance(ends[0], ends[1]);
                let share = done / length.max(1e-6);
                let swell = (6.3 * share + number as f32 + f32::from(seed as u8)).sin();
                let width = (pen.width * (1.0 + pen.pressure * swell)).max(1.0);
                self.cover_segment(&mut coverage, [ends[0], ends[1]], width, pen.hard);
                done += part;
            }
        }
        for y in 0..self.height {
            for x in 0..self.width {
                let mut share = coverage[y * self.width + x];
                if share > 0.0 {
                    // The rougher places of the paper take less.
                    let rough = grain(x as i32 / 2, y as i32 / 2, seed);
                    share *= 1.0 - pen.grainy * (1.6 * rough).min(1.0);
                    self.cover(x, y, pen.colour, pen.opacity * share);
                }
            }
        }
    }

    fn cover_segment(&self, coverage: &mut [f32], ends: [Point; 2], width: f32, hard: bool) {
        let half = width / 2.0;
        let bounds = |axis: usize, size: usize| {
            let (a, b) = (ends[0][axis], ends[1][axis]);
            let low = (a.min(b) - half - 1.0).floor().max(0.0) as usize;
            let high = (a.max(b) + half + 2.0).ceil().clamp(0.0, size as f32) as usize;
            low..high
        };
        for y in bounds(1, self.height) {
            for x in bounds(0, self.width) {
                let away = from_segment([x as f32, y as f32], ends);
                let mut share = (half - away + 0.5).clamp(0.0, 1.0);
                if hard {
                    share = share.round();
                }
                let place = &mut coverage[y * self.width + x];
                *place = place.max(share);
            }
        }
    }

    /// Each pixel becomes the mean of a square around it, twice: out of focus.
    pub(crate) fn blur(&mut self, radius: usize) {
        for _ in 0..2 {
            self.pixels = self.means_along(radius, true);
            self.pixels = self.means_along(radius, false);
        }
    }

    fn means_along(&self, radius: usize, rows: bool) -> Vec<Colour> {
        let at = |x: usize, y: usize| self.pixels[y * self.width + x];
        let mut means = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            for x in 0..self.width {
                let (place, size) = if rows {
                    (x, self.width)
                } else {
                    (y, self.height)
                };
                let range = place.saturating_sub(radius)..(place + radius + 1).min(size);
                let count = range.len() as f32;
                let mut mean = [0.0; 3];
                for other in range {
                    let colour = if rows { at(other, y) } else { at(x, other) };
                    for (mean, channel) in mean.iter_mut().zip(colour) {
                        *mean += channel / count;
                    }
                }
                means.push(mean);
            }
        }
        means
    }
}

fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// How far a point is from a segment.
fn from_segment(point: Point, [a, b]: [Point; 2]) -> f32 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let to = [point[0] - a[0], point[1] - a[1]];
    let t = ((to[0] * along[0] + to[1] * along[1]) / square.max(1e-9)).clamp(0.0, 1.0);
    (to[0] - t * along[0]).hypot(to[1] - t * along[1])
}
