//! The lessons from outside: their pages, and invalid options.

use backends::Backend;
use clap::{Args, Parser};
use lessons::{Lesson, NotFinite, Setup};
use pages::page::Page;
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
    "linear-regression --rows 2000 --steps 60",
    "mnist --epochs 1 --hidden 16",
    "computational-graph",
    "universal-approximation --steps 500",
    "initialization --images 60 --steps 5",
    "optimizers --steps 60",
    "overfitting --images 200 --epochs 2",
    "gradient-checking",
];

#[derive(Debug, Args)]
struct Nothing {}

#[derive(Debug, Parser)]
struct Program {
    #[command(subcommand)]
    lesson: Lesson<Nothing>,
}

/// A lesson's name, without its options.
fn name(lesson: &str) -> &str {
    lesson.split(' ').next().unwrap_or(lesson)
}

fn parsed(lesson: &str) -> Result<Lesson<Nothing>, clap::Error> {
    let arguments = ["lesson"].into_iter().chain(lesson.split(' '));
    Program::try_parse_from(arguments).map(|program| program.lesson)
}

/// Runs a lesson on flex.
fn give(lesson: &str, seed: u64) -> anyhow::Result<Page> {
    parsed(lesson)?.run(&Setup::new(Backend::Flex.open()?, seed))
}

fn page(lesson: &str) -> Page {
    give(lesson, 0).unwrap_or_else(|error| panic!("{lesson}: {error:#}"))
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

/// The blocks of a kind on a page.
fn blocks(page: &Page, kind: &str) -> Vec<Value> {
    let page = serde_json::to_value(page).unwrap();
    let sections = page["sections"].as_array().unwrap().iter();
    sections
        .flat_map(|section| section["blocks"].as_array().unwrap())
        .filter(|block| block["kind"] == kind)
        .cloned()
        .collect()
}

/// Every cell of a table.
fn cells(table: &Value) -> impl Iterator<Item = &str> {
    let rows = table["rows"].as_array().unwrap().iter();
    let cells = rows.flat_map(|row| row.as_array().unwrap());
    cells.map(|cell| cell.as_str().unwrap())
}

#[test]
fn the_list_names_every_lesson() {
    let list = lessons::list();
    let listed = list.lines().map(name).collect::<Vec<_>>();
    assert_eq!(
        listed,
        LESSONS
            .iter()
            .map(|lesson| name(lesson))
            .collect::<Vec<_>>()
    );
    for lesson in LESSONS {
        assert_eq!(parsed(lesson).unwrap().name(), name(lesson));
    }
}

#[test]
fn pages_and_figures_are_well_formed_and_hold_the_numbers() {
    for lesson in LESSONS {
        let page = page(lesson);
        let mut files = page.files("a test").unwrap();
        let (index, html) = files.pop().unwrap();
        assert_eq!(index, "index.html", "{lesson}");
        let html = parse(&html);
        let shown = text(html.root_element());
        let tables = blocks(&page, "table");
        let numbers = tables.iter().flat_map(cells).collect::<Vec<_>>();
        assert!(numbers.len() > 10, "{lesson}: a lesson has numbers");
        let formulas = blocks(&page, "formula");
        let formulas = formulas
            .iter()
            .map(|block| block["formula"].as_str().unwrap());
        // A matrix has its numbers in cells, and MathML has a minus sign of its own.
        let shown = shown.replace('−', "-");
        let numbers = numbers.into_iter().flat_map(str::split_whitespace);
        for number in numbers.filter(|number| number.parse::<f64>().is_ok()) {
            assert!(
                shown.contains(number),
                "{lesson}: {number:?} is not on the page"
            );
        }
        let written = html.descendants();
        let written = written.filter(|node| node.has_tag_name("math")).count();
        assert!(written >= formulas.count(), "{lesson}: formulas are MathML");
        assert!(!shown.contains('`'), "{lesson}: code is marked as code");
        assert!(!files.is_empty(), "{lesson}: a lesson has figures");
        for (file, svg) in &files {
            let svg = parse(svg);
            assert!(svg.root_element().has_tag_name("svg"), "{lesson}: {file}");
            assert!(
                !text(svg.root_element()).contains("NaN"),
                "{lesson}: {file}"
            );
        }
        let inlined = html.descendants();
        let inlined = inlined.filter(|node| node.has_tag_name("figure")).count();
        assert_eq!(inlined, files.len(), "{lesson}");
    }
}

#[test]
fn pages_need_nothing_from_elsewhere() {
    for lesson in ["mnist --epochs 1 --hidden 8", "xor --steps 10"] {
        let html = page(lesson).to_html("a test").unwrap();
        for node in parse(&html).descendants() {
            for attribute in node.attributes() {
                let starts = ["http:", "https:", "//"];
                let elsewhere = starts
                    .iter()
                    .any(|start| attribute.value().starts_with(start));
                // The live page, which is a link and on the reader's own machine.
                let live = attribute.value().starts_with("http://127.0.0.1:");
                assert!(!elsewhere || live, "{lesson}: {attribute:?}");
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
    for lesson in ["xor --steps 50", "mnist --epochs 1 --hidden 8"] {
        let html = |seed| give(lesson, seed).unwrap().to_html("a test").unwrap();
        assert!(html(3) == html(3), "{lesson}");
        assert!(html(3) != html(4), "{lesson}");
    }
}

#[test]
fn dead_units_of_a_relu_are_explained_when_there_are_any() {
    let text = |lesson: &str, seed| give(lesson, seed).unwrap().to_text();
    assert!(!text("xor --steps 50", 0).contains("Dead units"));
    let lesson = "xor --activation relu --learning-rate 2 --steps 500";
    let mut seen = [0; 2];
    for seed in 0..6 {
        let text = text(lesson, seed);
        let is_explained = text.contains("Z2 ≤ 0 in all four rows. So f'(Z2) = 0");
        // A dead unit has the gradients 0, and the formula's table before training cannot show it: the
        // outputs do, where all units are dead.
        let all_alike = text.contains("No unit is left: all four rows have the same output.");
        assert!(is_explained || !all_alike, "{text}");
        seen[usize::from(is_explained)] += 1;
    }
    assert!(seen[1] > 0, "these seeds leave dead units: {seen:?}");
}

#[test]
fn hand_and_autodiff_agree_in_what_is_shown() {
    for lesson in [
        "scalar-net",
        "xor --steps 1",
        "layer-rules",
        "softmax-cross-entropy",
    ] {
        let mut differences = 0;
        for table in blocks(&page(lesson), "table") {
            let columns = table["columns"].as_array().unwrap();
            let place = |name: &str| columns.iter().position(|column| column == name);
            let (Some(_), Some(column)) = (place("autodiff"), place("difference")) else {
                continue;
            };
            for cell in cells(&table).skip(column).step_by(columns.len()) {
                assert!(cell.parse::<f64>().unwrap() < 1e-14, "{lesson}: {table}");
                differences += 1;
            }
        }
        assert!(differences >= 4, "{lesson}");
    }
}

#[test]
fn bad_input_is_refused_with_a_remedy() {
    let most_steps = "whole number from 1 to 1000000";
    for (lesson, expected) in [
        ("scalar-net --x nan", "a number"),
        ("scalar-net --parameters 1,2,3", "four numbers w1,b1,w2,b2"),
        ("xor --hidden 0", "whole number from 1"),
        (
            "xor --hidden 18446744073709551615",
            "whole number from 1 to 1024",
        ),
        ("xor --steps 18446744073709551615", most_steps),
        ("xor --learning-rate 0", "greater than 0"),
        ("xor --learning-rate -1", "greater than 0"),
        ("mnist --epochs 0", "whole number from 1"),
        ("mnist --epochs 18446744073709551615", "from 1 to 1000"),
        ("mnist --hidden 16,0", "whole number from 1"),
        ("gradient-descent --start 1,x", "a number"),
        ("gradient-descent --start 1,2,3", "--start"),
        ("gradient-descent --step 0", "greater than 0"),
        (
            "gradient-descent --max-iterations 18446744073709551615",
            "from 1 to 200000",
        ),
        ("universal-approximation --hidden 0", "whole number from 4"),
        (
            "universal-approximation --steps 18446744073709551615",
            most_steps,
        ),
        ("chain-rule --point 1,2", "--point"),
        ("softmax-cross-entropy --class 99", "--class"),
        ("linear-regression --ridge -1", "--ridge"),
        ("linear-regression --steps 18446744073709551615", most_steps),
        ("initialization --layers 1", "whole number from 2 to"),
        ("initialization --images 0", "whole number from 1 to"),
        ("optimizers --steps 0", "whole number from 1 to"),
        ("overfitting --images 5", "whole number from 50 to"),
        ("overfitting --weight-decay -1", "--weight-decay"),
        ("overfitting --dropout 1", "--dropout"),
        ("gradient-checking --point 1e9", "from -20 to 20"),
        (
            "linear-regression --rows 60001",
            "60000 training images; use at most that many",
        ),
    ] {
        let error = give(lesson, 0).expect_err(lesson);
        assert!(!error.is::<NotFinite>(), "{lesson}: {error:#}");
        let error = format!("{error:#}");
        assert!(error.contains(expected), "{lesson}: {error}");
        let option = lesson.split(' ').nth(1).unwrap();
        assert!(error.contains(option), "{lesson}: {error}");
    }
}

#[test]
fn numbers_that_are_not_finite_are_told_apart_from_bad_input() {
    for (lesson, remedy) in [
        ("scalar-net --parameters 1,1,1e200,1", "smaller"),
        ("gradient-descent --function valley --step 1", "--step"),
        (
            "mnist --epochs 1 --hidden 4 --learning-rate 1e30",
            "--learning-rate",
        ),
    ] {
        let error = give(lesson, 0).expect_err(lesson);
        assert!(error.is::<NotFinite>(), "{lesson}: {error:#}");
        assert!(error.to_string().contains(remedy), "{lesson}: {error:#}");
    }
}
