//! Folders of images: classes matched by name, test sets, and what is done to the images.

use std::fs;
use std::path::Path;

use datasets::{
    Appearance, ClassMap, DataFolder, ImageSet, Loading, Mnist, Picture, TestRowsOf, TestSet,
    Treatment, bundled_mnist_dir,
};
use image::{DynamicImage, GrayImage, Rgb, RgbImage, imageops};
use proptest::prelude::*;
use tempfile::TempDir;

fn digits() -> ImageSet {
    Mnist::load(&bundled_mnist_dir())
        .expect("MNIST is there")
        .test
}

fn digit(digits: &ImageSet, index: usize) -> GrayImage {
    GrayImage::from_raw(28, 28, digits.image(index).to_vec()).expect("28x28 pixels")
}

fn save(image: impl Into<DynamicImage>, path: &Path) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("writable");
    image.into().save(path).expect("writable");
}

/// A folder with the first test digits of MNIST, `count` for each pair of a digit and a folder.
fn folder(classes: &[(u8, &str)], count: usize) -> TempDir {
    let digits = digits();
    let folder = TempDir::new().expect("a temporary folder");
    for (class, name) in classes {
        let of_class = (0..digits.len()).filter(|&index| digits.label(index) == *class);
        for index in of_class.take(count) {
            let path = folder.path().join(name).join(format!("{index:05}.png"));
            save(digit(&digits, index), &path);
        }
    }
    folder
}

/// A picture of many colours.
fn photograph(seed: u32, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave =
            |a: u32, b: u32| (127.0 + 127.0 * (((x * a + y * b + seed) as f32) / 40.0).sin()) as u8;
        Rgb([wave(1, 2), wave(3, 1), wave(2, 5)])
    })
}

fn known(classes: &[&str], map: &[(&str, &str)]) -> Loading {
    Loading {
        classes: Some(classes.iter().map(|&class| class.to_owned()).collect()),
        class_map: map.iter().copied().collect(),
        ..Loading::default()
    }
}

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

#[test]
fn every_image_is_for_testing_and_has_the_label_of_its_name() {
    let folder = folder(&[(3, "3"), (7, "07"), (8, "otte")], 3);
    let loading = known(&DIGITS, &[("otte", "8")]);
    let test = TestSet::load(folder.path(), &loading, false).expect("a valid folder");
    assert_eq!(test.images.labels(), [3, 3, 3, 7, 7, 7, 8, 8, 8]);
    assert_eq!(test.images.class_count(), 10);
    assert_eq!(test.rows_of, TestRowsOf::EveryImage);
    assert_eq!(test.class_names, DIGITS);

    let error = TestSet::load(folder.path(), &known(&DIGITS, &[]), false).unwrap_err();
    let error = error.to_string();
    for part in [
        "(0, 1, 2, 3,",
        "got 07, 3, otte, of which it does not know otte;",
        "--class-map",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn the_held_out_images_are_those_of_the_run() {
    let folder = folder(&[(3, "a"), (7, "b")], 21);
    let data = DataFolder::load(folder.path()).expect("a valid folder");
    let test = TestSet::load(folder.path(), &Loading::default(), true).expect("a valid folder");
    assert_eq!(test.rows_of, TestRowsOf::HeldOut);
    assert_eq!(test.images, data.sets.test);
    let all = TestSet::load(folder.path(), &Loading::default(), false).expect("a valid folder");
    assert_eq!((all.images.len(), test.images.len()), (42, 6));
    // The folder test beside train is the test set, and its own names count.
    fs::create_dir(folder.path().join("train")).expect("writable");
    fs::create_dir(folder.path().join("test")).expect("writable");
    for (from, to) in [("a", "train/3"), ("b", "test/7")] {
        fs::rename(folder.path().join(from), folder.path().join(to)).expect("writable");
    }
    for only_held_out in [false, true] {
        let test = TestSet::load(folder.path(), &known(&DIGITS, &[]), only_held_out);
        let test = test.expect("a valid folder");
        assert_eq!(test.rows_of, TestRowsOf::TestSet);
        assert_eq!(test.images.labels(), [7; 21]);
    }
}

#[test]
fn other_names_in_another_order_give_the_same_data() {
    let words = folder(&[(1, "one"), (2, "two"), (0, "zero")], 7);
    let numbers = folder(&[(1, "1"), (2, "2"), (0, "0")], 7);
    let run = DataFolder::load(words.path()).expect("a valid folder");
    assert_eq!(run.class_names, ["one", "two", "zero"]);
    let other = DataFolder::load(numbers.path()).expect("a valid folder");
    assert_ne!(other.sets, run.sets);
    let map = [("0", "zero"), ("1", "one"), ("2", "two")];
    let mapped = DataFolder::load_with(numbers.path(), &known(&["one", "two", "zero"], &map));
    assert_eq!(mapped.expect("a valid folder"), run);
    // Without known classes, the map names them.
    let map = ClassMap::from_iter(map);
    let loading = Loading {
        class_map: map,
        ..Loading::default()
    };
    let named = DataFolder::load_with(numbers.path(), &loading).expect("a valid folder");
    assert_eq!(named, run);
}

#[test]
fn labels_of_idx_files_are_names_too() {
    let mnist = bundled_mnist_dir();
    let reversed: Vec<&str> = DIGITS.iter().rev().copied().collect();
    let plain = TestSet::load(&mnist, &Loading::default(), false).expect("MNIST");
    let test = TestSet::load(&mnist, &known(&reversed, &[]), false).expect("MNIST");
    let expected: Vec<u8> = plain
        .images
        .labels()
        .iter()
        .map(|label| 9 - label)
        .collect();
    assert_eq!(test.images.labels(), expected);
    let error = TestSet::load(&mnist, &known(&["cat", "dog"], &[]), false).unwrap_err();
    assert!(
        error.to_string().contains("knows (cat, dog), got 0, 1, 2"),
        "{error}"
    );
}

#[test]
fn digits_look_like_strokes_in_any_size_and_colour() {
    let digits = digits();
    let looks = |image: DynamicImage| {
        let mut png = std::io::Cursor::new(vec![]);
        image
            .write_to(&mut png, image::ImageFormat::Png)
            .expect("memory");
        Picture::decode(png.get_ref(), "x".as_ref())
            .expect("an image")
            .appearance()
    };
    let mut strokes = [0; 3];
    for index in 0..300 {
        let digit = digit(&digits, index);
        let mut dark = digit.clone();
        imageops::invert(&mut dark);
        let large = imageops::resize(&dark, 230, 230, imageops::FilterType::Triangle);
        for (count, image) in strokes.iter_mut().zip([digit, dark, large]) {
            *count += usize::from(looks(image.into()) == Appearance::Strokes);
        }
    }
    assert!(
        strokes.into_iter().all(|count| count >= 285),
        "{strokes:?} of 300"
    );
    assert_eq!(looks(photograph(0, 90, 60).into()), Appearance::Photograph);
}

proptest! {
    /// Any text is a map or names its line, and a map that is written out is the same again.
    #[test]
    fn any_text_is_a_map_or_an_error(text in "[a-z=,#\t\n ]{0,60}") {
        let parse = |text: &str| ClassMap::parse(text, "map".as_ref());
        match parse(&text) {
            Ok(map) => {
                let lines = map.pairs().map(|(name, class)| format!("{name}={class}\n"));
                let written: String = lines.collect();
                prop_assert_eq!(parse(&written).unwrap(), map);
            }
            Err(error) => prop_assert!(error.to_string().starts_with("map: line ")),
        }
    }
}

#[test]
fn an_endless_map_is_refused() {
    let zeros = Path::new("/dev/zero");
    if zeros.exists() {
        let error = ClassMap::read(zeros).unwrap_err().to_string();
        assert!(error.contains("at most 1048576 bytes"), "{error}");
    }
}

#[test]
fn photographs_are_resized_and_kept_as_they_are() {
    let folder = TempDir::new().expect("a temporary folder");
    for (class, seed) in [("a", 0), ("b", 1000)] {
        for i in 0..7 {
            let path = folder.path().join(class).join(format!("{i}.png"));
            save(photograph(seed + 97 * i, 60, 40), &path);
        }
    }
    let data = DataFolder::load(folder.path()).expect("a valid folder");
    let images = data.image_folder.expect("it is one");
    let plain = |rows, columns| Treatment::Plain { rows, columns };
    assert_eq!((images.treatment, images.is_chosen), (plain(28, 28), true));
    assert_eq!(data.sets.train.image_size(), 784);

    let loading = Loading {
        treatment: Some(plain(40, 60)),
        ..Loading::default()
    };
    let data = DataFolder::load_with(folder.path(), &loading).expect("a valid folder");
    let images = data.image_folder.expect("it is one");
    assert_eq!((images.kept, images.is_chosen), (14, false));
    let colour = photograph(0, 60, 40);
    let [grey, colour] = [data.sets.train.image(0), colour.as_raw()];
    // Rec. 709, as the decoder has it.
    for (grey, rgb) in grey.iter().zip(colour.chunks(3)) {
        let luma =
            0.2126 * f64::from(rgb[0]) + 0.7152 * f64::from(rgb[1]) + 0.0722 * f64::from(rgb[2]);
        assert!((f64::from(*grey) - luma).abs() <= 1.0, "{grey} {luma}");
    }

    // Strokes among them leave a doubt, which a choice ends.
    let digits = digits();
    for index in 0..6 {
        save(
            digit(&digits, index),
            &folder.path().join("c").join(format!("{index}.png")),
        );
    }
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains(
            "got 6 of the first kind, 14 of the second and 0 of neither among 20 looked at; \
                        choose with --images strokes or --images plain"
        ),
        "{error}"
    );
    assert!(DataFolder::load_with(folder.path(), &loading).is_ok());
}
