//! Images of one's own from outside: classes matched by name, every image judged, and photographs.

use std::f32::consts::TAU;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Workplace, copy_folder, metrics, of_crate};
use crate::documented::assert_documented;
use crate::strokes::write_class_folders;

/// The one event that a command prints.
fn only_event(workplace: &Workplace, arguments: &str) -> Value {
    let mut events = workplace.events(arguments);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_documented(&events[0]);
    events.remove(0)
}

/// A workplace with `three`: folders 3, 7 and 8 with two drawn digits each.
fn three_classes() -> Workplace {
    let workplace = Workplace::new();
    let cases = of_crate("trainer/tests/cases/three-classes");
    copy_folder(&cases, &workplace.path("three"));
    workplace
}

#[test]
fn folders_of_a_few_digits_are_judged_by_a_net_that_knows_ten() {
    let workplace = three_classes();
    let of_three = "eval --weights pretrained --backend flex --data-dir";
    let evaluated = only_event(&workplace, &format!("{of_three} three"));
    let confusion = &evaluated["confusion"];
    assert_eq!(evaluated["accuracy"], json!(1.0));
    assert_eq!([3, 7, 8].map(|class| &confusion[class][class]), [2, 2, 2]);
    assert_eq!(
        (&evaluated["rows"], &evaluated["rows_of"]),
        (&json!(6), &json!("every-image"))
    );
    assert_eq!(evaluated["images"], "strokes");
    let untested = "classes 0, 1, 2, 4, 5, 6, 9 without test images";
    assert_eq!(evaluated["doubts"], json!([untested]));

    for (from, to) in [("3", "tre"), ("7", "07"), ("8", "8 otte")] {
        let [from, to] = [from, to].map(|name| workplace.path("three").join(name));
        fs::rename(from, to).expect("it can be renamed");
    }
    workplace
        .run(&format!("{of_three} three"))
        .assert_refused(&[
            "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), got 07, 8 otte, tre",
            "does not know 8 otte, tre",
            "--class-map",
        ]);
    fs::write(workplace.path("map.txt"), "tre = 3\n8 otte = 8\n").expect("writable");
    let mapped = format!("{of_three} three --class-map map.txt");
    assert_eq!(only_event(&workplace, &mapped)["confusion"], *confusion);
    let said = workplace.run(&mapped);
    let text = said.stdout;
    assert!(
        text.contains("6 test rows of three, every image in it\n"),
        "{text}"
    );
    let warning = format!("warning: {untested}\n");
    assert!(said.stderr.contains(&warning), "{}", said.stderr);

    // What a map says of a name that is not there, or of a class that is not, is said.
    let map = "\"tre\" = 3\n8 otte = 8\nsyv = 7\n";
    fs::write(workplace.path("map.txt"), map).expect("writable");
    let said = workplace.run(&mapped).stderr;
    let line = "warning: the class map has names that no class of the data has: syv\n";
    assert!(said.contains(line), "{said}");
    fs::write(workplace.path("map.txt"), "tre = 33\n8 otte = 8\n").expect("writable");
    workplace
        .run(&mapped)
        .assert_refused(&["does not know tre (mapped to 33); "]);

    fs::write(workplace.path("map.txt"), "tre\n").expect("writable");
    workplace
        .run(&mapped)
        .assert_refused(&["map.txt: line 1: ", "\"tre\""]);
    fs::write(workplace.path("map.txt"), b"tr\xe8s = 3\n").expect("writable");
    workplace
        .run(&mapped)
        .assert_refused(&["map.txt: expected text in UTF-8", "save it as UTF-8"]);
}

/// The names of a run's folders have changed since, so its page needs to know what they stand for.
#[test]
fn a_page_of_data_under_other_names_takes_a_map() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own"), 14);
    workplace.events(
        "--data-dir own --backend flex --hidden 8 --learning-rate 0.02 --batch-size 4 --epochs 2 \
         --run-name net",
    );
    for (from, to) in [("bar", "upright"), ("dash", "flat")] {
        let [from, to] = [from, to].map(|name| workplace.path("own").join(name));
        fs::rename(from, to).expect("it can be renamed");
    }
    let report = "report runs/net --out page.html";
    let without = workplace.run(report);
    assert_eq!(without.code, Some(0), "{}", without.stderr);
    let why = "own: expected only classes that the net knows (bar, dash), got flat, upright";
    let lacks = "warning: the page has no predictions: ";
    let said = &without.stderr;
    assert!(said.starts_with(lacks) && said.contains(why), "{said}");
    assert!(without.stderr.contains("--class-map"), "{}", without.stderr);

    fs::write(workplace.path("map.csv"), "upright,bar\nflat,dash\n").expect("writable");
    let mapped = workplace.run(&format!("{report} --class-map map.csv"));
    assert_eq!((mapped.code, &mapped.stderr[..]), (Some(0), ""));
    let page = fs::read_to_string(workplace.path("page.html")).expect("it was written");
    assert!(page.contains("Confusion matrix") && !page.contains("upright<"));

    workplace
        .run("report runs/net runs/net --class-map map.csv")
        .assert_refused(&["--class-map is for the data of one run"]);
    workplace
        .run(&format!("{report} --class-map none.csv"))
        .assert_refused(&["none.csv"]);
}

/// A net gets the same input from an image wherever it comes from: here small, and not in the middle.
#[test]
fn an_image_is_evaluated_as_it_is_predicted() {
    let workplace = Workplace::new();
    fs::create_dir_all(workplace.path("sevens/7")).expect("folders can be made");
    for name in ["s28.png", "s280.png", "plain.png", "edge.png"] {
        let from = of_crate("../datasets/tests/cases").join(name);
        fs::copy(from, workplace.path("sevens/7").join(name)).expect("it can be copied");
    }
    let evaluated = only_event(
        &workplace,
        "eval --weights pretrained --backend flex --data-dir sevens",
    );
    assert_eq!(evaluated["confusion"][7][7], json!(4));
    let mut events = workplace.events("predict --backend flex sevens");
    let predicted = events.pop().expect("the accuracy");
    assert_eq!(predicted["accuracy"], evaluated["accuracy"]);
}

#[test]
fn predictions_of_class_folders_are_counted() {
    let workplace = three_classes();
    // The folder of the sevens has an eight, too.
    let [from, to] = ["three/8/a.png", "three/7/c.png"].map(|file| workplace.path(file));
    fs::copy(from, to).expect("it can be copied");
    let mut events = workplace.events("predict three --backend flex");
    events.iter().for_each(assert_documented);
    let accuracy = events.pop().expect("the accuracy");
    assert_eq!(events.len(), 7);
    let count = |folder: &Value| {
        [&folder["class"], &folder["images"], &folder["correct"]].map(Value::clone)
    };
    let folders = accuracy["folders"].as_array().expect("a list");
    let folders: Vec<_> = folders.iter().map(count).collect();
    let expected = [("3", 2, 2), ("7", 3, 2), ("8", 2, 2)];
    assert_eq!(
        folders,
        expected.map(|(class, images, correct)| [json!(class), json!(images), json!(correct)])
    );
    assert_eq!(accuracy["accuracy"], json!(6.0 / 7.0));
    let text = workplace.text("predict three/7 three/8 --backend flex");
    let words: Vec<&str> = text
        .lines()
        .last()
        .expect("a line")
        .split_whitespace()
        .collect();
    assert_eq!(words, ["all", "5", "4", "80.00", "%"]);

    for (names, got) in [
        (
            [("3", "cat")].as_slice(),
            "got 7, 8, cat, of which it does not know cat",
        ),
        (
            &[("7", "cow"), ("8", "owl")],
            "got cat, cow, owl, of which it does not know cat, cow, owl",
        ),
    ] {
        for (from, to) in names {
            let [from, to] = [from, to].map(|name| workplace.path("three").join(name));
            fs::rename(from, to).expect("renamed");
        }
        let failed = workplace.run("predict three --backend flex");
        assert_eq!(failed.code, Some(2), "{}", failed.stderr);
        assert!(failed.stderr.contains(got), "{}", failed.stderr);
    }
}

#[test]
fn a_run_judges_its_held_out_images_and_every_image_of_other_folders() {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("own"), 14);
    let train = "--data-dir own --backend flex --hidden 8 --learning-rate 0.02 --batch-size 4 \
                 --schedule constant --epochs";
    let result = workplace.events(&format!("{train} 20 --run-name net"));
    let evaluated = only_event(&workplace, "eval --run runs/net --data-dir ./own");
    assert_eq!(
        (&evaluated["rows"], &evaluated["rows_of"]),
        (&json!(4), &json!("held-out"))
    );
    assert_eq!(
        evaluated["accuracy"],
        result.last().expect("a result")["test_accuracy"]
    );

    // The same images under names in another order.
    copy_folder(&workplace.path("own/bar"), &workplace.path("other/upright"));
    copy_folder(&workplace.path("own/dash"), &workplace.path("other/flat"));
    fs::write(workplace.path("map.csv"), "upright,bar\nflat,dash\n").expect("writable");
    let other = "--data-dir other --class-map map.csv";
    let evaluated = only_event(&workplace, &format!("eval --run runs/net {other}"));
    assert_eq!(
        (&evaluated["rows"], &evaluated["rows_of"]),
        (&json!(28), &json!("every-image"))
    );
    assert_eq!(evaluated["classes"], json!(["bar", "dash"]));
    assert_eq!(evaluated["confusion"], json!([[14, 0], [0, 14]]));

    // A run goes on with the same classes by name, and only with them.
    workplace
        .run("--resume runs/net --epochs 21 --data-dir other")
        .assert_refused(&["(bar, dash), got flat, upright", "--class-map"]);
    workplace.events(&format!("--resume runs/net --epochs 21 {other}"));
    workplace.events(&format!("{train} 21 --run-name straight"));
    let losses = ["net", "straight"].map(|run| {
        let result = metrics(&workplace.path("runs").join(run)).pop();
        result.expect("a result")["test_loss"].clone()
    });
    assert_eq!(losses[0], losses[1]);

    // One image more: another seventh would be held out, with images of the training in it.
    let [from, to] = ["own/bar/000.png", "own/bar/more.png"].map(|name| workplace.path(name));
    fs::copy(from, &to).expect("it can be copied");
    let why = "own differ from those that the net was trained on";
    workplace
        .run("eval --run runs/straight")
        .assert_refused(&[why, "--data-dir"]);
    let report = workplace.run("report runs/straight");
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    assert!(
        report.stderr.contains("is unchanged") && report.stderr.contains(why),
        "{}",
        report.stderr
    );
    fs::remove_file(to).expect("it can be removed");
    only_event(&workplace, "eval --run runs/straight");

    // A report of a run whose folder has other names now says so, and keeps the page that it has.
    fs::rename(workplace.path("own/bar"), workplace.path("own/line")).expect("renamed");
    let report = workplace.run("report runs/straight");
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    let why = "(bar, dash), got dash, line";
    assert!(report.stderr.contains(why), "{}", report.stderr);
}

/// Writes a picture whose colours change fast along x (`up`) or along y (`flat`), up to the edge.
fn write_photograph(path: &Path, class: &str, seed: u32) {
    let image = image::RgbImage::from_fn(48, 36, |x, y| {
        let along = if class == "up" { x } else { y };
        let phase = TAU * (along as f32 / 12.0 + seed as f32 / 7.0);
        let other = TAU * (x + 2 * y) as f32 / 90.0;
        image::Rgb(
            [phase.sin(), (phase + 2.0).sin(), other.cos()].map(|s| (127.0 + 120.0 * s) as u8),
        )
    });
    image.save(path).expect("writable");
}

#[test]
fn photographs_are_resized_in_training_and_ever_after() {
    let workplace = Workplace::new();
    for class in ["flat", "up"] {
        let folder = workplace.path("photos").join(class);
        fs::create_dir_all(&folder).expect("writable");
        for seed in 0..21 {
            write_photograph(&folder.join(format!("{seed:02}.png")), class, seed);
        }
    }
    let train = "--data-dir photos --backend flex --hidden 16 --batch-size 6 --epochs 12 --learning-rate 0.01 --schedule constant";
    let finished = workplace.run(&format!("{train} --run-name chosen --format json"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let said = "images taken as plain (they look so; otherwise use --images strokes); 42 images converted \
                to 28x28 grey";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);

    workplace.events(&format!(
        "{train} --run-name net --images plain --image-size 20x16"
    ));
    let config = fs::read(workplace.path("runs/net/config.json")).expect("settings");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!(
        (&config["images"], &config["image_size"]),
        (&json!("plain"), &json!("20x16"))
    );
    assert_eq!(config["sizes"][0], 320);
    let evaluated = only_event(&workplace, "eval --run runs/net");
    assert_eq!(
        (&evaluated["rows"], &evaluated["accuracy"]),
        (&json!(6), &json!(1.0))
    );
    assert_eq!(evaluated["images"], "plain");
    let events = workplace.events("predict --run runs/net photos --show");
    let (accuracy, predictions) = events.split_last().expect("the accuracy is last");
    assert_eq!(accuracy["accuracy"], json!(1.0));
    let rows = predictions[0]["pixels"].as_array().expect("rows");
    assert_eq!(
        (rows.len(), rows[0].as_array().map(Vec::len)),
        (16, Some(20))
    );
    assert!(
        workplace
            .run("report runs/net")
            .stdout
            .starts_with("report: ")
    );
    // Another program's file says it, too.
    let net = predictions.iter().map(|event| event["probability"].clone());
    let net: Vec<Value> = net.collect();
    for form in ["safetensors", "pytorch-safetensors", "onnx", "burnpack"] {
        workplace.text(&format!("export --run runs/net --to {form} --out {form}"));
        let imported = only_event(
            &workplace,
            &format!("import --from {form} --out {form}-run"),
        );
        assert_eq!(
            (&imported["images"], &imported["image_size"]),
            (&json!("plain"), &json!("20x16"))
        );
        for source in [format!("--run {form}-run"), format!("--weights {form}")] {
            let finished = workplace.run(&format!(
                "predict {source} photos --backend flex --format json"
            ));
            assert_eq!(
                (finished.code, &finished.stderr[..]),
                (Some(0), ""),
                "{source}"
            );
            let events = finished.events();
            let (accuracy, predictions) = events.split_last().expect("the accuracy is last");
            assert_eq!(accuracy["accuracy"], json!(1.0));
            for (event, net) in predictions.iter().zip(&net) {
                let [one, other] =
                    [&event["probability"], net].map(|number| number.as_f64().expect("a number"));
                assert!((one - other).abs() < 1e-6, "{source}: {one} {other}");
            }
        }
        let evaluated = format!("eval --run {form}-run --data-dir photos --backend flex");
        assert_eq!(only_event(&workplace, &evaluated)["images"], "plain");
    }
    // A file of others does not: predict says what it takes images for, unless import was told.
    let alone = workplace.path("alone");
    fs::copy(workplace.path("runs/chosen/model.safetensors"), &alone).expect("it can be copied");
    let import = "import --from alone --activation relu";
    workplace.text(&format!("{import} --out untold"));
    let untold = workplace.run("predict --run untold photos/up/00.png --backend flex");
    let note = "note: nothing says what was done to the images that the net was trained on";
    assert!(untold.stderr.starts_with(note), "{}", untold.stderr);
    workplace.text(&format!("{import} --images plain --out told"));
    let told = workplace.run("predict --run told photos/up/00.png --backend flex");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(!told.stderr.contains("note: "), "{}", told.stderr);
    workplace
        .run(&format!(
            "{import} --images plain --image-size 20 --out odd"
        ))
        .assert_refused(&["takes 784 inputs", "gives 400 pixels", "--image-size"]);
    workplace
        .run("import --from onnx --images strokes --out odd")
        .assert_refused(&["the file says", "20x16", "leave out --images"]);

    workplace.events("--resume runs/net --epochs 13");
    workplace
        .run("predict --run runs/net --image-size 32 photos/up")
        .assert_refused(&["--image-size differs", "resized to 20x16"]);
    workplace
        .run("predict --image-size 32 photos/up")
        .assert_refused(&["--image-size", "trained on strokes"]);
    for refused in [
        "eval --run runs/net --images strokes",
        "predict --run runs/net --images plain --image-size 28 photos/up",
        "--resume runs/net --epochs 14 --images strokes",
    ] {
        workplace
            .run(refused)
            .assert_refused(&["--images", "leave it out"]);
    }
    for (arguments, naming) in [
        ("--image-size 20", "add --images plain"),
        ("--images strokes --image-size 20", "add --images plain"),
        ("--images plain --image-size 0", "from 1 to 1024"),
        ("--images plain --image-size 2000", "from 1 to 1024"),
        ("--model xor-net --images plain", "--images does not apply"),
    ] {
        workplace.run(arguments).assert_refused(&[naming]);
    }

    // Photographs and strokes together leave a doubt.
    write_class_folders(&workplace.path("photos"), 21);
    let mixed = workplace.run("inspect photos");
    mixed.assert_refused(&[
        "got 21 of the first kind, ",
        "among 42 looked at",
        "--images strokes or --images plain",
    ]);
    let inspected = only_event(&workplace, "inspect photos --images plain");
    assert_eq!(inspected["images"]["treatment"], "plain");
}
