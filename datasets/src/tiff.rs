//! TIFF images.
//!
//! They are read with crate `tiff` itself, in a version before it depended on `half`: the features
//! that it asks of `half` would have Burn compiled in another way.

use std::{io::Cursor, path::Path};

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, Pixel};
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use crate::DatasetError;
use crate::image_limits::{MAX_IMAGE_MEMORY, check_size, damaged, too_much_memory};

/// The most memory for one part of an image as it is in the file.
const MOST_FOR_A_PART: usize = 128 << 20;

/// Compressions that are JPEG. Such a part may be larger than the image says.
const JPEG: [u16; 2] = [6, 7];

/// Decodes a TIFF file, the first image of several; the other result is how it is to be turned.
pub(crate) fn decode_tiff(
    bytes: Vec<u8>,
    path: &Path,
) -> Result<(DynamicImage, Option<Orientation>), DatasetError> {
    let fault = |error| match error {
        TiffError::LimitsExceeded => too_much_memory(path),
        TiffError::UnsupportedError(_) => not_read(path, "a TIFF image of a kind that is not read"),
        error => damaged(path, &error.to_string()),
    };
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_IMAGE_MEMORY as usize;
    limits.intermediate_buffer_size = MOST_FOR_A_PART;
    let mut decoder = Decoder::new(Cursor::new(bytes))
        .map_err(fault)?
        .with_limits(limits);
    let (columns, rows) = decoder.dimensions().map_err(fault)?;
    let colour = decoder.colortype().map_err(fault)?;
    check_size(
        [columns, rows],
        u64::from(columns) * u64::from(rows) * bytes_of_pixel(colour),
        path,
    )?;
    let compression = decoder.find_tag_unsigned(Tag::Compression).map_err(fault)?;
    if compression.is_some_and(|compression| JPEG.contains(&compression)) {
        return Err(not_read(path, "a TIFF image compressed as JPEG"));
    }
    let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation);
    let pixels = decoder.read_image().map_err(fault)?;
    let image =
        image_of(pixels, colour, [columns, rows]).ok_or_else(|| not_read(path, kind(colour)))?;
    let orientation = orientation.ok().flatten().and_then(Orientation::from_exif);
    Ok((image, orientation))
}

/// The error of an image that is valid and not read.
fn not_read(path: &Path, format: &'static str) -> DatasetError {
    DatasetError::OtherFormat {
        path: path.into(),
        format,
        remedy: "save it as PNG, or as TIFF with 8 or 16 bits for grey or for each of red, green and blue",
    }
}

/// A TIFF image with pixels that are not read.
fn kind(colour: ColorType) -> &'static str {
    match colour {
        ColorType::Gray(17..) | ColorType::RGB(17..) | ColorType::RGBA(17..) => {
            "a TIFF image with more than 16 bits for a level, such as one of floating-point numbers"
        }
        ColorType::CMYK(_) => "a TIFF image in the colours of print (CMYK)",
        ColorType::Palette(_) => "a TIFF image with a palette",
        _ => "a TIFF image with pixels of a kind that is not read",
    }
}

fn bytes_of_pixel(colour: ColorType) -> u64 {
    let (samples, bits) = match colour {
        ColorType::Gray(bits) | ColorType::Palette(bits) => (1, bits),
        ColorType::GrayA(bits) => (2, bits),
        ColorType::RGB(bits) | ColorType::YCbCr(bits) => (3, bits),
        ColorType::RGBA(bits) | ColorType::CMYK(bits) => (4, bits),
    };
    samples * u64::from(bits).div_ceil(8)
}

/// The image with these pixels, if they are of a kind that images have.
fn image_of(
    pixels: DecodingResult,
    colour: ColorType,
    [columns, rows]: [u32; 2],
) -> Option<DynamicImage> {
    fn buffer<P: Pixel>(
        pixels: Vec<P::Subpixel>,
        [columns, rows]: [u32; 2],
    ) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
        ImageBuffer::from_raw(columns, rows, pixels)
    }
    let size = [columns, rows];
    match (pixels, colour) {
        (DecodingResult::U8(pixels), ColorType::Gray(8)) => {
            buffer(pixels, size).map(DynamicImage::ImageLuma8)
        }
        (DecodingResult::U8(pixels), ColorType::Gray(bits @ (1 | 2 | 4))) => {
            let grey = unpacked(&pixels, bits, size)?;
            buffer(grey, size).map(DynamicImage::ImageLuma8)
        }
        (DecodingResult::U8(pixels), ColorType::RGB(8)) => {
            buffer(pixels, size).map(DynamicImage::ImageRgb8)
        }
        (DecodingResult::U8(pixels), ColorType::RGBA(8)) => {
            buffer(pixels, size).map(DynamicImage::ImageRgba8)
        }
        (DecodingResult::U16(pixels), ColorType::Gray(16)) => {
            buffer(pixels, size).map(DynamicImage::ImageLuma16)
        }
        (DecodingResult::U16(pixels), ColorType::RGB(16)) => {
            buffer(pixels, size).map(DynamicImage::ImageRgb16)
        }
        (DecodingResult::U16(pixels), ColorType::RGBA(16)) => {
            buffer(pixels, size).map(DynamicImage::ImageRgba16)
        }
        _ => None,
    }
}

/// Grey levels of one, two or four bits as bytes. Each row starts at a byte.
fn unpacked(packed: &[u8], bits: u8, [columns, rows]: [u32; 2]) -> Option<Vec<u8>> {
    let [columns, rows] = [columns, rows].map(|side| side as usize);
    let bits = usize::from(bits);
    let row_bytes = (columns * bits).div_ceil(8);
    let most = (1_usize << bits) - 1;
    let mut levels = Vec::with_capacity(columns * rows);
    for row in packed.get(..row_bytes * rows)?.chunks(row_bytes) {
        for column in 0..columns {
            let bit = column * bits;
            let shift = 8 - bits - bit % 8;
            let level = usize::from(row[bit / 8]) >> shift & most;
            levels.push((level * 255 / most) as u8);
        }
    }
    Some(levels)
}
