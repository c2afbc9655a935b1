//! `trainer predict` on digits as people bring them, on odd pictures, and on MNIST's own.

use std::fs;
use std::path::Path;

use datasets::{Mnist, bundled_mnist_dir};
use drawn_digits::{HELD_OUT_SEEDS, STYLES, SYMBOLS, draw, draw_symbol, symbol_name};
use image::{GrayImage, Luma, imageops};
use serde_json::Value;

use crate::common::{Workplace, of_crate};
use crate::documented::assert_documented;

/// Every such picture is drawn: all styles and all digits occur.
const EVERY: usize = 5;

/// How many are read, and how many answers are doubtful.
#[derive(Debug, Default)]
struct Counts {
    all: usize,
    right: usize,
    right_but_doubtful: usize,
    wrong: usize,
    wrong_and_doubtful: usize,
}

/// Counts the predictions for files whose names begin with their digits.
fn counts(events: &[Value]) -> Counts {
    let mut counts = Counts::default();
    for event in events {
        counts.all += 1;
        let image = Path::new(event["image"].as_str().expect("a path"));
        let name = image.file_name().and_then(|name| name.to_str());
        let is_doubtful = event["event"] == "failed" || !event["doubt"].is_null();
        let class = event["class"].as_str().unwrap_or("none");
        let is_right = name.expect("UTF-8").starts_with(class);
        match (is_right, is_doubtful) {
            (true, false) => counts.right += 1,
            (true, true) => {
                counts.right += 1;
                counts.right_but_doubtful += 1;
            }
            (false, doubtful) => {
                counts.wrong += 1;
                counts.wrong_and_doubtful += usize::from(doubtful);
            }
        }
    }
    counts
}

/// Of the digits drawn in 64 styles that a person reads, most are read; of wrong answers, most are
/// doubted. The whole of a seed: `cargo run -p drawn-digits --example files -- 1001 FOLDER`, then
/// `trainer predict FOLDER`.
#[test]
fn digits_in_64_styles_are_read_or_doubted() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("drawn")).expect("a folder can be made");
    for style in 0..STYLES {
        for digit in 0..10_u8 {
            if (style + usize::from(digit)).is_multiple_of(EVERY) {
                let drawing = draw(style, digit, HELD_OUT_SEEDS[0]);
                let path = workplace.path("drawn").join(format!("{digit}-{style}.png"));
                fs::write(path, drawing.file()).expect("the file can be written");
            }
        }
    }
    let finished = workplace.run("predict --backend flex --format json drawn");
    let counts = counts(&finished.events());
    println!("{counts:?}");
    assert_eq!(counts.all, STYLES * 10 / EVERY);
    assert!(100 * counts.right >= 90 * counts.all, "{counts:?}");
    assert!(
        10 * counts.wrong_and_doubtful >= 7 * counts.wrong,
        "{counts:?}"
    );
}

/// Letters and signs are not read as digits, or only with a doubt, in most pictures. The whole of a seed:
/// `cargo run -p drawn-digits --example files -- 1001 FOLDER symbols`, then `trainer predict FOLDER`.
#[test]
fn letters_and_signs_are_mostly_doubted() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("signs")).expect("a folder can be made");
    let styles = |symbol| (symbol % 13..STYLES).step_by(13);
    for symbol in 0..SYMBOLS {
        for style in styles(symbol) {
            let drawing = draw_symbol(style, symbol, HELD_OUT_SEEDS[0]);
            let path = format!("signs/{}-{style}.png", symbol_name(symbol));
            fs::write(workplace.path(&path), drawing.file()).expect("the file can be written");
        }
    }
    let finished = workplace.run("predict --backend flex --format json signs");
    let counts = counts(&finished.events());
    println!("{counts:?}");
    assert_eq!(
        counts.all,
        (0..SYMBOLS)
            .map(|symbol| styles(symbol).count())
            .sum::<usize>()
    );
    assert!(
        4 * counts.wrong_and_doubtful >= 3 * counts.all,
        "{counts:?}"
    );
}

/// The classes of a table are numbers, and may be anything: its nets are not taken for readers of digits.
#[test]
fn only_a_net_that_reads_digits_is_compared_with_mnist() {
    let workplace = Workplace::new();
    let letter = &case(&workplace, "txt_A.png", "")[0];
    assert_eq!(letter["class"], "4");
    assert_eq!(letter["doubt"], "unlike MNIST's images of the digit 4");

    let row = |index: usize| {
        let is_ink =
            |i: &usize| (i % 28 < 14) == index.is_multiple_of(2) && !(i + index).is_multiple_of(5);
        let pixels = (0..784).map(|i| if is_ink(&i) { ",255" } else { ",0" });
        format!("{}{}\n", index % 2, pixels.collect::<String>())
    };
    let rows: String = (0..40).map(row).collect();
    fs::write(workplace.path("table.csv"), rows).expect("the file can be written");
    workplace.events("--data-dir table.csv --backend flex --epochs 5 --hidden 8 --run-name table");
    let path = of_crate("../datasets/tests/cases/txt_A.png");
    let path = path.to_str().expect("UTF-8");
    let predict = |images: &str| {
        let arguments = format!("predict --run runs/table {images} {path}");
        let doubt = workplace.events(&arguments)[0]["doubt"].clone();
        doubt
            .as_str()
            .unwrap_or_default()
            .contains("MNIST's images")
    };
    // Unless a person says what the images are.
    assert_eq!([predict(""), predict("--images strokes")], [false, true]);
}

#[test]
fn few_of_mnists_own_images_are_doubtful() {
    const COUNT: usize = 1000;
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("mnist")).expect("a folder can be made");
    let Mnist { test, .. } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is there");
    for index in 0..COUNT {
        let digit = GrayImage::from_raw(28, 28, test.image(index).to_vec()).expect("28x28");
        let path = workplace.path(&format!("mnist/{}-{index}.png", test.label(index)));
        digit.save(path).expect("the file can be written");
    }
    let events = workplace.events("predict --backend flex mnist");
    let counts = counts(&events);
    println!("{counts:?}");
    let doubtful = counts.right_but_doubtful + counts.wrong_and_doubtful;
    assert!(doubtful <= 30, "{counts:?}");
    assert!(2 * counts.wrong_and_doubtful >= counts.wrong, "{counts:?}");
}

/// The prediction for a case.
fn case(workplace: &Workplace, name: &str, options: &str) -> Vec<Value> {
    let path = of_crate("../datasets/tests/cases").join(name);
    let path = path.to_str().expect("UTF-8");
    let finished = workplace.run(&format!(
        "predict --backend flex --format json {options} {path}"
    ));
    let events = finished.events();
    events.iter().for_each(assert_documented);
    events
}

#[test]
fn each_case_is_answered_rightly_or_with_a_doubt() {
    let workplace = Workplace::new();
    for name in [
        "plain.png-7",
        "s28.png-7",
        "s280.png-7",
        "frame.png-7",
        "shadow.png-7",
        "edge.png-7",
        "border-3.png-3",
        "box-3.png-3",
        "dark_strip_left-3.png-3",
        "small28_off-3.png-3",
        "squared-3.png-3",
        "77.png-",
        "four_digits_row.png-",
        "landscape.jpg-",
        "dot.png-",
        "txt_A.png-",
        "one_dark_pixel.png-",
        "blank_paper.jpg-",
    ] {
        let (name, class) = name.rsplit_once('-').expect("a name and its class");
        let [event] = &case(&workplace, name, "")[..] else {
            panic!("{name}: one line");
        };
        let is_doubtful = event["event"] == "failed" || !event["doubt"].is_null();
        assert!(event["class"] == class || is_doubtful, "{name}: {event}");
    }
    let seven = &case(&workplace, "plain.png", "")[0];
    assert_eq!(
        (&seven["class"], &seven["doubt"]),
        (&"7".into(), &Value::Null)
    );
    let split = case(&workplace, "77.png", "--split");
    let classes: Vec<&str> = split
        .iter()
        .filter_map(|event| event["class"].as_str())
        .collect();
    assert_eq!(classes, ["7", "7"]);
    assert_eq!(split[1]["figure"], serde_json::json!([2, 2]));
    assert_eq!(case(&workplace, "four_digits_row.png", "--split").len(), 4);
}

#[test]
fn an_answer_below_the_required_probability_is_unsure() {
    let workplace = Workplace::new();
    let path = of_crate("../datasets/tests/cases/77.png");
    let path = path.to_str().expect("UTF-8");
    let finished = workplace.run(&format!(
        "predict --backend flex --min-probability 1 {path}"
    ));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stdout.contains("\nunsure "), "{}", finished.stdout);
    assert!(
        finished.stderr.starts_with("warning: "),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("doubtful, 2 figures"),
        "{}",
        finished.stderr
    );
    workplace
        .run(&format!("predict --min-probability 2 {path}"))
        .assert_refused(&["--min-probability", "0 to 1"]);
}

/// Pairs of MNIST's digits, bold ones too, are two figures for the program.
#[test]
fn a_row_of_digits_is_answered_digit_by_digit() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("pairs")).expect("a folder can be made");
    let Mnist { test, .. } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is there");
    for pair in (0..20).map(|pair| [2 * pair, 2 * pair + 1]) {
        let mut row = GrayImage::from_pixel(72, 36, Luma([255]));
        for (left, index) in [4, 40].into_iter().zip(pair) {
            let digit = GrayImage::from_raw(28, 28, test.image(index).to_vec());
            let mut digit = digit.expect("28x28");
            imageops::invert(&mut digit);
            imageops::replace(&mut row, &digit, left, 4);
        }
        let [first, second] = pair.map(|index| test.label(index));
        let path = format!("pairs/{first}{second}-{}.png", pair[0]);
        row.save(workplace.path(&path))
            .expect("the file can be written");
    }
    let whole = workplace.events("predict pairs");
    let is_doubted = |event: &Value| {
        event["doubt"]
            .as_str()
            .is_some_and(|doubt| doubt.contains("2 figures"))
    };
    assert!(whole.iter().all(is_doubted), "{whole:?}");

    let split = workplace.events("predict --split pairs");
    let is_right = |event: &&Value| {
        let image = Path::new(event["image"].as_str().expect("a path"));
        let name = image.file_name().and_then(|name| name.to_str());
        let figure = event["figure"][0].as_u64().expect("which figure") as usize;
        name.expect("UTF-8").get(figure - 1..figure) == event["class"].as_str()
    };
    let right = split.iter().filter(is_right).count();
    assert_eq!(split.len(), 40);
    assert!(right >= 38, "{right} of 40");
}
