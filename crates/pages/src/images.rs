//! Sheets of small images as one SVG: digits, weights.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use svg::Document;
use svg::node::element::{Image, Text};

use crate::colours::{Colour, diverging, style};
use crate::error::PageError;

/// Approximate width of a caption's character, in units of the sheet.
const CHARACTER: f64 = 6.6;
const CAPTION_HEIGHT: f64 = 16.0;
const GAP: f64 = 10.0;

/// An image with a caption below it.
#[derive(Debug, Clone)]
pub struct Tile {
    width: usize,
    /// Row by row, red, green and blue.
    pixels: Vec<[u8; 3]>,
    caption: String,
}

impl Tile {
    /// A grey image, `width` pixels wide, row by row: 0 is white, 255 black.
    pub fn grey(ink: &[u8], width: usize, caption: impl Into<String>) -> Self {
        Self {
            width,
            pixels: ink.iter().map(|ink| [255 - ink; 3]).collect(),
            caption: caption.into(),
        }
    }

    /// Signed values, row by row: blue below 0, white at 0, red above 0; the value that is largest in
    /// size has full colour.
    pub fn signed(values: &[f64], width: usize, caption: impl Into<String>) -> Self {
        let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let scale = if largest > 0.0 { largest } else { 1.0 };
        Self {
            width,
            pixels: values.iter().map(|v| diverging(v / scale)).collect(),
            caption: caption.into(),
        }
    }

    /// The weights of a layer, `[pixels, units]` row by row: an image of signed values for each unit,
    /// with the unit's number, from 0.
    pub fn of_units(weights: &[f64], units: usize, width: usize) -> impl Iterator<Item = Self> {
        (0..units).map(move |unit| {
            let column = weights.iter().skip(unit).step_by(units).copied();
            Self::signed(&column.collect::<Vec<_>>(), width, unit.to_string())
        })
    }

    fn height(&self) -> usize {
        self.pixels.len() / self.width
    }

    /// The image as a PNG in a `data:` address.
    fn address(&self) -> Result<String, PageError> {
        let (width, height) = (self.width, self.height());
        let bytes = encode(width as u32, height as u32, self.pixels.as_flattened());
        let bytes = bytes.map_err(|source| PageError::Image {
            width,
            height,
            source,
        })?;
        Ok(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
    }
}

/// An image of red, green and blue bytes as a PNG file.
fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = vec![];
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// The tiles as one SVG picture, in rows of `columns`, each pixel `scale` units wide.
///
/// # Errors
///
/// [`PageError::Image`] if an image cannot be encoded: one without pixels, for example.
pub fn sheet(tiles: &[Tile], columns: usize, scale: f64) -> Result<String, PageError> {
    let widest = |size: fn(&Tile) -> f64| tiles.iter().map(size).fold(1.0, f64::max);
    let image_width = scale * widest(|tile| tile.width as f64);
    let image_height = scale * widest(|tile| tile.height() as f64);
    let caption_width = CHARACTER * widest(|tile| tile.caption.chars().count() as f64);
    let cell = [
        image_width.max(caption_width) + GAP,
        image_height + CAPTION_HEIGHT + GAP,
    ];
    let rows = tiles.len().div_ceil(columns);
    let size = [columns as f64 * cell[0], rows as f64 * cell[1]];
    let mut document = Document::new()
        .set("class", "figure sheet")
        .set("width", size[0])
        .set("height", size[1])
        .set("viewBox", (0, 0, size[0], size[1]));
    for (i, tile) in tiles.iter().enumerate() {
        let (column, row) = (i % columns, i / columns);
        let (x, y) = (column as f64 * cell[0], row as f64 * cell[1]);
        let image = Image::new()
            .set("href", tile.address()?)
            .set("x", x + (cell[0] - image_width) / 2.0)
            .set("y", y)
            .set("width", scale * tile.width as f64)
            .set("height", scale * tile.height() as f64)
            .set("style", "image-rendering:pixelated");
        let caption = Text::new(tile.caption.clone())
            .set("x", x + cell[0] / 2.0)
            .set("y", y + image_height + CAPTION_HEIGHT - 3.0)
            .set("text-anchor", "middle")
            .set("font-family", "sans-serif")
            .set("font-size", 12)
            .set("fill", Colour::INK.hex());
        document = document.add(image).add(caption);
    }
    let svg = document.to_string();
    Ok(svg.replacen("</svg>", &format!("{}</svg>", style()), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_holds_its_images_and_their_captions() {
        let tiles = [
            Tile::grey(&[0, 128, 255, 255], 2, "a < b"),
            Tile::signed(&[-2.0, 0.0, 2.0, 1.0], 2, "w"),
        ];
        let svg = sheet(&tiles, 2, 4.0).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let images = document.descendants().filter(|n| n.has_tag_name("image"));
        let addresses = images.map(|n| n.attribute("href").unwrap().to_owned());
        for (address, tile) in addresses.zip(&tiles) {
            let data = address.strip_prefix("data:image/png;base64,").unwrap();
            let bytes = STANDARD.decode(data).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, tile.pixels.as_flattened());
        }
        let captions = document.descendants().filter(|n| n.has_tag_name("text"));
        let captions = captions.map(|n| n.text().unwrap().trim().to_owned());
        assert_eq!(captions.collect::<Vec<_>>(), ["a < b", "w"]);
    }
}
