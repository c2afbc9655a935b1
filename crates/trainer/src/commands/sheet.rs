//! Sheets of training images, as `trainer inspect` writes them.

use std::iter;

use anyhow::{Context, Result};
use datasets::ImageSet;
use distortions::{Distortions, Moment};

/// Pixels between the images of a sheet.
const GAP: usize = 2;

/// Grey level between the images of a sheet.
const GAP_LEVEL: u8 = 96;

/// Indices of the images of a class.
fn images_of(set: &ImageSet, label: usize) -> impl Iterator<Item = usize> {
    (0..set.len()).filter(move |&index| usize::from(set.label(index)) == label)
}

/// Images next to and above each other, one grey level per pixel.
pub(super) struct Sheet {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Sheet {
    /// A row for each class, with its first `samples` images.
    pub(super) fn of(set: &ImageSet, samples: usize) -> Self {
        let classes = 0..set.class_count();
        let rows = classes.map(|label| {
            let images = images_of(set, label).take(samples);
            images.map(|index| set.image(index).to_vec()).collect()
        });
        Self::of_rows(&rows.collect::<Vec<_>>(), [set.columns(), set.rows()])
    }

    /// A row for each class, with its first image and what it becomes in the first epochs: `samples` in all.
    pub(super) fn of_distorted(set: &ImageSet, samples: usize, distortions: &Distortions) -> Self {
        let epochs = 1..samples as u64;
        let copies = |label: usize, index: usize| {
            let image = set.image(index);
            let row = index as u64;
            let copies = epochs
                .clone()
                .map(|epoch| distortions.to_bytes(Moment { epoch, row }, Some(label), image));
            iter::once(image.to_vec()).chain(copies).collect()
        };
        let rows = (0..set.class_count()).map(|label| {
            let first = images_of(set, label).next();
            first.map_or_else(Vec::new, |index| copies(label, index))
        });
        Self::of_rows(&rows.collect::<Vec<_>>(), [set.columns(), set.rows()])
    }

    /// Rows of images of this width and height.
    fn of_rows(rows: &[Vec<Vec<u8>>], [image_width, image_height]: [usize; 2]) -> Self {
        let most = rows.iter().map(Vec::len).max().unwrap_or(0);
        let along = |count: usize, size: usize| GAP + count * (size + GAP);
        let width = along(most, image_width);
        let height = along(rows.len(), image_height);
        let mut pixels = vec![GAP_LEVEL; width * height];
        for (number, images) in rows.iter().enumerate() {
            let top = along(number, image_height);
            for (column, image) in images.iter().enumerate() {
                let left = along(column, image_width);
                for (row, line) in image.chunks(image_width).enumerate() {
                    let start = (top + row) * width + left;
                    pixels[start..start + image_width].copy_from_slice(line);
                }
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The sheet as a PNG.
    ///
    /// # Errors
    ///
    /// If it is too large for one.
    pub(super) fn to_png(&self) -> Result<Vec<u8>> {
        let too_large = "the sheet is too large for a PNG; use fewer images with --samples";
        let mut bytes = vec![];
        let width = u32::try_from(self.width).context(too_large)?;
        let height = u32::try_from(self.height).context(too_large)?;
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().context(too_large)?;
        writer.write_image_data(&self.pixels).context(too_large)?;
        writer.finish().context(too_large)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_row_for_each_class() {
        let pixels = vec![1, 2, 3, 4, 5, 6];
        let set = ImageSet::new(1, 2, pixels, vec![1, 0, 1]).unwrap();
        let sheet = Sheet::of(&set, 5);
        let (g, gap) = (GAP_LEVEL, [GAP_LEVEL; 10]);
        assert_eq!((sheet.width, sheet.height), (10, 8));
        assert_eq!(sheet.pixels[..20], [gap, gap].concat());
        assert_eq!(sheet.pixels[20..30], [g, g, 3, 4, g, g, g, g, g, g]);
        assert_eq!(sheet.pixels[50..60], [g, g, 1, 2, g, g, 5, 6, g, g]);
        let png = sheet.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut decoded).unwrap();
        assert_eq!(decoded, sheet.pixels);
    }
}
