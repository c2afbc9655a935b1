//! Folders of images as people have them.

use std::{fs, path::Path};

use datasets::{DataFolder, DatasetError, LayoutError, Loading, TestRowsOf, TestSet};
use image::{GrayImage, Luma};
use tempfile::TempDir;

/// Writes a picture of an L, as wide as a number says, so that no two are alike.
fn write_stroke(path: &Path, width: usize) {
    let image = GrayImage::from_fn(60, 60, |x, y| {
        let is_ink = (10..14).contains(&x) && (10..50).contains(&y)
            || (14..18 + width as u32).contains(&x) && (46..50).contains(&y);
        Luma([if is_ink { 0 } else { 255 }])
    });
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("writable");
    image.save(path).expect("writable");
}

/// A folder with images at these paths.
fn folder(paths: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (index, path) in paths.iter().enumerate() {
        write_stroke(&folder.path().join(path), index);
    }
    folder
}

/// For each part, training, validation and test, the number of images of each class.
fn loaded(paths: &[&str]) -> (Vec<String>, [Option<Vec<usize>>; 3], Vec<String>) {
    let folder = folder(paths);
    let data = DataFolder::load(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let validation = data.validation.map(|set| set.class_histogram());
    let [train, test] = [data.sets.train, data.sets.test].map(|set| Some(set.class_histogram()));
    (data.class_names, [train, validation, test], data.notes)
}

#[test]
fn parts_have_the_names_that_people_give_them() {
    for [train, validation, test] in [
        ["train", "val", "test"],
        ["Train", "Valid", "Test"],
        ["training", "validation", "testing"],
        ["trainingSet", "dev", "testSet"],
        ["digits/train", "digits/val", "digits/test"],
        ["a/b/TRAIN", "a/b/VAL", "a/b/TEST"],
        ["train/train", "val/val", "test/test"],
    ] {
        let paths = [
            format!("{train}/3/a.png"),
            format!("{train}/3/b.png"),
            format!("{train}/7/a.png"),
            format!("{validation}/7/a.png"),
            format!("{test}/3/a.png"),
            format!("{test}/7/a.png"),
        ];
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        let (names, parts, _) = loaded(&paths);
        assert_eq!(names, ["3", "7"], "{train}");
        let expected = [vec![2, 1], vec![0, 1], vec![1, 1]].map(Some);
        assert_eq!(parts, expected, "{train}");
    }
}

#[test]
fn a_wrapping_folder_is_said() {
    let (names, parts, notes) = loaded(&["mine/x/1.png", "mine/x/2.png", "mine/y/1.png"]);
    assert_eq!(names, ["x", "y"]);
    assert_eq!(parts, [Some(vec![1, 1]), None, Some(vec![1, 0])]);
    assert!(
        matches!(&notes[..], [note] if note.ends_with("mine")),
        "{notes:?}"
    );
}

#[test]
fn a_class_may_be_called_train() {
    let (names, parts, _) = loaded(&["bus/1.png", "bus/2.png", "train/1.png"]);
    assert_eq!(names, ["bus", "train"]);
    assert_eq!(parts[0], Some(vec![1, 1]));
    // One class is a class, whatever its name.
    let (names, ..) = loaded(&["train/1.png", "train/2.png"]);
    assert_eq!(names, ["train"]);
}

#[test]
fn without_a_test_set_a_seventh_is_held_out() {
    let paths: Vec<_> = (0..14)
        .map(|i| format!("train/{}/{i}.png", i % 2))
        .collect();
    let paths: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .chain(["val/1/a.png"])
        .collect();
    let (_, parts, _) = loaded(&paths);
    assert_eq!(parts, [vec![6, 6], vec![0, 1], vec![1, 1]].map(Some));
    // Kaggle's test sets have images without classes.
    let paths: Vec<_> = (0..14)
        .map(|i| format!("train/{}/{i}.png", i % 2))
        .collect();
    let paths: Vec<_> = paths
        .iter()
        .map(String::as_str)
        .chain(["test/1.png"])
        .collect();
    let (_, parts, notes) = loaded(&paths);
    assert_eq!(parts, [Some(vec![6, 6]), None, Some(vec![1, 1])]);
    assert!(
        matches!(&notes[..], [note] if note.contains("no class folders")),
        "{notes:?}"
    );
}

#[test]
fn a_test_set_alone_is_evaluated_and_not_trained_on() {
    let folder = folder(&["test/3/a.png", "test/7/a.png"]);
    let error = DataFolder::load(folder.path()).unwrap_err();
    assert!(
        matches!(
            error,
            DatasetError::Layout(LayoutError::NoTrainingSet { .. })
        ),
        "{error}"
    );
    let test = TestSet::load(folder.path(), &Loading::default(), false).unwrap();
    assert_eq!(test.rows_of, TestRowsOf::TestSet);
    assert_eq!(test.images.class_histogram(), [1, 1]);
}

#[test]
fn what_is_no_data_set_is_listed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("got an empty folder; known layouts are"),
        "{error}"
    );
    for name in ["notes.txt", "b.mat", "a.parquet"] {
        fs::write(folder.path().join(name), "x").expect("writable");
    }
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("got a.parquet, b.mat, notes.txt; "),
        "{error}"
    );
    for index in 0..20 {
        fs::write(folder.path().join(format!("z{index}")), "x").expect("writable");
    }
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains(" and 15 more; known layouts"), "{error}");

    let both = self::folder(&["test/3/a.png", "testing/3/a.png", "train/3/a.png"]);
    let error = DataFolder::load(both.path()).unwrap_err().to_string();
    assert!(
        error.contains("got test and testing; remove one"),
        "{error}"
    );
}

#[test]
fn bad_images_are_listed_and_left_out_on_request() {
    let paths: Vec<_> = (0..28).map(|i| format!("{}/{i:02}.png", i % 2)).collect();
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let folder = folder(&paths);
    let whole = DataFolder::load(folder.path()).expect("all are good");
    let spoil = |index: usize| {
        let path = folder.path().join(format!("{}/{index:02}.png", index % 2));
        fs::write(path, "no image").expect("writable");
    };
    spoil(3);
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("03.png: expected a PNG"), "{error}");
    assert!(
        error.ends_with(", or leave it out with --skip-bad"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1);

    (4..16).for_each(spoil);
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    let lines: Vec<_> = error.lines().collect();
    assert!(
        lines[0].contains("expected 28 images that can be used, got 13 that cannot be; "),
        "{error}"
    );
    assert_eq!(lines.len(), 1 + 10 + 1, "{error}");
    assert_eq!(lines[11], "  and 3 more");

    let skipping = Loading {
        skip_bad: true,
        ..Loading::default()
    };
    let data = DataFolder::load_with(folder.path(), &skipping).expect("some are good");
    assert_eq!(data.left_out.len(), 13);
    assert!(
        data.left_out
            .iter()
            .all(|line| line.contains(".png: expected"))
    );
    assert_eq!(data.sets.train.len() + data.sets.test.len(), 15);
    // The others are held out as before.
    assert!(data.sets.test.duplicates_of(&whole.sets.train).is_empty());
    let test = TestSet::load(folder.path(), &skipping, false).expect("some are good");
    assert_eq!((test.images.len(), test.left_out.len()), (15, 13));

    // A class must keep an image to learn from.
    (0..28).filter(|index| index % 2 == 1).for_each(spoil);
    let error = DataFolder::load_with(folder.path(), &skipping).unwrap_err();
    assert!(
        matches!(
            error,
            DatasetError::Layout(LayoutError::ClassWithoutReadableImages { .. })
        ),
        "{error}"
    );
}
