//! Data sets of one's own from outside: folders of images to train on, and `trainer inspect`.

#[allow(dead_code, reason = "each test program uses its part of it")]
mod common;
mod documented;
mod strokes;

use std::fs;

use common::{Finished, Workplace};
use documented::assert_documented;
use serde_json::{Value, json};
use strokes::{write_class_folders, write_stroke};

fn read_json(path: &std::path::Path) -> Value {
    let text = fs::read_to_string(path).expect("the file is there");
    serde_json::from_str(&text).expect("the file is JSON")
}

/// The one event that `inspect` prints.
fn inspection(workplace: &Workplace, arguments: &str) -> Value {
    let finished = workplace.run(&format!("inspect {arguments} --format json"));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let mut events = finished.events();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_documented(&events[0]);
    events.remove(0)
}

#[test]
fn both_models_learn_from_a_folder_of_images() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own"), 14);
    for (model, options) in [
        ("mnist-mlp", "--hidden 8 --learning-rate 0.02"),
        ("linear-regression", "--ridge 1 --learning-rate 0.001"),
    ] {
        let finished = workplace.run(&format!(
            "--model {model} {options} --data-dir own --backend flex --epochs 20 --batch-size 4 \
             --format json --run-name {model} --min-accuracy 1"
        ));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(
            finished.stderr,
            "28 images brought to MNIST's form, 0 that had it kept as they are; 4 held out as the \
             test set, a seventh of each class, the same in every run\n"
        );
        let events = finished.events();
        assert_eq!(events[0]["test_rows"], 4);
        assert_eq!(events[0]["sizes"][0], 784);
        let config = read_json(&workplace.path(&format!("runs/{model}/config.json")));
        assert_eq!(config["class_names"], json!(["bar", "dash"]));
    }
}

#[test]
fn a_test_folder_beside_a_training_folder_is_the_test_set() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own/train"), 6);
    write_class_folders(&workplace.path("own/test"), 2);
    let events = workplace.events(
        "--data-dir own --backend flex --hidden 4 --epochs 1 --batch-size 4 --quiet --run-name r",
    );
    assert_eq!(events.len(), 1);
    let inspected = inspection(&workplace, "own");
    assert_eq!(inspected["train"]["per_class"], json!([6, 6]));
    assert_eq!(inspected["test"]["per_class"], json!([2, 2]));
    assert_eq!(inspected["images"]["held_out"], 0);
    // They were drawn alike.
    assert_eq!(inspected["test_images_in_training"], 4);
    assert_eq!(inspected["of_another_class"], 0);
}

#[test]
fn classes_named_by_numbers_are_in_their_order() {
    let workplace = Workplace::new();
    for class in ["10", "2", "9"] {
        fs::create_dir_all(workplace.path("own").join(class)).expect("a folder can be made");
        for (name, size) in [("a.png", 40), ("b.JPG", 90)] {
            write_stroke(
                &workplace.path("own").join(class).join(name),
                "bar",
                size,
                [0, 255],
            );
        }
        fs::write(workplace.path("own").join(class).join(".hidden"), "")
            .expect("it can be written");
        fs::write(workplace.path("own").join(class).join("notes.txt"), "").expect("it can be");
    }
    let inspected = inspection(&workplace, "own");
    assert_eq!(inspected["classes"], json!(["2", "9", "10"]));
    assert_eq!(inspected["images"]["passed_over"], 3);
    assert_eq!(inspected["train"]["images"], 3);
    assert_eq!(inspected["test"]["images"], 3);
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    type Spoil = fn(&Workplace);
    let faults: [(&str, Spoil, &str); 7] = [
        (
            "a folder without an image",
            |w| fs::create_dir(w.path("own/empty")).expect("a folder can be made"),
            "own/empty: expected image files",
        ),
        (
            "a file that is no image",
            |w| fs::write(w.path("own/bar/note.png"), "hello").expect("it can be written"),
            "own/bar/note.png: expected a PNG, JPEG or BMP image",
        ),
        (
            "an image that is cut off",
            |w| {
                let path = w.path("own/dash/000.png");
                let bytes = fs::read(&path).expect("it is there");
                fs::write(path, &bytes[..bytes.len() / 2]).expect("it can be written");
            },
            "own/dash/000.png: expected a complete and valid image",
        ),
        (
            "a blank image",
            |w| write_stroke(&w.path("own/bar/blank.png"), "bar", 50, [9, 9]),
            "own/bar/blank.png: expected a figure on a plain background",
        ),
        (
            "neither files nor folders",
            |w| {
                fs::remove_dir_all(w.path("own/bar"))
                    .and_then(|()| fs::remove_dir_all(w.path("own/dash")))
                    .expect("they can be removed")
            },
            "own: expected four files in MNIST's format, or a folder of images",
        ),
        (
            "one image a class",
            |w| {
                for class in ["own/bar", "own/dash"] {
                    fs::remove_dir_all(w.path(class)).expect("it can be removed");
                    fs::create_dir(w.path(class)).expect("a folder can be made");
                    write_stroke(&w.path(class).join("a.png"), "bar", 50, [0, 255]);
                }
            },
            "own: expected a class of at least 2 images",
        ),
        (
            "a class of the test set alone",
            |w| {
                fs::rename(w.path("own"), w.path("train")).expect("it can be renamed");
                fs::create_dir(w.path("own")).expect("a folder can be made");
                fs::rename(w.path("train"), w.path("own/train")).expect("it can be renamed");
                fs::create_dir_all(w.path("own/test/cross")).expect("a folder can be made");
                write_stroke(&w.path("own/test/cross/a.png"), "bar", 50, [0, 255]);
            },
            "own/test/cross: expected a class that also has training images",
        ),
    ];
    for (fault, spoil, message) in faults {
        let workplace = Workplace::new();
        write_class_folders(&workplace.path("own"), 3);
        spoil(&workplace);
        for command in ["inspect own", "--data-dir own --backend flex --epochs 1"] {
            let finished = workplace.run(command);
            let Finished {
                code,
                stdout,
                stderr,
            } = &finished;
            assert_eq!((*code, stdout.as_str()), (Some(2), ""), "{fault}: {stderr}");
            assert_eq!(stderr.lines().count(), 1, "{fault}: {stderr}");
            assert!(
                stderr.starts_with(&format!("error: {message}")),
                "{fault}: {stderr}"
            );
        }
        assert!(
            !workplace.path("runs").exists(),
            "{fault}: a run folder was made"
        );
    }
}

#[test]
fn too_many_classes_are_refused() {
    let workplace = Workplace::new();
    for class in 0..257 {
        fs::create_dir_all(workplace.path(&format!("own/{class}"))).expect("a folder can be made");
    }
    let finished = workplace.run("inspect own");
    assert_eq!(finished.code, Some(2));
    assert!(
        finished
            .stderr
            .contains("at most 256 folders, one for each class, got 257"),
        "{}",
        finished.stderr
    );
}

#[test]
fn idx_files_are_inspected_too() {
    let workplace = Workplace::new();
    let inspected = inspection(&workplace, "data");
    assert_eq!(inspected["form"], "idx");
    assert_eq!(
        (&inspected["rows"], &inspected["columns"]),
        (&json!(6), &json!(5))
    );
    assert_eq!(inspected["classes"], json!(["0", "1", "2"]));
    assert_eq!(inspected["train"]["per_class"], json!([40, 40, 40]));
    assert_eq!(inspected["test"]["per_class"], json!([10, 10, 10]));
    assert_eq!(inspected["images"], Value::Null);
    assert_eq!(inspected["sheet"], Value::Null);
    // The test images are the first of the training images; of those, every 60th is the same.
    assert_eq!(inspected["test_images_in_training"], 30);
    assert_eq!(inspected["train"]["duplicates"], 60);

    let finished = workplace.run("inspect data");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    assert!(
        finished
            .stdout
            .starts_with("data: images of 5x6 pixels, 3 classes\n"),
        "{}",
        finished.stdout
    );
    assert!(
        finished
            .stdout
            .ends_with("\n30 test images are training images, too, 0 of them with another class\n"),
        "{}",
        finished.stdout
    );
}

#[test]
fn the_same_image_in_two_classes_is_counted() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own"), 8);
    for name in ["x.png", "y.png"] {
        write_stroke(&workplace.path("own/dash").join(name), "bar", 30, [0, 255]);
    }
    let inspected = inspection(&workplace, "own");
    let figure = |set: &str| inspected[set]["duplicates_of_another_class"].as_u64();
    let between = inspected["of_another_class"].as_u64();
    let found = [figure("train"), figure("test"), between].map(|n| n.expect("a count"));
    assert_eq!(found.iter().sum::<u64>(), 2, "{inspected}");
}

#[test]
fn a_sheet_is_written_whole_or_refused() {
    let workplace = Workplace::new();
    let inspected = inspection(&workplace, "data --sheet sheet.png --samples 4");
    assert_eq!(inspected["sheet"], "sheet.png");
    let sheet = image::open(workplace.path("sheet.png"))
        .expect("it is a PNG")
        .to_luma8();
    assert_eq!(sheet.dimensions(), (2 + 4 * 7, 2 + 3 * 8));

    let finished = workplace.run("inspect data --sheet no-such-folder/sheet.png");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(
        finished.stderr.contains("with --sheet"),
        "{}",
        finished.stderr
    );
    let finished = workplace.run("inspect data --samples 0");
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("--samples"), "{}", finished.stderr);
}

#[test]
fn show_draws_one_image_of_each_class() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own"), 3);
    let finished = workplace.run("inspect own --show");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    for class in ["class bar\n", "class dash\n"] {
        assert!(finished.stdout.contains(class), "{}", finished.stdout);
    }
    assert!(finished.stdout.contains("@@@@"), "{}", finished.stdout);
}
