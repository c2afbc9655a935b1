//! The pages of one run and of several, from the committed runs of `run-folder`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use backends::{Backend, Opened};
use roxmltree::{Document, Node, ParsingOptions};
use run_report::{
    DataState, REPORT, Recorded, Written, comparison, is_current, report, write, write_in,
};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

/// Most bytes of a page.
const HEAVIEST: usize = 500_000;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../run-folder/tests/fixtures")
}

fn flex() -> Opened {
    Backend::Flex.open().expect("flex runs anywhere")
}

/// A copy of a run's configuration, metrics and weights that finds its data.
fn run(name: &str) -> TempDir {
    let folder = tempdir().unwrap();
    for file in ["config.json", "metrics.jsonl", "model.bpk"] {
        fs::copy(fixtures().join(name).join(file), folder.path().join(file)).unwrap();
    }
    change_config(
        folder.path(),
        "working_folder",
        fixtures().to_str().unwrap().into(),
    );
    folder
}

fn change_config(run: &Path, field: &str, value: Value) {
    let path = run.join("config.json");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    config[field] = value;
    fs::write(&path, config.to_string()).unwrap();
}

/// The result that a run recorded.
fn result(run: &Path) -> Value {
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    serde_json::from_str(metrics.lines().last().unwrap()).unwrap()
}

/// The page of a run, from its folder.
fn page_of(run: &Path) -> String {
    write_in(run, &flex(), DataState::Unknown).expect("the run can be read");
    page(&run.join(REPORT))
}

/// A page's source; it must be well-formed, small enough, and complete in itself.
#[track_caller]
fn page(path: &Path) -> String {
    let html = fs::read_to_string(path).expect("the page can be read");
    assert!(html.len() < HEAVIEST, "{} bytes", html.len());
    for node in parsed(&html).descendants() {
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

fn text(node: Node) -> String {
    let parts = node.descendants().filter(Node::is_text);
    parts.filter_map(|part| part.text()).collect()
}

fn texts(html: &str, tag: &str) -> Vec<String> {
    let document = parsed(html);
    let nodes = document
        .descendants()
        .filter(|node| node.tag_name().name() == tag);
    nodes.map(text).collect()
}

/// The cells of the table that follows a heading, row by row.
#[track_caller]
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
        row.children()
            .filter(|node| node.has_tag_name("td"))
            .map(text)
            .collect()
    };
    rows.map(cells).collect()
}

/// The cells of a table's row after its name.
#[track_caller]
fn row<'a>(table: &'a [Vec<String>], name: &str) -> &'a [String] {
    let row = table.iter().find(|row| row[0] == name);
    &row.unwrap_or_else(|| panic!("no {name} in {table:?}"))[1..]
}

#[test]
fn a_run_has_a_page_with_its_results() {
    let folder = run("straight");
    let html = page_of(folder.path());
    let accuracy = 100.0 * result(folder.path())["test_accuracy"].as_f64().unwrap();
    let results = table(&html, "Result");
    let shown = &row(&results, "test accuracy")[0];
    assert!(
        shown.starts_with(&format!("{accuracy:.2} % (95 % interval")),
        "{shown}"
    );
    assert_eq!(row(&results, "epochs"), ["30 of 30"]);

    let matrix = table(&html, "Confusion matrix");
    let counts = matrix.iter().flat_map(|row| &row[1..]);
    let counts = counts.map(|count| count.parse::<usize>().expect("a count"));
    assert_eq!(counts.sum::<usize>(), 30);
    assert_eq!(table(&html, "Per-class metrics").len(), 3);

    let captions = texts(&html, "figcaption");
    for part in [
        "Loss on",
        "Share of",
        "Learning rate",
        "Euclidean norm",
        "Weights of 12 of 12",
    ] {
        let shown = captions.iter().any(|caption| caption.starts_with(part));
        assert!(shown, "{part} in {captions:?}");
    }
    let options = table(&html, "Configuration");
    assert_eq!(row(&options, "schedule"), ["cosine", "linear"]);
    let environment = table(&html, "Environment");
    let command = &row(&environment, "command")[0];
    assert!(command.contains("--schedule cosine"), "{command}");
}

#[test]
fn without_data_or_weights_the_page_says_so() {
    let folder = run("straight");
    change_config(folder.path(), "data_dir", "nowhere".into());
    let html = page_of(folder.path());
    assert!(html.contains("Not available: ") && html.contains("nowhere"));
    assert!(!html.contains("Confusion matrix"));
    let accuracy = result(folder.path())["test_accuracy"].as_f64().unwrap();
    let results = table(&html, "Result");
    assert_eq!(
        row(&results, "test accuracy"),
        [format!("{:.2} %", 100.0 * accuracy)]
    );

    fs::remove_file(folder.path().join("model.bpk")).unwrap();
    assert!(page_of(folder.path()).contains("model.bpk"));
}

#[test]
fn the_other_models_have_pages_too() {
    let html = page_of(run("xor").path());
    assert_eq!(table(&html, "Predictions").len(), 4);
    let captions = texts(&html, "figcaption");
    assert!(
        captions.iter().any(|text| text.contains("over the inputs")),
        "{captions:?}"
    );

    let html = page_of(run("linear").path());
    let results = table(&html, "Result");
    assert!(
        row(&results, "closed form")[0].contains("‖W - W*‖"),
        "{results:?}"
    );
}

#[test]
fn a_run_that_stopped_has_a_page() {
    let html = page_of(run("stopped").path());
    let results = table(&html, "Result");
    assert_eq!(row(&results, "state"), ["stopped: interrupted"]);
}

#[test]
fn runs_are_compared_on_one_page() {
    let folders = ["straight", "linear"].map(run);
    let runs = folders
        .each_ref()
        .map(|folder| Recorded::open(folder.path()).unwrap());
    let place = folders[0].path().join("comparison.html");
    write(&comparison(&runs).unwrap(), &place, "trainer report a b").unwrap();
    let html = page(&place);
    let expected = folders.each_ref().map(|folder| {
        let accuracy = result(folder.path())["test_accuracy"].as_f64().unwrap();
        format!("{:.2} %", 100.0 * accuracy)
    });
    assert_eq!(row(&table(&html, "Results"), "test accuracy"), expected);
    let differing = table(&html, "Options that differ");
    assert_eq!(row(&differing, "optimizer"), ["adam", "momentum"]);
    assert!(
        differing.iter().all(|row| row[0] != "backend"),
        "{differing:?}"
    );
    assert!(html.contains("The losses of different models"));
    let legend = texts(&html, "text");
    let names = runs.iter().map(Recorded::name);
    for name in names {
        assert!(
            legend.iter().any(|text| text.trim() == name),
            "{name} in {legend:?}"
        );
    }
}

#[test]
fn a_page_with_predictions_is_not_replaced_by_one_without() {
    let folder = run("linear");
    let whole = page_of(folder.path());
    assert!(is_current(folder.path()));
    change_config(folder.path(), "working_folder", "/nowhere".into());
    let written = write_in(folder.path(), &flex(), DataState::Unknown).unwrap();
    assert!(
        matches!(&written, Written::Kept { why } if why.contains("nowhere")),
        "{written:?}"
    );
    assert_eq!(page(&folder.path().join(REPORT)), whole);

    // A page from before the run went on does not show its state.
    let old = SystemTime::now() - Duration::from_secs(100);
    let file = File::options().write(true).open(folder.path().join(REPORT));
    file.and_then(|file| file.set_modified(old)).unwrap();
    assert!(!is_current(folder.path()));
    let metrics = File::options()
        .write(true)
        .open(folder.path().join("metrics.jsonl"));
    let now = SystemTime::now();
    metrics.and_then(|file| file.set_modified(now)).unwrap();
    let written = write_in(folder.path(), &flex(), DataState::Unknown).unwrap();
    assert!(matches!(written, Written::WithoutPredictions { .. }));
    assert!(page(&folder.path().join(REPORT)).contains("Not available: "));

    // Once the data are back, the page has its predictions again.
    let here = fixtures().to_str().unwrap().into();
    change_config(folder.path(), "working_folder", here);
    assert_eq!(
        write_in(folder.path(), &flex(), DataState::Unknown).unwrap(),
        Written::Whole
    );
    assert!(page(&folder.path().join(REPORT)).contains("Confusion matrix"));
}

#[test]
fn a_page_is_replaced_as_a_whole_or_not_at_all() {
    let folder = run("linear");
    fs::write(folder.path().join(REPORT), "old").unwrap();
    page_of(folder.path());
    let recorded = Recorded::open(folder.path()).unwrap();
    let new = report(&recorded, &flex()).unwrap().page;
    let refused = |place: PathBuf| write(&new, &place, "trainer").unwrap_err().to_string();
    assert!(refused(folder.path().to_owned()).contains("is a folder or a device"));
    if cfg!(unix) {
        assert!(refused("/dev/null".into()).contains("is a folder or a device"));
    }
    let nowhere = folder.path().join("nowhere").join("page.html");
    assert!(refused(nowhere).contains("page.html"));
}

#[test]
fn what_is_no_run_has_no_page() {
    let folder = run("linear");
    let error = |path: &Path| {
        write_in(path, &flex(), DataState::Unknown)
            .unwrap_err()
            .to_string()
    };
    let nowhere = folder.path().join("nowhere");
    assert!(error(&nowhere).contains("is not a run folder"));
    fs::write(folder.path().join("metrics.jsonl"), "{}\nno event\n{}\n").unwrap();
    assert!(error(folder.path()).contains("line 1 of"));
    fs::write(folder.path().join("config.json"), "{").unwrap();
    assert!(error(folder.path()).contains("config.json is damaged"));
}
