//! Folders of images as people have them.

use std::{fs, path::Path};

use datasets::{DataFolder, DatasetError, LayoutError, Loading, Picture, TestRowsOf, TestSet};
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
        ["train", "dev", "eval"],
        ["train", "val", "holdout"],
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

/// Images of a validation set are images of the folder, and so are those that only it has.
#[test]
fn every_image_is_every_image() {
    let folder = folder(&[
        "train/3/a.png",
        "train/7/a.png",
        "val/3/a.png",
        "val/8/a.png",
    ]);
    let test = TestSet::load(folder.path(), &Loading::default(), false).expect("a folder");
    assert_eq!(test.rows_of, TestRowsOf::EveryImage);
    assert_eq!(test.class_names, ["3", "7", "8"]);
    assert_eq!(test.images.labels(), [0, 0, 1, 2]);
    assert_eq!(test.training, None);
}

/// What was held out can be told from what a net was trained on, once images were added.
#[test]
fn the_images_to_learn_from_come_with_those_held_out() {
    let paths: Vec<_> = (0..14).map(|i| format!("{}/{i:02}.png", i % 2)).collect();
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let folder = folder(&paths);
    let trained_on = DataFolder::load(folder.path())
        .expect("a folder")
        .sets
        .train;
    let held_out = || TestSet::load(folder.path(), &Loading::default(), true).expect("a folder");
    assert_eq!(held_out().training, Some(trained_on.clone()));
    assert_eq!(held_out().image_folder.map(|images| images.formed), Some(2));
    for index in 14..40 {
        write_stroke(&folder.path().join(format!("0/{index}.png")), index);
    }
    let now = held_out().training.expect("there are others");
    assert_ne!(now, trained_on);
}

#[test]
fn folders_and_tables_that_are_not_used_are_said() {
    let paths = ["train/3/a.png", "test/3/a.png", "unlabelled/3/a.png"];
    let (_, parts, notes) = loaded(&paths);
    assert_eq!(parts, [Some(vec![1]), None, Some(vec![1])]);
    assert!(
        matches!(&notes[..], [note] if note.contains("unlabelled is not used: its name")),
        "{notes:?}"
    );
    let folder = folder(&["a/1.png", "a/2.png", "b/1.png"]);
    fs::write(folder.path().join("notes.csv"), "1.png,a\n").expect("writable");
    let data = DataFolder::load(folder.path()).expect("two classes");
    let test = TestSet::load(folder.path(), &Loading::default(), false).expect("two classes");
    for notes in [data.notes, test.notes] {
        assert!(
            matches!(&notes[..], [note] if note.contains("notes.csv is not read")),
            "{notes:?}"
        );
    }
}

#[test]
fn images_whose_labels_are_in_a_table_are_refused() {
    for paths in [
        &["images/1.png", "images/2.png"][..],
        &["train/1.png", "test/2.png"],
    ] {
        let folder = folder(paths);
        fs::write(folder.path().join("labels.csv"), "1.png,a\n").expect("writable");
        let error = DataFolder::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("labels.csv; a table of labels"), "{error}");
    }
    // Not two classes called train and test.
    let folder = folder(&["train/1.png", "test/2.png"]);
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("train: expected a folder of images for each class"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_no_data_set_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, start, got) in [
        (
            "a.h5",
            &b"\x89HDF\r\n\x1a\n\0"[..],
            "got an HDF5 file; save its arrays",
        ),
        ("a.parquet", b"PAR1\x15\x04", "got a Parquet table; "),
        ("a.mat", b"MATLAB 5.0 MAT-file", "got a MATLAB file; "),
        ("a.pkl", b"\x80\x04\x95", "got a Python pickle; "),
        ("a.zip", b"PK\x03\x04", "got a ZIP archive; unpack it"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "got a single image; "),
        ("a.txt", b"hello", "got another kind of file; "),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, start).expect("writable");
        let error = DataFolder::load(&path).unwrap_err().to_string();
        assert!(
            error.contains(got) && error.contains("; known layouts are "),
            "{error}"
        );
    }
}

/// A named pipe that nobody writes to would be waited for without end.
#[cfg(unix)]
#[test]
fn named_pipes_in_folders_are_passed_over() {
    let folder = folder(&["a/1.png", "a/2.png", "b/1.png"]);
    for name in ["a/pipe.png", "train.csv"] {
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join(name))
            .status();
        assert!(made.expect("mkfifo is there").success());
    }
    let data = DataFolder::load(folder.path()).expect("two classes");
    assert_eq!(data.class_names, ["a", "b"]);
    assert_eq!(data.image_folder.map(|images| images.passed_over), Some(1));
    let files = datasets::image_files_in(&folder.path().join("a")).expect("two images");
    assert_eq!(files.len(), 2);
    // A link to nothing is no image, and is not passed over.
    std::os::unix::fs::symlink("nothing", folder.path().join("a/3.png")).expect("writable");
    let error = DataFolder::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("3.png: expected a readable file"), "{error}");
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
    // A seventh of 8 and of 7.
    assert_eq!(data.sets.test.class_histogram(), [1, 1]);
    let held_out = TestSet::load(folder.path(), &skipping, true).expect("some are good");
    assert_eq!(held_out.images, data.sets.test);
    assert_eq!(held_out.training, Some(data.sets.train));
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

#[test]
fn images_left_out_take_no_held_out_places() {
    let paths: Vec<_> = (0..28).map(|i| format!("{}/{i:02}.png", i % 2)).collect();
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    let folder = folder(&paths);
    let whole = DataFolder::load(folder.path()).expect("all are good").sets;
    assert_eq!(whole.test.class_histogram(), [2, 2]);
    let mut spoiled = 0;
    for path in paths.iter().map(|path| folder.path().join(path)) {
        let form = Picture::open(&path).and_then(|picture| picture.mnist_form());
        let pixels = form.expect("it has ink").pixels;
        if (0..whole.test.len()).any(|index| whole.test.image(index) == pixels) {
            fs::write(path, "no image").expect("writable");
            spoiled += 1;
        }
    }
    assert_eq!(spoiled, 4);
    let skipping = Loading {
        skip_bad: true,
        ..Loading::default()
    };
    let data = DataFolder::load_with(folder.path(), &skipping).expect("the others are good");
    assert_eq!(data.sets.test.class_histogram(), [2, 2]);
    assert_eq!(data.sets.train.class_histogram(), [10, 10]);
}

/// A name may break a line, but not that of a list.
#[cfg(unix)]
#[test]
fn an_image_that_is_left_out_has_one_line() {
    let folder = folder(&["a/1.png", "a/2.png"]);
    fs::write(folder.path().join("a/3\n4.png"), "no image").expect("writable");
    let skipping = Loading {
        skip_bad: true,
        ..Loading::default()
    };
    let data = DataFolder::load_with(folder.path(), &skipping).expect("two are good");
    assert!(
        matches!(&data.left_out[..], [line] if line.contains("3\\n4.png: expected")),
        "{:?}",
        data.left_out
    );
}
