//! The lessons from outside: what they print, the pages they leave, and what they refuse.

#[expect(dead_code, reason = "training runs are for the other tests")]
mod common;

use std::fs;
use std::path::Path;

use common::{Finished, Workplace};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

/// Every lesson, with options that make the long ones short.
const LESSONS: &[&str] = &[
    "gradient-descent",
    "chain-rule",
    "layer-rules",
    "softmax-cross-entropy",
    "scalar-net",
    "xor --steps 300",
    "linear-regression",
    "mnist --epochs 1 --hidden 16",
    "computational-graph",
    "universal-approximation",
];

/// A lesson's name, without its options.
fn name(lesson: &str) -> &str {
    lesson.split(' ').next().unwrap_or(lesson)
}

/// Gives a lesson on flex.
fn teach(workplace: &Workplace, lesson: &str) -> Value {
    let finished = workplace.run(&format!("lesson {lesson} --backend flex --format json"));
    assert_eq!(finished.code, Some(0), "{lesson}: {}", finished.stderr);
    let mut events = finished.events();
    assert_eq!(events.len(), 1, "{lesson}: one object");
    events.remove(0)
}

fn parse(xml: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(xml, options).unwrap_or_else(|error| panic!("{error}"))
}

/// All text below a node, without the style rules.
fn text(node: Node) -> String {
    node.descendants()
        .filter(|node| node.is_text() && !node.parent().is_some_and(|p| p.has_tag_name("style")))
        .filter_map(|node| node.text())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The blocks of a kind on a lesson's page.
fn blocks<'a>(lesson: &'a Value, kind: &str) -> Vec<&'a Value> {
    let sections = lesson["page"]["sections"].as_array().unwrap().iter();
    sections
        .flat_map(|section| section["blocks"].as_array().unwrap())
        .filter(|block| block["kind"] == kind)
        .collect()
}

#[test]
fn the_list_names_every_lesson() {
    let finished = Workplace::new().run("lesson");
    assert_eq!(finished.code, Some(0));
    let listed = finished.stdout.lines().map(|line| name(line).to_owned());
    let mut listed = listed.collect::<Vec<_>>();
    listed.sort_unstable();
    let mut expected = LESSONS
        .iter()
        .map(|lesson| name(lesson))
        .collect::<Vec<_>>();
    expected.sort_unstable();
    assert_eq!(listed, expected);
}

#[test]
fn pages_and_figures_are_well_formed_and_hold_the_numbers() {
    let workplace = Workplace::new();
    for lesson in LESSONS {
        let told = teach(&workplace, lesson);
        let folder = workplace.path("lessons").join(name(lesson));
        let html = fs::read_to_string(folder.join("index.html")).unwrap();
        let page = parse(&html);
        let shown = text(page.root_element());
        let mut cells = 0;
        for table in blocks(&told, "table") {
            for row in table["rows"].as_array().unwrap() {
                for cell in row.as_array().unwrap() {
                    let cell = cell.as_str().unwrap();
                    assert!(
                        shown.contains(cell),
                        "{lesson}: {cell:?} is not on the page"
                    );
                    cells += 1;
                }
            }
        }
        assert!(cells > 10, "{lesson}: a lesson has numbers");
        for formula in blocks(&told, "formula") {
            let formula = formula["formula"].as_str().unwrap();
            assert!(
                shown.contains(formula),
                "{lesson}: {formula:?} is not on the page"
            );
        }
        let figures = blocks(&told, "figure");
        assert!(!figures.is_empty(), "{lesson}: a lesson has figures");
        for figure in &figures {
            let file = format!("{}.svg", figure["name"].as_str().unwrap());
            let svg = fs::read_to_string(folder.join(&file)).unwrap();
            let svg = parse(&svg);
            assert!(svg.root_element().has_tag_name("svg"), "{lesson}: {file}");
            assert!(
                !text(svg.root_element()).contains("NaN"),
                "{lesson}: {file}"
            );
        }
        let inlined = page
            .descendants()
            .filter(|node| node.has_tag_name("figure"));
        assert_eq!(inlined.count(), figures.len(), "{lesson}");
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(
            files,
            figures.len() + 1,
            "{lesson}: the page and its figures only"
        );
    }
}

#[test]
fn pages_need_nothing_from_elsewhere() {
    let workplace = Workplace::new();
    for lesson in ["mnist --epochs 1 --hidden 8", "xor --steps 10"] {
        teach(&workplace, lesson);
        let page = workplace
            .path("lessons")
            .join(name(lesson))
            .join("index.html");
        let html = fs::read_to_string(page).unwrap();
        for node in parse(&html).descendants() {
            for attribute in node.attributes() {
                let elsewhere = ["http:", "https:", "//"]
                    .iter()
                    .any(|start| attribute.value().starts_with(start));
                assert!(!elsewhere, "{lesson}: {attribute:?}");
            }
        }
        assert!(
            !html.contains("<script") && !html.contains("@import"),
            "{lesson}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_page() {
    let workplace = Workplace::new();
    for lesson in ["xor --steps 50 --seed 3", "mnist --epochs 1 --hidden 8"] {
        let page = workplace
            .path("lessons")
            .join(name(lesson))
            .join("index.html");
        let pages = [(); 2].map(|()| {
            teach(&workplace, lesson);
            fs::read_to_string(&page).unwrap()
        });
        assert!(pages[0] == pages[1], "{lesson}");
    }
}

#[test]
fn hand_and_autodiff_agree_in_what_is_shown() {
    let workplace = Workplace::new();
    for lesson in [
        "scalar-net",
        "xor --steps 1",
        "layer-rules",
        "softmax-cross-entropy",
    ] {
        let told = teach(&workplace, lesson);
        let mut differences = 0;
        for table in blocks(&told, "table") {
            let columns = table["columns"].as_array().unwrap();
            if !columns.iter().any(|column| column == "autodiff") {
                continue;
            }
            let Some(column) = columns.iter().position(|column| column == "difference") else {
                continue;
            };
            for row in table["rows"].as_array().unwrap() {
                let difference = row[column].as_str().unwrap();
                let difference = difference.parse::<f64>().unwrap();
                assert!(difference < 1e-14, "{lesson}: {row}");
                differences += 1;
            }
        }
        assert!(differences >= 4, "{lesson}");
    }
}

#[test]
fn text_is_for_people_and_quiet_is_a_path() {
    let workplace = Workplace::new();
    let finished = workplace.run("lesson scalar-net --backend flex");
    assert!(finished.stdout.starts_with("The scalar net (L5)\n"));
    assert!(finished.stdout.contains("δw1 = x δz1"));
    let finished = workplace.run("lesson scalar-net --backend flex --quiet");
    assert_eq!(finished.stdout.trim(), "lessons/scalar-net/index.html");
    assert!(Path::new(&workplace.path(finished.stdout.trim())).exists());
}

/// Names of files are bytes on Unix; the page shows what it can of the command.
#[cfg(unix)]
#[test]
fn a_folder_whose_name_is_no_text_is_a_folder_like_any_other() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let workplace = Workplace::new();
    let folder = OsStr::from_bytes(b"named \xff");
    let mut command = workplace.command("lesson scalar-net --backend flex --quiet --out-dir");
    let output = command.arg(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let folder = workplace.path("").join(folder).join("scalar-net");
    let html = fs::read_to_string(folder.join("index.html")).unwrap();
    parse(&html);
}

/// Refused with this exit code and one error that names all of `naming`; nothing is left behind.
#[track_caller]
fn assert_refused(arguments: &str, code: i32, naming: &[&str]) {
    let workplace = Workplace::new();
    let Finished {
        code: got,
        stdout,
        stderr,
    } = workplace.run(&format!("lesson {arguments}"));
    assert_eq!(
        (got, stdout.as_str()),
        (Some(code), ""),
        "{arguments}: {stderr}"
    );
    assert_eq!(
        stderr.matches("error: ").count(),
        1,
        "{arguments}: {stderr}"
    );
    for name in naming {
        assert!(
            stderr.contains(name),
            "{arguments}: no {name:?} in: {stderr}"
        );
    }
    assert!(
        !workplace.path("lessons").exists(),
        "{arguments}: left something behind"
    );
}

#[test]
fn bad_input_is_refused_with_a_remedy() {
    assert_refused("nonsense", 2, &["nonsense", "--help"]);
    assert_refused("scalar-net --x nan", 2, &["--x", "a number"]);
    assert_refused("scalar-net --parameters 1,2,3", 2, &["four", "w1,b1,w2,b2"]);
    assert_refused("xor --hidden 0", 2, &["--hidden", "whole number from 1"]);
    assert_refused("xor --learning-rate 0", 2, &["greater than 0"]);
    assert_refused("xor --learning-rate -1", 2, &["greater than 0"]);
    assert_refused("mnist --epochs 0", 2, &["whole number from 1"]);
    for (lesson, option) in [
        ("xor", "--steps"),
        ("xor", "--hidden"),
        ("mnist", "--epochs"),
        ("linear-regression", "--steps"),
        ("universal-approximation", "--steps"),
        ("gradient-descent", "--max-iterations"),
    ] {
        let endless = format!("{lesson} {option} 18446744073709551615");
        assert_refused(&endless, 2, &[option, "whole number from 1 to "]);
    }
    assert_refused("mnist --hidden 16,0", 2, &["whole number from 1"]);
    assert_refused("gradient-descent --start 1,x", 2, &["--start", "a number"]);
    assert_refused("gradient-descent --step 0", 2, &["greater than 0"]);
    assert_refused("gradient-descent --start 1,2,3", 2, &["--start"]);
    assert_refused(
        "universal-approximation --hidden 0",
        2,
        &["whole number from 4"],
    );
    assert_refused("chain-rule --point 1,2", 2, &["--point"]);
    assert_refused("softmax-cross-entropy --class 99", 2, &["--class"]);
    assert_refused("linear-regression --ridge -1", 2, &["--ridge"]);
    assert_refused(
        "linear-regression --rows 60001",
        2,
        &["--rows", "60000", "at most"],
    );
}

#[test]
fn numbers_that_are_worth_nothing_are_a_negative_verdict() {
    assert_refused(
        "scalar-net --backend flex --parameters 1,1,1e200,1",
        1,
        &["smaller"],
    );
    assert_refused(
        "gradient-descent --backend flex --function valley --step 1",
        1,
        &["--step"],
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_anything_is_computed() {
    let workplace = Workplace::new();
    fs::write(workplace.path("file"), "mine").unwrap();
    let finished = workplace.run("lesson mnist --out-dir file");
    assert_eq!(finished.code, Some(2));
    assert!(finished.stderr.contains("--out-dir"), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(workplace.path("file")).unwrap(), "mine");
}
