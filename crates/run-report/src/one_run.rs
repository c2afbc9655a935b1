//! The page of one run: what came of it, how it went, and what its net answers.

use anyhow::Result;
use backends::Opened;
use burn::nn::Linear;
use burn::tensor::{DType, Device};
use datasets::ImageSet;
use datasets::xor::{XOR_INPUTS, XOR_TARGETS};
use xor_net::XorNet;

use super::{Recorded, curves};
use crate::answers::{Answers, TestRows};
use crate::cli::value_name;
use crate::differences::{choices, from_defaults};
use crate::eval::{accuracy_text, class_table, confusion_table, interval, percent};
use crate::history::State;
use crate::judgement::Confusion;
use crate::lessons::xor::surface;
use crate::output::thousands;
use crate::pages::images::{Tile, sheet};
use crate::pages::numbers::{Host, number};
use crate::pages::page::{Hue, Page, Section, Shade, Table};
use crate::pages::plot::figure;
use crate::saved_run::AnyNet;

/// Pixels that all images of a sheet have together at most: they make the page heavy.
const MOST_PIXELS: usize = 32 * 28 * 28;

/// Mistakes, and units of the first layer, that are shown at most.
const MISTAKES: usize = 20;
const UNITS: usize = 32;

/// Images of mistakes and of weights beside each other.
const MISTAKE_COLUMNS: usize = 5;
const UNIT_COLUMNS: usize = 8;

/// Width of an image on the page, about.
const IMAGE_WIDTH: f64 = 84.0;

/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;

/// The page of a run.
///
/// # Errors
///
/// If the device fails or a figure cannot be drawn. Weights or data that cannot be read are said on
/// the page, which then does without what they would show.
pub(super) fn page(recorded: &Recorded, opened: &Opened) -> Result<Page> {
    let config = recorded.run.config();
    let judged = judge(recorded, opened);
    let confusion = judged
        .as_ref()
        .ok()
        .map(|judged| judged.answers.confusion());
    let mut page = Page::report(format!("Run {}", recorded.name()))
        .with(result(recorded, confusion.as_ref()))
        .with(curves::of_one(&recorded.history)?);
    match (&judged, &confusion) {
        (Ok(Judged { net, rows, answers }), Some(confusion)) => {
            let sections = match (net, rows) {
                (AnyNet::XorNet(net), _) => xor_sections(net, answers, &opened.device)?,
                (net, TestRows::Images { images, .. }) => {
                    let names = rows.class_names(confusion.classes());
                    image_sections(net, images, answers, confusion, &names)?
                }
                (_, TestRows::TruthTable) => vec![],
            };
            for section in sections {
                page = page.with(section);
            }
        }
        (Err(error), _) => {
            page = page.with(
                Section::new("What the net answers").text(format!("Not to be had: {error:#}.")),
            );
        }
        (Ok(_), None) => {}
    }
    let mut environment = Table::new(["", "value"]);
    for (name, value) in [
        (
            "started",
            config.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        ),
        ("device", config.device.clone()),
        ("trainer", config.trainer_version.clone()),
        ("Burn", config.burn_version.clone()),
        ("command", config.command.join(" ")),
    ] {
        environment.push([name.to_owned(), value]);
    }
    Ok(page
        .with(Section::new("Configuration").table(configuration(recorded)?))
        .with(Section::new("Environment").table(environment)))
}

/// A net with the rows that it is judged by and its answers.
struct Judged {
    net: AnyNet,
    rows: TestRows,
    answers: Answers,
}

fn judge(recorded: &Recorded, opened: &Opened) -> Result<Judged> {
    let settings = recorded.settings();
    let net = recorded.run.net(&opened.device)?;
    let data_dir = recorded.run.data_dir();
    // Weights that were brought in from elsewhere name no data.
    let data_dir = data_dir.unwrap_or_else(datasets::bundled_mnist_dir);
    let rows = TestRows::load(&net, &data_dir)?;
    let answers = rows.answered_by(&net, opened, Some(settings.batch_size))?;
    Ok(Judged { net, rows, answers })
}

fn result(recorded: &Recorded, confusion: Option<&Confusion>) -> Section {
    let history = &recorded.history;
    let config = recorded.run.config();
    let mut table = Table::new(["", "value"]);
    let mut row = |name: &str, value: String| table.push([name.to_owned(), value]);
    let sizes = config.sizes.iter().map(usize::to_string);
    let sizes = sizes.collect::<Vec<_>>().join("-");
    let parameters = history.start.as_ref();
    let parameters = parameters.map(|start| format!(", {} parameters", count(start.parameters)));
    row(
        "net",
        format!(
            "{} {sizes}{}",
            value_name(config.settings.model),
            parameters.unwrap_or_default()
        ),
    );
    if let Some(start) = &history.start {
        let validation = start.validation_rows;
        let validation = validation.map(|rows| format!("{} for validation, ", count(rows)));
        row(
            "rows",
            format!(
                "{} to learn from, {}{} for the test",
                count(start.training_rows),
                validation.unwrap_or_default(),
                count(start.test_rows)
            ),
        );
    }
    row(
        "epochs",
        format!("{} of {}", history.epochs_done(), config.settings.epochs),
    );
    row(
        "state",
        match &history.state {
            State::Stopped(reason) => format!("stopped: {reason}"),
            state => state.name().to_owned(),
        },
    );
    let judged = confusion.map(|confusion| {
        let interval = interval(config.settings.model, confusion);
        accuracy_text(confusion.accuracy(), interval)
    });
    // Without the data, what the run said of itself.
    let said = history.result.as_ref();
    let said = said.map(|result| percent(result.test_accuracy));
    if let Some(accuracy) = judged.or(said) {
        row("test accuracy", accuracy);
    }
    if let Some(result) = &history.result {
        row("test loss", number(result.test_loss));
        if let (Some(accuracy), Some(distance)) = (
            result.closed_form_test_accuracy,
            result.distance_to_closed_form,
        ) {
            row(
                "closed form",
                format!(
                    "test accuracy {:.2} %, ‖W - W*‖ = {} ‖W*‖",
                    100.0 * accuracy,
                    number(distance)
                ),
            );
        }
        row(
            "training",
            format!(
                "{:.1} s, {} rows a second",
                result.train_seconds,
                thousands(result.images_per_second)
            ),
        );
    }
    Section::new("Result").table(table)
}

/// A whole number, its digits in groups.
fn count(number: usize) -> String {
    thousands(number as f64)
}

/// Every option, with the default where another value was taken.
fn configuration(recorded: &Recorded) -> Result<Table> {
    let settings = recorded.settings();
    let differing = from_defaults(settings)?;
    let mut table = Table::new(["option", "value", "default"]);
    for choice in choices(settings)? {
        let default = differing.iter().find(|(differs, _)| *differs == choice);
        let default = default.map(|(_, default)| default.clone());
        let (option, value) = choice;
        table.push([option, value, default.unwrap_or_default()]);
    }
    Ok(table.without_empty_columns())
}

fn image_sections(
    net: &AnyNet,
    images: &ImageSet,
    answers: &Answers,
    confusion: &Confusion,
    names: &[String],
) -> Result<Vec<Section>> {
    let by_probability = matches!(net, AnyNet::MnistMlp(_));
    let sections = [
        Some(
            Section::new("Confusion matrix")
                .text(
                    "Test images of each class, a row, by the answer, a column. Blue: the share of \
                     the class that was found. Orange: mistakes, the deeper the more.",
                )
                .table(confusion_table(confusion, names).shaded(shades(confusion))),
        ),
        Some(
            Section::new("Classes")
                .text(
                    "Precision: of the images answered with the class, the share that is of it. \
                     Recall: of its images, the share that was found. F1: their harmonic mean.",
                )
                .table(class_table(confusion, names)),
        ),
        mistakes(images, answers, names, by_probability)?,
        weights(net, images)?,
    ];
    Ok(sections.into_iter().flatten().collect())
}

/// Found ones by their share of the class, mistakes by their share of the most frequent one.
fn shades(confusion: &Confusion) -> Vec<Vec<Option<Shade>>> {
    let most = confusion.mistakes(1).first().map_or(1, |most| most.count);
    let shade = |truth: usize, answer: usize, count: usize| {
        let (hue, depth) = match truth == answer {
            true => (Hue::Right, confusion.class(truth).recall.unwrap_or(0.0)),
            false => (Hue::Wrong, count as f64 / most as f64),
        };
        (count > 0).then_some(Shade { hue, depth })
    };
    let rows = confusion.rows().enumerate().map(|(truth, counts)| {
        let counts = counts.iter().enumerate();
        let shades = counts.map(|(answer, &count)| shade(truth, answer, count));
        std::iter::once(None).chain(shades).collect()
    });
    rows.collect()
}

/// The mistakes of which the net is surest; none if it made none, or images are too large to show.
fn mistakes(
    images: &ImageSet,
    answers: &Answers,
    names: &[String],
    by_probability: bool,
) -> Result<Option<Section>> {
    let mistakes = answers.worst_mistakes();
    let shown = MISTAKES.min(MOST_PIXELS / images.image_size().max(1));
    let tiles = mistakes.iter().take(shown).map(|(index, answer)| {
        let ink = images.image(*index).iter();
        let ink = ink.map(|&byte| f64::from(byte) / WHITE).collect::<Vec<_>>();
        let score = match by_probability {
            true => format!("{:.1} %", 100.0 * answer.score),
            false => format!("{:.2}", answer.score),
        };
        let caption = format!(
            "{} at {score}, is {}",
            names[answer.class], names[answer.truth]
        );
        Tile::grey(&ink, images.columns(), caption)
    });
    let tiles = tiles.collect::<Vec<_>>();
    if tiles.is_empty() {
        return Ok(None);
    }
    let scored = match by_probability {
        true => "its probability",
        false => "the output for it",
    };
    let svg = sheet(&tiles, MISTAKE_COLUMNS, scale(images))?;
    Ok(Some(Section::new("The worst mistakes").figure(
        "mistakes",
        format!(
            "{} of {} mistakes, those of which the net is surest: the answer, {scored}, and the \
             right class",
            tiles.len(),
            mistakes.len()
        ),
        svg,
    )))
}

/// The weights of the first layer, an image for each unit.
fn weights(net: &AnyNet, images: &ImageSet) -> Result<Option<Section>> {
    let layers = net.layers();
    let Some(first) = layers.first() else {
        return Ok(None);
    };
    let (columns, units) = unit_weights(first);
    let shown = UNITS.min(MOST_PIXELS / images.image_size().max(1));
    let columns = columns.into_iter().take(shown).enumerate();
    let tiles =
        columns.map(|(unit, weights)| Tile::signed(&weights, images.columns(), unit.to_string()));
    let tiles = tiles.collect::<Vec<_>>();
    if tiles.is_empty() {
        return Ok(None);
    }
    let svg = sheet(&tiles, UNIT_COLUMNS, scale(images))?;
    Ok(Some(Section::new("What the first layer looks for").figure(
        "weights",
        format!(
            "Weights of {} of {units} units, one for each pixel: blue negative, white 0, red \
                 positive, each unit at its own scale",
            tiles.len()
        ),
        svg,
    )))
}

/// The weights into each unit of a layer, and the number of units.
fn unit_weights(layer: &Linear) -> (Vec<Vec<f64>>, usize) {
    let weight = Host::of(&layer.weight.val());
    let units = weight.dims[1];
    let of_unit = |unit: usize| weight.values.iter().skip(unit).step_by(units);
    let columns = (0..units).map(|unit| of_unit(unit).copied().collect());
    (columns.collect(), units)
}

/// Units of the page for a pixel.
fn scale(images: &ImageSet) -> f64 {
    IMAGE_WIDTH / images.columns().max(1) as f64
}

fn xor_sections(net: &XorNet, answers: &Answers, device: &Device) -> Result<Vec<Section>> {
    let mut table = Table::new(["x1", "x2", "target", "output"]);
    let rows = XOR_INPUTS.into_iter().zip(XOR_TARGETS).zip(&answers.rows);
    for (([x1, x2], [y]), answer) in rows {
        let cells = [x1, x2, y].map(|value| value.to_string());
        table.push(cells.into_iter().chain([number(answer.score)]));
    }
    let panel = surface("Output".to_owned(), net, (device, DType::F32));
    Ok(vec![
        Section::new("What the net answers")
            .text("An output above ½ stands for 1.")
            .table(table)
            .narrow_figure(
                "surface",
                "The output over the inputs: blue is 0, white ½, red 1. The dots are the four \
                 rows, black with target 1, white with target 0.",
                figure(&[panel], 1)?,
            ),
    ])
}
