//! A figure as a picture of its own.

use image::{
    Luma,
    imageops::{self, FilterType},
};

use super::find::{Figure, Found};
use super::plane::{Ink, highest_around, mean_around};

/// Ink below this share of the figure's level is background.
const FAINT: f32 = 0.12;

/// The figure's ink alone, from 0 to 1, with a margin.
pub(crate) fn cut(found: &Found, figure: &Figure) -> Ink {
    let (width, height) = found.ink.dimensions();
    let mut mask = Ink::new(width, height);
    for part in &figure.parts {
        for &[x, y] in &part.pixels {
            mask.put_pixel(x, y, Luma([1.0]));
        }
    }
    let mask = highest_around(&mask, 1);
    let mut ink = Ink::new(width, height);
    for (x, y, place) in ink.enumerate_pixels_mut() {
        if mask.get_pixel(x, y).0[0] > 0.0 {
            let level = found.ink.get_pixel(x, y).0[0] / figure.level;
            place.0[0] = ((level - FAINT) / (0.95 - FAINT)).clamp(0.0, 1.0);
        }
    }
    ink
}

/// The mean width of strokes: the area, divided by half of the outline.
pub(crate) fn stroke_width(ink: &Ink) -> f32 {
    let (width, height) = ink.dimensions();
    let at = |x: u32, y: u32| ink.get_pixel(x, y).0[0];
    let (mut area, mut outline) = (0.0, 0.0);
    for y in 0..height {
        for x in 0..width {
            area += at(x, y);
            let right = if x + 1 < width { at(x + 1, y) } else { 0.0 };
            let below = if y + 1 < height { at(x, y + 1) } else { 0.0 };
            outline += (at(x, y) - right).hypot(at(x, y) - below);
        }
    }
    if outline > 0.0 {
        2.0 * area / outline
    } else {
        0.0
    }
}

/// Strokes made wider by `more` pixels.
pub(crate) fn thicker(ink: &Ink, more: f32) -> Ink {
    let radius = more / 2.0;
    if radius < 0.3 {
        return ink.clone();
    }
    let reach = radius.ceil() as i64;
    let (width, height) = ink.dimensions();
    let mut wide = ink.clone();
    for (x, y, level) in ink.enumerate_pixels() {
        if level.0[0] == 0.0 {
            continue;
        }
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let share = (radius + 0.5 - ((dx * dx + dy * dy) as f32).sqrt()).clamp(0.0, 1.0);
                let (u, v) = (i64::from(x) + dx, i64::from(y) + dy);
                let inside =
                    (0..i64::from(width)).contains(&u) && (0..i64::from(height)).contains(&v);
                if share > 0.0 && inside {
                    let place = wide.get_pixel_mut(u as u32, v as u32);
                    place.0[0] = place.0[0].max(share * level.0[0]);
                }
            }
        }
    }
    wide
}

/// Gaps of a grainy stroke filled.
pub(crate) fn smooth(ink: &Ink) -> Ink {
    let mean = mean_around(ink, 1);
    let strongest = mean.as_raw().iter().copied().fold(0.0, f32::max).max(1e-3);
    let mut out = mean;
    for level in out.pixels_mut() {
        level.0[0] = (level.0[0] / strongest).min(1.0);
    }
    out
}

/// The size that a picture is worked on at: its longer side in pixels, at most and at least.
const SIDES: [u32; 2] = [112, 320];

/// The picture at the size that it is worked on.
pub(crate) fn at_working_size(grey: &Ink) -> Ink {
    let (width, height) = grey.dimensions();
    let longer = width.max(height);
    let side = longer.clamp(SIDES[0], SIDES[1]);
    if side == longer {
        return grey.clone();
    }
    let scaled =
        |length: u32| ((u64::from(length) * u64::from(side)) / u64::from(longer)).max(1) as u32;
    let filter = if side < longer {
        FilterType::Triangle
    } else {
        FilterType::CatmullRom
    };
    imageops::resize(grey, scaled(width), scaled(height), filter)
}
