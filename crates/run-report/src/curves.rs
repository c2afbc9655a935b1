//! Curves of runs over their epochs, one chart for each quantity.

use pages::PageError;
use pages::colours::Colour;
use pages::numbers::percent;
use pages::page::Section;
use pages::plot::{Axis, Mark, Panel, Points, Scale, Series, figure};
use run_folder::History;
use training::{Answers, Epoch, Reliability};

use crate::recorded::Recorded;

/// Most points of a curve: more cannot be seen and make the page heavy.
const MOST_POINTS: usize = 400;

/// Ratio of the largest to the smallest value above which a logarithmic axis shows more.
const MUCH: f64 = 30.0;

/// Most points of a curve with a dot for each.
const MOST_DOTS: usize = 40;

/// Caption of the charts of validation accuracy.
const ACCURACY: &str = "Share of the validation set whose class is predicted correctly";
const LEARNING_RATE: &str = "Learning rate of each epoch's last step";

/// A figure: its file name, its caption, and its chart if there is something to draw.
type Chart = (&'static str, &'static str, Option<Panel>);

/// Loss, accuracy, learning rate and gradient norms of one run, if it kept them.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub(crate) fn of_one(history: &History) -> Result<Section, PageError> {
    let of = |quantity: fn(&Epoch) -> Option<f64>| points(&history.epochs, quantity);
    let losses = vec![
        curve("training", Colour::BLUE, of(|epoch| Some(epoch.train_loss))),
        curve("validation", Colour::ORANGE, of(|epoch| epoch.val_loss)),
        curve(
            "validation, averaged weights",
            Colour::GREEN,
            of(|epoch| epoch.average_val_loss),
        ),
    ];
    let accuracy = of(|epoch| epoch.val_accuracy);
    let averaged = of(|epoch| epoch.average_val_accuracy);
    let accuracy = vec![
        curve("validation", Colour::ORANGE, accuracy),
        curve("averaged weights", Colour::GREEN, averaged),
    ];
    let rates = vec![curve("", Colour::GREEN, of(learning_rate))];
    section([
        (
            "loss",
            "Loss on the training batches, each before its own step, and on the validation set if \
             there is one",
            ratio_panel("Loss", ["epoch", "loss"], losses),
        ),
        ("accuracy", ACCURACY, panel("Accuracy", "share", accuracy)),
        (
            "learning-rate",
            LEARNING_RATE,
            panel("Learning rate", "α", rates),
        ),
        (
            "gradient-norms",
            "Euclidean norm of the gradient of each layer, weights and bias together, in each \
             epoch's last step",
            ratio_panel(
                "Gradient norm of each layer",
                ["epoch", "norm"],
                norms(history),
            ),
        ),
    ])
}

/// Loss, accuracy and error of several runs over each other, under these names.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub(crate) fn of_several(runs: &[Recorded], names: &[String]) -> Result<Section, PageError> {
    let over_epochs = |quantity: fn(&Epoch) -> Option<f64>| {
        several(runs, names, |history| points(&history.epochs, quantity))
    };
    let train_losses = over_epochs(|epoch| Some(epoch.train_loss));
    let val_losses = over_epochs(|epoch| epoch.val_loss);
    let accuracies = over_epochs(|epoch| epoch.val_accuracy);
    let errors = over_epochs(|epoch| Some(100.0 * (1.0 - epoch.val_accuracy?)));
    let over_time = several(runs, names, over_seconds);
    let epochs = runs.iter().map(|run| run.history.epochs_done());
    section([
        (
            "training-loss",
            "Loss on the training batches",
            ratio_panel("Training loss", ["epoch", "loss"], train_losses),
        ),
        (
            "validation-loss",
            "Loss on the validation set",
            ratio_panel("Validation loss", ["epoch", "loss"], val_losses),
        ),
        (
            "accuracy",
            ACCURACY,
            panel("Validation accuracy", "share", accuracies),
        ),
        (
            "validation-error",
            "Share of the validation set whose class is predicted wrongly",
            error_panel(errors, epochs.max().unwrap_or(0)),
        ),
        (
            "loss-over-time",
            "Training loss against the seconds of training so far, without evaluation",
            ratio_panel("Training loss over time", ["seconds", "loss"], over_time),
        ),
        (
            "learning-rate",
            LEARNING_RATE,
            panel("Learning rate", "α", over_epochs(learning_rate)),
        ),
    ])
}

/// How often predictions are correct, against their probabilities: as the net gives them, and at the
/// temperature that was fitted on the validation set, if there is one.
///
/// # Errors
///
/// If the chart cannot be drawn.
pub(crate) fn reliability(
    answers: &Answers,
    scaled: Option<&(f64, Answers)>,
) -> Result<Section, PageError> {
    let axis = |label: &str| Axis::linear(label, 0.0..1.0);
    let panel = Panel::new("Reliability", axis("probability"), axis("share correct"));
    let ideal = [(0.0, 0.0), (1.0, 1.0)];
    let mut panel = panel.with(Series::new("ideal", Colour::GREEN, Mark::Dashed, ideal));
    let mut errors = vec![];
    let plain = ("as the net gives them".to_owned(), Colour::BLUE, answers);
    let scaled = scaled.map(|(temperature, answers)| {
        let name = format!("at the temperature {temperature:.2}");
        (name, Colour::ORANGE, answers)
    });
    for (name, colour, answers) in std::iter::once(plain).chain(scaled) {
        let reliability = Reliability::new(&answers.rows);
        errors.push(format!(
            "{} {name}",
            percent(reliability.expected_calibration_error)
        ));
        let points = reliability.bins.iter();
        let points = points.map(|bin| (bin.confidence, bin.accuracy));
        panel = panel.with(Series::new(name, colour, Mark::Path, points));
    }
    let text = format!(
        "Test images, sorted by the probability of the predicted class. Expected calibration error: {}.",
        errors.join(", ")
    );
    Ok(Section::new("Reliability").text(text).narrow_figure(
        "reliability",
        "Share of correct predictions in each of 15 bins of probability",
        figure(&[panel], 1)?,
    ))
}

fn section<const N: usize>(charts: [Chart; N]) -> Result<Section, PageError> {
    let mut section = Section::new("Learning");
    if charts.iter().all(|(_, _, panel)| panel.is_none()) {
        section = section.text("No epoch was recorded.");
    }
    for (name, caption, panel) in charts {
        if let Some(panel) = panel {
            section = section.narrow_figure(name, caption, figure(&[panel], 1)?);
        }
    }
    Ok(section)
}

fn several(
    runs: &[Recorded],
    names: &[String],
    points: impl Fn(&History) -> Points,
) -> Vec<Series> {
    let colours = Colour::SERIES.into_iter().cycle();
    let runs = runs.iter().zip(names).zip(colours).enumerate();
    let series = runs.map(|(i, ((run, name), colour))| {
        let points = thinned(points(&run.history));
        // After the last colour, the colours repeat with dashed lines.
        let is_first_round = (i / Colour::SERIES.len()).is_multiple_of(2);
        let mark = if is_first_round {
            mark(&points)
        } else {
            Mark::Dashed
        };
        Series::new(name, colour, mark, points)
    });
    series.collect()
}

/// A chart over the epochs; none if there is nothing to draw.
fn panel(title: &str, y: &str, series: Vec<Series>) -> Option<Panel> {
    let series = drawn(series, Scale::Linear);
    let axis = |label| (label, Scale::Linear);
    (!series.is_empty()).then(|| Panel::of(title, axis("epoch"), axis(y), series))
}

/// A chart on a logarithmic axis if the values differ much; none if there is nothing to draw.
fn ratio_panel(title: &str, [x, y]: [&str; 2], series: Vec<Series>) -> Option<Panel> {
    let scale = match range(&series) {
        (least, most) if least > 0.0 && most / least > MUCH => Scale::Log,
        _ => Scale::Linear,
    };
    let series = drawn(series, scale);
    (!series.is_empty()).then(|| Panel::of(title, (x, Scale::Linear), (y, scale), series))
}

/// Errors in per cent. On logarithmic axes if there are many epochs: an error falls fast, and then slowly for long.
fn error_panel(series: Vec<Series>, epochs: usize) -> Option<Panel> {
    let (least, _) = range(&series);
    let scale = if least > 0.0 && epochs as f64 > MUCH {
        Scale::Log
    } else {
        Scale::Linear
    };
    let series = drawn(series, scale);
    let title = "Validation error";
    (!series.is_empty()).then(|| Panel::of(title, ("epoch", scale), ("%", scale), series))
}

/// The smallest and the largest value of all.
fn range(series: &[Series]) -> (f64, f64) {
    let ranges = series.iter().filter_map(Series::range);
    ranges.fold((f64::INFINITY, 0.0_f64), |(least, most), range| {
        (least.min(range.start), most.max(range.end))
    })
}

/// The series that have a point to draw.
fn drawn(series: Vec<Series>, y: Scale) -> Vec<Series> {
    series
        .into_iter()
        .filter(|series| series.has_points(Scale::Linear, y))
        .collect()
}

fn curve(label: &str, colour: Colour, points: Points) -> Series {
    let points = thinned(points);
    Series::new(label, colour, mark(&points), points)
}

/// A line, with a dot for each point if there are few.
fn mark(points: &Points) -> Mark {
    if points.len() <= MOST_DOTS {
        Mark::Path
    } else {
        Mark::Line
    }
}

fn points(epochs: &[Epoch], quantity: fn(&Epoch) -> Option<f64>) -> Points {
    let points = epochs.iter();
    let points = points.filter_map(|epoch| Some((epoch.epoch as f64, quantity(epoch)?)));
    points.collect()
}

/// The training loss against the seconds of training up to there. Epochs that were not recorded count
/// as long as the next one that was.
fn over_seconds(history: &History) -> Points {
    let (mut spent, mut done) = (0.0, 0);
    let points = history.epochs.iter().map(|epoch| {
        spent += epoch.seconds * epoch.epoch.saturating_sub(done) as f64;
        done = epoch.epoch;
        (spent, epoch.train_loss)
    });
    points.collect()
}

/// None in metrics of a version that did not record it.
fn learning_rate(epoch: &Epoch) -> Option<f64> {
    (epoch.learning_rate > 0.0).then_some(epoch.learning_rate)
}

/// Every nth point, and the last.
fn thinned(points: Points) -> Points {
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let points = points.into_iter().enumerate();
    points
        .filter(|(i, _)| i.is_multiple_of(every) || *i == last)
        .map(|(_, point)| point)
        .collect()
}

/// A curve for each layer. A layer's parameters share their name up to the last dot.
fn norms(history: &History) -> Vec<Series> {
    let names = history
        .start
        .iter()
        .flat_map(|start| &start.parameters_named);
    let layer_of = |name: &String| match name.rsplit_once('.') {
        Some((layer, _)) => layer.to_owned(),
        None => name.clone(),
    };
    let of_parameters = names.map(layer_of).collect::<Vec<_>>();
    let mut layers = of_parameters.clone();
    layers.dedup();
    let colours = Colour::SERIES.into_iter().cycle();
    let series = layers.iter().zip(colours).map(|(layer, colour)| {
        let norm = |epoch: &Epoch| {
            let norms = epoch.gradient_norms.iter().zip(&of_parameters);
            let squares = norms.filter(|(_, of)| *of == layer);
            squares.map(|(norm, _)| norm * norm).sum::<f64>().sqrt()
        };
        let kept = history.epochs.iter();
        let kept = kept.filter(|epoch| epoch.gradient_norms.len() == of_parameters.len());
        let points = kept.map(|epoch| (epoch.epoch as f64, norm(epoch)));
        curve(layer, colour, points.collect())
    });
    series.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_on_logarithmic_axes_if_there_are_many_epochs_and_none_is_0() {
        let series = |errors: &[f64]| vec![Series::by_index("", Colour::BLUE, errors)];
        for (last, epochs, is_log) in [(0.4, 3, false), (0.4, 100, true), (0.0, 100, false)] {
            let panel = error_panel(series(&[3.5, last]), epochs).expect("something to draw");
            let svg = figure(&[panel], 1).expect("drawn").to_svg();
            // A linear axis has a tick at 3, a logarithmic one has none.
            assert_eq!(!svg.contains("\n3\n"), is_log, "{last} {epochs}");
        }
        assert!(error_panel(series(&[0.0]), 100).is_some());
        assert!(error_panel(vec![], 100).is_none());
    }

    #[test]
    fn a_long_curve_keeps_its_ends_and_its_shape() {
        let long = (0..100_001).map(|i| (f64::from(i), 0.0)).collect();
        let thin = thinned(long);
        assert!(thin.len() <= MOST_POINTS + 1, "{}", thin.len());
        assert_eq!(thin.first().unwrap().0, 0.0);
        assert_eq!(thin.last().unwrap().0, 100_000.0);
        let short = vec![(1.0, 2.0), (2.0, 1.0)];
        assert_eq!(thinned(short.clone()), short);
    }
}
