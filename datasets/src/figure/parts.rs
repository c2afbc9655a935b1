//! Connected parts of a plane.

use super::plane::Ink;

/// A box of pixels: the first column and row, and those after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) right: u32,
    pub(crate) bottom: u32,
}

impl Bounds {
    pub(crate) fn width(self) -> u32 {
        self.right - self.left
    }

    pub(crate) fn height(self) -> u32 {
        self.bottom - self.top
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// Pixels between two boxes; 0 if they overlap.
    pub(crate) fn gap(self, other: Self) -> u32 {
        let between = |a: u32, b: u32, c: u32, d: u32| c.saturating_sub(b).max(a.saturating_sub(d));
        let across = between(self.left, self.right, other.left, other.right);
        let down = between(self.top, self.bottom, other.top, other.bottom);
        across.max(down)
    }

    /// Columns that both have.
    pub(crate) fn shared_columns(self, other: Self) -> u32 {
        let end = self.right.min(other.right);
        end.saturating_sub(self.left.max(other.left))
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }
}

/// Ink that is connected.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) bounds: Bounds,
    /// Column and row of each pixel.
    pub(crate) pixels: Vec<[u32; 2]>,
    /// The highest levels: nine tenths of its pixels are below.
    pub(crate) level: f32,
    /// Columns or rows along the picture's edge that it touches, as a share of its longer side.
    pub(crate) on_edge: f32,
}

impl Part {
    /// The longer side of its box.
    pub(crate) fn longer(&self) -> f32 {
        self.bounds.width().max(self.bounds.height()) as f32
    }
}

/// The connected parts of all pixels above `least`, diagonal neighbours included.
pub(crate) fn parts(ink: &Ink, least: f32) -> Vec<Part> {
    let (width, height) = ink.dimensions();
    let mut free: Vec<bool> = ink.as_raw().iter().map(|level| *level > least).collect();
    let mut parts = vec![];
    for start in 0..free.len() {
        if !free[start] {
            continue;
        }
        free[start] = false;
        let mut open = vec![[start as u32 % width, start as u32 / width]];
        let mut pixels = vec![];
        while let Some([x, y]) = open.pop() {
            pixels.push([x, y]);
            for v in y.saturating_sub(1)..(y + 2).min(height) {
                for u in x.saturating_sub(1)..(x + 2).min(width) {
                    let place = &mut free[(v * width + u) as usize];
                    if *place {
                        *place = false;
                        open.push([u, v]);
                    }
                }
            }
        }
        parts.push(part(ink, pixels));
    }
    parts
}

fn part(ink: &Ink, pixels: Vec<[u32; 2]>) -> Part {
    let (width, height) = ink.dimensions();
    let mut bounds = Bounds {
        left: width,
        top: height,
        right: 0,
        bottom: 0,
    };
    let mut on_edge = 0;
    for &[x, y] in &pixels {
        bounds = bounds.with(Bounds {
            left: x,
            top: y,
            right: x + 1,
            bottom: y + 1,
        });
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            on_edge += 1;
        }
    }
    let levels = pixels.iter().map(|&[x, y]| ink.get_pixel(x, y).0[0]);
    let longer = bounds.width().max(bounds.height());
    Part {
        bounds,
        level: super::plane::quantile(levels.collect(), 0.9),
        pixels,
        on_edge: on_edge as f32 / longer as f32,
    }
}
