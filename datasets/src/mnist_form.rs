//! Conversion of an image to MNIST's format; [`Picture::mnist_form`](crate::Picture::mnist_form) has
//! the steps.

use image::{
    DynamicImage, ImageBuffer,
    imageops::{self, FilterType},
};

use crate::figure::plane::{Ink, median};

/// Rows, and columns, of an image in MNIST's format.
pub const MNIST_SIDE: usize = 28;

/// The longer side of the box that a digit fits into.
const BOX_SIDE: u32 = 20;

/// The row, and the column, of the centre of mass, counted from 0.
const CENTRE: f32 = 14.0;

/// Ink, of 1 at most, that certainly belongs to the digit.
const CERTAIN_INK: f32 = 0.125;

/// The least difference from the background, of 1 at most, that counts as ink.
const LEAST_CONTRAST: f32 = 16.0 / 255.0;

/// This many times the border's median deviation from its median counts as noise.
const NOISE_FACTOR: f32 = 3.0;

/// An image in the form of a net's input: MNIST's, or another size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MnistForm {
    /// Grey levels, row by row: `[28 * 28]` in MNIST's format, where 0 is background and 255 is ink.
    pub pixels: Vec<u8>,
    /// Whether the image already had the format, so that its pixels are unchanged (or inverted).
    pub kept: bool,
}

/// Whether ink is lighter or darker than its background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Polarity {
    LightOnDark,
    DarkOnLight,
}

impl Polarity {
    /// Grey levels of this polarity as light ink on a dark background.
    pub(crate) fn light_on_dark(self, mut pixels: Vec<u8>) -> Vec<u8> {
        if self == Self::DarkOnLight {
            pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        }
        pixels
    }
}

/// How far each pixel differs from the background, and in which direction; `None` if none does. The
/// image has at least one pixel.
pub(crate) fn ink(image: &DynamicImage) -> Option<(Ink, Polarity)> {
    let mut ink = grey(image);
    let background = median(border(&ink).collect());
    let [lighter, darker] = [1.0, -1.0].map(|sign| {
        let deviations = ink.as_raw().iter().map(|grey| sign * (grey - background));
        deviations
            .map(|d| f64::from(d.max(0.0)).powi(2))
            .sum::<f64>()
    });
    let (sign, polarity) = if darker > lighter {
        (-1.0, Polarity::DarkOnLight)
    } else {
        (1.0, Polarity::LightOnDark)
    };

    let noise = NOISE_FACTOR * median(border(&ink).map(|g| (g - background).abs()).collect());
    let level = |grey: f32| sign * (grey - background) - noise;
    let strongest = ink.as_raw().iter().map(|&g| level(g)).fold(0.0, f32::max);
    if strongest + noise < LEAST_CONTRAST || strongest <= 0.0 {
        return None;
    }
    for pixel in ink.pixels_mut() {
        pixel.0[0] = (level(pixel.0[0]) / strongest).clamp(0.0, 1.0);
    }
    Some((ink, polarity))
}

/// Grey levels from 0, black, to 1, white, with a backdrop where the image is transparent.
pub(crate) fn grey(image: &DynamicImage) -> Ink {
    let pixels = image.to_luma_alpha16();
    let (width, height) = pixels.dimensions();
    let unit = |level: u16| f32::from(level) / f32::from(u16::MAX);
    let plane = |channel: usize| -> Ink {
        let levels = pixels.pixels().map(|pixel| unit(pixel.0[channel]));
        ImageBuffer::from_raw(width, height, levels.collect()).expect("one level for each pixel")
    };
    let mut grey = plane(0);
    if !image.color().has_alpha() {
        return grey;
    }
    let opacity = plane(1);
    let backdrop = backdrop(&grey, &opacity);
    for (pixel, opacity) in grey.pixels_mut().zip(opacity.as_raw()) {
        pixel.0[0] = opacity * pixel.0[0] + (1.0 - opacity) * backdrop;
    }
    grey
}

/// The grey level below an image that is transparent in places.
fn backdrop(grey: &Ink, opacity: &Ink) -> f32 {
    let on_border = || border(grey).zip(border(opacity));
    let opaque: Vec<f32> = on_border()
        .filter_map(|(grey, opacity)| (opacity >= 0.5).then_some(grey))
        .collect();
    if 2 * opaque.len() > on_border().count() {
        return median(opaque);
    }
    let weighted = |weight: fn(f32) -> f32| {
        let pixels = grey.as_raw().iter().zip(opacity.as_raw());
        let terms = pixels.map(|(&grey, &opacity)| f64::from(opacity * weight(grey)));
        terms.sum::<f64>()
    };
    let is_light = weighted(|grey| grey) > 0.5 * weighted(|_| 1.0);
    if is_light { 0.0 } else { 1.0 }
}

/// The levels of the outermost pixels, each once.
pub(crate) fn border(image: &Ink) -> impl Iterator<Item = f32> {
    let (width, height) = image.dimensions();
    let ends = |length: u32| [0, length - 1].into_iter().take(length.min(2) as usize);
    let rows = ends(height).flat_map(move |y| (0..width).map(move |x| (x, y)));
    let between = 1..height.saturating_sub(1);
    let columns = between.flat_map(move |y| ends(width).map(move |x| (x, y)));
    rows.chain(columns).map(|(x, y)| image.get_pixel(x, y).0[0])
}

/// The ink cut out, scaled and centred; 28x28 grey levels. There must be ink of 1.
pub(crate) fn normalised(ink: &Ink) -> Vec<u8> {
    let [left, top, width, height] = extent(ink);
    let cut = imageops::crop_imm(ink, left, top, width, height).to_image();
    let longer = width.max(height);
    let scaled = |side: u32| {
        let side = (f64::from(side) * f64::from(BOX_SIDE) / f64::from(longer)).round();
        (side as u32).max(1)
    };
    let fitted = imageops::resize(&cut, scaled(width), scaled(height), FilterType::Lanczos3);
    let strongest = fitted.as_raw().iter().copied().fold(0.0, f32::max);

    let [x, y] = centre_of_mass(&fitted);
    let place = |centre: f32, side: u32| {
        let room = MNIST_SIDE - side as usize;
        ((CENTRE - centre).round().max(0.0) as usize).min(room)
    };
    let (left, top) = (place(x, fitted.width()), place(y, fitted.height()));
    let mut pixels = vec![0; MNIST_SIDE * MNIST_SIDE];
    for (x, y, level) in fitted.enumerate_pixels() {
        let at = (top + y as usize) * MNIST_SIDE + left + x as usize;
        pixels[at] = (255.0 * level.0[0] / strongest).round() as u8;
    }
    pixels
}

/// Left, top, width and height of the smallest box with all certain ink.
fn extent(ink: &Ink) -> [u32; 4] {
    let (mut left, mut top) = ink.dimensions();
    let (mut right, mut bottom) = (0, 0);
    for (x, y, level) in ink.enumerate_pixels() {
        if level.0[0] >= CERTAIN_INK {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
    }
    [left, top, right + 1 - left, bottom + 1 - top]
}

/// Column and row of the centre of mass, counted from 0 at the middle of the first pixel.
fn centre_of_mass(ink: &Ink) -> [f32; 2] {
    let (mut mass, mut x_moment, mut y_moment) = (0.0, 0.0, 0.0);
    for (x, y, level) in ink.enumerate_pixels() {
        let level = level.0[0];
        mass += level;
        x_moment += level * x as f32;
        y_moment += level * y as f32;
    }
    [x_moment / mass, y_moment / mass]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_has_every_outer_pixel_once() {
        for (width, height, expected) in [(1, 1, 1), (1, 4, 4), (4, 1, 4), (2, 2, 4), (3, 4, 10)] {
            let image = Ink::new(width, height);
            assert_eq!(border(&image).count(), expected, "{width}x{height}");
        }
    }
}
