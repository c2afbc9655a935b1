//! Image files in every format: those that are read, those that are named, and those that are cut.

use std::{io::Cursor, path::Path};

use datasets::{DatasetError, Picture};
use image::{DynamicImage, ImageFormat, RgbImage};
use tiff::encoder::{TiffEncoder, colortype, compression};

/// Formats that crate `image` writes, and how many bytes at the end of a file carry no pixel.
const FORMATS: [(ImageFormat, usize); 6] = [
    (ImageFormat::Png, 12 + 4),
    (ImageFormat::Bmp, 0),
    (ImageFormat::Jpeg, 0),
    (ImageFormat::Gif, 4),
    (ImageFormat::WebP, 0),
    (ImageFormat::Pnm, 0),
];

fn image() -> RgbImage {
    // An L in several colours on white.
    RgbImage::from_fn(30, 20, |x, y| {
        let is_ink = (8..12).contains(&x) && (3..17).contains(&y)
            || (12..20).contains(&x) && (13..17).contains(&y);
        image::Rgb(if is_ink {
            [x as u8, 2 * y as u8, 40]
        } else {
            [255; 3]
        })
    })
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::from(image());
    image.write_to(&mut bytes, format).expect("it is encoded");
    bytes.into_inner()
}

fn decode(bytes: &[u8]) -> Result<Picture, DatasetError> {
    Picture::decode(bytes, "file".as_ref())
}

/// The TIFF of the image with this compression.
fn encoded_tiff<C: compression::Compression>(compression: C) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).expect("a header");
    let image = image();
    encoder
        .write_image_with_compression::<colortype::RGB8, _>(
            image.width(),
            image.height(),
            compression,
            &image,
        )
        .expect("it is encoded");
    bytes.into_inner()
}

fn tiffs() -> [Vec<u8>; 4] {
    [
        encoded_tiff(compression::Uncompressed),
        encoded_tiff(compression::Lzw),
        encoded_tiff(compression::Deflate::default()),
        encoded_tiff(compression::Packbits),
    ]
}

#[test]
fn formats_are_recognised_by_content_and_have_the_same_pixels() {
    let expected = decode(&encoded(ImageFormat::Png)).unwrap();
    let expected = expected.mnist_form().unwrap();
    let files = FORMATS.map(|(format, _)| (format!("{format:?}"), encoded(format)));
    let tiffs = tiffs().map(|bytes| ("Tiff".to_owned(), bytes));
    for (format, bytes) in files.into_iter().chain(tiffs) {
        let picture = decode(&bytes).unwrap_or_else(|error| panic!("{format}: {error}"));
        assert_eq!(picture.size(), [30, 20], "{format}");
        let form = picture.mnist_form().unwrap();
        // JPEG changes pixels, and GIF has 256 colours.
        let differences = form.pixels.iter().zip(&expected.pixels);
        let largest = differences.map(|(a, b)| a.abs_diff(*b)).max();
        let allowed = match &format[..] {
            "Jpeg" => 32,
            "Gif" => 16,
            _ => 0,
        };
        assert!(largest <= Some(allowed), "{format}: {largest:?}");
    }
}

#[test]
fn files_of_other_programs_are_read() {
    for file in ["seven.gif", "seven.webp"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images");
        let form = Picture::open(&path.join(file)).unwrap().mnist_form();
        let pixels = form.unwrap().pixels;
        // A seven: ink along the top, and below it only where the stroke is.
        let ink = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
            let cells = rows.flat_map(|row| columns.clone().map(move |column| 28 * row + column));
            cells.map(|cell| u32::from(pixels[cell])).sum::<u32>()
        };
        assert!(ink(3..9, 6..22) > 4 * ink(16..24, 17..26), "{file}");
        assert!(ink(16..24, 4..9) < ink(16..24, 9..17), "{file}");
    }
}

/// Grey levels of one and of four bits, eight columns and two rows, and those upside down.
#[test]
fn tiff_with_few_bits_and_an_orientation_is_read() {
    // A file with one strip: entries are tag, type (3: 16 bits, 4: 32 bits), count, value.
    let tiff = |bits: u16, orientation: u16, strip: &[u8]| {
        let entries: [(u16, u16, u32); 8] = [
            (256, 3, 8),
            (257, 3, 2),
            (258, 3, bits.into()),
            (259, 3, 1),
            (262, 3, 1),
            (273, 4, 8),
            (274, 3, orientation.into()),
            (279, 4, strip.len() as u32),
        ];
        let mut bytes = b"II*\0".to_vec();
        bytes.extend((8 + strip.len() as u32).to_le_bytes());
        bytes.extend(strip);
        bytes.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 4]);
        bytes
    };
    let grey = |bytes: &[u8]| decode(bytes).unwrap().plain_form(2, 8).pixels;
    // A bar in the left half of the second row.
    let one_bit = grey(&tiff(1, 1, &[0b0000_0000, 0b1111_0000]));
    let four_bits = grey(&tiff(4, 1, &[0, 0, 0, 0, 0xff, 0xff, 0, 0]));
    assert_eq!(one_bit, [[0; 8], [255, 255, 255, 255, 0, 0, 0, 0]].concat());
    assert_eq!(one_bit, four_bits);
    let upright = decode(&tiff(1, 1, &[0, 0xf0])).unwrap();
    let turned = decode(&tiff(1, 6, &[0, 0xf0])).unwrap();
    assert_eq!((upright.size(), turned.size()), ([8, 2], [2, 8]));
}

/// Photographs of instruments have floating-point levels.
#[test]
fn tiff_of_other_pixels_is_named_for_what_it_is() {
    fn error<C: colortype::ColorType>(pixels: &[C::Inner]) -> String
    where
        [C::Inner]: tiff::encoder::TiffValue,
    {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).expect("a header");
        encoder
            .write_image::<C>(2, 1, pixels)
            .expect("it is encoded");
        decode(bytes.get_ref()).unwrap_err().to_string()
    }
    for (error, part) in [
        (
            error::<colortype::Gray32Float>(&[0.0, 1.0]),
            "more than 16 bits for a level",
        ),
        (
            error::<colortype::RGB32Float>(&[0.0; 6]),
            "more than 16 bits for a level",
        ),
        (
            error::<colortype::Gray32>(&[0, 1]),
            "more than 16 bits for a level",
        ),
        (error::<colortype::CMYK8>(&[0; 8]), "(CMYK)"),
    ] {
        assert!(
            error.contains(part) && error.contains("8 or 16 bits"),
            "{error}"
        );
    }
}

#[test]
fn other_files_are_refused_with_their_first_bytes_or_their_name() {
    let error = decode(b"hello, world").unwrap_err();
    assert_eq!(
        error.to_string(),
        "file: expected a PNG, JPEG, GIF, WebP, TIFF, PNM or BMP image, got first bytes [68 65 6c \
         6c 6f 2c 20 77]; convert it to one of these"
    );
    let error = decode(b"").unwrap_err();
    assert!(error.to_string().contains("got an empty file"), "{error}");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images/heic_named.jpg");
    let error = Picture::open(&path).unwrap_err().to_string();
    let rest = error.strip_prefix(&path.display().to_string()).unwrap();
    assert!(
        rest.contains("got a HEIC photograph; convert it to PNG or JPEG"),
        "{rest}"
    );
}

#[test]
fn an_image_cut_anywhere_is_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/images/cut.jpg");
    let error = Picture::open(&path).unwrap_err();
    assert!(
        matches!(error, DatasetError::ImageDamaged { .. }),
        "{error}"
    );
    let files = FORMATS.map(|(format, without)| (format!("{format:?}"), encoded(format), without));
    for (format, bytes, without_pixels) in files {
        for end in 0..bytes.len() - without_pixels {
            let error = decode(&bytes[..end]).map(|picture| picture.size());
            let length = bytes.len();
            let error = error.expect_err(&format!("{format} cut at {end} of {length}"));
            assert!(
                matches!(
                    error,
                    DatasetError::NotAnImage { .. } | DatasetError::ImageDamaged { .. }
                ),
                "{format} cut at {end}: {error}"
            );
        }
    }
    // The directory of these files is at the end.
    for bytes in tiffs() {
        for end in 0..bytes.len() - 40 {
            assert!(decode(&bytes[..end]).is_err(), "TIFF cut at {end}");
        }
    }
}
