//! Whether an image looks like pen strokes or like a photograph.

use image::DynamicImage;

use crate::figure::plane::{Ink, median};
use crate::mnist_form::{border, grey};

/// What an image looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appearance {
    /// Thin lines on a background of one level: a digit, a letter, a sketch.
    Strokes,
    /// Many colours up to the edge: a photograph, a painting.
    Photograph,
    /// Nothing differs from the background.
    Blank,
    /// None of these beyond doubt.
    Unclear,
}

/// The longer side, in pixels, of the copy that is looked at.
const SIDE: u32 = 64;

/// A grey level, of 1, this near to the background's belongs to it.
const NEAR: f32 = 0.12;

/// The least share of the border that has the background's level around strokes.
const PLAIN_BORDER: f64 = 0.9;

/// The largest share of that kind around a photograph.
const BUSY_BORDER: f64 = 0.7;

/// Half the width of a line, as a share of the longer side of what is drawn: at most this for strokes.
const LINE: f64 = 0.17;

/// The largest share of the image that strokes cover.
const COVERED: f64 = 0.45;

/// How far colours of a photograph spread, of 1: the standard deviations of red against green, and of
/// yellow against blue, together.
const COLOURS: f64 = 0.1;

/// What the image looks like. It has at least one pixel.
pub(crate) fn appearance(image: &DynamicImage) -> Appearance {
    let small = if image.width().max(image.height()) > SIDE {
        image.thumbnail(SIDE, SIDE)
    } else {
        image.clone()
    };
    let levels = grey(&small);
    let background = median(border(&levels).collect());
    let is_near = |level: f32| (level - background).abs() <= NEAR;
    if levels.as_raw().iter().all(|&level| is_near(level)) {
        return Appearance::Blank;
    }
    let around: Vec<f32> = border(&levels).collect();
    let plain = around.iter().filter(|&&level| is_near(level)).count();
    let plain = plain as f64 / around.len() as f64;
    if plain >= PLAIN_BORDER && has_thin_lines(&levels, background) {
        Appearance::Strokes
    } else if plain <= BUSY_BORDER && spread_of_colours(&small) >= COLOURS {
        Appearance::Photograph
    } else {
        Appearance::Unclear
    }
}

/// Whether what differs from the background consists of thin lines.
fn has_thin_lines(levels: &Ink, background: f32) -> bool {
    let differences = levels.as_raw().iter().map(|l| (l - background).abs());
    let most = differences.clone().fold(0.0, f32::max);
    let is_ink: Vec<bool> = differences.map(|d| d > 0.5 * most).collect();
    let covered = is_ink.iter().filter(|&&is_ink| is_ink).count();
    if covered as f64 > COVERED * is_ink.len() as f64 {
        return false;
    }
    let width = levels.width() as usize;
    let places = is_ink.iter().enumerate().filter(|(_, is_ink)| **is_ink);
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for (index, _) in places {
        let place = [index / width, index % width];
        for axis in 0..2 {
            low[axis] = low[axis].min(place[axis]);
            high[axis] = high[axis].max(place[axis]);
        }
    }
    let extent = (high[0] + 1 - low[0]).max(high[1] + 1 - low[1]);
    half_width(&is_ink, width) <= (LINE * extent as f64).max(1.0)
}

/// Half the width of the thickest part, in pixels: how often the outermost pixels can be taken away.
fn half_width(is_ink: &[bool], width: usize) -> f64 {
    let height = is_ink.len() / width;
    // Steps to the nearest pixel without ink, from the top left and then from the bottom right.
    let mut steps: Vec<u32> = is_ink
        .iter()
        .map(|&ink| if ink { u32::MAX } else { 0 })
        .collect();
    let at = |steps: &[u32], x: isize, y: isize| {
        let inside = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
        if inside {
            steps[y as usize * width + x as usize]
        } else {
            0
        }
    };
    let mut sweep = |order: &mut dyn Iterator<Item = usize>, sign: isize| {
        for index in order {
            let (x, y) = ((index % width) as isize, (index / width) as isize);
            let neighbours = [(-sign, 0), (-sign, -sign), (0, -sign), (sign, -sign)];
            let nearest = neighbours.map(|(dx, dy)| at(&steps, x + dx, y + dy).saturating_add(1));
            let nearest = nearest.into_iter().min().unwrap_or(0);
            steps[index] = steps[index].min(nearest);
        }
    };
    sweep(&mut (0..is_ink.len()), 1);
    sweep(&mut (0..is_ink.len()).rev(), -1);
    f64::from(steps.into_iter().max().unwrap_or(0)) - 0.5
}

/// How far the colours spread, from 0: `√(σ²(red - green) + σ²(yellow - blue))`, after Hasler and
/// Süsstrunk, "Measuring colourfulness in natural images" (2003).
fn spread_of_colours(image: &DynamicImage) -> f64 {
    let pixels = image.to_rgb8();
    let count = pixels.pixels().len() as f64;
    let variance = |opponent: &dyn Fn([f64; 3]) -> f64| {
        let values = pixels
            .pixels()
            .map(|p| opponent(p.0.map(|level| f64::from(level) / 255.0)));
        let (mut sum, mut squares) = (0.0, 0.0);
        for value in values {
            sum += value;
            squares += value * value;
        }
        squares / count - (sum / count).powi(2)
    };
    let red_green = variance(&|[r, g, _]| r - g);
    let yellow_blue = variance(&|[r, g, b]| 0.5 * (r + g) - b);
    (red_green + yellow_blue).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::*;

    #[test]
    fn thin_lines_are_strokes_and_filled_shapes_are_not() {
        let drawn = |is_ink: &dyn Fn(i32, i32) -> bool| {
            let level = |x, y| if is_ink(x as i32, y as i32) { 20 } else { 240 };
            let image = GrayImage::from_fn(200, 200, |x, y| Luma([level(x, y)]));
            appearance(&image.into())
        };
        let bar = drawn(&|x, y| (90..110).contains(&x) && (20..180).contains(&y));
        assert_eq!(bar, Appearance::Strokes);
        let ring = |x: i32, y: i32| (x - 100).pow(2) + (y - 100).pow(2);
        assert_eq!(
            drawn(&|x, y| (2500..6400).contains(&ring(x, y))),
            Appearance::Strokes
        );
        assert_eq!(drawn(&|x, y| ring(x, y) < 6400), Appearance::Unclear);
        // Half of the edge is ink.
        assert_eq!(drawn(&|x, _| x < 80), Appearance::Unclear);
        assert_eq!(drawn(&|_, _| false), Appearance::Blank);
    }

    #[test]
    fn many_colours_up_to_the_edge_are_a_photograph() {
        let image = RgbImage::from_fn(90, 60, |x, y| {
            Rgb([(x * 2) as u8, (y * 4) as u8, ((x + y) % 50 * 5) as u8])
        });
        assert_eq!(appearance(&image.clone().into()), Appearance::Photograph);
        let grey = DynamicImage::from(image).to_luma8();
        assert_eq!(appearance(&grey.into()), Appearance::Unclear);
    }
}
