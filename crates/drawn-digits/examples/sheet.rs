//! Writes a sheet with all styles of a seed: a row for each style, a column for each digit.

use std::env;
use std::error::Error;

use drawn_digits::{STYLES, describe, draw};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

/// Pixels of a cell.
const CELL: u32 = 96;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [seed, file, styles @ ..] = &arguments[..] else {
        return Err("usage: sheet SEED FILE.png [FIRST-STYLE LAST-STYLE]".into());
    };
    let (first, last) = match styles {
        [first, last] => (first.parse()?, last.parse()?),
        _ => (0, STYLES - 1),
    };
    let rows = (last + 1 - first) as u32;
    let mut sheet = RgbImage::from_pixel(10 * CELL, rows * CELL, Rgb([90, 90, 140]));
    for (row, style) in (first..=last).enumerate() {
        println!("{style:>2}: {}", describe(style));
        for digit in 0..10 {
            let picture = draw(style, digit, seed.parse()?).picture;
            let longer = picture.width().max(picture.height());
            let [width, height] =
                [picture.width(), picture.height()].map(|side| side * (CELL - 4) / longer);
            let small = imageops::resize(&picture, width, height, FilterType::Triangle);
            let [x, y] = [u32::from(digit), row as u32].map(|place| i64::from(place * CELL + 2));
            imageops::replace(&mut sheet, &small, x, y);
        }
    }
    sheet.save(file)?;
    Ok(())
}
