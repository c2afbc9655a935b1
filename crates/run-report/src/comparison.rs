//! The page that compares runs.

use pages::numbers::{number, percent, thousands};
use pages::page::{Page, Section, Table};
use training::{ModelName, wilson_interval};

use crate::curves;
use crate::differences::among;
use crate::error::ReportError;
use crate::recorded::Recorded;
use crate::tables::interval_text;

/// Longest name that fits a legend; runs with longer names are numbered.
const LEGEND_WIDTH: usize = 20;

/// The page of several runs: results, options that differ, curves over each other.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub fn comparison(runs: &[Recorded]) -> Result<Page, ReportError> {
    let names = runs.iter().map(Recorded::name).collect::<Vec<_>>();
    let labels = labels(&names);
    let mut section = Section::new("Results").table(results(runs, &labels));
    if labels != names {
        let mut table = Table::new(["run", "folder"]);
        for (label, run) in labels.iter().zip(runs) {
            table.push([label.clone(), run.run.path().display().to_string()]);
        }
        section = section.table(table);
    }
    let settings = runs.iter().map(Recorded::settings);
    let settings = settings.collect::<Vec<_>>();
    let mut options = Table::new(std::iter::once("option".to_owned()).chain(labels.clone()));
    let differing = among(&settings)?;
    for (option, values) in &differing {
        options.push(std::iter::once(option.clone()).chain(values.iter().cloned()));
    }
    let different = Section::new("Options that differ");
    let different = if differing.is_empty() {
        different.text("None: all runs have the same options.")
    } else {
        different.table(options)
    };
    let mut curves = curves::of_several(runs, &labels)?;
    if !settings.iter().all(|run| run.model == settings[0].model) {
        curves = curves.text(
            "The losses of different models are different quantities: compare how they change, not how \
             large they are.",
        );
    }
    Ok(Page::report(format!("{} runs compared", runs.len()))
        .with(section)
        .with(different)
        .with(curves))
}

/// The runs' names if all are short and differ, otherwise numbers.
fn labels(names: &[String]) -> Vec<String> {
    let fits = |name: &String| name.chars().count() <= LEGEND_WIDTH;
    let repeated = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    if names.iter().all(fits) && !names.iter().any(repeated) {
        names.to_vec()
    } else {
        (1..=names.len()).map(|i| format!("run {i}")).collect()
    }
}

/// A row for each metric, a column for each run.
fn results(runs: &[Recorded], labels: &[String]) -> Table {
    let mut table = Table::new(std::iter::once(String::new()).chain(labels.to_vec()));
    let mut row = |name: &str, figure: fn(&Recorded) -> Option<String>| {
        let figures = runs.iter().map(figure);
        let figures = figures.map(|figure| figure.unwrap_or_else(|| "-".to_owned()));
        table.push(std::iter::once(name.to_owned()).chain(figures));
    };
    row("model", |run| Some(run.settings().model.to_string()));
    row("backend", |run| Some(run.settings().backend.clone()));
    row("engine", |run| Some(run.settings().engine.to_string()));
    row("parameters", |run| {
        let start = run.history.start.as_ref()?;
        Some(thousands(start.parameters as f64))
    });
    row("epochs", |run| {
        let (done, all) = (run.history.epochs_done(), run.settings().epochs);
        Some(format!("{done} of {all}"))
    });
    row("state", |run| Some(run.history.status.name().to_owned()));
    row("test accuracy", |run| {
        Some(percent(run.history.result.as_ref()?.test_accuracy))
    });
    row("95 % interval", |run| Some(interval_text(interval(run)?)));
    row("test loss", |run| {
        Some(number(run.history.result.as_ref()?.test_loss))
    });
    row("training", |run| {
        let seconds = run.history.result.as_ref()?.train_seconds;
        Some(format!("{seconds:.1} s"))
    });
    row("rows per second", |run| {
        let rate = run.history.result.as_ref()?.images_per_second;
        Some(thousands(rate))
    });
    table
}

/// The confidence interval of the accuracy, from the run's record.
fn interval(run: &Recorded) -> Option<[f64; 2]> {
    let (start, result) = (run.history.start.as_ref()?, run.history.result.as_ref()?);
    match run.settings().model {
        // The truth table is all there is: there are no other rows.
        ModelName::XorNet => None,
        ModelName::MnistMlp | ModelName::LinearRegression => {
            let right = (result.test_accuracy * start.test_rows as f64).round();
            wilson_interval(right as usize, start.test_rows)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_has_short_names_or_numbers() {
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        assert_eq!(labels(&names(["adam", "sgd"])), names(["adam", "sgd"]));
        assert_eq!(labels(&names(["a", "a"])), names(["run 1", "run 2"]));
        let long = "20261122T153423Z-mnist-mlp-flex-autodiff";
        assert_eq!(labels(&names([long, "a"])), names(["run 1", "run 2"]));
    }
}
