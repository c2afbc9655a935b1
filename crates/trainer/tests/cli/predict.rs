//! `trainer predict` from outside: drawings and photographs of digits, and files that are not.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use datasets::{Mnist, bundled_mnist_dir};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use serde_json::Value;

use crate::common::{Finished, Workplace, names};
use crate::documented::assert_documented;
use crate::strokes::{write_class_folders, write_stroke};

/// A workplace with a net that distinguishes bars from dashes, in `runs/net`.
fn bars_and_dashes(options: &str) -> Workplace {
    let workplace = Workplace::new();
    write_class_folders(&workplace.path("strokes"), 14);
    workplace.events(&format!(
        "--data-dir strokes --backend flex --epochs 20 --batch-size 4 --run-name net {options}"
    ));
    workplace
}

/// The output of a successful `predict` as JSON.
fn predictions(workplace: &Workplace, arguments: &str) -> Vec<Value> {
    let events = workplace.events(&format!("predict {arguments}"));
    events.iter().for_each(assert_documented);
    events
}

/// The value of a field in each event.
fn field<'a>(events: &'a [Value], name: &str) -> Vec<&'a str> {
    let values = events.iter().map(|event| event[name].as_str());
    values.map(|value| value.expect("a string")).collect()
}

#[test]
fn classes_and_probabilities_are_shown_as_text_and_as_json() {
    let workplace = bars_and_dashes("--hidden 8 --learning-rate 0.02");
    write_stroke(&workplace.path("new.png"), "bar", 70, [0, 255]);
    let text = workplace.text("predict --run runs/net new.png");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    let header = ["class", "probability", "runner-up", "probability", "image"];
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), header);
    let words: Vec<&str> = lines[1].split_whitespace().collect();
    let [class, first, "%", runner_up, second, "%", image] = words[..] else {
        panic!("{text}");
    };
    assert_eq!((class, runner_up, image), ("bar", "dash", "new.png"));
    let [first, second] = [first, second].map(|share| share.parse::<f64>().expect("a number"));
    assert!(
        (first + second - 100.0).abs() < 0.011,
        "two classes: {text}"
    );

    // Drawn in characters, without a terminal; the first row has no ink.
    let text = workplace.text("predict --run runs/net new.png --show");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[1]), (30, ""), "{text}");
    assert!(!text.contains('\x1b') && lines[15].contains("@@"), "{text}");

    write_stroke(&workplace.path("new.bmp"), "dash", 300, [255, 0]);
    let events = predictions(&workplace, "--run runs/net new.bmp --show");
    let [event] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(event["event"], "prediction");
    let classes = (&event["class"], &event["runner_up"]);
    assert_eq!(classes, (&"dash".into(), &"bar".into()));
    let scores: Vec<f64> = serde_json::from_value(event["scores"].clone()).expect("numbers");
    assert_eq!(event["runner_up_probability"], scores[0]);
    assert_eq!(event["probability"], scores[1]);
    assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    let pixels: Vec<Vec<u8>> = serde_json::from_value(event["pixels"].clone()).expect("rows");
    assert!(pixels.len() == 28 && pixels.iter().all(|row| row.len() == 28));
    assert_eq!(pixels.concat().iter().max(), Some(&255));
    // The dash, light on dark, through the middle.
    assert!(pixels[14][5..23].iter().all(|&level| level > 200));

    // Folders and standard input.
    fs::create_dir(workplace.path("new")).expect("a folder can be made");
    write_stroke(&workplace.path("new/2.png"), "dash", 60, [0, 255]);
    write_stroke(&workplace.path("new/1.jpg"), "bar", 60, [0, 255]);
    fs::write(workplace.path("new/notes.txt"), "not an image").expect("it can be written");
    let mut command = workplace.command("predict --run runs/net --format json new -");
    let image = File::open(workplace.path("new/2.png")).expect("it was written");
    let output = command.stdin(Stdio::from(image)).output();
    let finished = Finished::from(output.expect("the program starts"));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let events = finished.events();
    let images = ["new/1.jpg", "new/2.png", "standard input"];
    assert_eq!(field(&events, "image"), images);
    assert_eq!(field(&events, "class"), ["bar", "dash", "dash"]);
}

#[test]
fn linear_regression_gives_outputs_instead_of_probabilities() {
    let model = "--model linear-regression --ridge 1 --learning-rate 0.001";
    let workplace = bars_and_dashes(model);
    write_stroke(&workplace.path("new.png"), "bar", 50, [0, 255]);
    let events = predictions(&workplace, "--run runs/net new.png");
    assert_eq!(field(&events, "class"), ["bar"]);
    assert_eq!(events[0]["probability"], Value::Null);
    assert_eq!(events[0]["scores"].as_array().map(Vec::len), Some(2));
    let text = workplace.text("predict --run runs/net new.png");
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    assert_eq!(words, ["class", "output", "runner-up"], "{text}");
}

/// Writes files that are not usable images; returns each file's name with a part of the expected
/// message.
fn write_faults(workplace: &Workplace) -> Vec<(&'static str, &'static str)> {
    let write = |name: &str, bytes: &[u8]| {
        fs::write(workplace.path(name), bytes).expect("the temporary folder can be written");
    };
    write("text.png", b"not an image at all");
    write("empty.png", b"");
    let blank = GrayImage::from_pixel(50, 50, Luma([200]));
    let saved = blank.save(workplace.path("blank.png"));
    saved.expect("it can be written");
    let sound = fs::read(workplace.path("blank.png")).expect("it was written");
    write("cut.png", &sound[..sound.len() / 2]);
    // A header that announces 60 000 x 60 000 pixels.
    let mut huge = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    huge.extend(60_000_u32.to_le_bytes().repeat(2));
    huge.extend([1, 0, 24, 0]);
    huge.resize(54, 0);
    write("huge.bmp", &huge);
    fs::create_dir(workplace.path("nothing")).expect("a folder can be made");
    vec![
        ("text.png", "PNG, JPEG, GIF, WebP, TIFF, PNM or BMP"),
        ("empty.png", "empty"),
        ("blank.png", "contrast"),
        ("cut.png", "copy"),
        ("huge.bmp", "60000x60000"),
        ("missing.png", "check the"),
        ("nothing", "folder"),
    ]
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_done() {
    let workplace = bars_and_dashes("--hidden 8 --learning-rate 0.02");
    write_stroke(&workplace.path("new.png"), "bar", 70, [0, 255]);
    let faults = write_faults(&workplace);
    for (name, reason) in &faults {
        let finished = workplace.run(&format!("predict --run runs/net {name} new.png"));
        let stderr = &finished.stderr;
        assert_eq!(finished.code, Some(1), "{name}: {stderr}");
        assert!(finished.stdout.contains("  new.png"), "{}", finished.stdout);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with(&format!("error: {name}: ")), "{stderr}");
        assert!(stderr.contains(reason), "{stderr}");
    }
    let images = faults.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let all = images.join(" ");
    let finished = workplace.run(&format!("predict --run runs/net {all}"));
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    let finished = workplace.run(&format!(
        "predict --run runs/net --format json {all} new.png"
    ));
    assert_eq!(finished.code, Some(1));
    let events = finished.events();
    let expected = vec!["failed"; faults.len()];
    assert_eq!(names(&events)[..faults.len()], expected);
    events.iter().for_each(assert_documented);
    assert_eq!(field(&events, "image")[..faults.len()], images);
    assert_eq!(events[faults.len()]["event"], "prediction");

    let mut command = workplace.command("predict --run runs/net -");
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    stdin.write_all(b"no image").expect("the program reads");
    drop(stdin);
    let finished = Finished::from(child.wait_with_output().expect("the program ends"));
    finished.assert_refused(&["standard input: ", "PNG"]);

    workplace.train("--backend flex --epochs 1 --run-name small");
    workplace.events("--model xor-net --backend flex --epochs 1 --run-name xor");
    for (net, naming) in [
        ("--run runs/small", &["30 inputs"][..]),
        ("--run runs/xor", &["xor-net", "images"]),
        ("--run runs/none", &["runs/none", "run folder"]),
        ("--weights none.safetensors", &["none.safetensors"]),
        ("--run runs/small --weights w", &["cannot be used with"]),
    ] {
        workplace
            .run(&format!("predict {net} new.png"))
            .assert_refused(naming);
    }
}

/// A way to draw a digit of MNIST: file extension and function.
type Drawing = (&'static str, fn(&GrayImage, &mut dyn Write));

fn enlarged(digit: &GrayImage, times: u32, filter: FilterType) -> GrayImage {
    imageops::resize(digit, 28 * times, 28 * times, filter)
}

fn inverted(mut image: GrayImage) -> GrayImage {
    imageops::invert(&mut image);
    image
}

/// On a wide sheet, off centre.
fn shifted(digit: &GrayImage) -> GrayImage {
    let mut sheet = GrayImage::new(400, 300);
    let digit = enlarged(digit, 5, FilterType::Triangle);
    imageops::replace(&mut sheet, &digit, 230, 20);
    sheet
}

fn png(image: &GrayImage, out: &mut dyn Write) {
    let mut bytes = std::io::Cursor::new(vec![]);
    image
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("memory takes it");
    out.write_all(bytes.get_ref())
        .expect("the file can be written");
}

fn jpeg(image: &GrayImage, quality: u8, out: &mut dyn Write) {
    let encoder = JpegEncoder::new_with_quality(out, quality);
    image
        .write_with_encoder(encoder)
        .expect("the file can be written");
}

const DRAWINGS: [Drawing; 8] = [
    ("as-it-is.png", |digit, out| png(digit, out)),
    ("inverted.png", |digit, out| {
        png(&inverted(digit.clone()), out)
    }),
    ("3-times.png", |digit, out| {
        png(&enlarged(digit, 3, FilterType::Nearest), out)
    }),
    ("10-times.png", |digit, out| {
        png(&enlarged(digit, 10, FilterType::Triangle), out)
    }),
    ("10-times-inverted.png", |digit, out| {
        png(&inverted(enlarged(digit, 10, FilterType::CatmullRom)), out)
    }),
    ("shifted.png", |digit, out| png(&shifted(digit), out)),
    ("10-times.jpg", |digit, out| {
        jpeg(&enlarged(digit, 10, FilterType::Triangle), 75, out)
    }),
    ("shifted-inverted.jpg", |digit, out| {
        jpeg(&inverted(shifted(digit)), 50, out)
    }),
];

/// Draws the first `count` test images of MNIST in one way, each into a file that starts with its
/// label.
fn draw_all(folder: &Path, test: &datasets::ImageSet, count: usize, (name, draw): Drawing) {
    fs::create_dir(folder).expect("a folder can be made");
    for index in 0..count {
        let digit = GrayImage::from_raw(28, 28, test.image(index).to_vec()).expect("28x28");
        let path = folder.join(format!("{}-{index}-{name}", test.label(index)));
        let mut bytes = vec![];
        draw(&digit, &mut bytes);
        fs::write(path, bytes).expect("the file can be written");
    }
}

/// The bundled net classifies 300 test images of MNIST, drawn in eight ways, as well as the images
/// themselves, except for two percent of them.
///
/// With a net of 5 epochs (97.72 % of all 10 000) and 1 000 images it was 97.5 % as they are and inverted,
/// 97.6 % 3 and 10 times enlarged with sharp pixels, 97.2 % 10 times enlarged with smooth ones (also as
/// JPEG), 97.3 % like that and inverted, 97.4 % shifted (also inverted and as JPEG), and 96.5 % with noise
/// and a shadow, as in a photograph.
#[test]
fn digits_drawn_larger_inverted_shifted_or_as_jpeg_are_recognised() {
    const COUNT: usize = 300;
    let workplace = Workplace::new();
    let Mnist { test, .. } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is there");
    let correct = DRAWINGS.map(|drawing| {
        let (name, _) = drawing;
        draw_all(&workplace.path(name), &test, COUNT, drawing);
        let events = predictions(&workplace, &format!("--backend flex {name}"));
        assert_eq!(events.len(), COUNT);
        let is_correct = |event: &&Value| {
            let [image, class] = ["image", "class"].map(|name| event[name].as_str().unwrap());
            let file = Path::new(image).file_name().unwrap().to_str().unwrap();
            file.starts_with(class)
        };
        (name, events.iter().filter(is_correct).count())
    });
    println!("{correct:?} of {COUNT}");
    let (_, as_they_are) = correct[0];
    assert!(as_they_are >= 285, "{correct:?}");
    assert_eq!(correct[1].1, as_they_are, "inverting loses nothing");
    for (name, correct) in correct {
        assert!(correct + COUNT / 50 >= as_they_are, "{name}: {correct}");
    }
}
