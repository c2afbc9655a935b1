//! The page of one run: its result, its curves, and its net on the test set.

use backends::Opened;
use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor, TensorData};
use datasets::ImageSet;
use datasets::xor::{XOR_INPUTS, XOR_TARGETS};
use pages::PageError;
use pages::images::{Tile, sheet};
use pages::numbers::{number, percent, thousands};
use pages::page::{Hue, Page, Section, Shade, Table};
use pages::plot::{decision_map, figure};
use run_folder::{NetData, RunFolderError, Status, TestRows};
use training::{Answers, AnyNet, Confusion, TrainingError, read_back};
use xor_net::XorNet;

use crate::curves;
use crate::differences::{choices, from_defaults};
use crate::error::ReportError;
use crate::recorded::{DataState, Recorded};
use crate::tables::{accuracy_interval, accuracy_text, class_table, confusion_table, why_so_far};

/// Most pixels of all images of a sheet together: they make the page heavy.
const MOST_PIXELS: usize = 32 * 28 * 28;

/// Most mistakes, and units of the first layer, that are shown.
const MISTAKES: usize = 20;
const UNITS: usize = 32;

/// Images of mistakes and of weights in a row.
const MISTAKE_COLUMNS: usize = 5;
const UNIT_COLUMNS: usize = 8;

/// Approximate width of an image on the page.
const IMAGE_WIDTH: f64 = 84.0;

/// Where the page has no predictions, these words come before the reason.
pub(crate) const NOT_AVAILABLE: &str = "Not available: ";

/// Margin of the XOR net's map around the unit square.
const MARGIN: f64 = 0.25;

/// The page of a run.
#[derive(Debug)]
pub struct RunPage {
    /// Results, curves, confusion matrix, mistakes, weights, options.
    pub page: Page,
    /// Why the page has no predictions, if it has none: weights or data cannot be read.
    pub gap: Option<String>,
}

/// The page of a run: results, curves, confusion matrix, mistakes, weights, options.
///
/// # Errors
///
/// If the device fails or a figure cannot be drawn. Weights or data that cannot be read are not an error:
/// the page says so and leaves their sections out.
pub fn report(recorded: &Recorded, opened: &Opened) -> Result<RunPage, ReportError> {
    let config = recorded.run.config();
    let evaluated = evaluate(recorded, opened);
    let confusion = evaluated
        .as_ref()
        .ok()
        .map(|evaluated| evaluated.answers.confusion());
    let mut page = Page::report(format!("Run {}", recorded.name()))
        .with(result(recorded, confusion.as_ref()))
        .with(curves::of_one(&recorded.history)?);
    let sections = match (&evaluated, &confusion) {
        (
            Ok(Evaluated {
                net,
                rows,
                answers,
                scaled,
            }),
            Some(confusion),
        ) => match (net, rows) {
            (AnyNet::XorNet(net), _) => vec![xor_section(net, answers, &opened.device)?],
            (net, TestRows::Images(set)) => {
                let names = rows.class_names(confusion.classes());
                image_sections(
                    net,
                    &set.images,
                    answers,
                    confusion,
                    &names,
                    scaled.as_ref(),
                )?
            }
            (_, TestRows::TruthTable) => vec![],
        },
        (Err(error), _) => {
            vec![Section::new("Predictions").text(format!("{NOT_AVAILABLE}{error}."))]
        }
        (Ok(_), None) => vec![],
    };
    for section in sections {
        page = page.with(section);
    }
    let mut environment = Table::new(["", "value"]);
    for (name, value) in [
        (
            "started",
            config.started.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        ),
        ("ranks", config.ranks.to_string()),
        ("device", config.device.clone()),
        ("trainer", config.trainer_version.clone()),
        ("Burn", config.burn_version.clone()),
        (
            "command",
            [&config.launcher[..], &config.command].concat().join(" "),
        ),
    ] {
        environment.push([name.to_owned(), value]);
    }
    Ok(RunPage {
        page: page
            .with(Section::new("Configuration").table(configuration(recorded)?))
            .with(Section::new("Environment").table(environment)),
        gap: evaluated.err().map(|error| error.to_string()),
    })
}

/// A net with its test set and its answers.
struct Evaluated {
    net: AnyNet,
    rows: TestRows,
    answers: Answers,
    /// The temperature of its run, and the answers with it.
    scaled: Option<(f64, Answers)>,
}

fn evaluate(recorded: &Recorded, opened: &Opened) -> Result<Evaluated, RunFolderError> {
    let settings = recorded.settings();
    let net = recorded.run.net(&opened.device)?;
    let data_dir = recorded.run.data_dir();
    // Imported weights name no data.
    let data_dir = data_dir.unwrap_or_else(datasets::bundled_mnist_dir);
    let known = NetData::of_run(&recorded.run);
    let known = known.with_class_map(recorded.class_map.clone());
    let known = match recorded.data {
        DataState::Unchanged => known.with_unchanged_data(),
        DataState::Unknown => known,
    };
    let rows = TestRows::load(&net, &data_dir, &known)?;
    let answers = rows.answered_by(&net, opened, Some(settings.batch_size))?;
    let scaled = match known.temperature() {
        Some(temperature) => {
            let net = net.clone().with_temperature(temperature);
            let answers = rows.answered_by(&net, opened, Some(settings.batch_size))?;
            Some((temperature, answers))
        }
        None => None,
    };
    Ok(Evaluated {
        net,
        rows,
        answers,
        scaled,
    })
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
            config.settings.model,
            parameters.unwrap_or_default()
        ),
    );
    if let Some(start) = &history.start {
        let validation = start.validation_rows;
        let validation = validation.map(|rows| format!("{} for validation, ", count(rows)));
        row(
            "rows",
            format!(
                "{} for training, {}{} for testing",
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
        match &history.status {
            Status::Stopped(reason) => format!("stopped: {reason}"),
            status => status.name().to_owned(),
        },
    );
    let evaluated = confusion.map(|confusion| {
        let interval = accuracy_interval(config.settings.model, confusion);
        accuracy_text(confusion.accuracy(), interval)
    });
    // Without the data: the recorded result.
    let recorded = history.result.as_ref();
    let recorded = recorded.map(|result| percent(result.test_accuracy));
    if let Some(accuracy) = evaluated.or(recorded) {
        row("test accuracy", accuracy);
    }
    if let Some(result) = &history.result {
        row("test loss", number(result.test_loss));
        if let (Some(accuracy), Some(distance)) = (
            result.closed_form_test_accuracy,
            result.distance_to_closed_form,
        ) {
            let gap = result.loss_above_closed_form.zip(result.closed_form_loss);
            let why = gap.and_then(|(gap, loss)| why_so_far(distance, gap / loss));
            row(
                "closed form",
                format!(
                    "test accuracy {:.2} %, ‖W - W*‖ = {} ‖W*‖{}",
                    100.0 * accuracy,
                    number(distance),
                    why.map(|why| format!(" ({why})")).unwrap_or_default(),
                ),
            );
        }
        row(
            "training",
            format!(
                "{:.1} s, {} rows per second",
                result.train_seconds,
                thousands(result.images_per_second)
            ),
        );
    }
    Section::new("Result").table(table)
}

/// An integer with grouped digits.
fn count(number: usize) -> String {
    thousands(number as f64)
}

/// Every option, with the default if the value differs.
fn configuration(recorded: &Recorded) -> Result<Table, ReportError> {
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
    scaled: Option<&(f64, Answers)>,
) -> Result<Vec<Section>, ReportError> {
    let by_probability = matches!(net, AnyNet::MnistMlp(_));
    let sections = [
        Some(
            Section::new("Confusion matrix")
                .text(
                    "Test images: a row for each true class, a column for each predicted class. Blue: \
                     recall of the class. Orange: mistakes; a deeper colour means more.",
                )
                .table(confusion_table(confusion, names).shaded(shades(confusion))),
        ),
        Some(
            Section::new("Per-class metrics")
                .text(
                    "Precision: share of the images predicted as the class that belong to it. Recall: \
                     share of the class's images that are predicted as it. F1: their harmonic mean.",
                )
                .table(class_table(confusion, names)),
        ),
        by_probability
            .then(|| curves::reliability(answers, scaled))
            .transpose()?,
        mistakes(images, answers, names, by_probability)?,
        weights(net, images)?,
    ];
    Ok(sections.into_iter().flatten().collect())
}

/// Correct predictions by the recall of their class, mistakes by their share of the most frequent one.
fn shades(confusion: &Confusion) -> Vec<Vec<Option<Shade>>> {
    let most = confusion.mistakes(1).first().map_or(1, |most| most.count);
    let shade = |truth: usize, predicted: usize, count: usize| {
        let (hue, depth) = if truth == predicted {
            (Hue::Right, confusion.class(truth).recall.unwrap_or(0.0))
        } else {
            (Hue::Wrong, count as f64 / most as f64)
        };
        (count > 0).then_some(Shade { hue, depth })
    };
    let rows = confusion.rows().enumerate().map(|(truth, counts)| {
        let counts = counts.iter().enumerate();
        let shades = counts.map(|(predicted, &count)| shade(truth, predicted, count));
        std::iter::once(None).chain(shades).collect()
    });
    rows.collect()
}

/// The mistakes with the highest scores; none if there are none, or images are too large to show.
fn mistakes(
    images: &ImageSet,
    answers: &Answers,
    names: &[String],
    by_probability: bool,
) -> Result<Option<Section>, PageError> {
    let mistakes = answers.worst_mistakes();
    let shown = MISTAKES.min(MOST_PIXELS / images.image_size().max(1));
    let tiles = mistakes.iter().take(shown).map(|(index, answer)| {
        let score = if by_probability {
            percent(answer.score)
        } else {
            format!("{:.2}", answer.score)
        };
        let (predicted, truth) = (&names[answer.class], &names[answer.truth]);
        Tile::grey(
            images.image(*index),
            images.columns(),
            format!("{predicted} at {score}, is {truth}"),
        )
    });
    let tiles = tiles.collect::<Vec<_>>();
    if tiles.is_empty() {
        return Ok(None);
    }
    let score = if by_probability {
        "its probability"
    } else {
        "its output"
    };
    let svg = sheet(&tiles, MISTAKE_COLUMNS, scale(images))?;
    Ok(Some(Section::new("Worst mistakes").figure(
        "mistakes",
        format!(
            "{} of {} mistakes, the most confident ones: the predicted class, {score}, and the true \
             class",
            tiles.len(),
            mistakes.len()
        ),
        svg,
    )))
}

/// The weights of the first layer, an image for each unit.
fn weights(net: &AnyNet, images: &ImageSet) -> Result<Option<Section>, ReportError> {
    let layers = net.layers();
    let Some(first) = layers.first() else {
        return Ok(None);
    };
    let (columns, units) = unit_weights(first)?;
    let shown = UNITS.min(MOST_PIXELS / images.image_size().max(1));
    let columns = columns.into_iter().take(shown).enumerate();
    let tiles =
        columns.map(|(unit, weights)| Tile::signed(&weights, images.columns(), unit.to_string()));
    let tiles = tiles.collect::<Vec<_>>();
    if tiles.is_empty() {
        return Ok(None);
    }
    let svg = sheet(&tiles, UNIT_COLUMNS, scale(images))?;
    Ok(Some(Section::new("Weights of the first layer").figure(
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
fn unit_weights(layer: &Linear) -> Result<(Vec<Vec<f64>>, usize), TrainingError> {
    let weight = layer.weight.val();
    let [_, units] = weight.dims();
    let values = read_back(weight.flatten(0, 1))?;
    let of_unit = |unit: usize| values.iter().skip(unit).step_by(units).copied();
    Ok((
        (0..units).map(|unit| of_unit(unit).collect()).collect(),
        units,
    ))
}

/// Units of the page for a pixel.
fn scale(images: &ImageSet) -> f64 {
    IMAGE_WIDTH / images.columns().max(1) as f64
}

fn xor_section(net: &XorNet, answers: &Answers, device: &Device) -> Result<Section, ReportError> {
    let mut table = Table::new(["x1", "x2", "target", "output"]);
    let rows = XOR_INPUTS.into_iter().zip(XOR_TARGETS);
    for (([x1, x2], [y]), answer) in rows.clone().zip(&answers.rows) {
        let cells = [x1, x2, y].map(|value| value.to_string());
        table.push(cells.into_iter().chain([number(answer.score)]));
    }
    let examples = rows.map(|(inputs, [target])| (inputs.map(f64::from), target == 1.0));
    let range = -MARGIN..1.0 + MARGIN;
    let mut outputs = Ok(());
    let panel = decision_map("Output", range, &examples.collect::<Vec<_>>(), |points| {
        let inputs = points.iter().flat_map(|&(x1, x2)| [x1, x2]).collect();
        let data = TensorData::new::<f64, _>(inputs, [points.len(), 2]);
        let x = Tensor::from_data(data, (device, DType::F32));
        read_back(net.forward(x).flatten(0, 1)).unwrap_or_else(|error| {
            outputs = Err(error);
            vec![0.0; points.len()]
        })
    });
    outputs?;
    Ok(Section::new("Predictions")
        .text("An output above ½ stands for 1.")
        .table(table)
        .narrow_figure(
            "surface",
            "The output over the inputs: blue is 0, white ½, red 1. The dots are the four rows, black \
             with target 1, white with target 0.",
            figure(&[panel], 1)?,
        ))
}
