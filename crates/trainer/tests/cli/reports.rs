//! `trainer report` and `trainer runs` from outside: where pages are written, and the list of runs.

use std::fs;

use roxmltree::{Document, ParsingOptions};
use serde_json::Value;

use crate::common::{SMALL, Workplace, copy_folder};
use crate::documented::assert_documented;

/// A page's source; it must be well-formed and complete in itself.
#[track_caller]
fn page(workplace: &Workplace, path: &str) -> String {
    let html = fs::read_to_string(workplace.path(path)).expect("the page can be read");
    let options = ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    let document = Document::parse_with_options(&html, options).expect("it is well-formed");
    for node in document.descendants() {
        assert!(!node.has_tag_name("script") && !node.has_tag_name("link"));
        let mut sources = node
            .attributes()
            .filter(|a| ["src", "href"].contains(&a.name()));
        assert!(sources.all(|source| source.value().starts_with("data:")));
    }
    html
}

#[test]
fn runs_leave_pages_and_are_compared_on_one() {
    let workplace = Workplace::new();
    let accuracies = ["sgd", "adam"].map(|optimizer| {
        let options = format!("--backend flex --epochs 3 --optimizer {optimizer}");
        let events = workplace.train(&format!("{options} --run-name {optimizer}"));
        let accuracy = events.last().expect("a result")["test_accuracy"].as_f64();
        format!("{:.2} %", 100.0 * accuracy.expect("a number"))
    });
    assert!(page(&workplace, "runs/sgd/report.html").contains(&accuracies[0]));
    fs::write(workplace.path("runs/sgd/report.html"), "old").expect("it can be replaced");
    let said = workplace.text("report runs/sgd");
    assert_eq!(said, "report: runs/sgd/report.html\n");
    let html = page(&workplace, "runs/sgd/report.html");
    for part in [
        "Confusion matrix",
        "Reliability",
        "Expected calibration error: ",
        "as the net gives them",
        "at the temperature ",
    ] {
        assert!(html.contains(part), "{part}");
    }
    workplace.text("report runs/sgd --out mine.html --backend ndarray");
    page(&workplace, "mine.html");

    let said = workplace.text("report runs/sgd runs/adam");
    assert_eq!(said, "report: comparison.html\n");
    let html = page(&workplace, "comparison.html");
    for part in accuracies
        .iter()
        .map(String::as_str)
        .chain(["learning-rate", "optimizer"])
    {
        assert!(html.contains(part), "{part}");
    }

    // Without the data, the better page is kept, and a new one says what it lacks; a failed run also has
    // a page.
    fs::rename(workplace.path("data"), workplace.path("gone")).expect("data can be moved");
    for (arguments, path, is_whole) in [
        ("report runs/sgd", "runs/sgd/report.html", true),
        ("report runs/sgd --out lacking.html", "lacking.html", false),
    ] {
        let said = workplace.run(arguments);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert!(said.stderr.contains("no predictions: "), "{}", said.stderr);
        let has_predictions = page(&workplace, path).contains("Confusion matrix");
        assert_eq!(has_predictions, is_whole, "{path}");
    }
    let diverging = SMALL.replace("data ", "gone ");
    let options = "--backend flex --epochs 3 --learning-rate 1e30 --run-name failed";
    let failed = workplace.run(&format!("{diverging} {options}"));
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(page(&workplace, "runs/failed/report.html").contains("stopped"));
}

#[test]
fn a_run_killed_before_it_had_a_page_gets_it_on_resume() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 2 --run-name killed");
    let path = workplace.path("runs/killed/report.html");
    fs::remove_file(&path).expect("there is a page");
    let again = workplace.run("--resume runs/killed");
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(page(&workplace, "runs/killed/report.html").contains("Confusion matrix"));
    // A page that is up to date is not made again.
    fs::write(&path, "mine").expect("it can be replaced");
    workplace.run("--resume runs/killed");
    assert_eq!(fs::read_to_string(&path).expect("a page"), "mine");
}

#[test]
fn epochs_are_exported_as_csv() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --epochs 2 --run-name net");
    let csv = workplace.text("runs --metrics runs/net --format csv");
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let names = "epoch,train_loss,val_loss,val_accuracy,average_val_loss,average_val_accuracy,\
                 learning_rate,seconds,images_per_second,\
                 gradient_norm layers.0.weight,gradient_norm layers.0.bias,\
                 gradient_norm layers.1.weight,gradient_norm layers.1.bias,\
                 gradient_norm layers.2.weight,gradient_norm layers.2.bias";
    assert_eq!(lines[0].join(","), names);
    assert_eq!(lines.len(), 3, "{csv}");
    let epochs = events.iter().filter(|event| event["event"] == "epoch");
    for (line, epoch) in lines[1..].iter().zip(epochs) {
        let fields = lines[0][..9].iter().map(|name| &epoch[*name]);
        let norms = epoch["gradient_norms"].as_array().expect("norms");
        for (cell, value) in line.iter().zip(fields.chain(norms)) {
            assert_eq!(cell.parse::<f64>().ok(), value.as_f64(), "{csv}");
        }
    }
    assert_eq!(
        workplace.events("runs --metrics runs/net")[..],
        events[1..3]
    );
    // Without a validation set its columns are empty.
    workplace.events("--model xor-net --backend flex --epochs 3 --run-name xor");
    let csv = workplace.text("runs --metrics runs/xor --format csv");
    let line = csv.lines().nth(1).expect("an epoch");
    assert_eq!(line.split(',').nth(2), Some(""), "{line}");
    let csv = workplace.text("runs --format csv");
    assert!(csv.contains(",finished,\"--batch-size 16 --"), "{csv}");
    workplace
        .run("runs --metrics nowhere")
        .assert_refused(&["nowhere is not a run folder"]);
}

#[test]
fn what_is_no_run_has_no_page() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 1 --run-name net");
    for (arguments, naming) in [
        ("report", "RUN_DIR"),
        ("report nowhere", "nowhere"),
        ("report runs/net nowhere", "nowhere"),
        ("report runs/net --out data", "data is a folder"),
        ("report runs/net --out /dev/null", "/dev/null"),
        (
            "report runs/net --out nowhere/page.html",
            "nowhere/page.html",
        ),
        ("runs", "runs"),
    ] {
        if arguments == "runs" {
            fs::rename(workplace.path("runs"), workplace.path("others")).expect("it can be moved");
        }
        workplace.run(arguments).assert_refused(&[naming]);
    }
    assert!(!workplace.path("comparison.html").exists());
    let metrics = workplace.path("others/net/metrics.jsonl");
    fs::write(metrics, "{}\nno event\n{}\n").expect("it can be written");
    workplace
        .run("report others/net")
        .assert_refused(&["line 1"]);
}

#[test]
fn runs_are_listed_and_damaged_ones_do_not_hide_the_others() {
    let workplace = Workplace::new();
    let first = workplace.train("--backend flex --epochs 2 --run-name second-by-name");
    workplace.events("--model xor-net --backend flex --epochs 5 --run-name a-later-one");
    for folder in ["empty", "damaged"] {
        fs::create_dir(workplace.path("runs").join(folder)).expect("a folder can be made");
    }
    fs::write(workplace.path("runs/damaged/config.json"), "{").expect("it can be written");
    fs::write(workplace.path("runs/notes.txt"), "mine").expect("it can be written");
    let killed = workplace.path("runs/killed");
    copy_folder(&workplace.path("runs/second-by-name"), &killed);
    let metrics = fs::read_to_string(killed.join("metrics.jsonl")).expect("metrics");
    let cut = metrics.rfind("test_loss").expect("a result");
    fs::write(killed.join("metrics.jsonl"), &metrics[..cut]).expect("they can be cut");

    let lines = workplace.events("runs");
    lines.iter().for_each(assert_documented);
    let field = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let shown = lines
        .iter()
        .map(|line| (field(line, "run_dir"), field(line, "state")));
    let expected = [
        ("runs/killed", "unfinished"),
        ("runs/second-by-name", "finished"),
        ("runs/a-later-one", "finished"),
        ("runs/damaged", ""),
        ("runs/empty", ""),
    ];
    let expected = expected.map(|(folder, state)| (folder.to_owned(), state.to_owned()));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    let line = &lines[1];
    let result = first.last().expect("a result");
    assert_eq!(line["test_accuracy"], result["test_accuracy"]);
    assert_eq!(
        (&line["epochs_done"], &line["epochs"]),
        (&2.into(), &2.into())
    );
    let options = line["options"].as_array().expect("options").iter();
    let options = options
        .map(|option| field(option, "option"))
        .collect::<Vec<_>>();
    assert_eq!(options, ["batch-size", "data-dir", "epochs", "hidden"]);
    assert_eq!(lines[0]["test_accuracy"], Value::Null);
    assert_eq!(lines[3]["event"], "damaged");
    assert!(field(&lines[3], "reason").contains("config.json"));

    let text = workplace.run("runs").stdout;
    for part in ["second-by-name", "--hidden 12,8", "unfinished", "empty"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains("notes.txt"));
    let none = workplace.text("runs runs/empty");
    assert!(none.starts_with("no runs in runs/empty"), "{none}");
}
