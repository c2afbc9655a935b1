//! Custom data sets from outside: folders of images to train on, and `trainer inspect`.

use std::fs;

use serde_json::{Value, json};

use crate::common::Workplace;
use crate::documented::assert_documented;
use crate::strokes::{write_class_folders, write_stroke};

/// The one event that `inspect` prints.
fn inspection(workplace: &Workplace, arguments: &str) -> Value {
    let mut events = workplace.events(&format!("inspect {arguments}"));
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
        // How the images were used, in one line.
        let stderr = &finished.stderr;
        let notes = stderr.lines().filter(|line| !line.starts_with("warning: "));
        assert_eq!(notes.count(), 1, "{stderr}");
        for part in ["28 images", "28x28", "held out"] {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
        let events = finished.events();
        assert_eq!(events[0]["test_rows"], 4);
        assert_eq!(events[0]["sizes"][0], 784);
        let config = workplace.path(&format!("runs/{model}/config.json"));
        let config = fs::read(config).expect("the settings can be read");
        let config: Value = serde_json::from_slice(&config).expect("JSON");
        assert_eq!(config["class_names"], json!(["bar", "dash"]));
    }
}

#[test]
fn what_is_wrong_with_a_folder_is_said() {
    type Spoil = fn(&Workplace);
    let faults: [(Spoil, &str); 8] = [
        (
            |w| fs::create_dir(w.path("own/empty")).expect("a folder can be made"),
            "own/empty: expected image files",
        ),
        (
            |w| fs::write(w.path("own/bar/note.png"), "hello").expect("it can be written"),
            "own/bar/note.png: expected a PNG, JPEG, GIF, WebP, TIFF, PNM or BMP image",
        ),
        (
            |w| write_stroke(&w.path("own/bar/blank.png"), "bar", 50, [9, 9]),
            "own/bar/blank.png: ",
        ),
        (
            |w| {
                let path = w.path("own/dash/000.png");
                let bytes = fs::read(&path).expect("it is there");
                fs::write(path, &bytes[..bytes.len() / 2]).expect("it can be written");
            },
            "own/dash/000.png: ",
        ),
        (
            |w| {
                for class in ["own/bar", "own/dash"] {
                    fs::remove_dir_all(w.path(class)).expect("it can be removed");
                }
            },
            "own: expected a data set, got an empty folder; known layouts",
        ),
        (
            |w| {
                fs::rename(w.path("own"), w.path("train")).expect("it can be renamed");
                fs::create_dir(w.path("own")).expect("a folder can be made");
                fs::rename(w.path("train"), w.path("own/train")).expect("it can be renamed");
                fs::create_dir_all(w.path("own/test/cross")).expect("a folder can be made");
                write_stroke(&w.path("own/test/cross/a.png"), "bar", 50, [0, 255]);
            },
            "own/test/cross: ",
        ),
        (
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
            |w| {
                for class in 0..257 {
                    let folder = w.path(&format!("own/{class}"));
                    fs::create_dir(folder).expect("a folder can be made");
                }
            },
            "own: expected at most 256 folders",
        ),
    ];
    for (spoil, message) in faults {
        let workplace = Workplace::new();
        write_class_folders(&workplace.path("own"), 3);
        spoil(&workplace);
        for command in ["inspect own", "--data-dir own --backend flex --epochs 1"] {
            let refused = workplace.run(command);
            refused.assert_refused(&[&format!("error: {message}")]);
            assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
        }
        assert!(!workplace.path("runs").exists(), "a run folder was made");
    }
}

#[test]
fn folders_are_inspected_with_their_own_test_set() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own/train"), 6);
    write_class_folders(&workplace.path("own/test"), 2);
    workplace.events("--data-dir own --backend flex --hidden 4 --epochs 1 --batch-size 4");
    let inspected = inspection(&workplace, "own");
    assert_eq!(inspected["train"]["per_class"], json!([6, 6]));
    assert_eq!(inspected["test"]["per_class"], json!([2, 2]));
    assert_eq!(inspected["images"]["held_out"], 0);
    // They were drawn in the same way.
    assert_eq!(inspected["test_images_in_training"], 4);
    assert_eq!(inspected["of_another_class"], 0);

    write_class_folders(&workplace.path("twice"), 8);
    for name in ["x.png", "y.png"] {
        write_stroke(
            &workplace.path("twice/dash").join(name),
            "bar",
            30,
            [0, 255],
        );
    }
    let inspected = inspection(&workplace, "twice");
    let count = |set: &str| inspected[set]["duplicates_of_another_class"].as_u64();
    let between = inspected["of_another_class"].as_u64();
    let found = [count("train"), count("test"), between].map(|n| n.expect("a count"));
    assert_eq!(found.iter().sum::<u64>(), 2, "{inspected}");

    for class in ["10", "2", "9"] {
        let folder = workplace.path("numbers").join(class);
        fs::create_dir_all(&folder).expect("a folder can be made");
        for (name, size) in [("a.png", 40), ("b.JPG", 90)] {
            write_stroke(&folder.join(name), "bar", size, [0, 255]);
        }
        for name in [".hidden", "notes.txt"] {
            fs::write(folder.join(name), "").expect("it can be written");
        }
    }
    let inspected = inspection(&workplace, "numbers");
    assert_eq!(inspected["classes"], json!(["2", "9", "10"]));
    assert_eq!(inspected["images"]["passed_over"], 3);
    assert_eq!(inspected["train"]["images"], 3);
    assert_eq!(inspected["test"]["images"], 3);
}

#[test]
fn idx_files_are_inspected_too() {
    let workplace = Workplace::new();
    let inspected = inspection(&workplace, "data --sheet sheet.png --samples 4");
    for (field, value) in [
        ("form", json!("idx")),
        ("rows", json!(6)),
        ("columns", json!(5)),
        ("classes", json!(["0", "1", "2"])),
        ("images", Value::Null),
        ("sheet", json!("sheet.png")),
        // The test images are the first of the training images.
        ("test_images_in_training", json!(30)),
    ] {
        assert_eq!(inspected[field], value, "{field}");
    }
    assert_eq!(inspected["train"]["per_class"], json!([40, 40, 40]));
    assert_eq!(inspected["test"]["per_class"], json!([10, 10, 10]));
    assert_eq!(inspected["train"]["duplicates"], 60);
    let sheet = image::open(workplace.path("sheet.png")).expect("a PNG");
    let size = (sheet.width(), sheet.height());
    assert_eq!(size, (2 + 4 * 7, 2 + 3 * 8));

    // The first image of each class, and what it becomes in some epochs.
    let more = "--augment both --augment-strength 0.9 --augment-rotation 1=0.5";
    inspection(
        &workplace,
        &format!("data --sheet more.png --samples 3 {more}"),
    );
    let distorted = image::open(workplace.path("more.png"))
        .expect("a PNG")
        .to_luma8();
    assert_eq!(distorted.dimensions(), (2 + 3 * 7, 2 + 3 * 8));
    let tile = |sheet: &image::GrayImage, column: u32| {
        image::imageops::crop_imm(sheet, 2 + 7 * column, 2, 5, 6).to_image()
    };
    let original = tile(&sheet.to_luma8(), 0);
    let tiles = [0, 1, 2].map(|column| tile(&distorted, column));
    assert_eq!(tiles[0], original);
    assert!(tiles[1] != original && tiles[2] != original && tiles[1] != tiles[2]);

    let text = workplace.text("inspect data --show");
    assert!(
        text.starts_with("data: images of 5x6 pixels, 3 classes\n"),
        "{text}"
    );
    for part in ["training set", "class 0\n", "class 2\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (arguments, naming) in [
        (
            "--sheet no-such-folder/sheet.png",
            &["no-such-folder", "--sheet"][..],
        ),
        ("--samples 0", &["--samples"]),
        ("--augment both", &["--augment", "--sheet"]),
        ("--augment-strength 1", &["--augment both"]),
        (
            "--sheet s.png --augment both --augment-strength 4",
            &["from 0 to 3, got 4"],
        ),
        (
            "--sheet s.png --augment both --augment-rotation 8=0.5",
            &["names the class 8"],
        ),
    ] {
        workplace
            .run(&format!("inspect data {arguments}"))
            .assert_refused(naming);
    }
}

#[test]
fn bad_images_are_left_out_on_request_in_every_command() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own"), 14);
    for name in ["own/bar/001.png", "own/dash/002.png"] {
        fs::write(workplace.path(name), "no image").expect("it can be written");
    }
    let train = "--data-dir own --backend flex --hidden 4 --epochs 1 --batch-size 4 --run-name r";
    let refused = workplace.run(train);
    refused.assert_refused(&["own: expected 28 images that can be used, got 2 that cannot be"]);
    assert_eq!(refused.stderr.lines().count(), 3, "{}", refused.stderr);

    let trained = workplace.run(&format!("{train} --skip-bad"));
    assert_eq!(trained.code, Some(0), "{}", trained.stderr);
    for part in [
        "2 images left out:",
        "own/bar/001.png: expected",
        "own/dash/002.png",
    ] {
        assert!(trained.stderr.contains(part), "{part}: {}", trained.stderr);
    }
    // The run leaves them out for good.
    let evaluated = workplace.run("eval --run runs/r --format json");
    assert_eq!(evaluated.code, Some(0), "{}", evaluated.stderr);
    let inspected = inspection(&workplace, "own --skip-bad");
    assert_eq!(inspected["left_out"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_is_doubtful_is_said_before_training_and_by_inspect() {
    let workplace = Workplace::new();
    let lines = (0..42).map(|i| format!("{},{},0,3,16\n", i % 2 + 1, i % 17));
    fs::write(workplace.path("t.csv"), lines.collect::<String>()).expect("it can be written");
    let inspected = inspection(&workplace, "t.csv");
    assert_eq!(inspected["form"], "csv");
    let doubts = inspected["doubts"].as_array().expect("a list");
    let has = |text: &str| doubts.iter().any(|doubt| doubt.as_str() == Some(text));
    let first = "class 0 without training images: labels should be counted from 0";
    let dim = "training pixels span 0 to 16 of 255: scale them to the whole range";
    assert!(has(first) && has(dim), "{doubts:?}");
    let trained = workplace.run("--data-dir t.csv --backend flex --hidden 4 --epochs 1");
    assert_eq!(trained.code, Some(0), "{}", trained.stderr);
    for doubt in [first, dim] {
        let line = format!("warning: {doubt}\n");
        assert!(trained.stderr.contains(&line), "{}", trained.stderr);
    }
}

#[test]
fn a_validation_set_of_the_data_is_used() {
    let workplace = Workplace::new();
    for (part, images) in [("Train", 6), ("Val", 3), ("Test", 2)] {
        write_class_folders(&workplace.path(&format!("own/{part}")), images);
    }
    let train = "--data-dir own --backend flex --hidden 4 --epochs 1 --batch-size 4 \
                 --schedule constant";
    let events = workplace.events(&format!("{train} --run-name r"));
    assert_eq!(events[0]["training_rows"], 12);
    assert_eq!(events[0]["validation_rows"], 6);
    assert_eq!(events[0]["test_rows"], 4);
    workplace
        .run(&format!("{train} --validation-fraction 0.2"))
        .assert_refused(&["--validation-fraction", "validation set of their own"]);
    let resumed = workplace.run("--resume runs/r --epochs 2");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert_eq!(inspection(&workplace, "own")["validation"]["images"], 6);
}
