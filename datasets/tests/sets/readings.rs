//! What pictures show, and what makes them doubtful.

use std::path::Path;

use datasets::{DatasetError, Picture, PictureDoubt, Reading, bundled_mnist_dir};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};

fn picture(name: &str) -> Picture {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    Picture::open(&folder.join(name)).expect("the case can be read")
}

fn doubts(name: &str) -> Vec<PictureDoubt> {
    let reading = picture(name).reading();
    reading.expect("the case has ink").doubts
}

/// The mean difference of two images in levels.
fn difference(a: &Reading, b: &Reading) -> f64 {
    let pairs = a.form.pixels.iter().zip(&b.form.pixels);
    pairs.map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / 784.0
}

#[test]
fn a_frame_a_box_a_strip_and_squares_are_not_the_digit() {
    let plain = picture("plain.png").reading().expect("a digit");
    for name in ["frame.png", "shadow.png", "edge.png"] {
        let other = picture(name).reading().expect("the same digit");
        assert!(
            difference(&plain, &other) < 8.0 || !other.doubts.is_empty(),
            "{name}"
        );
    }
    let three = picture("dark_strip_left-3.png").reading().expect("a digit");
    for name in ["border-3.png", "squared-3.png"] {
        let other = picture(name).reading().expect("the same digit");
        assert!(difference(&three, &other) < 8.0, "{name}");
    }
    assert_eq!(doubts("plain.png"), []);
}

#[test]
fn several_figures_are_counted_and_split_from_left_to_right() {
    assert_eq!(doubts("77.png"), [PictureDoubt::SeveralFigures(2)]);
    assert_eq!(
        doubts("four_digits_row.png"),
        [PictureDoubt::SeveralFigures(4)]
    );
    let plain = picture("plain.png").reading().expect("a digit");
    let split = picture("77.png").split().expect("two digits");
    assert_eq!(split.len(), 2);
    for seven in &split {
        assert!(difference(&plain, seven) < 12.0);
        assert_eq!(seven.doubts, []);
    }
    assert_eq!(
        picture("four_digits_row.png")
            .split()
            .map(|all| all.len())
            .ok(),
        Some(4)
    );
    assert_eq!(
        picture("plain.png").split().map(|all| all.len()).ok(),
        Some(1)
    );
}

#[test]
fn what_is_no_digit_is_doubtful_or_nothing() {
    for name in [
        "dot.png",
        "one_dark_pixel.png",
        "blank_paper.jpg",
        "landscape.jpg",
    ] {
        match picture(name).reading() {
            Ok(reading) => assert_ne!(reading.doubts, [], "{name}"),
            Err(error) => assert!(matches!(error, DatasetError::BlankImage { .. }), "{error}"),
        }
    }
    let block = GrayImage::from_fn(200, 200, |x, y| {
        let inside = (60..140).contains(&x) && (50..150).contains(&y);
        Luma([if inside { 0 } else { 255 }])
    });
    assert!(of_image(block).doubts.contains(&PictureDoubt::SolidBlock));
    let cut = GrayImage::from_fn(200, 200, |x, y| {
        let inside = (90..110).contains(&x) && (60..200).contains(&y);
        Luma([if inside { 0 } else { 255 }])
    });
    assert!(of_image(cut).doubts.contains(&PictureDoubt::TouchesEdge));
    let small = GrayImage::from_fn(200, 200, |x, y| {
        let inside = (100..102).contains(&x) && (100..107).contains(&y);
        Luma([if inside { 0 } else { 255 }])
    });
    assert!(
        of_image(small)
            .doubts
            .iter()
            .any(|doubt| matches!(doubt, PictureDoubt::FewPixels(_)))
    );
}

fn of_image(image: GrayImage) -> Reading {
    let mut bytes = std::io::Cursor::new(vec![]);
    DynamicImage::from(image)
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("memory takes it");
    let picture = Picture::decode(bytes.get_ref(), "image".as_ref()).expect("a PNG");
    picture.reading().expect("it has ink")
}

#[test]
fn a_small_image_is_centred_unless_it_is_mnists() {
    // The same digit, 28x28 and ten times larger, both off centre.
    let [small, large] =
        ["s28.png", "s280.png"].map(|name| picture(name).reading().expect("a digit"));
    assert!(!small.form.kept);
    assert!(difference(&small, &large) < 12.0);
    let test = datasets::Mnist::load(&bundled_mnist_dir())
        .expect("MNIST")
        .test;
    let mut kept = 0;
    for index in 0..1000 {
        let digit = GrayImage::from_raw(28, 28, test.image(index).to_vec()).expect("28x28");
        let reading = of_image(digit);
        kept += usize::from(reading.form.kept && reading.form.pixels == test.image(index));
    }
    assert!(kept >= 990, "{kept} of 1000 are used as they are");
}
