//! Images of any size and kind: decoded within limits, and converted to MNIST's format.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use image::DynamicImage;

use crate::appearance::{Appearance, appearance};
use crate::decode::decode;
use crate::mnist_form::MnistForm;
use crate::reading::{Reading, form, reading, split_readings};
use crate::treatment::resized;
use crate::{DatasetError, Treatment};

/// The most bytes of an image file that are read: 256 MiB.
pub const MAX_IMAGE_FILE_BYTES: u64 = 1 << 28;

/// An image of any size and colour: PNG, JPEG, GIF (its first frame), WebP, TIFF, PNM or BMP, recognised
/// by its content, whatever its name.
///
/// ```
/// use datasets::Picture;
///
/// // A one on paper, as a bitmap in plain text.
/// let pbm = b"P1 5 5  0 0 0 0 0  0 0 1 0 0  0 0 1 0 0  0 0 1 0 0  0 0 0 0 0";
/// let picture = Picture::decode(pbm, "one.pbm".as_ref())?;
/// assert_eq!(picture.size(), [5, 5]);
/// let form = picture.mnist_form()?;
/// assert_eq!(form.pixels.len(), 784);
/// # Ok::<(), datasets::DatasetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    image: DynamicImage,
    path: PathBuf,
}

impl Picture {
    /// Reads and decodes the file at `path`.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Unreadable`], or as [`Picture::from_reader`].
    pub fn open(path: &Path) -> Result<Self, DatasetError> {
        let file = File::open(path).map_err(|cause| DatasetError::Unreadable {
            path: path.into(),
            cause,
        })?;
        Self::from_reader(file, path)
    }

    /// Reads `input` to its end and decodes it; `path` names it in errors.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Unreadable`] if reading fails, [`DatasetError::ImageFileTooLong`] if there
    /// are more than [`MAX_IMAGE_FILE_BYTES`], or as [`Picture::decode`].
    pub fn from_reader(input: impl Read, path: &Path) -> Result<Self, DatasetError> {
        let mut bytes = Vec::new();
        let read = input.take(MAX_IMAGE_FILE_BYTES + 1).read_to_end(&mut bytes);
        if let Err(cause) = read {
            let path = path.into();
            return Err(DatasetError::Unreadable { path, cause });
        }
        if bytes.len() as u64 > MAX_IMAGE_FILE_BYTES {
            return Err(DatasetError::ImageFileTooLong {
                path: path.into(),
                limit: MAX_IMAGE_FILE_BYTES,
            });
        }
        Self::decoded(bytes, path)
    }

    /// Decodes an image file; `path` names it in errors. A photograph with an orientation (Exif) is
    /// turned upright, and an image of more than 16 Mi pixels is scaled down to them.
    ///
    /// # Errors
    ///
    /// [`DatasetError::NotAnImage`] if the first bytes are those of no known format,
    /// [`DatasetError::OtherFormat`] if they are those of a format that cannot be read,
    /// [`DatasetError::ImageTooLarge`] or [`DatasetError::ImageTakesTooMuchMemory`] before anything
    /// of the announced size is reserved, [`DatasetError::ImageDamaged`] if decoding fails.
    pub fn decode(bytes: &[u8], path: &Path) -> Result<Self, DatasetError> {
        Self::decoded(bytes.to_vec(), path)
    }

    fn decoded(bytes: Vec<u8>, path: &Path) -> Result<Self, DatasetError> {
        Ok(Self {
            image: decode(bytes, path)?,
            path: path.into(),
        })
    }

    /// Columns and rows, in pixels.
    pub fn size(&self) -> [u32; 2] {
        [self.image.width(), self.image.height()]
    }

    /// The image in MNIST's format: 28x28 grey levels, 0 for the background, 255 for the most ink.
    ///
    /// MNIST's authors describe how they made it: "The original black and white (bilevel) images from
    /// NIST were size normalized to fit in a 20x20 pixel box while preserving their aspect ratio.
    /// The resulting images contain grey levels as a result of the anti-aliasing technique used by
    /// the normalization algorithm. the images were centered in a 28x28 image by computing the
    /// center of mass of the pixels, and translating the image so as to position this point at the
    /// center of the 28x28 field."
    ///
    /// The steps here:
    ///
    /// 1. Colour becomes grey. Transparent pixels get a backdrop: the border's grey if most of the
    ///    border is opaque, else white under dark ink and black under light ink.
    /// 2. If the border has one level, that is the background. The ink is what differs from it in one
    ///    direction, darker or lighter: the one with the larger sum of squares. Three times the
    ///    border's median deviation counts as noise and is subtracted; the strongest ink becomes 1.
    /// 3. Otherwise the background is what remains when everything narrow is filled up from around it
    ///    (a morphological closing, or an opening for light ink): it follows the light and the edges
    ///    of a sheet. Ruled lines are removed, then the connected parts of the ink are compared: what
    ///    lies at the edge, is a box around others, or a speck, is left out.
    /// 4. The digit is cropped to the smallest box with all ink of at least an eighth. Strokes
    ///    thinner than those of MNIST are drawn wider.
    /// 5. The box is scaled so that its longer side has 20 pixels (Lanczos resampling), and the
    ///    strongest ink becomes 255.
    /// 6. It is moved by whole pixels until its centre of mass is nearest to row and column 14
    ///    (counted from 0), as far as all of it stays inside. The centres of mass of MNIST's first
    ///    5 000 images are at 14.00 and 13.99 on average.
    ///
    /// A grey and opaque image of 28x28 pixels whose content lies where that of MNIST's images does
    /// already has this format: it is used unchanged, or inverted if its ink is darker than its
    /// background. So is one in which no figure is found.
    ///
    /// # Errors
    ///
    /// [`DatasetError::BlankImage`] if nothing differs from the background by 16 of 255 levels and
    /// more than the noise.
    ///
    /// # Source
    ///
    /// Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
    /// <http://yann.lecun.com/exdb/mnist/>.
    pub fn mnist_form(&self) -> Result<MnistForm, DatasetError> {
        form(&self.image).ok_or_else(|| self.blank())
    }

    /// The image in MNIST's format, and what makes it doubtful that it is one digit.
    ///
    /// # Errors
    ///
    /// As [`Picture::mnist_form`].
    pub fn reading(&self) -> Result<Reading, DatasetError> {
        reading(&self.image).ok_or_else(|| self.blank())
    }

    /// Each figure of the image on its own, from left to right.
    ///
    /// # Errors
    ///
    /// As [`Picture::mnist_form`].
    pub fn split(&self) -> Result<Vec<Reading>, DatasetError> {
        split_readings(&self.image).ok_or_else(|| self.blank())
    }

    fn blank(&self) -> DatasetError {
        let path = self.path.clone();
        DatasetError::BlankImage { path }
    }

    /// The image grey and resized, 0 for black and 255 for white.
    ///
    /// Colour becomes grey; transparent pixels get the backdrop of [`Picture::mnist_form`]. The image
    /// is resized to `rows` and `columns` whatever its proportions, with a filter that averages where
    /// it is reduced. An image of that size is only made grey.
    pub fn plain_form(&self, rows: usize, columns: usize) -> MnistForm {
        let (pixels, kept) = resized(&self.image, rows, columns);
        MnistForm { pixels, kept }
    }

    /// The image as the input of a net, by the given treatment.
    ///
    /// # Errors
    ///
    /// As [`Picture::mnist_form`] for strokes; none for plain images.
    pub fn treated(&self, treatment: Treatment) -> Result<MnistForm, DatasetError> {
        match treatment {
            Treatment::Strokes => self.mnist_form(),
            Treatment::Plain { rows, columns } => Ok(self.plain_form(rows, columns)),
        }
    }

    /// Whether the image looks like pen strokes or like a photograph.
    pub fn appearance(&self) -> Appearance {
        appearance(&self.image)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor};

    use image::{ImageFormat, Luma, LumaA, Rgba};

    use super::*;

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image: DynamicImage = image.into();
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn decode(bytes: &[u8]) -> Result<Picture, DatasetError> {
        Picture::decode(bytes, "file".as_ref())
    }

    fn form(image: impl Into<DynamicImage>) -> Vec<u8> {
        let picture = Picture {
            image: image.into(),
            path: "image".into(),
        };
        picture.mnist_form().unwrap().pixels
    }

    /// A thick stroke, uneven enough to have one way up: ink where it is true.
    fn stroke(x: u32, y: u32) -> bool {
        (40..60).contains(&x) && (20..100).contains(&y)
            || (60..90).contains(&x) && (20..35).contains(&y)
    }

    /// The stroke in two colours on 120x150 pixels, moved by `dx` and `dy`.
    fn drawn(ink: [u8; 4], paper: [u8; 4], dx: u32, dy: u32) -> DynamicImage {
        image::RgbaImage::from_fn(120, 150, |x, y| {
            Rgba(if x >= dx && y >= dy && stroke(x - dx, y - dy) {
                ink
            } else {
                paper
            })
        })
        .into()
    }

    const BLACK: [u8; 4] = [0, 0, 0, 255];
    const WHITE: [u8; 4] = [255, 255, 255, 255];

    /// A PNG of 60 bytes that announces `columns` x `rows` grey pixels and holds none.
    fn png_that_announces(columns: u32, rows: u32, depth: u8, colour: u8) -> Vec<u8> {
        let mut header = b"IHDR".to_vec();
        header.extend(columns.to_be_bytes());
        header.extend(rows.to_be_bytes());
        header.extend([depth, colour, 0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        for chunk in [&header[..], b"IDAT", b"IEND"] {
            png.extend((chunk.len() as u32 - 4).to_be_bytes());
            png.extend(chunk);
            let mut crc = flate2::Crc::new();
            crc.update(chunk);
            png.extend(crc.sum().to_be_bytes());
        }
        png
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        for (columns, rows) in [(100_000, 100_000), (1_000_000, 1_000_000), (8192, 8193)] {
            let error = decode(&png_that_announces(columns, rows, 8, 0)).unwrap_err();
            assert!(
                matches!(error, DatasetError::ImageTooLarge { columns: c, rows: r, .. }
                    if (c, r) == (columns, rows)),
                "{error}"
            );
        }
        // One row alone is too much.
        let error = decode(&png_that_announces(u32::MAX >> 1, 1 << 30, 8, 0)).unwrap_err();
        assert!(
            matches!(error, DatasetError::ImageTakesTooMuchMemory { .. }),
            "{error}"
        );
        // As large as may be: refused only because its pixels are missing.
        let error = decode(&png_that_announces(8192, 8192, 8, 0)).unwrap_err();
        assert!(
            matches!(error, DatasetError::ImageDamaged { .. }),
            "{error}"
        );
    }

    #[test]
    fn an_endless_file_is_refused() {
        let error = Picture::from_reader(io::repeat(0x89), "pipe".as_ref()).unwrap_err();
        assert!(
            matches!(error, DatasetError::ImageFileTooLong { .. }),
            "{error}"
        );
    }

    #[test]
    fn an_image_of_one_colour_is_blank() {
        let blank = |image: DynamicImage| {
            let path = "image".into();
            matches!(
                Picture { image, path }.mnist_form(),
                Err(DatasetError::BlankImage { .. })
            )
        };
        for side in [1, 2, 28, 300] {
            for grey in [0, 128, 255] {
                let image = image::GrayImage::from_pixel(side, side, Luma([grey]));
                assert!(blank(image.into()), "{side} {grey}");
            }
        }
        assert!(blank(drawn(WHITE, WHITE, 0, 0)));
        // Nothing but transparency, whatever the colour below it.
        assert!(blank(drawn([0, 0, 0, 0], [255, 255, 255, 0], 0, 0)));
        // Fifteen levels are noise.
        assert!(blank(drawn([240, 240, 240, 255], WHITE, 0, 0)));
        assert!(!blank(drawn([230, 230, 230, 255], WHITE, 0, 0)));
    }

    #[test]
    fn polarity_place_and_colour_do_not_matter() {
        let expected = form(drawn(BLACK, WHITE, 0, 0));
        for (ink, paper) in [
            (WHITE, BLACK),
            ([0, 0, 90, 255], [250, 240, 200, 255]),
            ([250, 250, 0, 255], [0, 60, 0, 255]),
            // A grey paper darker than the middle, with ink darker yet.
            ([10, 10, 10, 255], [90, 90, 90, 255]),
            // Drawn on nothing, in dark and in light.
            (BLACK, [0, 0, 0, 0]),
            (WHITE, [255, 255, 255, 0]),
            (WHITE, [0, 0, 0, 0]),
        ] {
            assert_eq!(form(drawn(ink, paper, 0, 0)), expected, "{ink:?} {paper:?}");
        }
        for (dx, dy) in [(25, 0), (0, 40), (20, 45)] {
            assert_eq!(form(drawn(BLACK, WHITE, dx, dy)), expected, "{dx} {dy}");
        }
    }

    #[test]
    fn what_is_transparent_on_opaque_paper_is_paper() {
        let mut image = drawn(BLACK, WHITE, 0, 0).to_rgba8();
        image.put_pixel(100, 140, Rgba([0, 0, 0, 0]));
        assert_eq!(form(image), form(drawn(BLACK, WHITE, 0, 0)));
        let half = image::GrayAlphaImage::from_fn(120, 150, |x, y| {
            LumaA([0, if stroke(x, y) { 255 } else { 0 }])
        });
        assert_eq!(form(half), form(drawn(BLACK, WHITE, 0, 0)));
    }

    #[test]
    fn a_photograph_held_sideways_is_turned_upright() {
        let upright = drawn(BLACK, WHITE, 0, 0).to_luma8();
        let held = image::imageops::rotate270(&upright);
        let mut jpeg = encoded(held, ImageFormat::Jpeg);
        // Exif says: turn by 90 degrees clockwise (orientation 6).
        let exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        jpeg.splice(2..2, exif.iter().copied());
        let turned = decode(&jpeg).unwrap();
        assert_eq!(turned.size(), [120, 150]);
        let sound = decode(&encoded(upright, ImageFormat::Jpeg)).unwrap();
        let [turned, sound] = [turned, sound].map(|picture| picture.mnist_form().unwrap().pixels);
        let furthest = turned.iter().zip(&sound).map(|(&a, &b)| a.abs_diff(b));
        assert!(furthest.max() < Some(40));
    }
}
