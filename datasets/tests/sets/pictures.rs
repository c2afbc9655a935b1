//! Images of any kind become digits, and folders of them become data sets.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use datasets::{
    DataFolder, DatasetError, MNIST_SIDE, Mnist, MnistForm, Picture, bundled_mnist_dir,
    image_files_in,
};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageFormat, RgbaImage};
use proptest::prelude::*;
use tempfile::TempDir;

fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    let image: DynamicImage = image.into();
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("memory takes it");
    bytes.into_inner()
}

fn jpeg(image: &GrayImage, quality: u8) -> Vec<u8> {
    let mut bytes = vec![];
    image
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .expect("memory takes it");
    bytes
}

fn form(file: &[u8]) -> Result<MnistForm, DatasetError> {
    Picture::decode(file, "file".as_ref())?.mnist_form()
}

fn digits() -> datasets::ImageSet {
    Mnist::load(&bundled_mnist_dir())
        .expect("MNIST is there")
        .test
}

/// An image of a set in a buffer.
fn buffer(pixels: &[u8]) -> GrayImage {
    let side = MNIST_SIDE as u32;
    GrayImage::from_raw(side, side, pixels.to_vec()).expect("28x28 pixels")
}

#[test]
fn an_image_in_mnists_format_is_used_unchanged() {
    let digits = digits();
    for index in 0..200 {
        let digit = buffer(digits.image(index));
        let mut inverted = digit.clone();
        imageops::invert(&mut inverted);
        for file in [
            png(digit.clone()),
            png(DynamicImage::from(inverted).to_rgb8()),
        ] {
            let form = form(&file).expect("the image shows a digit");
            assert!(form.kept);
            assert_eq!(form.pixels, digits.image(index), "image {index}");
        }
    }
}

fn enlarged(digit: &GrayImage, filter: FilterType) -> GrayImage {
    imageops::resize(digit, 280, 280, filter)
}

/// Enlarged ten times and converted back, the first 200 test images differ from the originals by 2.2
/// of 255 grey levels on average with sharp pixels, and by 7.4 with smooth ones, as JPEG or not.
#[test]
fn an_enlarged_digit_comes_back_nearly_as_it_was() {
    type Draw = fn(&GrayImage) -> Vec<u8>;
    let draws: [(Draw, f64); 3] = [
        (|digit| png(enlarged(digit, FilterType::Nearest)), 3.0),
        (|digit| png(enlarged(digit, FilterType::Triangle)), 8.0),
        (
            |digit| jpeg(&enlarged(digit, FilterType::Triangle), 75),
            9.0,
        ),
    ];
    let digits = digits();
    for (draw, bound) in draws {
        let differences = (0..200).map(|index| {
            let form = form(&draw(&buffer(digits.image(index)))).expect("the image shows a digit");
            assert!(!form.kept);
            let pairs = form.pixels.iter().zip(digits.image(index));
            pairs.map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / 784.0
        });
        let mean = differences.sum::<f64>() / 200.0;
        assert!(mean < bound, "{mean}");
    }
}

#[test]
fn centres_of_mass_lie_where_mnist_has_them() {
    let digits = digits();
    for index in 0..100 {
        let mut sheet = GrayImage::new(200, 160);
        let digit = imageops::resize(&buffer(digits.image(index)), 84, 84, FilterType::Triangle);
        imageops::replace(&mut sheet, &digit, 100, 20);
        let form = form(&png(sheet)).expect("the image shows a digit");
        let mass: f64 = form.pixels.iter().map(|&p| f64::from(p)).sum();
        for coordinate in [|i: usize| i % MNIST_SIDE, |i: usize| i / MNIST_SIDE] {
            let moments = form.pixels.iter().enumerate();
            let moment: f64 = moments
                .map(|(i, &p)| coordinate(i) as f64 * f64::from(p))
                .sum();
            assert!(
                (moment / mass - 14.0).abs() <= 0.51,
                "image {index}: {}",
                moment / mass
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No panic, and an error with a remedy, whatever the bytes are.
    #[test]
    fn any_bytes_are_an_image_or_an_error(
        start in prop::sample::select(vec![
            &b""[..], b"\x89PNG\r\n\x1a\n", b"BM", b"\xff\xd8\xff\xe0",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        if let Err(error) = form(&[start, &rest].concat()) {
            let text = error.to_string();
            prop_assert!(text.contains("; ") && !text.contains('\n'), "{}", text);
        }
    }

    /// A valid file with some bytes changed.
    #[test]
    fn a_damaged_image_is_an_image_or_an_error(
        kind in 0..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let image = GrayImage::from_fn(30, 20, |x, y| image::Luma([(x * y) as u8]));
        let mut file = match kind {
            0 => png(image),
            1 => jpeg(&image, 80),
            _ => {
                let mut bytes = Cursor::new(vec![]);
                image.write_to(&mut bytes, ImageFormat::Bmp).expect("memory takes it");
                bytes.into_inner()
            }
        };
        for (index, byte) in changes {
            let index = index.index(file.len());
            file[index] = byte;
        }
        if let Err(error) = form(&file) {
            prop_assert!(error.to_string().contains("; "), "{}", error);
        }
    }

    /// Any pixels give 28x28 grey levels with full ink somewhere, or are blank.
    #[test]
    fn any_pixels_give_a_digit_or_are_blank(
        width in 1..40_u32,
        height in 1..40_u32,
        pixels in prop::collection::vec(any::<u8>(), 40 * 40 * 4),
    ) {
        let size = (width * height * 4) as usize;
        let image = RgbaImage::from_raw(width, height, pixels[..size].to_vec()).expect("as many");
        match form(&png(image)) {
            Ok(form) => {
                prop_assert_eq!(form.pixels.len(), 784);
                prop_assert!(form.kept || form.pixels.contains(&255));
            }
            Err(DatasetError::BlankImage { .. }) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
}

/// A folder with the given files, each the digit `index` of MNIST.
fn folder(files: &[(&str, usize)]) -> TempDir {
    let digits = digits();
    let folder = TempDir::new().expect("a temporary folder");
    for (path, index) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
        fs::write(path, png(buffer(digits.image(*index)))).expect("writable");
    }
    folder
}

#[test]
fn labels_follow_the_order_of_the_training_classes() {
    let folder = folder(&[
        ("train/ten/a.png", 0),
        ("train/ten/b.png", 1),
        ("train/eleven/a.png", 2),
        ("test/ten/a.png", 3),
    ]);
    let data = DataFolder::load(folder.path()).expect("a valid folder");
    assert_eq!(data.class_names, ["eleven", "ten"]);
    let Mnist { train, test } = data.sets;
    assert_eq!((train.labels(), test.labels()), (&[0, 1, 1][..], &[1][..]));
    assert_eq!((train.class_count(), test.class_count()), (2, 2));
    let digits = digits();
    assert_eq!(
        (train.image(0), train.image(1)),
        (digits.image(2), digits.image(0))
    );
    assert_eq!(test.image(0), digits.image(3));
    let images = data.image_folder.expect("it is one");
    assert_eq!((images.held_out, images.kept, images.formed), (0, 4, 0));
}

#[test]
fn a_seventh_of_each_class_is_held_out_the_same_every_time() {
    let names: Vec<String> = (0..40)
        .map(|i| format!("{}/{i}.png", ["a", "b"][usize::from(i >= 30)]))
        .collect();
    let files: Vec<(&str, usize)> = names.iter().map(String::as_str).zip(0..).collect();
    let folder = folder(&files);
    let data = DataFolder::load(folder.path()).expect("a valid folder");
    assert_eq!(data.sets.test.class_histogram(), [4, 1]);
    assert_eq!(data.sets.train.class_histogram(), [26, 9]);
    assert!(data.sets.test.duplicates_of(&data.sets.train).is_empty());
    assert_eq!(data.image_folder.map(|images| images.held_out), Some(5));
    assert_eq!(DataFolder::load(folder.path()).expect("as before"), data);
}

#[test]
fn the_only_image_of_a_class_is_for_training() {
    let folder = folder(&[("a/1.png", 0), ("b/1.png", 1), ("b/2.png", 2)]);
    let sets = DataFolder::load(folder.path())
        .expect("a valid folder")
        .sets;
    assert_eq!(sets.train.class_histogram(), [1, 1]);
    assert_eq!(sets.test.class_histogram(), [0, 1]);
}

#[test]
fn four_files_of_mnist_take_precedence_over_folders() {
    let folder = folder(&[("a/1.png", 0), ("a/2.png", 1)]);
    fs::write(folder.path().join("train-labels-idx1-ubyte"), "").expect("writable");
    let error = DataFolder::load(folder.path()).expect_err("three files are missing");
    assert!(matches!(error, DatasetError::FileMissing { .. }), "{error}");
}

#[test]
fn files_are_listed_by_name_without_hidden_ones() {
    let folder = folder(&[("b.png", 0), ("a.JPEG", 1), (".c.png", 2), ("d.txt", 3)]);
    let files = image_files_in(folder.path()).expect("there are two");
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()).collect();
    assert_eq!(names, ["a.JPEG", "b.png"]);
    let error = image_files_in(Path::new("no/such/folder")).expect_err("it is missing");
    assert!(matches!(error, DatasetError::Unreadable { .. }), "{error}");
}
