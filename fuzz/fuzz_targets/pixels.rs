//! Any pixels, as an image of any shape and kind, must be converted to MNIST's format or be blank.
//! Random files rarely get so far.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use datasets::{DatasetError, MNIST_SIDE, Picture};
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use libfuzzer_sys::fuzz_target;

/// A kind, a width, and the pixels row by row.
fn picture(kind: u8, width: u32, bytes: &[u8]) -> Option<DynamicImage> {
    let channels = u32::from(kind % 4) + 1;
    let height = bytes.len() as u32 / (width * channels);
    let pixels = bytes[..(width * height * channels) as usize].to_vec();
    if height == 0 {
        return None;
    }
    Some(match channels {
        1 => GrayImage::from_raw(width, height, pixels)?.into(),
        2 => GrayAlphaImage::from_raw(width, height, pixels)?.into(),
        3 => RgbImage::from_raw(width, height, pixels)?.into(),
        _ => RgbaImage::from_raw(width, height, pixels)?.into(),
    })
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, width, bytes) = input;
    let Some(image) = picture(kind, u32::from(width) + 1, bytes) else {
        return;
    };
    let mut png = Cursor::new(Vec::new());
    image
        .write_to(&mut png, ImageFormat::Png)
        .expect("memory takes every image");
    let picture = Picture::decode(png.get_ref(), Path::new("file")).expect("the file is valid");
    let figures = picture.split().into_iter().flatten();
    for reading in figures.chain(picture.reading()) {
        assert_eq!(reading.form.pixels.len(), MNIST_SIDE * MNIST_SIDE);
    }
    match picture.mnist_form() {
        Ok(form) => {
            assert_eq!(form.pixels.len(), MNIST_SIDE * MNIST_SIDE);
            assert!(form.kept || form.pixels.contains(&255));
        }
        Err(error) => assert!(matches!(error, DatasetError::BlankImage { .. }), "{error}"),
    }
});
