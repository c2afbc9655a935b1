//! Looking at runs from outside: the page of a run, of several, and the list of runs.

#[allow(dead_code, reason = "each test program uses its part of it")]
mod common;
mod documented;

use std::fs;
use std::path::Path;

use common::{CLASSES, IMAGES, SMALL, Workplace};
use documented::assert_documented;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

/// Most bytes of a page.
const HEAVIEST: usize = 500_000;

/// A page's source; it must be well-formed, light enough, and need nothing from elsewhere.
#[track_caller]
fn page(path: &Path) -> String {
    let html = fs::read_to_string(path).expect("the page can be read");
    assert!(html.len() < HEAVIEST, "{} bytes", html.len());
    let document = parsed(&html);
    for node in document.descendants() {
        assert!(!node.has_tag_name("script") && !node.has_tag_name("link"));
        let sources = node
            .attributes()
            .filter(|a| ["src", "href"].contains(&a.name()));
        for source in sources {
            assert!(source.value().starts_with("data:"), "{}", source.value());
        }
    }
    assert!(html.contains("prefers-color-scheme: dark"));
    html
}

fn parsed(html: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..Default::default()
    };
    Document::parse_with_options(html, options).expect("the page is well-formed")
}

fn texts(html: &str, tag: &str) -> Vec<String> {
    let document = parsed(html);
    let text = |node: Node| {
        let parts = node.descendants().filter(Node::is_text);
        parts.filter_map(|part| part.text()).collect::<String>()
    };
    document
        .descendants()
        .filter(|node| node.tag_name().name() == tag)
        .map(text)
        .collect()
}

/// The cells of the table that follows a heading, row by row.
fn table(html: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = html
        .split_once(&format!("<h2>{heading}</h2>"))
        .unwrap_or_else(|| panic!("no section {heading}"));
    let (_, rest) = rest.split_once("<tbody>").expect("a table");
    let (body, _) = rest.split_once("</tbody>").expect("its end");
    let document = format!("<t>{body}</t>");
    let document = Document::parse(&document).expect("the table is well-formed");
    let rows = document
        .descendants()
        .filter(|node| node.has_tag_name("tr"));
    let cells = |row: Node| {
        let cells = row.children().filter(|node| node.has_tag_name("td"));
        cells
            .map(|cell| cell.text().unwrap_or_default().to_owned())
            .collect()
    };
    rows.map(cells).collect()
}

#[test]
fn a_run_leaves_a_page_with_what_came_of_it() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --epochs 3 --run-name net --schedule cosine");
    let result = events.last().expect("a result");
    let html = page(&workplace.path("runs/net/report.html"));

    let accuracy = 100.0 * result["test_accuracy"].as_f64().expect("a number");
    let results = table(&html, "Result");
    let shown = results.iter().find(|row| row[0] == "test accuracy");
    let shown = &shown.expect("the accuracy is shown")[1];
    assert!(
        shown.starts_with(&format!("{accuracy:.2} % (95 % interval")),
        "{shown}"
    );

    let matrix = table(&html, "Confusion matrix");
    let counts = matrix.iter().flat_map(|row| &row[1..]);
    let counts = counts.map(|count| count.parse::<usize>().expect("a count"));
    assert_eq!(counts.sum::<usize>(), IMAGES[1]);
    assert_eq!(table(&html, "Classes").len(), CLASSES);

    let captions = texts(&html, "figcaption");
    for part in [
        "Loss on",
        "Share of",
        "Step length",
        "Euclidean norm",
        "Weights of 12 of 12",
    ] {
        let shown = captions.iter().any(|caption| caption.starts_with(part));
        assert!(shown, "{part} in {captions:?}");
    }
    let options = table(&html, "Configuration");
    let schedule = options.iter().find(|row| row[0] == "schedule");
    assert_eq!(schedule.unwrap()[1..], ["cosine", "constant"]);
    let environment = table(&html, "Environment");
    assert!(
        environment
            .iter()
            .any(|row| row[1].contains("--schedule cosine"))
    );
}

#[test]
fn a_page_is_written_anew_and_where_it_is_asked_for() {
    let workplace = Workplace::new();
    workplace.train("--backend flex --epochs 2 --run-name net");
    let usual = workplace.path("runs/net/report.html");
    fs::write(&usual, "old").expect("the page can be replaced");
    let finished = workplace.run("report runs/net");
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "report: runs/net/report.html\n")
    );
    page(&usual);
    let finished = workplace.run("report runs/net --out mine.html --backend ndarray");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    page(&workplace.path("mine.html"));
}

#[test]
fn without_data_or_weights_the_page_says_so() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --epochs 2 --run-name net");
    let accuracy = events.last().expect("a result")["test_accuracy"].as_f64();
    let accuracy = format!("{:.2} %", 100.0 * accuracy.expect("a number"));
    fs::rename(workplace.path("data"), workplace.path("gone")).expect("data can be moved");
    assert_eq!(workplace.run("report runs/net").code, Some(0));
    let html = page(&workplace.path("runs/net/report.html"));
    assert!(html.contains("Not to be had: ") && html.contains("data"));
    assert!(!html.contains("Confusion matrix"));
    let results = table(&html, "Result");
    assert!(
        results.contains(&vec!["test accuracy".to_owned(), accuracy]),
        "{results:?}"
    );
    fs::remove_file(workplace.path("runs/net/model.bpk")).expect("weights can be removed");
    assert_eq!(workplace.run("report runs/net").code, Some(0));
    let html = page(&workplace.path("runs/net/report.html"));
    assert!(html.contains("model.bpk"));
}

#[test]
fn the_other_models_have_pages_too() {
    let workplace = Workplace::new();
    workplace.events("--model xor-net --backend flex --run-name xor --epochs 500 --log-every 1");
    let html = page(&workplace.path("runs/xor/report.html"));
    assert_eq!(table(&html, "What the net answers").len(), 4);
    assert!(
        texts(&html, "figcaption")
            .iter()
            .any(|text| text.contains("over the inputs"))
    );

    workplace.events(
        "--model linear-regression --data-dir data --batch-size 16 --backend flex --epochs 3 \
         --run-name linear",
    );
    let html = page(&workplace.path("runs/linear/report.html"));
    let results = table(&html, "Result");
    assert!(
        results.iter().any(|row| row[0] == "closed form"),
        "{results:?}"
    );
}

#[test]
fn a_run_that_failed_has_a_page() {
    let workplace = Workplace::new();
    let finished = workplace.run(&format!(
        "{SMALL} --backend flex --epochs 3 --learning-rate 1e30 --run-name net"
    ));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let html = page(&workplace.path("runs/net/report.html"));
    let results = table(&html, "Result");
    let state = results
        .iter()
        .find(|row| row[0] == "state")
        .expect("a state");
    assert!(state[1].starts_with("stopped: "), "{state:?}");
}

#[test]
fn runs_are_compared_on_one_page() {
    let workplace = Workplace::new();
    let runs = [("a", "sgd"), ("b", "adam")].map(|(name, optimizer)| {
        let events = workplace.train(&format!(
            "--backend flex --epochs 3 --run-name {name} --optimizer {optimizer}"
        ));
        events.last().cloned().expect("a result")
    });
    let finished = workplace.run("report runs/a runs/b");
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "report: comparison.html\n")
    );
    let html = page(&workplace.path("comparison.html"));
    let results = table(&html, "Results");
    let shown = results.iter().find(|row| row[0] == "test accuracy");
    let expected = runs.map(|run| {
        let accuracy = run["test_accuracy"].as_f64().expect("a number");
        format!("{:.2} %", 100.0 * accuracy)
    });
    assert_eq!(shown.expect("the accuracy is shown")[1..], expected);
    let differing = table(&html, "Options that differ");
    let names = differing.iter().map(|row| row[0].as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["learning-rate", "optimizer"]);
    let legend = texts(&html, "text");
    for name in ["a", "b"] {
        assert!(legend.iter().any(|text| text.trim() == name), "{legend:?}");
    }
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
        ("report runs/net --out /dev/null", "or a device"),
        (
            "report runs/net --out nowhere/page.html",
            "nowhere/page.html",
        ),
    ] {
        let finished = workplace.run(arguments);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
        assert!(finished.stderr.contains(naming), "{}", finished.stderr);
    }
    assert!(!workplace.path("comparison.html").exists());
    fs::write(
        workplace.path("runs/net/metrics.jsonl"),
        "{}\nno event\n{}\n",
    )
    .unwrap();
    let finished = workplace.run("report runs/net");
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("line 1"), "{}", finished.stderr);
}

#[test]
fn runs_are_listed_and_damaged_ones_do_not_hide_the_others() {
    let workplace = Workplace::new();
    let first = workplace.train("--backend flex --epochs 2 --run-name second-by-name");
    workplace.events("--model xor-net --backend flex --epochs 5 --run-name a-later-one");
    fs::create_dir(workplace.path("runs/empty")).unwrap();
    fs::create_dir(workplace.path("runs/damaged")).unwrap();
    fs::write(workplace.path("runs/damaged/config.json"), "{").unwrap();
    fs::write(workplace.path("runs/notes.txt"), "mine").unwrap();
    let killed = workplace.path("runs/killed");
    fs::create_dir(&killed).unwrap();
    for file in ["config.json", "metrics.jsonl"] {
        let from = workplace.path("runs/second-by-name").join(file);
        fs::copy(from, killed.join(file)).unwrap();
    }
    let metrics = fs::read_to_string(killed.join("metrics.jsonl")).unwrap();
    let cut = metrics.rfind("test_loss").expect("a result");
    fs::write(killed.join("metrics.jsonl"), &metrics[..cut]).unwrap();

    let finished = workplace.run("runs --format json");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let lines = finished.events();
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
    ]
    .map(|(folder, state)| (folder.to_owned(), state.to_owned()));
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    lines.iter().for_each(assert_documented);
    let line = &lines[1];
    assert_eq!(
        line["test_accuracy"],
        first.last().unwrap()["test_accuracy"]
    );
    assert_eq!(
        (&line["epochs_done"], &line["epochs"]),
        (&2.into(), &2.into())
    );
    let options = line["options"].as_array().expect("options");
    let options = options.iter().map(|option| field(option, "option"));
    let options = options.collect::<Vec<_>>();
    assert_eq!(options, ["batch-size", "data-dir", "epochs", "hidden"]);
    assert_eq!(lines[0]["test_accuracy"], Value::Null);
    assert_eq!(lines[3]["event"], "damaged");
    assert!(field(&lines[3], "reason").contains("config.json"));

    let text = workplace.run("runs").stdout;
    for part in [
        "second-by-name",
        "--hidden 12,8",
        "unfinished",
        "empty is no run folder",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains("notes.txt"));
}

#[test]
fn a_folder_without_runs_is_said_to_have_none() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("empty")).unwrap();
    let finished = workplace.run("runs empty");
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "no runs in empty\n")
    );
    let finished = workplace.run("runs");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(
        finished.stderr.contains("no folder runs"),
        "{}",
        finished.stderr
    );
}
