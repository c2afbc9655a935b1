//! Image files of several formats, decoded within limits.

use std::{io::Cursor, path::Path};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
    error::LimitErrorKind, metadata::Orientation,
};

use crate::DatasetError;
use crate::image_kind::{Kind, kind};
use crate::image_limits::{MAX_IMAGE_MEMORY, check_size, damaged, too_much_memory};
use crate::image_parts::{JpegParts, needed_of_png};
use crate::tiff::decode_tiff;

/// An image with more pixels is scaled down after it is decoded, so that what follows needs less
/// memory: 16 Mi, more than most cameras take.
const MOST_KEPT_PIXELS: u64 = 1 << 24;

/// Decodes an image file, turns it upright, and scales it down if it is very large; `path` names it
/// in errors.
pub(crate) fn decode(mut bytes: Vec<u8>, path: &Path) -> Result<DynamicImage, DatasetError> {
    let format = match kind(&bytes) {
        Kind::Readable(format) => format,
        Kind::Other(format, remedy) => {
            return Err(DatasetError::OtherFormat {
                path: path.into(),
                format,
                remedy,
            });
        }
        Kind::Unknown => {
            return Err(DatasetError::NotAnImage {
                path: path.into(),
                got: bytes[..bytes.len().min(8)].to_vec(),
            });
        }
    };
    let (image, orientation) = match format {
        ImageFormat::Tiff => decode_tiff(bytes, path)?,
        _ => {
            if format == ImageFormat::Png {
                needed_of_png(&mut bytes);
            }
            if format == ImageFormat::Jpeg {
                let parts = JpegParts::of(&bytes);
                if !parts.is_complete {
                    return Err(damaged(path, "the file ends before the image does"));
                }
                parts.keep(&mut bytes);
            }
            decode_format(bytes, format, path)?
        }
    };
    // Turning an image takes a second copy of it, so it is made smaller first.
    let mut image = scaled_down(image);
    // Without a readable orientation, the image is not turned.
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

/// Decodes a file of this format with crate `image`.
fn decode_format(
    bytes: Vec<u8>,
    format: ImageFormat,
    path: &Path,
) -> Result<(DynamicImage, Option<Orientation>), DatasetError> {
    let fault = |error| fault(error, path);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_IMAGE_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let (columns, rows) = decoder.dimensions();
    check_size([columns, rows], decoder.total_bytes(), path)?;
    let orientation = decoder.orientation().ok();
    let image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    Ok((image, orientation))
}

/// The image, or, if it is very large, a smaller copy in which each pixel is the mean of several.
fn scaled_down(image: DynamicImage) -> DynamicImage {
    let pixels = u64::from(image.width()) * u64::from(image.height());
    if pixels <= MOST_KEPT_PIXELS {
        return image;
    }
    let factor = (pixels as f64 / MOST_KEPT_PIXELS as f64).sqrt();
    let side = |side: u32| ((f64::from(side) / factor).floor() as u32).max(1);
    image.thumbnail_exact(side(image.width()), side(image.height()))
}

/// The error of the data set for an error of the decoder.
fn fault(error: ImageError, path: &Path) -> DatasetError {
    match error {
        ImageError::Limits(error) if error.kind() == LimitErrorKind::InsufficientMemory => {
            too_much_memory(path)
        }
        error => damaged(path, &error.to_string()),
    }
}
