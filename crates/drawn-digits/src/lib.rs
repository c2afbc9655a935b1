#![doc = include_str!("../README.md")]

mod canvas;
mod random;
mod scene;
mod sheet;
mod skeleton;
mod symbols;

use image::{DynamicImage, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};

use canvas::Canvas;
use random::Random;
use scene::Scene;
use sheet::Sheet;
use skeleton::{Hand, Point, Stroke, digit_shape, strokes};

/// The number of styles: 8 pens with their papers, in 8 scenes.
pub const STYLES: usize = 64;

/// The number of figures that are no digits: letters and signs.
pub const SYMBOLS: usize = symbols::ALL.len();

/// Seeds for developing: choose thresholds and settings with these.
pub const DEVELOPMENT_SEEDS: [u64; 4] = [1, 2, 3, 4];

/// Seeds to measure with, once, after everything is chosen.
pub const HELD_OUT_SEEDS: [u64; 2] = [1001, 1002];

/// A drawn digit.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The picture in colour.
    pub picture: RgbImage,
    /// The JPEG quality that its scene has; none for a scene that gives a PNG.
    pub quality: Option<u8>,
}

impl Drawing {
    /// The picture as a file: a JPEG or a PNG.
    pub fn file(&self) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(vec![]);
        let written = match self.quality {
            Some(quality) => {
                let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
                self.picture.write_with_encoder(encoder)
            }
            None => DynamicImage::from(self.picture.clone()).write_to(&mut bytes, ImageFormat::Png),
        };
        written.expect("memory takes the picture");
        bytes.into_inner()
    }
}

/// The pen, paper and scene of a style, in words.
///
/// # Panics
///
/// If there is no such style.
pub fn describe(style: usize) -> String {
    let (sheet, scene) = parts(style);
    format!("{}, {}", sheet.name(), scene.name())
}

fn parts(style: usize) -> (Sheet, Scene) {
    assert!(style < STYLES, "there are {STYLES} styles, got {style}");
    let count = Sheet::ALL.len();
    (Sheet::ALL[style % count], Scene::ALL[style / count])
}

/// Draws a digit in a style. The same arguments give the same pixels.
///
/// A seed has a hand for each style: slant, width, habits. Each digit has its own place, size and
/// light.
///
/// # Panics
///
/// If there is no such style, or `digit` is not from 0 to 9.
pub fn draw(style: usize, digit: u8, seed: u64) -> Drawing {
    assert!(digit < 10, "a digit is from 0 to 9, got {digit}");
    let digit = usize::from(digit);
    let stream = STYLES + style * 10 + digit;
    draw_shape(style, |hand| digit_shape(digit, hand), stream, seed)
}

/// Draws a figure that is no digit, in the same styles and hands as digits.
///
/// # Panics
///
/// If there is no such style or symbol.
pub fn draw_symbol(style: usize, symbol: usize, seed: u64) -> Drawing {
    let shape = symbols::ALL[symbol].shape;
    let stream = 11 * STYLES + style * SYMBOLS + symbol;
    draw_shape(style, |_| shape, stream, seed)
}

/// What a symbol is, in words.
///
/// # Panics
///
/// If there is no such symbol.
pub fn symbol_name(symbol: usize) -> &'static str {
    symbols::ALL[symbol].name
}

/// Draws a shape that depends on the hand; `stream` tells its random numbers from those of others.
fn draw_shape(
    style: usize,
    shape: impl Fn(&Hand) -> &'static [Stroke],
    stream: usize,
    seed: u64,
) -> Drawing {
    let (sheet, scene) = parts(style);
    let mut of_hand = Random::new(seed, style as u64);
    let hand = Hand {
        slant: of_hand.between(-0.12, 0.32),
        width: of_hand.between(0.8, 1.2),
        turn: of_hand.around(0.06),
        unsteady: of_hand.between(0.004, 0.022),
        habit: of_hand.between(0.0, 1e4) as usize,
    };
    let mut random = Random::new(seed, stream as u64);
    let place = scene.place(&mut random);
    let mut pen = sheet.pen(place.digit, &mut random);
    let mut canvas = Canvas::filled(place.width, place.height, [1.0; 3]);
    sheet.lay(&mut canvas, place.digit, &mut pen, &mut random);
    let lines = strokes(shape(&hand), &hand, &mut random);
    let on_canvas =
        |point: &Point| [0, 1].map(|axis| place.middle[axis] + place.digit * point[axis]);
    let lines: Vec<Vec<Point>> = lines
        .iter()
        .map(|line| line.iter().map(on_canvas).collect())
        .collect();
    canvas.draw(&lines, &pen, random.between(0.0, 1e6) as u32);
    scene.take(&mut canvas, &place, &mut random);
    let byte = |channel: f32| (255.0 * channel).round().clamp(0.0, 255.0) as u8;
    let bytes = canvas.pixels.iter().flat_map(|colour| colour.map(byte));
    let [width, height] = [place.width, place.height].map(|side| side as u32);
    Drawing {
        picture: RgbImage::from_raw(width, height, bytes.collect()).expect("three bytes a pixel"),
        quality: scene.quality(&mut random),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_give_the_same_pixels_and_others_give_others() {
        let of = |style, digit, seed| draw(style, digit, seed).file();
        assert_eq!(of(3, 5, 1), of(3, 5, 1));
        for other in [of(4, 5, 1), of(3, 6, 1), of(3, 5, 2)] {
            assert_ne!(of(3, 5, 1), other);
        }
    }

    #[test]
    fn every_style_has_its_own_description() {
        let all: std::collections::BTreeSet<_> = (0..STYLES).map(describe).collect();
        assert_eq!(all.len(), STYLES);
    }

    #[test]
    fn seeds_for_developing_and_for_measuring_differ() {
        assert!(
            DEVELOPMENT_SEEDS
                .iter()
                .all(|seed| !HELD_OUT_SEEDS.contains(seed))
        );
    }
}
